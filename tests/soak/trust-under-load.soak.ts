// Half an hour, or HEADGATE_TRUST_MINUTES, of everything that a transition changes, under load, half of it at each operator. Shorter
// than the keys of tickets last: with new ones everybody's next handshake is whole.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { operators } from '../conformance/gateway/operators.ts';
import { changeUnderLoad } from '../conformance/gateway/trust-load/change-under-load.ts';
import { randomFrom } from '../conformance/http/mutations.ts';
import { quantile } from './besieged-gateway.ts';

const minutes = Number(process.env.HEADGATE_TRUST_MINUTES ?? 30);
const seed = Number(process.env.HEADGATE_TRUST_SEED ?? randomInt(2 ** 32));

/** Longest that a list which was left alone may wait to be in force, in milliseconds. */
const listMsMax = 60_000;

for (const operator of operators)
  test(`${minutes / operators.length} minutes of changes at ${operator.name} lose no call (seed ${seed})`, async (t) => {
    const endMs = performance.now() + (minutes / operators.length) * 60_000;
    const counts = await changeUnderLoad({
      operator,
      random: randomFrom(seed),
      anotherRound: () => performance.now() < endMs,
      commandEvery: 1,
    });
    const { calls, callsPerSecond, outcomes, changes, applyMs, listByItselfMs } = counts;
    t.diagnostic(`${calls} calls, ${callsPerSecond.toFixed(0)} a second: ${JSON.stringify(outcomes)}`);
    t.diagnostic(
      `${changes} changes, ${applyMs.length} times applied: p50 ${quantile(applyMs, 0.5).toFixed(0)} ms, worst ${Math.max(...applyMs).toFixed(0)} ms; a list by itself ${listByItselfMs.toFixed(0)} ms`,
    );
    assert.ok(listByItselfMs < listMsMax, `a list that was left alone was in force after ${listByItselfMs} ms`);
  });
