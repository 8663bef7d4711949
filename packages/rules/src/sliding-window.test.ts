import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWindowLog, recordEvent, windowAdmits } from './sliding-window.ts';

for (const [quota, windowMs] of [
  [1, 5_000],
  [1, 30_000],
  [30, 1_000],
] as const) {
  test(`${quota} per ${windowMs} ms admits event ${quota}, refuses event ${quota + 1}, and frees exactly at ${windowMs} ms`, () => {
    const log = createWindowLog(quota);
    for (let number = 1; number <= quota; number += 1) {
      assert.ok(windowAdmits(log, quota, windowMs, 0).admitted);
      recordEvent(log, quota, windowMs, 0);
    }
    assert.deepEqual(windowAdmits(log, quota, windowMs, 0), { admitted: false, retryAtMs: windowMs });
    assert.deepEqual(windowAdmits(log, quota, windowMs, windowMs - 1), { admitted: false, retryAtMs: windowMs });
    assert.deepEqual(windowAdmits(log, quota, windowMs, windowMs), { admitted: true, retryAtMs: windowMs });
  });
}

test('a clock that steps back admits nothing extra', () => {
  const log = createWindowLog(1);
  recordEvent(log, 1, 5_000, 10_000);
  assert.deepEqual(windowAdmits(log, 1, 5_000, 2_000), { admitted: false, retryAtMs: 15_000 });
});

test('an event recorded after the clock stepped back counts as long as the newest one', () => {
  const log = createWindowLog(2);
  for (const nowMs of [10_000, 2_000]) recordEvent(log, 2, 5_000, nowMs);
  assert.deepEqual(windowAdmits(log, 1, 5_000, 8_000), { admitted: false, retryAtMs: 15_000 });
});

test('a ring grows only as far as the events inside one window need', () => {
  const log = createWindowLog(4_096);
  for (let nowMs = 0; nowMs < 100_000; nowMs += 500) recordEvent(log, 4_096, 1_000, nowMs);
  assert.equal(log.instants.length, 4);
});

test('a lowered quota holds for the events already remembered', () => {
  const log = createWindowLog(3);
  for (const nowMs of [0, 10, 20]) recordEvent(log, 3, 100, nowMs);
  assert.deepEqual(windowAdmits(log, 2, 100, 50), { admitted: false, retryAtMs: 110 });
  assert.deepEqual(windowAdmits(log, 1, 100, 50), { admitted: false, retryAtMs: 120 });
});

test('a window admits a call exactly when fewer than the quota lie inside it', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 120, size: 'max' });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 100 }), steps, (quota, windowMs, waits) => {
      const log = createWindowLog(quota);
      const admittedAtMs: number[] = [];
      let nowMs = 0;
      for (const waitMs of waits) {
        nowMs += waitMs;
        const inside = admittedAtMs.filter((atMs) => nowMs - windowMs < atMs && atMs <= nowMs).length;
        const verdict = windowAdmits(log, quota, windowMs, nowMs);
        assert.equal(verdict.admitted, inside < quota);
        if (!verdict.admitted) continue;
        recordEvent(log, quota, windowMs, nowMs);
        admittedAtMs.push(nowMs);
      }
    }),
  );
});
