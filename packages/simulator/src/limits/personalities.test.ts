import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Charge, CounterDecision, LimitRule } from '@headgate/contract';
import fc from 'fast-check';
import { type Counting, createCounting, type Personality, personalities } from './personalities.ts';

const ruleOf = (rule: Partial<LimitRule> = {}): LimitRule => ({
  name: 'rule',
  layer: 'acceptable-use',
  where: {},
  key: ['source'],
  unit: 'requests',
  quota: 3,
  windowMs: 1_000,
  algorithm: 'exact-sliding-window',
  mode: 'enforce',
  counts: 'admitted',
  refusal: { status: 500, text: 'Wait <n>.', seconds: 'remaining' },
  evidence: 'assumed',
  source: 'test',
  ...rule,
});
const chargeOf = (rule: Partial<LimitRule> = {}, amount?: number): Charge => {
  const made = ruleOf(rule);
  return { rule: made, key: `${made.name}|source=1`, ...(amount === undefined ? {} : { amount }) };
};

/** Instants of calls, and which of them were admitted. */
const admittedAt = (counting: Counting, instantsMs: readonly number[], rule: Partial<LimitRule> = {}) =>
  instantsMs.filter((nowMs) => counting.decide([chargeOf(rule)], nowMs).admitted);
const waitOf = (decision: CounterDecision, nowMs: number) => (decision.admitted ? null : decision.retryAtMs - nowMs);

describe('a fixed window', () => {
  test('begins with the first call, and all of the quota is fresh once it has ended', () => {
    const counting = createCounting('fixed-window');
    assert.deepEqual(
      admittedAt(counting, [500, 600, 700, 800, 1_499, 1_500, 1_501, 1_502, 1_503]),
      [500, 600, 700, 1_500, 1_501, 1_502],
    );
  });

  test('lets nearly twice the quota pass around its border, which the exact window does not', () => {
    const instantsMs = [0, 998, 999, 1_000, 1_001, 1_002];
    assert.equal(admittedAt(createCounting('fixed-window'), instantsMs).length, 6);
    assert.equal(admittedAt(createCounting('exact-sliding-window'), instantsMs).length, 4);
  });

  test('tells the end of the window, whatever was asked in between', () => {
    const counting = createCounting('fixed-window');
    admittedAt(counting, [0, 1, 2]);
    assert.deepEqual(
      [300, 900].map((nowMs) => waitOf(counting.decide([chargeOf()], nowMs), nowMs)),
      [700, 100],
    );
  });
});

describe('a quiet period', () => {
  test('never lets in who keeps asking, and lets in who was quiet for a window', () => {
    const counting = createCounting('quiet-period');
    assert.deepEqual(admittedAt(counting, [0, 1, 2, 900, 1_800, 2_700, 3_699]), [0, 1, 2]);
    assert.deepEqual(admittedAt(counting, [4_699]), [4_699]);
  });

  test('is put off by calls that were admitted too', () => {
    assert.deepEqual(admittedAt(createCounting('quiet-period'), [0, 900, 1_800, 2_700]), [0, 900, 1_800]);
  });

  test('tells a whole window, since the asking itself puts its end off', () => {
    const counting = createCounting('quiet-period');
    admittedAt(counting, [0, 1, 2]);
    assert.equal(waitOf(counting.decide([chargeOf()], 700), 700), 1_000);
  });
});

describe('a token bucket', () => {
  test('admits a burst of the quota and then one call each part of the window', () => {
    const counting = createCounting('token-bucket');
    assert.deepEqual(admittedAt(counting, [0, 1, 2, 3, 200, 334, 400, 667, 1_000, 1_001]), [0, 1, 2, 334, 667, 1_000]);
  });

  test('is full again after a window of quiet and holds no more than the quota', () => {
    const counting = createCounting('token-bucket');
    admittedAt(counting, [0, 1, 2]);
    assert.equal(admittedAt(counting, [60_000, 60_001, 60_002, 60_003]).length, 3);
  });

  test('tells when the next token is there', () => {
    const counting = createCounting('token-bucket');
    admittedAt(counting, [0, 0, 0]);
    assert.equal(waitOf(counting.decide([chargeOf()], 100), 100), 234);
  });
});

for (const personality of personalities.filter((name) => name !== 'exact-sliding-window'))
  describe(`${personality} counting`, () => {
    test('charges stacked rules together or not at all', () => {
      const counting = createCounting(personality);
      const narrow = chargeOf({ name: 'narrow', quota: 1 });
      const wide = chargeOf({ name: 'wide', layer: 'global', quota: 2 });
      assert.equal(counting.decide([wide, narrow], 0).admitted, true);
      assert.equal(counting.decide([wide, narrow], 0).admitted, false);
      assert.equal(counting.decide([wide], 0).admitted, true);
      assert.equal(counting.decide([wide], 0).admitted, false);
    });

    test('names the global rule of those that have no room, and waits for all of them', () => {
      const counting = createCounting(personality);
      const use = chargeOf({ name: 'use', quota: 1, windowMs: 5_000 });
      const pool = chargeOf({ name: 'pool', layer: 'global', quota: 1 });
      counting.decide([pool, use], 0);
      const decision = counting.decide([pool, use], 0);
      assert.ok(!decision.admitted);
      assert.deepEqual(
        [decision.decidedBy.rule.name, decision.retryAtMs, decision.refusals.map(({ rule }) => rule)],
        ['pool', 5_000, ['pool', 'use']],
      );
    });

    test('in shadow refuses nobody and says whom it would have', () => {
      const counting = createCounting(personality);
      const shadow = chargeOf({ quota: 1, mode: 'shadow' });
      counting.decide([shadow], 0);
      const decision = counting.decide([shadow], 0);
      assert.ok(decision.admitted);
      assert.deepEqual(
        decision.shadowRefusals.map(({ rule }) => rule),
        ['rule'],
      );
    });

    test('holds calls at once until they are settled, and gives bytes back that did not come', () => {
      const counting = createCounting(personality);
      const held = chargeOf({ name: 'held', unit: 'concurrent-requests', quota: 1 });
      counting.decide([held], 0);
      assert.equal(counting.decide([held], 0).admitted, false);
      counting.settle([held], { charged: { atMs: 0 }, requestBytes: 0 });
      assert.equal(counting.decide([held], 0).admitted, true);
      const bytes = { name: 'bytes', unit: 'request-bytes', quota: 100 } as const;
      counting.decide([chargeOf(bytes, 100)], 0);
      counting.settle([chargeOf(bytes, 100)], { charged: { atMs: 0 }, requestBytes: 40 });
      assert.equal(counting.decide([chargeOf(bytes, 61)], 0).admitted, false);
      assert.equal(counting.decide([chargeOf(bytes, 60)], 0).admitted, true);
    });

    test('never admits what is more than a whole quota', () => {
      const decision = createCounting(personality).decide([chargeOf({ unit: 'request-bytes' }, 4)], 0);
      assert.deepEqual([decision.admitted, waitOf(decision, 0)], [false, Number.POSITIVE_INFINITY]);
    });

    test('tells where an allowance stands, and when more of it comes back', () => {
      const counting = createCounting(personality);
      const charge = chargeOf({ quota: 2 });
      const full = personality === 'token-bucket' ? 500 : 1_000;
      const standings = [0, 0, 0].map((nowMs) => {
        counting.decide([charge], nowMs);
        return { ...charge.standing };
      });
      assert.deepEqual(standings, [
        { remaining: 1, moreAtMs: full },
        { remaining: 0, moreAtMs: full },
        { remaining: 0, moreAtMs: full },
      ]);
      const held = chargeOf({ name: 'held', unit: 'concurrent-requests', quota: 1 });
      counting.decide([held], 0);
      assert.deepEqual(held.standing, { remaining: 0, moreAtMs: 0 });
    });

    test('admits whoever stays quiet for as long as it was told', () => promiseHolds(personality));
  });

function promiseHolds(personality: Personality): void {
  const gaps = fc.array(fc.nat({ max: 1_500 }), { maxLength: 40 });
  fc.assert(
    fc.property(
      gaps,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 100, max: 5_000 }),
      (waits, quota, windowMs) => {
        const counting = createCounting(personality);
        const decide = (nowMs: number) => counting.decide([chargeOf({ quota, windowMs })], nowMs);
        let nowMs = 0;
        for (const wait of waits) {
          nowMs += wait;
          const decision = decide(nowMs);
          if (decision.admitted) continue;
          assert.ok(decision.retryAtMs > nowMs);
          nowMs = decision.retryAtMs;
          assert.equal(decide(nowMs).admitted, true);
        }
      },
    ),
  );
}
