import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

const startMs = Date.UTC(2024, 1, 21, 12);

/** How many retries are granted in a row. */
function grantedBy(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (budget.take(nowMs)) count += 1;
  return count;
}

function called(budget: RetryBudget, times: number, nowMs: number): void {
  for (let each = 0; each < times; each += 1) budget.called(nowMs);
}

describe('a retry budget', () => {
  test('grants a share of the calls, and a few per second besides', () => {
    const budget = new RetryBudget({ budgetPercent: 20, minPerSecond: 1 });
    called(budget, 100, startMs);
    assert.equal(grantedBy(budget, startMs), 20 + 10);
  });

  test('grants a share of what it saw in the last ten seconds, and nothing for what came before', () => {
    const budget = new RetryBudget({ budgetPercent: 50, minPerSecond: 0 });
    called(budget, 100, startMs);
    called(budget, 10, startMs + 5_000);
    assert.equal(grantedBy(budget, startMs + 10_000), 5);
  });

  test('grants again what was spent ten seconds ago', () => {
    const budget = new RetryBudget({ budgetPercent: 0, minPerSecond: 1 });
    assert.equal(grantedBy(budget, startMs), 10);
    assert.equal(grantedBy(budget, startMs + 9_999), 0);
    assert.equal(grantedBy(budget, startMs + 10_000), 10);
  });

  test('grants nothing at 0', () => {
    const budget = new RetryBudget({ budgetPercent: 0, minPerSecond: 0 });
    called(budget, 1_000, startMs);
    assert.equal(budget.take(startMs), false);
  });

  test('begins anew when the clock was set back, or far ahead', () => {
    for (const stepMs of [-3_600_000, 3_600_000]) {
      const budget = new RetryBudget({ budgetPercent: 0, minPerSecond: 1 });
      assert.equal(grantedBy(budget, startMs), 10);
      assert.equal(grantedBy(budget, startMs + stepMs), 10);
    }
  });

  test('never grants more than its share of any ten whole seconds', () => {
    const step = fc.record({ afterMs: fc.integer({ min: 0, max: 4_000 }), calls: fc.nat(30), wanted: fc.nat(30) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new RetryBudget({ budgetPercent: 20, minPerSecond: 1 });
        const seen: { second: number; calls: number; retries: number }[] = [];
        let nowMs = startMs;
        for (const { afterMs, calls, wanted } of steps) {
          nowMs += afterMs;
          called(budget, calls, nowMs);
          let retries = 0;
          for (let each = 0; each < wanted; each += 1) if (budget.take(nowMs)) retries += 1;
          const second = Math.floor(nowMs / 1_000);
          seen.push({ second, calls, retries });
          const window = seen.filter((each) => each.second > second - 10);
          const sum = (of: 'calls' | 'retries') => window.reduce((total, each) => total + each[of], 0);
          if (retries > 0) assert.ok(sum('retries') <= sum('calls') * 0.2 + 10);
        }
      }),
    );
  });
});
