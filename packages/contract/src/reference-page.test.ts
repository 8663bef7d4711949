import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPart } from './reference-page.ts';

const page = 'before\n<!-- a -->\n\nold\n<!-- /a -->\nafter\n<!-- b -->\n\nkept\n<!-- /b -->\n';

test('a part of a page is replaced, and nothing else', () => {
  assert.equal(withPart(page, 'a', 'new'), page.replace('old', 'new'));
  assert.equal(withPart(page, 'b', 'kept'), page);
});

test('a page without the part, or with its end before its beginning, is refused', () => {
  assert.throws(() => withPart(page, 'c', 'new'), /no part between <!-- c --> and <!-- \/c -->/);
  assert.throws(() => withPart('<!-- /a -->\n<!-- a -->\n\n', 'a', 'new'), /no part/);
});
