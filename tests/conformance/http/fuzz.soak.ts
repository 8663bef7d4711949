// The fuzzers for an hour and a half, or for HEADGATE_FUZZ_MS: 28800000 is a night. HEADGATE_FUZZ_SEED repeats a run.
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';
import { fuzzAnswerReading, fuzzAnswers, SpoiltAnswers } from './fuzz-answers.ts';
import { startCorpusGateway } from './harness.ts';

const forMs = Number(process.env.HEADGATE_FUZZ_MS ?? 5_400_000);
const seed = Number(process.env.HEADGATE_FUZZ_SEED ?? randomInt(2 ** 32));

/** Shares of the time: for requests, for answers read alone, and for answers sent through a gateway. */
const [requestShare, aloneShare, sentShare] = [0.5, 0.2, 0.3];
const minutesOf = (share: number) => (forMs * share) / 60_000;

test(`${minutesOf(requestShare)} minutes of requests are read no more laxly than by llhttp`, {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const gateway = await startCorpusGateway();
  t.after(() => gateway.close());
  t.diagnostic(JSON.stringify(await fuzz({ seed, forMs: forMs * requestShare, gateway })));
});

test(`${minutesOf(aloneShare)} minutes of answers are read no more laxly than by llhttp`, {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  t.diagnostic(JSON.stringify(await fuzzAnswerReading({ seed, forMs: forMs * aloneShare })));
});

test(`${minutesOf(sentShare)} minutes of answers are passed on as llhttp reads them`, {
  timeout: forMs + 60_000,
}, async (t) => {
  t.diagnostic(`HEADGATE_FUZZ_SEED=${seed}`);
  const answers = new SpoiltAnswers();
  const gateway = await startCorpusGateway(answers.answer);
  t.after(() => gateway.close());
  t.diagnostic(JSON.stringify(await fuzzAnswers({ seed, forMs: forMs * sentShare, gateway }, answers)));
});
