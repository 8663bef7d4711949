// The fuzzer for an hour, or for HEADGATE_FUZZ_MS: 28800000 is a night. HEADGATE_FUZZ_SEED repeats a run.
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';
import { startCorpusGateway } from './harness.ts';

const forMs = Number(process.env.HEADGATE_FUZZ_MS ?? 3_600_000);
const seed = Number(process.env.HEADGATE_FUZZ_SEED ?? randomInt(2 ** 32));

test(`${forMs / 60_000} minutes of streams are read no more laxly than by llhttp`, {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const gateway = await startCorpusGateway();
  t.after(() => gateway.close());
  t.diagnostic(JSON.stringify(await fuzz({ seed, forMs, gateway })));
});
