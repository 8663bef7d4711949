import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { toJsonTable } from './json-rows.ts';

test('the longest list of objects are the records, and nested names are joined with dots', () => {
  const document = {
    notes: [{ a: 1 }],
    items: [
      { number: 1, content: { mw: 5 } },
      { number: 2, tags: ['x'] },
    ],
  };
  assert.deepEqual(toJsonTable(document), {
    columns: ['number', 'content.mw', 'tags'],
    rows: [
      { number: '1', 'content.mw': '5', tags: '' },
      { number: '2', 'content.mw': '', tags: '["x"]' },
    ],
  });
});

test('an empty list has no rows, and a document without a list is one', () => {
  assert.deepEqual(toJsonTable({ items: [] }).rows, []);
  assert.deepEqual(toJsonTable({ number: 3, at: null }).rows, [{ number: '3', at: '' }]);
  assert.deepEqual(toJsonTable('word').rows, [{ value: 'word' }]);
});

test('any JSON document becomes a table whose rows have every column', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const { columns, rows } = toJsonTable(document);
      for (const row of rows) assert.deepEqual(Object.keys(row).toSorted(), [...columns].toSorted());
    }),
  );
});
