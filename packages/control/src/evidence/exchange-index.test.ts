import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { exchangeKey, hasKey, mergeKeys, packKeys, placesOf, segmentLists } from './exchange-index.ts';

test('an exchange is found in its chunk, in chunks put together, and in the lists of a segment', () => {
  const chunks = Array.from({ length: 40 }, () => Array.from({ length: 500 }, () => randomUUID()));
  const packed = chunks.map((ids) => packKeys(ids.map(exchangeKey)));
  const merged = mergeKeys(packed);
  const lists = segmentLists(packed);
  for (const [place, ids] of chunks.entries()) {
    for (const id of ids) {
      const key = exchangeKey(id);
      assert.ok(hasKey(packed[place] ?? Buffer.alloc(0), key));
      assert.ok(hasKey(merged, key));
      assert.ok(placesOf(lists[key[0] ?? 0] ?? Buffer.alloc(0), key).includes(place));
    }
  }
});

test('of ten thousand strange exchanges hardly one is taken for a known one', () => {
  const packed = packKeys(Array.from({ length: 20_000 }, () => exchangeKey(randomUUID())));
  const mistaken = Array.from({ length: 10_000 }, () => randomUUID()).filter((id) => hasKey(packed, exchangeKey(id)));
  assert.ok(mistaken.length <= 2, `${mistaken.length} were`);
});

test('an id that is no UUID is found by its hash', () => {
  const ids = ['a', 'import:f5:7', 'x'.repeat(400), ''];
  const packed = packKeys(ids.map(exchangeKey));
  for (const id of ids) assert.ok(hasKey(packed, exchangeKey(id)), id);
  assert.equal(hasKey(packed, exchangeKey('b')), false);
});
