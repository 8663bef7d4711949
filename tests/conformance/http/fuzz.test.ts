// A minute of the fuzzer; HEADGATE_FUZZ_MS makes it longer or shorter and HEADGATE_FUZZ_SEED repeats a run. The soak runs an hour.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';
import { startCorpusGateway } from './harness.ts';

const forMs = Number(process.env.HEADGATE_FUZZ_MS ?? 60_000);
const seed = Number(process.env.HEADGATE_FUZZ_SEED ?? randomInt(2 ** 32));

test('no stream is read more laxly than by llhttp, or otherwise in other pieces', {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const gateway = await startCorpusGateway();
  t.after(() => gateway.close());
  const counts = await fuzz({ seed, forMs, gateway });
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.accepted > counts.streams / 20, 'hardly any stream holds a request: the fuzzer tests nothing');
  await gateway.bystander();
});
