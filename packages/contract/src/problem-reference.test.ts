import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { controlEntries, gatewayEntries, writeEntries } from './problem-reference.ts';
import { withPart } from './reference-page.ts';

const page = new URL('../../../docs/reference/problems.md', import.meta.url);
const rewrite = 'UPDATE_REFERENCE=1 node --test packages/contract/src/problem-reference.test.ts';

test('docs/reference/problems.md has every code of the gateway in the words of the catalogue', () => {
  assertPart('gateway-codes', writeEntries(gatewayEntries(), 'Gateway:'));
});

test('docs/reference/problems.md has every code of control in the words of the catalogue', () => {
  assertPart('control-codes', writeEntries(controlEntries(), 'Of'));
});

test('no sentence of the reference has a hole where a fact is missing', () => {
  for (const { code, sentence } of [...gatewayEntries(), ...controlEntries()]) {
    assert.doesNotMatch(sentence, /undefined|null|NaN|\[object/, code);
  }
});

/** Holds the named part of the page against what the code says; writes it anew when UPDATE_REFERENCE is set. */
function assertPart(name: string, expected: string): void {
  const text = readFileSync(page, 'utf8');
  const current = withPart(text, name, expected);
  if (process.env.UPDATE_REFERENCE === undefined)
    assert.ok(text === current, `docs/reference/problems.md is not up to date; run: ${rewrite}`);
  else writeFileSync(page, current);
}
