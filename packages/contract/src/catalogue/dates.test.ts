import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DateValue, hasPassed, parseDateValue, writeDateValue } from './dates.ts';

test('a day, a month, a month with a time, a window, done and tbd are the forms of a date', () => {
  assert.deepEqual(parseDateValue('2024-02-27'), { kind: 'day', day: '2024-02-27' });
  assert.deepEqual(parseDateValue('2024-02'), { kind: 'month', month: '2024-02' });
  assert.deepEqual(parseDateValue('2024-02 14:00 America/Los_Angeles'), {
    kind: 'month',
    month: '2024-02',
    time: '14:00',
    zone: 'America/Los_Angeles',
  });
  assert.deepEqual(parseDateValue('2024-02-22 14:00-15:00 America/Los_Angeles'), {
    kind: 'window',
    day: '2024-02-22',
    from: '14:00',
    until: '15:00',
    zone: 'America/Los_Angeles',
  });
  assert.deepEqual(parseDateValue('done'), { kind: 'done' });
  assert.deepEqual(parseDateValue('tbd'), { kind: 'tbd' });
});

test('a day that is not in the calendar, a window that ends before it begins and an unknown zone are no dates', () => {
  for (const text of [
    '2024-02-30',
    '2023-02-29',
    '2024-13',
    '2024-02-22 15:00-14:00 Europe/Oslo',
    '2024-02-22 14:00-15:00 Mars/Base',
    '19 February',
    '',
  ]) {
    assert.equal(parseDateValue(text), null, text);
  }
});

test('a date counts as passed only when all of it lies behind', () => {
  const month = parseDateValue('2024-02') as DateValue;
  const window = parseDateValue('2024-02-22 14:00-15:00 America/Los_Angeles') as DateValue;
  assert.equal(hasPassed({ kind: 'day', day: '2024-02-06' }, '2024-02-05'), false);
  assert.equal(hasPassed({ kind: 'day', day: '2024-02-06' }, '2024-02-06'), true);
  assert.equal(hasPassed(month, '2024-02-29'), false);
  assert.equal(hasPassed(month, '2024-03-01'), true);
  assert.equal(hasPassed(window, '2024-02-22'), false);
  assert.equal(hasPassed(window, '2024-02-23'), true);
  assert.equal(hasPassed({ kind: 'tbd' }, '9999-12-31'), false);
});

const day = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const zone = fc.constantFrom('America/Los_Angeles', 'Europe/Oslo', 'UTC');
const date: fc.Arbitrary<DateValue> = fc.oneof(
  day.map((of) => ({ kind: 'day', day: of }) as const),
  day.map((of) => ({ kind: 'month', month: of.slice(0, 7) }) as const),
  fc.record(
    { kind: fc.constant('month' as const), month: day.map((of) => of.slice(0, 7)), time: fc.constant('14:00'), zone },
    { noNullPrototype: true },
  ),
  fc.record(
    { kind: fc.constant('window' as const), day, from: fc.constant('09:30'), until: fc.constant('10:00'), zone },
    { noNullPrototype: true },
  ),
  fc.constantFrom({ kind: 'done' } as const, { kind: 'tbd' } as const),
);

test('a date that is written and read again is the same date', () => {
  fc.assert(fc.property(date, (value) => assert.deepEqual(parseDateValue(writeDateValue(value)), value)));
});

test('a date that has passed stays passed on every later day', () => {
  fc.assert(
    fc.property(date, day, day, (value, one, other) => {
      const [earlier, later] = one < other ? [one, other] : [other, one];
      assert.ok(!hasPassed(value, earlier) || hasPassed(value, later));
    }),
  );
});
