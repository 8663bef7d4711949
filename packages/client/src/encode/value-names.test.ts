import assert from 'node:assert/strict';
import test from 'node:test';
import { assertNames } from './value-names.ts';

test('a misspelt name is refused with the nearest known one', () => {
  assert.throws(() => assertNames({ tradeDte: '2024-02-21' }, ['tradeDate', 'resource']), {
    code: 'encode.invalid_input',
    detail: /^tradeDte: found a name that the request does not know; expected "tradeDate"/,
  });
});

test('a name like no other is refused with all that are known', () => {
  assert.throws(() => assertNames({ zzz: '1' }, ['tradeDate', 'resource']), {
    detail: /expected one of tradeDate, resource/,
  });
});

test('where others may stand, only a slip of a known name is refused', () => {
  assertNames({ baa_grp_id: '1', node: 'x' }, ['node', 'groupid'], { others: true });
  assert.throws(() => assertNames({ nodes: 'x' }, ['node', 'groupid'], { others: true }), { detail: /"node"/ });
});
