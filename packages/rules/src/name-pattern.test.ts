import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesName, toNamePattern } from './name-pattern.ts';

const matches = (pattern: string, name: string) => matchesName(toNamePattern(pattern), name.toLowerCase());

test('letter case is ignored and a pattern without a star is the whole name', () => {
  assert.ok(matches('CMRI', 'cmri'));
  assert.ok(!matches('cmri', 'cmri2'));
  assert.ok(!matches('c.ri', 'cmri'));
});

test('a star stands for any run of characters, also none', () => {
  assert.ok(matches('retrieve*_v*', 'RetrieveAwards_v4'));
  assert.ok(matches('*', ''));
  assert.ok(matches('a*a', 'aa'));
  assert.ok(!matches('a*a', 'a'));
  assert.ok(!matches('*ab*ba', 'aba'));
});

test('a match is what trying every split finds', () => {
  const text = (max: number) => fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: max, size: 'max' });
  fc.assert(
    fc.property(text(8), text(12), (pattern, wildName) => {
      const name = wildName.replaceAll('*', 'c');
      assert.equal(matches(pattern, name), matchesBySplitting(pattern, name));
    }),
    { numRuns: 3_000 },
  );
});

function matchesBySplitting(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  const rest = pattern.slice(1);
  if (pattern[0] !== '*') return pattern[0] === name[0] && name !== '' && matchesBySplitting(rest, name.slice(1));
  for (let cut = 0; cut <= name.length; cut += 1) if (matchesBySplitting(rest, name.slice(cut))) return true;
  return false;
}
