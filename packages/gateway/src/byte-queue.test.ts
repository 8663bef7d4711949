import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';

const quiet = { pause: () => undefined, resume: () => undefined };

test('bytes come out as they went in, whatever their pieces and however they are taken', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.constantFrom('keep', 'take', 'peek')), {
        maxLength: 30,
      }),
      async (steps) => {
        const queue = new ByteQueue(quiet);
        const sent: Buffer[] = [];
        const got: Uint8Array[] = [];
        for (const [at, [length, then]] of steps.entries()) {
          const piece = Buffer.alloc(length, at + 1);
          sent.push(piece);
          const desk = Buffer.from(piece);
          queue.push(desk);
          desk.fill(0xff); // Where it lay the next is read.
          if (then === 'take') got.push(Buffer.from(queue.takeAll()));
          else if (then === 'peek') assert.equal(queue.peekAll().byteLength, queue.bytes);
        }
        queue.end();
        for await (const piece of queue) got.push(Buffer.from(piece));
        assert.ok(Buffer.concat(got).equals(Buffer.concat(sent)));
      },
    ),
    { numRuns: 50 },
  );
});

test('a hundred thousand one-byte pieces are held in a few blocks', () => {
  const queue = new ByteQueue(quiet);
  for (let at = 0; at < 100_000; at += 1) queue.push(Buffer.from([at % 256]));
  const all = queue.takeAll();
  assert.equal(all.byteLength, 100_000);
  assert.equal(all[99_999], 99_999 % 256);
});
