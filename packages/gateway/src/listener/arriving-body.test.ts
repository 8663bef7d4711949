import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRefusal, Refusal } from '@headgate/contract';
import fc from 'fast-check';
import { configSchema } from '../config.ts';
import { ArrivingBody, type BodySurroundings } from './arriving-body.ts';
import { createWaitingBodies } from './waiting-bodies.ts';

const { path } = configSchema.parse({
  listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
  catalogue: 'x',
  upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
  evidence: { folder: 'x' },
});

/** A chunked body, fed by the test, with what it asked of its connection. */
const bodyOf = (changes: Partial<BodySurroundings> = {}, framing: 'none' | 'chunked' = 'chunked') => {
  const calls: string[] = [];
  const body = new ArrivingBody(framing, framing === 'none' ? 0 : null, {
    path,
    source: '192.0.2.1',
    waiting: createWaitingBodies(2),
    continueNow: () => calls.push('continue'),
    awaitBody: (_body, ms) => calls.push(ms === null ? 'wait over' : `wait ${ms}`),
    drop: () => calls.push('drop'),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    ...changes,
  });
  return { body, calls };
};
/** Gives the body its pieces, each in a turn of its own, and ends it. */
const pushAll = async (body: ArrivingBody, pieces: readonly Uint8Array[]) => {
  for (const piece of pieces) {
    await Promise.resolve();
    body.push(piece);
  }
  await Promise.resolve();
  body.end();
};
const codeOf = (promise: Promise<unknown> | Uint8Array) =>
  Promise.resolve(promise).then(
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
          const { body } = bodyOf();
          const whole = Buffer.concat(pieces);
          const pushed = pushAll(body, pieces);
          for (const bytes of peeks) {
            assert.deepEqual(Buffer.from(await body.head(bytes, 1_000)), whole.subarray(0, bytes));
          }
          assert.deepEqual(await allOf(body.chunks()), whole);
          await pushed;
          assert.equal(body.receivedBytes, whole.byteLength);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('asks for its bytes once somebody waits for them, and not before', async () => {
    const { body, calls } = bodyOf();
    assert.deepEqual(calls, []);
    const head = body.head(10, 1_000);
    assert.deepEqual(calls, ['continue', 'wait 1000']);
    body.end();
    await head;
  });

  test('that is whole is taken at once, and no place is waited for', async () => {
    const { body, calls } = bodyOf({ waiting: createWaitingBodies(0) });
    body.push(Buffer.from('abc'));
    body.end();
    assert.equal(Buffer.from(await body.head(10, 1_000)).toString(), 'abc');
    assert.equal(Buffer.from(body.whole ?? []).toString(), 'abc');
    assert.deepEqual(calls, []);
  });

  test('whose bytes turn out to be none fails with the refusal it is given', async () => {
    const { body } = bodyOf();
    const head = codeOf(body.head(10, 1_000));
    body.fail(new Refusal('listener.ambiguous_framing', { found: 'a chunk size that is not hexadecimal' }));
    assert.equal(await head, 'listener.ambiguous_framing');
  });

  test('that fails while nobody reads fails its next reader, who first gets what arrived', async () => {
    const { body } = bodyOf();
    body.push(Buffer.from('abc'));
    body.fail(new Refusal('inspection.body_incomplete', { seenBytes: 3 }));
    const chunks = body.chunks()[Symbol.asyncIterator]();
    assert.equal(Buffer.from((await chunks.next()).value as Uint8Array).toString(), 'abc');
    assert.equal(await codeOf(chunks.next()), 'inspection.body_incomplete');
  });

  test('gives its waiting place back, whichever way the wait ends', async () => {
    const waiting = createWaitingBodies(1);
    const first = bodyOf({ waiting });
    const held = codeOf(first.body.head(10, 20));
    assert.equal(await codeOf(bodyOf({ waiting }).body.head(10, 20)), 'listener.too_many_waiting_bodies');
    const other = bodyOf({ waiting, source: '192.0.2.2' });
    const neighbour = codeOf(other.body.head(10, 20));
    other.body.end();
    assert.equal(await neighbour, 'none');
    first.body.fail(new Refusal('inspection.body_timeout', { waitedMs: 20 }));
    assert.equal(await held, 'inspection.body_timeout');
    const next = bodyOf({ waiting });
    const after = codeOf(next.body.head(10, 20));
    next.body.end();
    assert.equal(await after, 'none');
  });

  test('that nobody wants is dropped as it comes, and holds nothing', () => {
    const { body, calls } = bodyOf();
    body.push(Buffer.from('abc'));
    body.discard();
    body.push(Buffer.alloc(1_000_000));
    assert.deepEqual(calls, ['drop']);
    assert.equal(body.receivedBytes, 1_000_003);
    assert.equal(body.whole, null);
  });

  test('that arrives faster than it is read pauses its sender, and lets it go on', async () => {
    const { body, calls } = bodyOf();
    body.push(Buffer.alloc(300_000));
    assert.deepEqual(calls, ['pause']);
    const chunks = body.chunks()[Symbol.asyncIterator]();
    await chunks.next();
    assert.deepEqual(calls, ['pause', 'resume']);
  });

  test('without any has nothing to discard', () => {
    const { body, calls } = bodyOf({}, 'none');
    body.discard();
    assert.deepEqual(calls, []);
  });
});
