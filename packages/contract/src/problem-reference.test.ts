import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gatewayEntries, writeEntries } from './problem-reference.ts';

const page = new URL('../../../docs/reference/problems.md', import.meta.url);
const rewrite = 'UPDATE_REFERENCE=1 node --test packages/contract/src/problem-reference.test.ts';

test('docs/reference/problems.md has every code of the gateway in the words of the catalogue', () => {
  assertPart('gateway-codes', writeEntries(gatewayEntries(), 'Gateway:'));
});

test('no sentence of the reference has a hole where a fact is missing', () => {
  for (const { code, sentence } of gatewayEntries()) {
    assert.doesNotMatch(sentence, /undefined|null|NaN|\[object/, code);
  }
});

/** The part between `<!-- name -->` and `<!-- /name -->`, written anew when UPDATE_REFERENCE is set. */
function assertPart(name: string, expected: string): void {
  const text = readFileSync(page, 'utf8');
  const [open, close] = [`<!-- ${name} -->\n\n`, `<!-- /${name} -->`];
  const start = text.indexOf(open) + open.length;
  const end = text.indexOf(close);
  assert.ok(start >= open.length && end >= start, `docs/reference/problems.md has no part ${name}`);
  if (process.env.UPDATE_REFERENCE !== undefined) {
    writeFileSync(page, `${text.slice(0, start)}${expected}\n${text.slice(end)}`);
    return;
  }
  assert.ok(
    text.slice(start, end) === `${expected}\n`,
    `docs/reference/problems.md is not up to date; run: ${rewrite}`,
  );
}
