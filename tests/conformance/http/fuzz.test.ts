// A minute of the fuzzers; HEADGATE_FUZZ_MS makes it longer or shorter and HEADGATE_FUZZ_SEED repeats a run. The soak runs hours.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';
import { fuzzAnswerReading, fuzzAnswers, SpoiltAnswers } from './fuzz-answers.ts';
import { startCorpusGateway } from './harness.ts';

const forMs = Number(process.env.HEADGATE_FUZZ_MS ?? 60_000);
const seed = Number(process.env.HEADGATE_FUZZ_SEED ?? randomInt(2 ** 32));

/** Shares of the time: half for requests, which every caller can spoil; a fifth for answers read alone; the rest for those sent. */
const [requestShare, aloneShare, sentShare] = [0.5, 0.2, 0.3];

test('no stream of requests is read more laxly than by llhttp, or otherwise in other pieces', {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const gateway = await startCorpusGateway();
  t.after(() => gateway.close());
  const counts = await fuzz({ seed, forMs: forMs * requestShare, gateway });
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.accepted > counts.streams / 20, 'hardly any stream holds a request: the fuzzer tests nothing');
  await gateway.bystander();
});

test('no answer of an upstream is read more laxly than by llhttp, or otherwise in other pieces', {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const counts = await fuzzAnswerReading({ seed, forMs: forMs * aloneShare });
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.accepted > counts.streams / 20, 'hardly any stream holds an answer: the fuzzer tests nothing');
  assert.ok(counts.reusable > 0, 'no connection could be used twice');
});

test('no answer of an upstream is passed on otherwise than llhttp reads it, and no connection is used again that may not be', {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const answers = new SpoiltAnswers();
  const gateway = await startCorpusGateway(answers.answer);
  t.after(() => gateway.close());
  const counts = await fuzzAnswers({ seed, forMs: forMs * sentShare, gateway }, answers);
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.passedOn > counts.streams / 20, 'hardly any answer is passed on: the fuzzer tests nothing');
  assert.ok(counts.reused > 0, 'no connection is used twice');
  await gateway.bystander();
});
