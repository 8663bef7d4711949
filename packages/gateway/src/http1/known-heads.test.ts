import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKnownHeads } from './known-heads.ts';

const options = { seed: 0, headsMax: 64 };
/** Heads with every remainder of length, and what may stand before and behind one. */
const names = fc.stringMatching(/^[a-z]{0,40}$/);
const around = fc.string({ unit: 'binary', maxLength: 12 });
const headOf = (name: string) => `HTTP/1.1 200 OK\r\nX-Name: ${name}\r\n\r\n`;
const latin1 = (text: string) => Buffer.from(text, 'latin1');

test('a known head is found whatever stands before and behind it, when it is kept and when it comes again', () => {
  fc.assert(
    fc.property(
      names,
      fc.array(around, { minLength: 4, maxLength: 4 }),
      (name, [before = '', behind = '', ...others]) => {
        const heads = createKnownHeads<string>(options);
        const head = headOf(name);
        heads.keep(latin1(before + head + behind), before.length, head.length, name);
        const [otherBefore = '', otherBehind = ''] = others;
        assert.equal(heads.find(latin1(otherBefore + head + otherBehind), otherBefore.length), name);
      },
    ),
  );
});

test('a head that differs in one byte from a known one is not found, and no byte less or more of it', () => {
  fc.assert(
    fc.property(names, fc.nat(), fc.integer({ min: 1, max: 255 }), (name, place, change) => {
      const heads = createKnownHeads<string>(options);
      const head = latin1(headOf(name));
      heads.keep(head, 0, head.byteLength, name);
      const changed = Buffer.from(head);
      const at = place % head.byteLength;
      changed[at] = (changed[at] ?? 0) ^ change;
      assert.equal(heads.find(changed, 0), null);
      assert.equal(heads.find(head, 1), null);
      assert.equal(heads.find(Buffer.concat([latin1(' '), head]), 0), null);
      assert.equal(heads.find(head.subarray(0, at), 0), null);
    }),
  );
});

test('of two heads whose hashes fall together each is found as itself', () => {
  // One set: whatever their hashes, four heads share it.
  const heads = createKnownHeads<string>({ seed: 0, headsMax: 4 });
  const kept = ['a', 'b', 'aa', 'ab'];
  for (const name of kept) heads.keep(latin1(headOf(name)), 0, headOf(name).length, name);
  assert.deepEqual(
    kept.map((name) => heads.find(latin1(headOf(name)), 0)),
    kept,
  );
});
