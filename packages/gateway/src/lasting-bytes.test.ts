import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastingBytes, lastingPieces } from './lasting-bytes.ts';

test('bytes that are kept hold nothing beside themselves', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = lastingBytes(text);
      assert.equal(bytes.toString(), Buffer.from(text).toString());
      assert.equal(bytes.buffer.byteLength, bytes.byteLength);
    }),
  );
});

test('pieces that are kept are the texts in their order, and lie in one place of their size', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (texts) => {
      const pieces = lastingPieces(texts);
      assert.deepEqual(
        pieces.map((piece) => piece.toString()),
        texts.map((text) => Buffer.from(text).toString()),
      );
      const sizes = new Set(pieces.map(({ buffer }) => buffer.byteLength));
      assert.deepEqual([...sizes], [pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)]);
    }),
  );
});
