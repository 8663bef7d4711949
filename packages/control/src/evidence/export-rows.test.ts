import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvRow } from './export-rows.ts';

test('no cell of CSV is a formula, whatever a caller puts into its user agent', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://x","y")']) {
    const row = csvRow([text]);
    assert.match(row, /^"?'/, JSON.stringify(text));
  }
  assert.equal(csvRow(['a,b', 'say "x"', 'two\nlines', -5, '']), '"a,b","say ""x""","two\nlines",-5,\r\n');
});

test('no cell of CSV moves the cursor of a terminal or turns the direction of writing', () => {
  assert.equal(csvRow(['a\u001b[2Jb', 'c\u009b31m', 'd\u202ee', 'f\tg']), 'a\ufffd[2Jb,c\ufffd31m,d\ufffde,f\tg\r\n');
});
