// Instants as logs write them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock, isClock, isZone } from './clocks.ts';

const utc = createClock({ zone: 'UTC', writtenMs: Date.UTC(2024, 2, 1) });
const pacific = createClock({ zone: 'America/Los_Angeles', writtenMs: Date.UTC(2024, 2, 1) });
const at = (text: string) => Date.parse(text);

test('a clock that states its zone is read in it, and one that does not in the zone that is said', () => {
  assert.equal(pacific('[21/Feb/2024:12:00:00 +0530]'), at('2024-02-21T06:30:00Z'));
  assert.equal(pacific('21/Feb/2024:12:00:00.123'), at('2024-02-21T20:00:00.123Z'));
  assert.equal(pacific('21/Jul/2024:12:00:00'), at('2024-07-21T19:00:00Z'));
  assert.equal(utc('2024-02-21T12:00:00.123456Z'), at('2024-02-21T12:00:00.123Z'));
  assert.equal(utc('2024-02-21 12:00:00,5'), at('2024-02-21T12:00:00.500Z'));
  assert.equal(utc('2024-02-21T12:00:00-08:00'), at('2024-02-21T20:00:00Z'));
  assert.equal(pacific('Wed, 21 Feb 2024 12:00:00 GMT'), at('2024-02-21T12:00:00Z'));
});

test('a clock without a year is of the last year in which it was before the file was written', () => {
  assert.equal(utc('Feb 29 12:00:00'), at('2024-02-29T12:00:00Z'));
  assert.equal(utc('Dec 31 23:59:59'), at('2023-12-31T23:59:59Z'));
  assert.equal(utc('Mar  2 00:00:01'), at('2023-03-02T00:00:01Z'), 'a day ahead of the file is the most');
  const inMay = createClock({ zone: 'UTC', writtenMs: Date.UTC(2026, 4, 1) });
  assert.equal(inMay('Feb 29 12:00:00'), at('2024-02-29T12:00:00Z'));
});

test('of the hour that clocks show twice the first is meant, and one that they skip is read as though they had not', () => {
  assert.equal(pacific('03/Nov/2024:01:30:00'), at('2024-11-03T08:30:00Z'));
  assert.equal(pacific('03/Nov/2024:02:00:00'), at('2024-11-03T10:00:00Z'));
  assert.equal(pacific('10/Mar/2024:01:59:59'), at('2024-03-10T09:59:59Z'));
  assert.equal(pacific('10/Mar/2024:03:00:00'), at('2024-03-10T10:00:00Z'));
  assert.equal(pacific('10/Mar/2024:02:30:00'), at('2024-03-10T10:30:00Z'));
});

test('what no clock shows is no instant', () => {
  for (const text of [
    '',
    '-',
    '31/Feb/2024:12:00:00 +0000',
    '21/Foo/2024:12:00:00 +0000',
    '2024-13-01T00:00:00Z',
    '2024-02-21T24:00:00Z',
    '1708516800',
  ])
    assert.equal(utc(text), null, text);
  assert.equal(utc('30/Jun/2015:23:59:60 +0000'), at('2015-07-01T00:00:00Z'), 'a leap second is the second after it');
  assert.ok(isClock('Feb  6 12:14:14'));
  assert.ok(!isClock('GET / HTTP/1.1'));
});

test('zones are those of the machine', () => {
  assert.ok(isZone('America/Los_Angeles'));
  assert.ok(!isZone('America/Nowhere'));
  assert.ok(!isZone(''));
});
