import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerEnd } from './embedded-protocol.ts';

// CommandComplete of `SELECT 1`, and ReadyForQuery in a transaction.
const answer = Buffer.concat([Buffer.from('C\0\0\0\x0dSELECT 1\0', 'latin1'), Buffer.from('Z\0\0\0\x05T', 'latin1')]);

test('an answer is whole with its ReadyForQuery, wherever it is cut into pieces, and never before', () => {
  for (let first = 0; first <= answer.length; first += 1)
    for (let second = first; second <= answer.length; second += 1) {
      const isWhole = createAnswerEnd();
      const said = [answer.subarray(0, first), answer.subarray(first, second), answer.subarray(second)].map(isWhole);
      assert.deepEqual(said, [first === answer.length, second === answer.length, true], `${first} ${second}`);
    }
  const byteByByte = createAnswerEnd();
  const said = [...answer].map((byte) => byteByByte(Uint8Array.of(byte)));
  assert.equal(said.indexOf(true), answer.length - 1);
});
