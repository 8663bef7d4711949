import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hourMs,
  parseInstant,
  toInstantText,
  toOperatingHour,
  toPacific,
  toTradeDate,
  toTradeDayStart,
} from './market-time.ts';

test('a trade day begins at midnight in Los Angeles, whatever the instant', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }), (instantMs) => {
      const startMs = toTradeDayStart(instantMs);
      assert.deepEqual([toPacific(startMs).hour, toPacific(startMs).minute], [0, 0]);
      assert.equal(toTradeDate(startMs), toTradeDate(instantMs));
      assert.ok(startMs <= instantMs && instantMs - startMs < 25 * hourMs);
    }),
  );
});

test('the day on which clocks go back has twenty-five hours', () => {
  assert.equal(toOperatingHour(Date.UTC(2026, 10, 2, 7, 59)), 25);
  assert.equal(toTradeDayStart(Date.UTC(2026, 10, 1, 20)), Date.UTC(2026, 10, 1, 7));
});

test('the day on which clocks go forward has twenty-three hours', () => {
  assert.equal(toTradeDayStart(Date.UTC(2026, 2, 8, 20)), Date.UTC(2026, 2, 8, 8));
  assert.equal(toOperatingHour(Date.UTC(2026, 2, 9, 6, 59)), 23);
});

test('an instant written is the instant read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2199, 0, 1) }), (instantMs) => {
      assert.equal(parseInstant(toInstantText(instantMs)), instantMs);
    }),
  );
});

for (const text of ['', '2026-07-20', '2026-13-20T00:00:00Z', '20260720T00:00:00Z', '2026-07-20T00:00:00+99:00']) {
  test(`text that is no dateTime is no instant: "${text}"`, () => {
    assert.equal(parseInstant(text), null);
  });
}
