import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runArrivals } from './arrivals.fixture.ts';

test('over a million arrivals no window holds more than its quota, no call that is due is refused, and 10,000 promises are kept', (t) => {
  const seed = Number(process.env.HEADGATE_ARRIVALS_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`HEADGATE_ARRIVALS_SEED=${seed}`);
  const { arrivals, admitted, promises, ...faults } = runArrivals(1_000_000, seed);
  assert.ok(arrivals >= 1_000_000);
  assert.ok(admitted > arrivals / 10 && admitted < arrivals, `${admitted} of ${arrivals} were admitted`);
  assert.ok(promises >= 10_000, `${promises} came again when they were told to`);
  assert.deepEqual(faults, { over: 0, deniedWrongly: 0, promisesBroken: 0, admittedEarly: 0 });
});
