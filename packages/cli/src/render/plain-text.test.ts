import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, plainText } from './plain-text.ts';

test('nothing that a terminal obeys is left in text from elsewhere, and what people write is', () => {
  assert.equal(plainText('a\u001b[31mb\u009b2Jc\u202ed\u2028e\ud800f'), 'a [31mb 2Jc d e f');
  assert.equal(plainText('Größe 5 – 価格 “ok” 👍'), 'Größe 5 – 価格 “ok” 👍');
});

test('a line of text from elsewhere is one line', () => {
  assert.equal(oneLine('  two\r\n\tlines\u0007 \u00a0 here '), 'two lines here');
});
