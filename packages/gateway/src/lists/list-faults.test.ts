import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { listFixes } from './list-faults.ts';

const guide = new URL('../../../../docs/guides/operate.md', import.meta.url);

test('the guide for operators has each code of a fault, and no other', async () => {
  const text = await readFile(guide, 'utf8');
  const [, table = ''] = /\| code \| what it means \|\n(?:\|-+)+\|\n((?:\|.*\n)+)/.exec(text) ?? [];
  const rows = table.trimEnd().split('\n');
  const codes = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/[a-z_]+/g) ?? []);
  assert.deepEqual(codes.toSorted(), Object.keys(listFixes).toSorted());
});

test('each fault has a fix that is a sentence', () => {
  for (const fix of Object.values(listFixes)) assert.match(fix, /^[A-Z].*\.$/);
});
