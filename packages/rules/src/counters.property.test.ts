import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Charge, LimitRule } from '@headgate/contract';
import fc from 'fast-check';
import type { Counters } from './counters.ts';
import { createCounters } from './little-counters.fixture.ts';
import { chargeTo, ruleWith } from './testdata.ts';

const arbitraryRule = fc.record({
  layer: fc.constantFrom('global' as const, 'acceptable-use' as const),
  quota: fc.integer({ min: 1, max: 9 }),
  windowMs: fc.integer({ min: 1, max: 60 }),
  counts: fc.constantFrom('admitted' as const, 'admitted' as const, 'attempts' as const),
  mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'shadow' as const),
});
const arbitraryRules = fc
  .array(arbitraryRule, { minLength: 1, maxLength: 4 })
  .map((rules) => rules.map((rule, index) => ruleWith({ ...rule, name: `rule-${index}` })));

/** A call: how far the clock moves (back, too), which rules match (a bit each), and whose allowances they are. */
const arbitraryCalls = fc.array(
  fc.record({
    stepMs: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 25 }) }, fc.integer({ min: -200, max: 200 })),
    matching: fc.integer({ min: 1, max: 15 }),
    owner: fc.constantFrom('a', 'b'),
  }),
  { maxLength: 80, size: 'max' },
);

interface Turn {
  readonly charges: readonly Charge[];
  readonly nowMs: number;
  readonly atMs: number;
}

function* turnsOf(rules: readonly LimitRule[], calls: readonly { stepMs: number; matching: number; owner: string }[]) {
  let nowMs = 1_000;
  let atMs = 0;
  for (const { stepMs, matching, owner } of calls) {
    nowMs += stepMs;
    atMs = Math.max(atMs, nowMs);
    const charges = rules.filter((_, index) => matching & (1 << index)).map((rule) => chargeTo(rule, owner));
    yield { charges, nowMs, atMs } satisfies Turn;
  }
}

/** The same law written as a list of all events that is counted through on every call. */
function createOracle() {
  const events = new Map<string, number[]>();
  const eventsOf = (charge: Charge) => events.get(charge.key) ?? [];
  const hasRoom = (charge: Charge, atMs: number) =>
    eventsOf(charge).filter((eventMs) => eventMs > atMs - charge.rule.windowMs).length < charge.rule.quota;
  return (charges: readonly Charge[], atMs: number) => {
    const refusing = charges.filter((charge) => !hasRoom(charge, atMs));
    const isAdmitted = refusing.every(({ rule }) => rule.mode === 'shadow');
    const shadows = refusing.filter(({ rule }) => rule.mode === 'shadow').map(({ rule }) => rule.name);
    for (const charge of charges) {
      const isShadowRefused = charge.rule.mode === 'shadow' && refusing.includes(charge);
      if (charge.rule.counts === 'attempts' || (isAdmitted && !isShadowRefused)) {
        events.set(charge.key, [...eventsOf(charge), atMs]);
      }
    }
    return { isAdmitted, shadows };
  };
}

test('every call that is due is admitted and no other, over stacked rules, attempts, shadows and a wandering clock', () => {
  fc.assert(
    fc.property(arbitraryRules, arbitraryCalls, (rules, calls) => {
      const counters = createCounters();
      const decideByCounting = createOracle();
      for (const { charges, nowMs, atMs } of turnsOf(rules, calls)) {
        const expected = decideByCounting(charges, atMs);
        const decision = counters.decide(charges, nowMs);
        assert.equal(decision.admitted, expected.isAdmitted);
        assert.deepEqual(
          decision.shadowRefusals.map(({ rule }) => rule),
          expected.shadows,
        );
      }
    }),
    { numRuns: 1_500 },
  );
});

test('no window of any rule ever holds more admitted calls than its quota, also with little space', () => {
  const space = fc.record({ keysMax: fc.integer({ min: 1, max: 8 }), instantsMax: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(arbitraryRules, arbitraryCalls, space, (rules, calls, options) => {
      const counters = createCounters(options);
      const admittedAtMs = new Map<Charge['key'], number[]>();
      for (const { charges, nowMs, atMs } of turnsOf(rules, calls)) {
        if (!counters.decide(charges, nowMs).admitted) continue;
        for (const { key } of charges) admittedAtMs.set(key, [...(admittedAtMs.get(key) ?? []), atMs]);
      }
      for (const rule of rules.filter(({ mode }) => mode === 'enforce')) {
        for (const owner of ['a', 'b']) assertWithinQuota(rule, admittedAtMs.get(chargeTo(rule, owner).key) ?? []);
      }
      assert.ok(counters.stats().keyCount <= options.keysMax);
    }),
    { numRuns: 1_500 },
  );
});

/** Every window [start, start + length) is looked at, also those that begin between events. */
function assertWithinQuota({ name, quota, windowMs }: LimitRule, instants: readonly number[]): void {
  const firstMs = Math.min(...instants) - windowMs;
  const lastMs = Math.max(...instants);
  for (let startMs = firstMs; startMs <= lastMs; startMs += 1) {
    const inside = instants.filter((atMs) => startMs <= atMs && atMs < startMs + windowMs).length;
    assert.ok(inside <= quota, `${name}: ${inside} > ${quota} from ${startMs}`);
  }
}

test('a refused caller is admitted at the stated instant and refused one millisecond before it', () => {
  fc.assert(
    fc.property(arbitraryRules, arbitraryCalls, fc.boolean(), (rules, calls, isEarly) => {
      const turns = [...turnsOf(rules, calls)];
      for (const [index, turn] of turns.entries()) {
        const counters = createCounters();
        let decision: ReturnType<Counters['decide']> | undefined;
        for (const { charges, nowMs } of turns.slice(0, index + 1)) decision = counters.decide(charges, nowMs);
        if (decision === undefined || decision.admitted) continue;
        assert.ok(decision.retryAtMs > turn.atMs);
        const comesAtMs = isEarly ? decision.retryAtMs - 1 : decision.retryAtMs;
        // One millisecond may be all there is to wait; then "before" is the refusal itself.
        if (isEarly && comesAtMs <= turn.atMs) continue;
        assert.equal(counters.peek(turn.charges, comesAtMs).admitted, !isEarly);
        assert.equal(counters.decide(turn.charges, comesAtMs).admitted, !isEarly);
      }
    }),
    { numRuns: 300 },
  );
});

test('peek says what decide then does, and charges nothing', () => {
  fc.assert(
    fc.property(arbitraryRules, arbitraryCalls, (rules, calls) => {
      const peeked = createCounters();
      const plain = createCounters();
      for (const { charges, nowMs } of turnsOf(rules, calls)) {
        const { admitted } = peeked.peek(charges, nowMs);
        const decision = peeked.decide(charges, nowMs);
        assert.equal(decision.admitted, admitted);
        assert.deepEqual(decision, plain.decide(charges, nowMs));
      }
    }),
  );
});
