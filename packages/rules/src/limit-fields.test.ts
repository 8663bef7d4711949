import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitField, limitFieldStarts, policyField } from './limit-fields.ts';
import { createCounters } from './little-counters.fixture.ts';
import { chargeTo, ruleWith } from './testdata.ts';

const rules = [
  ruleWith({ name: 'calls', quota: 3, windowMs: 1_500 }),
  ruleWith({ name: 'tried', mode: 'shadow' }),
  ruleWith({ name: 'bytes', unit: 'request-bytes', quota: 1_000, windowMs: 60_000 }),
  ruleWith({ name: 'open', unit: 'concurrent-requests', quota: 2, windowMs: 1_000 }),
];

test('enforced rules are told with unit and window in whole seconds, and what is held without a window', () => {
  const told = '"calls";q=3;w=2, "bytes";q=1000;qu="content-bytes";w=60, "open";q=2;qu="concurrent-requests"';
  assert.equal(policyField(rules), told);
  assert.equal(policyField([ruleWith({ mode: 'shadow' })]), null);
});

test('what remains is told after each decision, and when more comes back', () => {
  const counters = createCounters();
  const charges = rules.map((rule) => ({ ...chargeTo(rule), ...(rule.name === 'bytes' ? { amount: 400 } : {}) }));
  const starts = limitFieldStarts(rules);
  const toldAt = (nowMs: number) => {
    const { admitted } = counters.decide(charges, nowMs);
    return [admitted, limitField(charges, starts, nowMs)];
  };
  assert.deepEqual(toldAt(0), [true, '"calls";r=2;t=2, "bytes";r=600;t=60, "open";r=1']);
  assert.deepEqual(toldAt(700), [true, '"calls";r=1;t=1, "bytes";r=200;t=60, "open";r=0']);
  assert.deepEqual(toldAt(800), [false, '"calls";r=1;t=1, "bytes";r=200;t=60, "open";r=0;t=1']);
  counters.settle([charges[3] as (typeof charges)[0]], { charged: { atMs: 700 }, requestBytes: 400 });
  assert.deepEqual(toldAt(1_500), [false, '"calls";r=2;t=1, "bytes";r=200;t=59, "open";r=1']);
});

test('what was not judged is not told', () => {
  assert.equal(limitField([chargeTo(rules[0] as (typeof rules)[0])], limitFieldStarts(rules), 0), '');
});
