import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { createExchangeIds } from './exchange-ids.ts';

test('an id is a UUID of version 4', () => {
  const newId = createExchangeIds(randomFillSync);
  for (let at = 0; at < 1_000; at += 1)
    assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('an id says the bytes that it was made of, in order', () => {
  const newId = createExchangeIds((bytes) => bytes.set(bytes.map((_, at) => at % 256)));
  assert.equal(newId(), '00010203-0405-4607-8809-0a0b0c0d0e0f');
  assert.equal(newId(), '10111213-1415-4617-9819-1a1b1c1d1e1f');
});

test('no id comes twice, also when bytes are drawn again', () => {
  const newId = createExchangeIds(randomFillSync);
  const ids = new Set(Array.from({ length: 2_000 }, newId));
  assert.equal(ids.size, 2_000);
});
