import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalWords } from './refusal-text.ts';
import { ruleWith } from './testdata.ts';

const wholeWindow = ruleWith({ refusal: { status: 500, text: '<n> s, <n> s', seconds: 'whole-window' } });

test('the seconds to wait are rounded up and at least one', () => {
  const { text, seconds } = refusalWords(ruleWith(), 4_001, 0);
  assert.deepEqual([text, seconds], ['Please retry your request after 5 seconds', 5]);
  assert.equal(refusalWords(ruleWith(), 4_000, 0).seconds, 4);
  assert.equal(refusalWords(ruleWith(), 1, 0).seconds, 1);
  assert.equal(refusalWords(ruleWith(), 0, 0).seconds, 1);
});

test('a rule may name its whole window, in every place of the sentence', () => {
  assert.deepEqual(refusalWords(wholeWindow, 100, 0), { text: '5 s, 5 s', seconds: 5 });
});

test('the whole window is not named when a stacked rule makes the wait longer', () => {
  assert.equal(refusalWords(wholeWindow, 30_000, 0).seconds, 30);
});
