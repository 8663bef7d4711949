import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentCharges } from './document-limit.ts';

test('documents are limited by address, and where one caller has a network of them, by network', () => {
  const keyOf = (source: string) => documentCharges(source).map(({ key }) => key);
  assert.deepEqual(keyOf('2001:db8::1'), keyOf('2001:db8::ffff:1'));
  assert.notDeepEqual(keyOf('2001:db8::1'), keyOf('2001:db8:0:1::1'));
  assert.notDeepEqual(keyOf('192.0.2.7'), keyOf('192.0.2.8'));
});
