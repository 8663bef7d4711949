import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from './counters.ts';
import { earliestTurn } from './pacing.ts';
import { chargeTo, ruleWith } from './testdata.ts';

const charges = [
  chargeTo(ruleWith({ name: 'global', layer: 'global', quota: 3, windowMs: 1_000 })),
  chargeTo(ruleWith({ name: 'use', quota: 2, windowMs: 5_000 })),
];

test('the next turn is now while every rule has room, and asking charges nothing', () => {
  const counters = createCounters();
  for (let asked = 0; asked < 10; asked += 1) assert.equal(earliestTurn(charges, counters, 7), 7);
  assert.equal(counters.stats().keyCount, 0);
});

test('a client that waits for its turns is never refused and uses its whole allowance', () => {
  const counters = createCounters();
  const startedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < 20_000; ) {
    nowMs = earliestTurn(charges, counters, nowMs);
    assert.ok(counters.decide(charges, nowMs).admitted);
    startedAtMs.push(nowMs);
  }
  assert.deepEqual(startedAtMs, [0, 0, 5_000, 5_000, 10_000, 10_000, 15_000, 15_000, 20_000]);
});

test('a look into the future forgets nothing', () => {
  const counters = createCounters({ keysMax: 1 });
  const [, use] = charges;
  assert.ok(use !== undefined);
  for (const nowMs of [0, 0]) assert.ok(counters.decide([use], nowMs).admitted);
  earliestTurn([{ ...use, key: 'another' }], counters, 1_000_000);
  assert.ok(!counters.decide([use], 4_999).admitted);
});
