import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '@headgate/testkit';
import { createAttempts, networkOf } from './attempts.ts';

test('after ten failures within a minute a source waits until the first of them is a minute old', () => {
  const clock = fakeClock();
  const attempts = createAttempts(() => clock.now());
  for (let count = 0; count < 10; count += 1) {
    assert.equal(attempts.waitMs('192.0.2.7'), 0);
    attempts.failed('192.0.2.7');
    clock.advanceMs(1_000);
  }
  assert.equal(attempts.waitMs('192.0.2.7'), 50_000);
  assert.equal(attempts.waitMs('192.0.2.8'), 0);
  clock.advanceMs(50_000);
  assert.equal(attempts.waitMs('192.0.2.7'), 0);
  attempts.failed('192.0.2.7');
  assert.equal(attempts.waitMs('192.0.2.7'), 1_000);
});

test('a source of IPv6 is its /64, however it is written', () => {
  assert.equal(networkOf('2001:db8:0:1::5'), networkOf('2001:db8:0:1:ffff::'));
  assert.notEqual(networkOf('2001:db8:0:1::5'), networkOf('2001:db8:0:2::5'));
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
});
