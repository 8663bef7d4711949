import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  beginSession,
  endOf,
  isOver,
  leaveSession,
  type SessionBounds,
  secondsLeft,
  sessionFields,
  slideSession,
} from './ui-session.ts';

const bounds: SessionBounds = { idleMs: 1_800_000, absoluteMs: 43_200_000, announceMs: 300_000 };
const noon = Date.UTC(2024, 1, 21, 12);
const minute = 60_000;

test('a session that is used lasts until its absolute end, and one that is not for its idle time', () => {
  let mark = beginSession(bounds, noon);
  assert.equal(endOf(mark, bounds), 'idle');
  let nowMs = noon;
  while (!isOver(mark, nowMs)) {
    mark = slideSession(mark, bounds, nowMs);
    nowMs += 10 * minute;
  }
  assert.equal(nowMs - noon, bounds.absoluteMs);
  assert.equal(endOf(mark, bounds), 'absolute');
});

test('whenever calls come, a session lasts its idle time from the last of them, a minute more at most, and never past its absolute end', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 * minute }), { maxLength: 60 }), (pauses) => {
      let mark = beginSession(bounds, noon);
      let nowMs = noon;
      for (const pause of pauses) {
        if (isOver(mark, nowMs + pause)) break;
        nowMs += pause;
        mark = slideSession(mark, bounds, nowMs);
      }
      const absoluteMs = noon + bounds.absoluteMs;
      assert.ok(mark.endsMs >= Math.min(absoluteMs, nowMs + bounds.idleMs));
      assert.ok(mark.endsMs <= Math.min(absoluteMs, nowMs + bounds.idleMs + minute + 1_000));
      assert.equal(mark.endsMs % 1_000, 0);
    }),
  );
});

test('calls in quick succession change nothing, so that few answers carry a cookie', () => {
  const mark = beginSession(bounds, noon);
  assert.equal(slideSession(mark, bounds, noon + 30_000), mark);
  assert.notEqual(slideSession(mark, bounds, noon + minute + 1), mark);
});

test('a clock that steps back lengthens nothing and ends nothing', () => {
  const mark = beginSession(bounds, noon);
  assert.equal(slideSession(mark, bounds, noon - 60 * minute), mark);
  assert.equal(isOver(mark, noon - 60 * minute), false);
});

test('what is told to be left is left', () => {
  const mark = beginSession(bounds, noon + 1);
  const left = secondsLeft(mark, noon + 1);
  assert.equal(isOver(mark, noon + left * 1_000), false);
  assert.equal(isOver(mark, mark.endsMs), true);
});

test('the field tells seconds, by what, and that the end is near only when it is', () => {
  const mark = beginSession(bounds, noon);
  const told = (nowMs: number) => sessionFields({ state: 'continued', mark, bounds, cookie: null }, nowMs);
  assert.deepEqual(told(noon), ['headgate-session-ends', '1860;by=idle']);
  assert.deepEqual(told(mark.endsMs - bounds.announceMs), ['headgate-session-ends', '300;by=idle;soon']);
  const left = leaveSession(mark, noon + 500);
  assert.equal(isOver(left, noon), true);
  const fields = sessionFields({ state: 'left', mark: left, bounds, cookie: 'c' }, noon + 500);
  assert.deepEqual(fields, ['headgate-session-ends', '0;by=logout;soon', 'set-cookie', 'c']);
});
