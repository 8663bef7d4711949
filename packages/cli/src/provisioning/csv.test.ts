import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sayFinding } from '@headgate/contract';
import fc from 'fast-check';
import { csvBounds, parseCsv } from './csv.ts';

function textsOf(text: string): readonly (readonly string[])[] {
  const parsed = parseCsv('a.csv', Buffer.from(text));
  assert.deepEqual(parsed.findings.map(sayFinding), []);
  return parsed.rows.map(({ fields }) => fields.map((field) => field.text));
}

function refused(bytes: string | Uint8Array): string {
  return parseCsv('a.csv', Buffer.from(bytes)).findings.map(sayFinding).join('\n');
}

test('what RFC 4180 writes is read again: commas, quotes, line breaks and either end of line', () => {
  const field = fc
    .string({ unit: fc.constantFrom('a', 'B', ',', '"', '\n', '\r\n', ';', 'é', ' ') })
    .map((each) => each.trim());
  const row = fc.array(field, { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(row), fc.constantFrom('\r\n', '\n'), fc.boolean(), (rows, end, isMarked) => {
      const written = rows.map((each) => each.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')).join(end);
      const kept = rows.filter((each) => each.some((text) => text !== ''));
      assert.deepEqual(textsOf(`${isMarked ? '\uFEFF' : ''}${written}`), kept);
    }),
  );
});

test('fields know their row, line and column, also behind a field of several lines', () => {
  const parsed = parseCsv('a.csv', Buffer.from('a,b\r\n\r\n"one\r\ntwo", x\r\n'));
  const [, row] = parsed.rows;
  assert.equal(row?.number, 3);
  assert.deepEqual(row?.fields, [
    { text: 'one\r\ntwo', line: 3, column: 1 },
    { text: 'x', line: 4, column: 6 },
  ]);
});

describe('what is no CSV is refused with its place', () => {
  // Rows: the text, and the finding.
  const rows: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ['a,b\n"c', /^a\.csv:2:1 found a quote that is never closed/],
    ['a,b\nc"d,e', /^a\.csv:2:2 found a quote inside a field/],
    ['a\n"b"c', /^a\.csv:2:4 found text behind a closing quote/],
    ['a\rb', /^a\.csv:1:2 found a carriage return alone/],
    [`a\n${'x'.repeat(csvBounds.fieldCharsMax + 1)}`, /^a\.csv:2:1 found 2001 characters; expected at most 2000$/],
    ['a\n'.repeat(csvBounds.rowsMax + 1), /^a\.csv:100001:1 found more rows; expected at most 100000$/],
    [new Uint8Array([0x61, 0xff]), /^a\.csv:1:1 found bytes that are not UTF-8/],
    [new Uint8Array(csvBounds.bytesMax + 1), /^a\.csv:1:1 found 16777217 bytes; expected at most 16777216 bytes$/],
  ];
  for (const [bytes, finding] of rows)
    test(finding.source.replaceAll('\\', ''), () => assert.match(refused(bytes), finding));
});

test('behind a row that is no CSV the next lines are read, with their own numbers and faults', () => {
  const { rows, findings } = parseCsv('a.csv', Buffer.from('a,b\nc"d,e\nf,g\n"h"i,j\nk,l\n"m'));
  assert.deepEqual(
    rows.map(({ number, fields }) => [number, ...fields.map(({ text }) => text)]),
    [
      [1, 'a', 'b'],
      [3, 'f', 'g'],
      [5, 'k', 'l'],
    ],
  );
  assert.deepEqual(
    findings.map(({ line, column }) => [line, column]),
    [
      [2, 2],
      [4, 4],
      [6, 1],
    ],
  );
});

test('where the column names are no CSV, nothing is said of the rows below', () => {
  const { rows, findings } = parseCsv('a.csv', Buffer.from('a"b,c\nd"e\nf,g\n'));
  assert.deepEqual([rows, findings.length], [[], 1]);
});
