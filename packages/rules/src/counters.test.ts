import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CounterDecision } from '@headgate/contract';
import { createCounters } from './little-counters.fixture.ts';
import { chargeTo, ruleWith } from './testdata.ts';

const global = ruleWith({ name: 'global', layer: 'global', quota: 2, windowMs: 1_000 });
const use = ruleWith({ name: 'use', quota: 1, windowMs: 5_000 });
const attempts = ruleWith({ name: 'attempts', counts: 'attempts', quota: 2, windowMs: 1_000 });

function assertRefused(decision: CounterDecision, rule: string, retryAtMs: number): void {
  assert.ok(!decision.admitted);
  assert.deepEqual([decision.decidedBy.rule.name, decision.retryAtMs], [rule, retryAtMs]);
}

test('a 5 s rule refuses at 4,999 ms and admits at 5,000 ms, a 30 s rule at 29,999 and 30,000 ms', () => {
  for (const windowMs of [5_000, 30_000]) {
    const counters = createCounters();
    const charges = [chargeTo(ruleWith({ name: 'use', windowMs }))];
    assert.ok(counters.decide(charges, 0).admitted);
    assertRefused(counters.decide(charges, windowMs - 1), 'use', windowMs);
    assert.ok(counters.decide(charges, windowMs).admitted);
  }
});

test('a call refused by one rule is charged to none', () => {
  const counters = createCounters();
  const both = [chargeTo(global), chargeTo(use)];
  assert.ok(counters.decide(both, 0).admitted);
  for (let repeat = 0; repeat < 5; repeat += 1) assertRefused(counters.decide(both, 1), 'use', 5_000);
  assert.ok(counters.decide([chargeTo(global)], 2).admitted);
});

test('a global refusal decides before an acceptable-use refusal that frees later, and the wait covers both', () => {
  const counters = createCounters();
  const both = [chargeTo(global), chargeTo(use)];
  counters.decide(both, 0);
  counters.decide([chargeTo(global)], 0);
  assertRefused(counters.decide(both, 1), 'global', 5_000);
});

test('within one layer the rule that frees last decides', () => {
  const counters = createCounters();
  const longer = ruleWith({ name: 'longer', windowMs: 9_000 });
  const charges = [chargeTo(use), chargeTo(longer), chargeTo(ruleWith({ name: 'shorter', windowMs: 200 }))];
  counters.decide(charges, 0);
  assertRefused(counters.decide(charges, 1), 'longer', 9_000);
});

test('a rule that counts attempts frees only after quiet', () => {
  const counters = createCounters();
  const charges = [chargeTo(attempts)];
  for (const nowMs of [0, 0]) assert.ok(counters.decide(charges, nowMs).admitted);
  assertRefused(counters.decide(charges, 900), 'attempts', 1_000);
  assertRefused(counters.decide(charges, 950), 'attempts', 1_900);
  assertRefused(counters.decide(charges, 1_899), 'attempts', 1_950);
  assert.ok(counters.decide(charges, 1_950).admitted);
});

test('an attempt refused by another rule counts, and the stated wait covers the room it took', () => {
  const counters = createCounters();
  const onceAMinute = ruleWith({ name: 'once', counts: 'attempts', windowMs: 60_000 });
  counters.decide([chargeTo(use)], 0);
  const both = [chargeTo(use), chargeTo(onceAMinute)];
  assertRefused(counters.decide(both, 1), 'use', 60_001);
  assert.ok(!counters.peek(both, 60_000).admitted);
  assert.ok(counters.decide(both, 60_001).admitted);
});

test('a shadowed rule refuses nobody and reports what it alone would have refused', () => {
  const counters = createCounters();
  const charges = [chargeTo({ ...use, mode: 'shadow' })];
  assert.deepEqual(counters.decide(charges, 0), { admitted: true, shadowRefusals: [] });
  assert.deepEqual(counters.decide(charges, 4_999), {
    admitted: true,
    shadowRefusals: [{ rule: 'use', retryAtMs: 5_000 }],
  });
  assert.deepEqual(counters.decide(charges, 5_000), { admitted: true, shadowRefusals: [] });
});

test('a refused call is not charged to a shadowed rule, and its shadow refusals are still reported', () => {
  const counters = createCounters();
  const shadow = chargeTo({ ...global, name: 'shadow', mode: 'shadow' });
  const both = [chargeTo(use), shadow];
  counters.decide(both, 0);
  for (let repeat = 0; repeat < 5; repeat += 1) assert.deepEqual(counters.decide(both, 1).shadowRefusals, []);
  counters.decide([shadow], 2);
  assert.deepEqual(counters.decide(both, 3).shadowRefusals, [{ rule: 'shadow', retryAtMs: 1_000 }]);
});

test('a clock that steps back mints nothing, also for keys that were forgotten', () => {
  const counters = createCounters();
  const charges = [chargeTo(use)];
  assert.ok(counters.decide(charges, 10_000).admitted);
  assert.ok(counters.decide([chargeTo(use, 'b')], 20_000).admitted);
  assert.ok(counters.decide(charges, 9_000).admitted);
  assertRefused(counters.decide(charges, 9_001), 'use', 25_000);
});

test('a fraction of a millisecond is refused as a defect of the caller', () => {
  const counters = createCounters();
  for (const nowMs of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => counters.decide([chargeTo(use)], nowMs), RangeError);
  }
  assert.ok(counters.decide([chargeTo(use)], 0).admitted);
});

test('past the most keys a new key waits a whole window, and no live key is forgotten', () => {
  const counters = createCounters({ keysMax: 2 });
  for (const owner of ['a', 'b']) assert.ok(counters.decide([chargeTo(use, owner)], 0).admitted);
  assertRefused(counters.decide([chargeTo(use, 'c')], 100), 'use', 5_100);
  assertRefused(counters.decide([chargeTo(use, 'a')], 4_999), 'use', 5_000);
  assert.equal(counters.stats().refusedForSpaceCount, 1);
  assert.ok(counters.decide([chargeTo(use, 'c')], 5_000).admitted);
});

test('a call with more new keys than there is space for is charged to none', () => {
  const counters = createCounters({ keysMax: 1 });
  assert.ok(!counters.decide([chargeTo(global), chargeTo(use)], 0).admitted);
  assert.equal(counters.stats().keyCount, 0);
});

test('making space for one key of a call does not forget another key of it', () => {
  const brief = ruleWith({ name: 'brief', windowMs: 10, quota: 2 });
  const medium = ruleWith({ name: 'medium', windowMs: 15 });
  for (const owner of ['x', 'y']) {
    const counters = createCounters({ keysMax: 10 });
    for (const other of ['x', 'y']) counters.decide([chargeTo(medium, other)], 0);
    // Eight keys that are looked at first and kept use up the looks of one decision.
    for (const nowMs of [0, 9])
      for (let key = 0; key < 8; key += 1) counters.decide([chargeTo(brief, `${key}`)], nowMs);
    assert.ok(counters.decide([chargeTo(medium, owner), chargeTo(use)], 15).admitted);
    assertRefused(counters.decide([chargeTo(medium, owner)], 16), 'medium', 30);
  }
});

test('memory that runs out within a call costs no rule of the call an event', () => {
  const counters = createCounters({ instantsMax: 9 });
  const brief = ruleWith({ name: 'brief', quota: 5, windowMs: 10 });
  const long = ruleWith({ name: 'long', quota: 5, windowMs: 1_000 });
  for (let call = 0; call < 5; call += 1) assert.ok(counters.decide([chargeTo(brief), chargeTo(long)], 0).admitted);
  assertRefused(counters.decide([chargeTo(long)], 20), 'long', 1_000);
});

test('shadowed rules never crowd out a call', () => {
  const counters = createCounters({ keysMax: 1 });
  const shadow = { ...use, mode: 'shadow' as const };
  for (const owner of ['a', 'b', 'c']) assert.ok(counters.decide([chargeTo(shadow, owner)], 0).admitted);
  assert.ok(counters.decide([chargeTo(use)], 0).admitted);
  assert.equal(counters.stats().shadowKeyCount, 1);
});

test('a million distinct keys stay within the most keys, and expired ones make room', () => {
  const counters = createCounters({ keysMax: 10_000, instantsMax: 100_000 });
  let mostKeys = 0;
  let admittedCount = 0;
  for (let index = 0; index < 1_000_000; index += 1) {
    if (counters.decide([chargeTo(use, String(index))], index >> 3).admitted) admittedCount += 1;
    if (counters.stats().keyCount > mostKeys) mostKeys = counters.stats().keyCount;
  }
  assert.equal(mostKeys, 10_000);
  // 125,000 ms at 8 calls a millisecond: 10,000 keys admitted in each 5,000 ms.
  assert.equal(admittedCount, 250_000);
});

test('past the most instants rings stop growing and their keys are refused early, never late', () => {
  const counters = createCounters({ instantsMax: 8 });
  const wide = ruleWith({ name: 'wide', quota: 100, windowMs: 1_000 });
  let admittedCount = 0;
  for (let nowMs = 0; nowMs < 100; nowMs += 1) {
    if (counters.decide([chargeTo(wide)], nowMs).admitted) admittedCount += 1;
  }
  assert.equal(admittedCount, 8);
  assertRefused(counters.decide([chargeTo(wide)], 999), 'wide', 1_000);
  assert.ok(counters.decide([chargeTo(wide)], 1_000).admitted);
  assert.equal(counters.stats().slotCount, 8);
});

test('keys that expired give their slots back, so that a full table has room for a new key', () => {
  const counters = createCounters({ instantsMax: 8 });
  for (let key = 0; key < 8; key += 1) assert.ok(counters.decide([chargeTo(use, `${key}`)], 0).admitted);
  assertRefused(counters.decide([chargeTo(use, 'new')], 4_999), 'use', 9_999);
  assert.ok(counters.decide([chargeTo(use, 'new')], 5_000).admitted);
  assert.equal(counters.stats().slotCount, 1);
});

test('a table over its instants forgets as many expired keys as it takes, also for one call', () => {
  const counters = createCounters({ instantsMax: 8 });
  const many = Array.from({ length: 24 }, (_, key) => chargeTo(use, `${key}`));
  assert.ok(counters.decide(many, 0).admitted);
  assert.equal(counters.stats().slotCount, 24);
  assert.ok(counters.decide([chargeTo(use, 'new')], 5_000).admitted);
  assert.ok(counters.stats().slotCount <= 8);
});

test('a quota that is raised past what is counted exactly, or lowered below it, goes on with what was charged', () => {
  const counters = createCounters({ instantsMax: 20_000 });
  const rule = (quota: number) => [chargeTo(ruleWith({ name: 'moved', quota, windowMs: 10_000 }))];
  const admittedAt = (quota: number, nowMs: number, calls: number): number => {
    let admitted = 0;
    for (let at = 0; at < calls; at += 1) if (counters.decide(rule(quota), nowMs).admitted) admitted += 1;
    return admitted;
  };
  assert.equal(admittedAt(4_000, 0, 4_010), 4_000);
  assert.equal(admittedAt(5_000, 100, 1_200), 1_000);

  const lowered = createCounters({ instantsMax: 20_000 });
  const decide = (quota: number, nowMs: number) => lowered.decide(rule(quota), nowMs);
  for (let at = 0; at < 4_500; at += 1) assert.ok(decide(5_000, 0).admitted);
  assertRefused(decide(4_000, 100), 'moved', 10_000);
  assert.ok(!decide(4_000, 9_999).admitted);
  assert.ok(decide(4_000, 10_000).admitted);
});

test('a quota that is moved across what is counted exactly and back within a window forgets no charge of any time', () => {
  for (const quotas of [
    [3, 5_000, 3],
    [5_000, 4, 5_000],
    [4_096, 4_097, 4_096, 4_097, 4_096],
  ]) {
    const counters = createCounters({ instantsMax: 20_000 });
    // Each is read from a policy file anew.
    const chargeOf = (quota: number) => chargeTo(ruleWith({ name: 'moved', quota, windowMs: 1_000 }));
    let charged = 0;
    for (const [turn, quota] of quotas.entries()) {
      const charge = chargeOf(quota);
      for (let call = 0; call < 2; call += 1) if (counters.decide([charge], 10_000 + turn * 100).admitted) charged += 1;
      const [standing] = counters.standings([charge], 10_000 + turn * 100);
      assert.ok((standing?.remaining ?? 0) <= Math.max(0, quota - charged), `${standing?.remaining} of ${quota}`);
    }
    const [quota = 0] = quotas;
    let more = 0;
    while (counters.decide([chargeOf(quota)], 10_500).admitted) more += 1;
    assert.equal(charged + more, Math.max(charged, quota));
    assert.ok(counters.decide([chargeOf(quota)], 12_000).admitted);
  }
});
