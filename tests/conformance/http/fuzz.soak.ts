// The fuzzers for an hour and a half, or for HEADGATE_FUZZ_MS: 28800000 is a night. HEADGATE_FUZZ_SEED repeats a run.
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';
import { fuzzAnswers, SpoiltAnswers } from './fuzz-answers.ts';
import { startCorpusGateway } from './harness.ts';

const forMs = Number(process.env.HEADGATE_FUZZ_MS ?? 5_400_000);
const seed = Number(process.env.HEADGATE_FUZZ_SEED ?? randomInt(2 ** 32));

/** Share of the time that goes to requests; the rest goes to answers. */
const requestShare = 2 / 3;

test(`${(forMs * requestShare) / 60_000} minutes of requests are read no more laxly than by llhttp`, {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const gateway = await startCorpusGateway();
  t.after(() => gateway.close());
  t.diagnostic(JSON.stringify(await fuzz({ seed, forMs: forMs * requestShare, gateway })));
});

test(`${(forMs * (1 - requestShare)) / 60_000} minutes of answers are read no more laxly than by llhttp`, {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const answers = new SpoiltAnswers();
  const gateway = await startCorpusGateway(answers.answer);
  t.after(() => gateway.close());
  t.diagnostic(JSON.stringify(await fuzzAnswers({ seed, forMs: forMs * (1 - requestShare), gateway }, answers)));
});
