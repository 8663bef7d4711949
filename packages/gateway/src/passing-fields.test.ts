import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionOptions, persists } from './passing-fields.ts';

describe('the options of Connection', () => {
  test('stand between commas, over all lines, in any case, with spaces and tabs around them', () => {
    assert.deepEqual(
      [...connectionOptions(['Close ,\tX-Hop', ' ,keep-ALIVE\t '])],
      ['close', 'x-hop', '', 'keep-alive'],
    );
    assert.deepEqual([...connectionOptions([])], []);
  });

  test('keep every other byte, the no-break space included, which no other reader takes off', () => {
    for (const option of ['\xa0close', 'close\xa0', '"close"', 'close;', 'cl ose', 'close\x85'])
      assert.deepEqual([...connectionOptions([` ${option}\t,x`])], [option, 'x']);
  });
});

describe('a connection', () => {
  for (const [httpVersion, values, expected] of [
    ['1.1', [], true],
    ['1.1', ['keep-alive'], true],
    ['1.1', ['x, Close'], false],
    ['1.1', ['keep-alive', 'close'], false],
    ['1.1', ['close\xa0'], true],
    ['1.0', [], false],
    ['1.0', ['x', 'Keep-Alive'], true],
    ['1.0', ['keep-alive, close'], false],
    ['1.0', ['\xa0keep-alive'], false],
  ] as const)
    test(`${expected ? 'persists' : 'ends'} behind HTTP/${httpVersion} with ${JSON.stringify(values)}`, () => {
      assert.equal(persists(httpVersion, values), expected);
    });
});
