import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from '@headgate/contract';
import fc from 'fast-check';
import { rulesOverDomains } from './domains.ts';
import { matchesName, toNamePattern } from './name-pattern.ts';
import { ruleWith } from './testdata.ts';

function pairsOf(...limits: readonly LimitRule[]): readonly string[] {
  return rulesOverDomains({ limits: [...limits] }).map(({ rule, other }) => `${rule.name}+${other.name}`);
}

const inWs = ruleWith({ name: 'ws', domain: 'ws', where: { namespace: 'ws' } });

test('two rules that one call may meet in different domains are found', () => {
  const everywhere = ruleWith({ name: 'all', where: {} });
  const ofCmri = ruleWith({ name: 'cmri', domain: 'aup', where: { system: 'CMRI' } });
  assert.deepEqual(pairsOf(inWs, everywhere, ofCmri), ['ws+all', 'ws+cmri', 'all+cmri']);
});

test('rules of one domain, and rules that no call can meet both of, are not', () => {
  const oasis = ruleWith({ name: 'oasis', domain: 'oasis', where: { namespace: ['oasis', 'ads'] } });
  const ofCmri = ruleWith({ name: 'cmri', domain: 'ws', where: { system: 'CMRI' } });
  assert.deepEqual(pairsOf(inWs, oasis, ofCmri), ['oasis+cmri']);
  assert.deepEqual(pairsOf(inWs, ofCmri), []);
});

test('a rule that is off, and one that each node counts alone, stack over nothing', () => {
  const off = ruleWith({ name: 'off', mode: 'off' });
  const atOnce = ruleWith({ name: 'at-once', unit: 'concurrent-requests', quota: 10 });
  const doors = ruleWith({ name: 'doors', unit: 'connections', where: {} });
  assert.deepEqual(pairsOf(inWs, off, atOnce, doors), []);
});

test('rules over bytes and over more than is remembered one by one are counted in a domain too', () => {
  const bytes = ruleWith({ name: 'bytes', unit: 'request-bytes', quota: 1_000_000 });
  const large = ruleWith({ name: 'large', quota: 10_000 });
  assert.deepEqual(pairsOf(inWs, bytes, large), ['ws+bytes', 'ws+large']);
});

test('two patterns are apart only where no name fits both', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 4 })
    .map((letters) => letters.join(''));
  const names = [...namesUpTo(8)];
  fc.assert(
    fc.property(text, text, (one, other) => {
      const meets = names.some(
        (name) => matchesName(toNamePattern(one), name) && matchesName(toNamePattern(other), name),
      );
      const rules = [one, other].map((system, at) => ruleWith({ name: `r${at}`, domain: `d${at}`, where: { system } }));
      assert.equal(pairsOf(...rules).length === 1, meets);
    }),
    { numRuns: 300 },
  );
});

/** Every name of the letters a and b, the empty one among them. */
function* namesUpTo(length: number): Generator<string> {
  yield '';
  if (length === 0) return;
  for (const rest of namesUpTo(length - 1)) for (const letter of ['a', 'b']) yield `${letter}${rest}`;
}
