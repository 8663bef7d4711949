import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coverOf } from './cover.ts';
import { dayMs, monthOf, thirdOf } from './rollup.ts';

test('the periods of a span hold each of its days once and no other', () => {
  const startMs = Date.UTC(2023, 10, 20);
  fc.assert(
    fc.property(fc.nat({ max: 500 }), fc.nat({ max: 500 }), fc.nat({ max: dayMs - 1 }), (from, length, cut) => {
      const sinceMs = startMs + from * dayMs + (cut % 2 === 0 ? cut : 0);
      const untilMs = sinceMs + length * dayMs + cut;
      const cover = coverOf({ sinceMs, untilMs });
      const startsOf = { d: (atMs: number) => atMs, t: thirdOf, m: monthOf };
      for (let day = startMs - 40 * dayMs; day < startMs + 1_050 * dayMs; day += dayMs) {
        const times = cover.stretches.filter(({ grain, fromMs, untilMs: until }) => {
          const period = startsOf[grain](day);
          return period >= fromMs && period < until;
        }).length;
        assert.equal(times, day >= cover.sinceMs && day < cover.untilMs ? 1 : 0);
      }
      assert.ok(cover.sinceMs <= sinceMs && cover.untilMs >= untilMs, 'a day that is cut counts whole');
      assert.ok(cover.sinceMs > sinceMs - dayMs && cover.untilMs < untilMs + dayMs);
    }),
    { numRuns: 40 },
  );
});

test('a span of thirty days is of few periods', () => {
  const { stretches } = coverOf({ sinceMs: Date.UTC(2024, 1, 5), untilMs: Date.UTC(2024, 2, 6) });
  const days = stretches
    .filter(({ grain }) => grain === 'd')
    .reduce((sum, { fromMs, untilMs }) => sum + (untilMs - fromMs) / dayMs, 0);
  assert.ok(days <= 18, `${days} days`);
});
