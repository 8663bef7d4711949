import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toInstantSpan } from './date-instants.ts';
import { parseDateValue } from './dates.ts';

const zone = 'America/Los_Angeles';

function spanOf(from: string, until: string, where = zone): readonly [string | number, string | number] {
  const [first, last] = [parseDateValue(from), parseDateValue(until)];
  assert.ok(first && last);
  const { fromMs, untilMs } = toInstantSpan(first, last, where);
  const said = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString() : ms);
  return [said(fromMs), said(untilMs)];
}

test('a day begins with its first instant and ends with its last, by the clocks of the zone', () => {
  assert.deepEqual(spanOf('2023-11-15', '2024-02-19'), ['2023-11-15T08:00:00.000Z', '2024-02-20T07:59:59.999Z']);
  assert.deepEqual(spanOf('2026-05-31', '2026-05-31', 'UTC'), ['2026-05-31T00:00:00.000Z', '2026-05-31T23:59:59.999Z']);
});

test('a day on which clocks change is as long as it is', () => {
  assert.deepEqual(spanOf('2024-03-10', '2024-03-10'), ['2024-03-10T08:00:00.000Z', '2024-03-11T06:59:59.999Z']);
  assert.deepEqual(spanOf('2024-11-03', '2024-11-03'), ['2024-11-03T07:00:00.000Z', '2024-11-04T07:59:59.999Z']);
});

test('a month counts whole, the last of a year and the shortest too', () => {
  assert.deepEqual(spanOf('2024-02', '2024-02', 'UTC'), ['2024-02-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z']);
  assert.deepEqual(spanOf('2024-12', '2024-12', 'UTC'), ['2024-12-01T00:00:00.000Z', '2024-12-31T23:59:59.999Z']);
});

test('a window counts by its own times and zone', () => {
  const window = '2024-02-22 14:00-15:00 Europe/Berlin';
  assert.deepEqual(spanOf(window, window), ['2024-02-22T13:00:00.000Z', '2024-02-22T13:59:59.999Z']);
});

test('what is done holds since ever and no more, what is to be determined not yet and without end', () => {
  assert.deepEqual(spanOf('done', 'tbd'), [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  assert.deepEqual(spanOf('tbd', 'done'), [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
});

test('zones ahead of UTC, and by half an hour, are read right', () => {
  assert.deepEqual(spanOf('2024-01-01', '2024-01-01', 'Asia/Kolkata')[0], '2023-12-31T18:30:00.000Z');
  assert.deepEqual(spanOf('2024-01-01', '2024-01-01', 'Pacific/Auckland')[0], '2023-12-31T11:00:00.000Z');
});
