import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charge, LimitRule, Override } from '@headgate/contract';
import { toAllowanceKey } from './allowance-key.ts';
import { createCounters } from './counters.ts';
import { overrideCharges } from './overrides.ts';
import { ruleWith, subjectWith } from './testdata.ts';

const subject = subjectWith({ source: '192.0.2.1', credential: 'c1', participant: 'alpha', service: 'Awards' });

function overrideOf(changes: Partial<Override> = {}): Override {
  return {
    id: 'bg-1',
    rule: 'aup',
    change: { kind: 'shadow' },
    scope: null,
    reason: 'this test',
    author: 'anna',
    fromMs: 1_000,
    untilMs: 2_000,
    ...changes,
  };
}

function chargesOf(...rules: readonly Partial<LimitRule>[]): readonly Charge[] {
  return rules.map((changes) => {
    const rule = ruleWith({ name: 'aup', ...changes });
    return { rule, key: toAllowanceKey(rule, subject) };
  });
}

test('an override holds from its beginning until before its end, and the charges say until when they stay so', () => {
  const charges = chargesOf({});
  const at = (nowMs: number) => overrideCharges(charges, subject, [overrideOf()], nowMs);
  const modes = [999, 1_000, 1_999, 2_000].map((nowMs) => at(nowMs).charges[0]?.rule.mode);
  assert.deepEqual(modes, ['enforce', 'shadow', 'shadow', 'enforce']);
  assert.deepEqual(
    [at(999).untilMs, at(1_000).fromMs, at(1_000).untilMs, at(2_000).fromMs],
    [1_000, 1_000, 2_000, 2_000],
  );
  assert.deepEqual([at(999).overrides, at(1_000).overrides], [[], ['bg-1']]);
});

test('only the rule and the callers that are named are touched', () => {
  const charges = chargesOf({}, { name: 'other' });
  const modesFor = (scope: Override['scope']) =>
    overrideCharges(charges, subject, [overrideOf({ scope })], 1_500).charges.map(({ rule }) => rule.mode);
  assert.deepEqual(modesFor(null), ['shadow', 'enforce']);
  assert.deepEqual(modesFor({ participant: 'alpha' }), ['shadow', 'enforce']);
  assert.deepEqual(modesFor({ participant: 'bravo' }), ['enforce', 'enforce']);
  assert.deepEqual(modesFor({ source: '192.0.2.2' }), ['enforce', 'enforce']);
  assert.deepEqual(modesFor({ credential: 'c1' }), ['shadow', 'enforce']);
});

test('a raised quota keeps what was counted where the allowance is the caller’s own, and never lowers it', () => {
  const raise = (quota: number) => overrideOf({ change: { kind: 'quota', quota }, scope: { credential: 'c1' } });
  const [own] = chargesOf({ key: ['credential', 'service'] });
  assert.ok(own);
  const [raised] = overrideCharges([own], subject, [raise(3)], 1_500).charges;
  assert.deepEqual([raised?.key, raised?.rule.quota], [own.key, 3]);
  assert.equal(overrideCharges(chargesOf({ quota: 5 }), subject, [raise(3)], 1_500).charges[0]?.rule.quota, 5);

  const counters = createCounters();
  const admitted = (charges: readonly Charge[], nowMs: number) => counters.decide(charges, nowMs).admitted;
  const under = (nowMs: number) => overrideCharges([own], subject, [raise(3)], nowMs).charges;
  assert.deepEqual(
    [900, 1_000, 1_001, 1_002, 2_000].map((nowMs) => admitted(under(nowMs), nowMs)),
    [true, true, true, false, false],
  );
});

test('where others share the allowance, the raised caller has one of its own, and they keep theirs', () => {
  const shared = chargesOf({ key: ['source'], quota: 2 });
  const raise = overrideOf({ change: { kind: 'quota', quota: 4 }, scope: { participant: 'alpha' } });
  const alpha = overrideCharges(shared, subject, [raise], 1_500).charges;
  const bravo = overrideCharges(shared, { ...subject, participant: 'bravo' }, [raise], 1_500).charges;
  assert.deepEqual(
    [alpha[0]?.key, bravo[0]?.key],
    ['aup|source=192.0.2.1|break-glass=participant:alpha', 'aup|source=192.0.2.1'],
  );
  // No value can end its part of a key, and so be another's.
  const odd = overrideOf({ change: { kind: 'quota', quota: 4 }, scope: { participant: 'a|b%' } });
  assert.equal(
    overrideCharges(shared, { ...subject, participant: 'a|b%' }, [odd], 1_500).charges[0]?.key,
    'aup|source=192.0.2.1|break-glass=participant:a%7Cb%25',
  );
  const counters = createCounters();
  const admittedOf = (charges: readonly Charge[]) =>
    Array.from({ length: 6 }, () => counters.decide(charges, 1_500)).filter(({ admitted }) => admitted).length;
  assert.deepEqual([admittedOf(alpha), admittedOf(bravo)], [4, 2]);
});

test('of several overrides the one that helps most decides', () => {
  const charges = chargesOf({});
  const quota = (id: string, most: number) =>
    overrideOf({ id, change: { kind: 'quota', quota: most }, scope: { credential: 'c1' } });
  const both = overrideCharges(charges, subject, [quota('a', 2), quota('b', 9), quota('c', 3)], 1_500);
  assert.deepEqual([both.charges[0]?.rule.quota, both.overrides], [9, ['b']]);
  const shadow = overrideCharges(charges, subject, [quota('a', 2), overrideOf({ id: 's' })], 1_500);
  assert.deepEqual([shadow.charges[0]?.rule.mode, shadow.overrides], ['shadow', ['s']]);
});
