import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { isRefusal, Refusal } from '@headgate/contract';
import fc from 'fast-check';
import { configSchema } from '../config.ts';
import { createRequestBody } from './request-body.ts';
import { createWaitingBodies } from './waiting-bodies.ts';

const { path } = configSchema.parse({
  listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
  catalogue: 'x',
  upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
  evidence: { folder: 'x' },
});

const bodyOf = (changes: Partial<Parameters<typeof createRequestBody>[0]> = {}) => {
  const readable = new PassThrough();
  const calls: string[] = [];
  const body = createRequestBody({
    readable,
    framing: 'chunked',
    declaredBytes: null,
    source: '192.0.2.1',
    waiting: createWaitingBodies(2),
    path,
    continueNow: () => calls.push('continue'),
    linger: async () => calls.push('linger'),
    cut: () => {
      calls.push('cut');
      readable.destroy();
    },
    ...changes,
  });
  return { readable, body, calls };
};
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (thrown: unknown) => (isRefusal(thrown) ? thrown.code : String(thrown)),
  );
const allOf = async (chunks: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(chunks));

describe('a body', () => {
  test('however it is cut and peeked at, is read whole from its first byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 }),
        fc.array(fc.nat(60), { maxLength: 3 }),
        async (pieces, peeks) => {
          const { readable, body } = bodyOf();
          for (const piece of pieces) readable.write(piece);
          readable.end();
          const whole = Buffer.concat(pieces);
          for (const peek of peeks)
            assert.deepEqual(Buffer.from(await body.head(peek, 1_000)), whole.subarray(0, peek));
          assert.deepEqual(await allOf(body.chunks()), whole);
          assert.equal(body.receivedBytes, whole.byteLength);
          assert.equal(body.discard(), null);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('asks for its bytes once somebody reads, and not before', async () => {
    const { readable, body, calls } = bodyOf();
    assert.deepEqual(calls, []);
    readable.end('x');
    await body.head(10, 1_000);
    assert.deepEqual(calls, ['continue']);
  });

  test('that ends early is refused with inspection.body_incomplete and what was seen', async () => {
    const { readable, body } = bodyOf();
    readable.write('abc');
    const head = body.head(10, 1_000);
    setImmediate(() => readable.destroy(new Error('aborted')));
    assert.equal(await codeOf(head), 'inspection.body_incomplete');
  });

  test('whose bytes turn out to be none fails with the refusal it is given', async () => {
    const { body, calls } = bodyOf();
    const head = codeOf(body.head(10, 1_000));
    body.fail(new Refusal('listener.ambiguous_framing', { found: 'a chunk size that is not hexadecimal' }));
    assert.equal(await head, 'listener.ambiguous_framing');
    await body.discard();
    assert.deepEqual(calls, ['continue', 'linger']);
  });

  test('that fails while nobody reads fails its next reader', async () => {
    const { body } = bodyOf();
    body.fail(new Refusal('listener.ambiguous_framing', { found: 'x' }));
    assert.equal(await codeOf(allOf(body.chunks())), 'listener.ambiguous_framing');
  });

  test('waits one deadline in all for its head', async () => {
    const { body } = bodyOf();
    assert.equal(await codeOf(body.head(10, 20)), 'inspection.body_timeout');
  });

  test('gives its waiting place back, whichever way the wait ends', async () => {
    const waiting = createWaitingBodies(1);
    const first = bodyOf({ waiting });
    const held = codeOf(first.body.head(10, 20));
    assert.equal(await codeOf(bodyOf({ waiting }).body.head(10, 20)), 'listener.too_many_waiting_bodies');
    assert.equal(await codeOf(bodyOf({ waiting, source: '192.0.2.2' }).body.head(10, 20)), 'inspection.body_timeout');
    await held;
    assert.equal(await codeOf(bodyOf({ waiting }).body.head(10, 20)), 'inspection.body_timeout');
  });

  test('past the bound of the drain is cut', async () => {
    const { readable, body, calls } = bodyOf({ path: { ...path, drainBytesMax: 10 } });
    const drained = body.discard();
    readable.write('x'.repeat(11));
    await drained;
    assert.deepEqual(calls, ['cut']);
  });

  test('without any has nothing to discard', () => {
    assert.equal(bodyOf({ framing: 'none', declaredBytes: 0 }).body.discard(), null);
  });
});
