import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DerReader, toDottedOid } from './der.ts';
import { UnreadableDer } from './unreadable-der.ts';

// The encoding of X.690 §8.19, written the plain way.
function encodeOid(dotted: string): Uint8Array {
  const [root = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  return Uint8Array.from([root * 40n + second, ...rest].flatMap(toBase128));
}

function toBase128(arc: bigint): number[] {
  const digits = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) digits.unshift(Number(left & 0x7fn) | 0x80);
  return digits;
}

test('every object identifier is printed as it was encoded', () => {
  const arc = fc.bigInt({ min: 0n, max: 2n ** 128n });
  const low = fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n }));
  const start = fc.oneof(low, fc.tuple(fc.constant(2n), arc));
  fc.assert(
    fc.property(start, fc.array(fc.oneof(arc, fc.bigInt({ min: 0n, max: 300n })), { maxLength: 2 }), (head, tail) => {
      const dotted = [...head, ...tail].join('.');
      assert.equal(toDottedOid(encodeOid(dotted)), dotted);
    }),
  );
});

test('an object identifier that is empty, cut short or padded is unreadable', () => {
  for (const content of [[], [0x55, 0x84], [0x55, 0x80, 0x04]]) {
    assert.throws(() => toDottedOid(Uint8Array.from(content)), UnreadableDer);
  }
});

test('an indefinite length, a long-form short length and a multi-byte tag are unreadable', () => {
  for (const bytes of [
    [0x30, 0x80, 0x00, 0x00],
    [0x30, 0x81, 0x01, 0x00],
    [0x3f, 0x81, 0x00, 0x00],
  ]) {
    assert.throws(() => new DerReader(Uint8Array.from(bytes)).next(), UnreadableDer);
  }
});
