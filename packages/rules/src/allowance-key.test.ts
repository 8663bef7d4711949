import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LimitKeyPart, type LimitSubject, limitKeyParts } from '@headgate/contract';
import fc from 'fast-check';
import { keyValueCharactersMax, sayAllowance, toAllowanceKey } from './allowance-key.ts';
import { ruleWith, subjectWith } from './testdata.ts';

test('the key names the rule and every part with its value', () => {
  const key = toAllowanceKey(ruleWith({ name: 'aup', key: ['credential', 'service'] }), subjectWith());
  assert.equal(key, 'aup|credential=a1b2|service=retrieveawards_v4');
});

test('spelling a service in other letters gains no allowance', () => {
  const rule = ruleWith({ key: ['service'] });
  const shouted = subjectWith({ service: 'RETRIEVEAWARDS_V4' });
  assert.equal(toAllowanceKey(rule, shouted), toAllowanceKey(rule, subjectWith()));
});

test('callers without a credential are counted per source and never together', () => {
  const rule = ruleWith({ key: ['credential'] });
  const { credential: _, ...anonymous } = subjectWith();
  const keys = ['192.0.2.1', '192.0.2.2'].map((source) => toAllowanceKey(rule, { ...anonymous, source }));
  assert.deepEqual(keys, ['aup-example|credential!source=192.0.2.1', 'aup-example|credential!source=192.0.2.2']);
});

test('a credential spelled like a source has a key of its own', () => {
  const rule = ruleWith({ key: ['credential'] });
  const { credential: _, ...anonymous } = subjectWith();
  const forged = subjectWith({ credential: '!source=192.0.2.1' });
  assert.notEqual(toAllowanceKey(rule, forged), toAllowanceKey(rule, anonymous));
});

test('an over-long value counts as unknown, so that keys stay small', () => {
  const rule = ruleWith({ key: ['service'] });
  const key = toAllowanceKey(rule, subjectWith({ service: 'x'.repeat(keyValueCharactersMax + 1) }));
  assert.equal(key, 'aup-example|service!source=192.0.2.1');
});

test('a call without an SCID is counted by its credential, or by what the rule names, and never with strangers', () => {
  const rows = [
    [{}, {}, 'aup-example|scid!credential=a1b2'],
    [{ scid: 'HPA1' }, {}, 'aup-example|scid=HPA1'],
    [{ scid: 'HPA1' }, { withoutScid: 'source' }, 'aup-example|scid=HPA1'],
    [{}, { withoutScid: 'source' }, 'aup-example|scid!source=192.0.2.1'],
    [{}, { withoutScid: 'participant' }, 'aup-example|scid!participant=example-power'],
    [{ participant: '' }, { withoutScid: 'participant' }, 'aup-example|scid!source=192.0.2.1'],
  ] as const;
  for (const [subject, rule, expected] of rows) {
    const key = toAllowanceKey(ruleWith({ key: ['scid'], ...rule }), subjectWith(subject));
    assert.equal(key, expected);
  }
});

test('callers of one network share an allowance, as wide as the rule says', () => {
  const rule = ruleWith({ key: ['source-network'] });
  assert.equal(toAllowanceKey(rule, subjectWith()), 'aup-example|source-network=192.0.2.0/24');
  const narrow = { ...rule, sourceNetwork: { ipv4Bits: 28, ipv6Bits: 48 } };
  assert.equal(
    toAllowanceKey(narrow, subjectWith({ source: '192.0.2.17' })),
    'aup-example|source-network=192.0.2.16/28',
  );
});

test('a caller is told whose allowance it was, with values that are cut and mean nothing to any reader', () => {
  const rule = ruleWith({ key: ['credential', 'service', 'scid'], withoutScid: 'source' });
  const subject = subjectWith({ credential: 'ab'.repeat(32), service: '<b>|x'.padEnd(100, 'y') });
  assert.equal(
    sayAllowance(toAllowanceKey(rule, subject)),
    `credential=${'ab'.repeat(8)}, service=${'?b??x'.padEnd(64, 'y')}, source=192.0.2.1 for want of scid`,
  );
});

test('two different tuples never share a key', () => {
  const unit = fc.constantFrom('|', '%7C', '%25', '%', '=', '!source=', '|credential=', '|service=');
  const value = fc.string({ unit, minLength: 1, maxLength: 3 });
  const maybe = fc.option(value, { nil: undefined });
  const values = fc.record({
    source: value,
    credential: maybe,
    participant: maybe,
    scid: maybe,
    system: maybe,
    service: maybe,
  });
  const parts = limitKeyParts.filter((part) => part !== 'source-network'); // Sources of one network share on purpose.
  const key = fc.uniqueArray(fc.constantFrom(...parts), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.record({ key, one: values, other: values }), ({ key, one, other }) => {
      const rule = ruleWith({ key });
      const isSame = JSON.stringify(tupleOf(key, one)) === JSON.stringify(tupleOf(key, other));
      const keys = [one, other].map((parts) => toAllowanceKey(rule, { ...subjectWith(), ...parts } as LimitSubject));
      assert.equal(keys[0] === keys[1], isSame);
    }),
    { numRuns: 20_000 },
  );
});

/** What a key must tell apart, written as data: the folded value of each part, or the source that stands in for it. */
function tupleOf(key: readonly LimitKeyPart[], parts: Partial<Record<LimitKeyPart, string | undefined>>): unknown[] {
  return key.map((part) => {
    if (part === 'operation') return 'retrieve';
    const value = parts[part];
    if (part === 'scid' && value === undefined && parts.credential !== undefined) return ['for-scid', parts.credential];
    if (value === undefined) return ['source', parts.source];
    return part === 'system' || part === 'service' ? value.toLowerCase() : value;
  });
}
