// The long form of arrivals.test.ts: HEADGATE_ARRIVALS, 100,000,000 unless said otherwise, in runs of ten million, each from a seed.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runArrivals } from './arrivals.fixture.ts';

const run = 10_000_000;
const runs = Math.ceil(Number(process.env.HEADGATE_ARRIVALS ?? 10 * run) / run);

for (let number = 1; number <= runs; number += 1)
  test(`ten million arrivals, ${number} of ${runs}: no window over its quota, nothing due refused, every promise kept`, (t) => {
    const seed = randomInt(2 ** 31);
    t.diagnostic(`HEADGATE_ARRIVALS_SEED=${seed}`);
    const { arrivals, admitted, promises, ...faults } = runArrivals(run, seed);
    t.diagnostic(JSON.stringify({ arrivals, admitted, promises }));
    assert.deepEqual(faults, { over: 0, deniedWrongly: 0, promisesBroken: 0, admittedEarly: 0 });
  });
