import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from '@headgate/contract';
import { chargesFor, compilePolicy } from './match.ts';
import { ruleWith, subjectWith } from './testdata.ts';

const namesOf = (limits: LimitRule[], subject = subjectWith()) =>
  chargesFor(compilePolicy({ limits }), subject).map(({ rule }) => rule.name);

test('the global layer comes first, then file order, and rules that are off are left out', () => {
  const limits = [
    ruleWith({ name: 'use-1' }),
    ruleWith({ name: 'global-1', layer: 'global' }),
    ruleWith({ name: 'use-2', mode: 'shadow' }),
    ruleWith({ name: 'use-3', mode: 'off' }),
    ruleWith({ name: 'global-2', layer: 'global' }),
  ];
  assert.deepEqual(namesOf(limits), ['global-1', 'global-2', 'use-1', 'use-2']);
});

test('all conditions of a rule must hold, and of several patterns one is enough', () => {
  const limits = [
    ruleWith({ name: 'both', where: { system: ['x', 'AW*'], operation: 'retrieve' } }),
    ruleWith({ name: 'one-fails', where: { system: 'awards', operation: ['submit'] } }),
    ruleWith({ name: 'old-only', where: { generation: 'old' } }),
  ];
  assert.deepEqual(namesOf(limits), ['both']);
});

test('a condition on an unknown part does not hold, also not for a star', () => {
  const { system: _, ...unclassified } = subjectWith();
  assert.deepEqual(namesOf([ruleWith({ where: { system: '*' } })], unclassified), []);
});
