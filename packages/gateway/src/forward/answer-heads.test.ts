// What is remembered of heads makes an answer cheaper to read, and never read otherwise: an endpoint that has answered before is
// read as one that never has.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { AnswerHead, Endpoint, Outcome } from '../upstream.ts';
import { attempted } from './attempts.ts';
import { callOf, optionsOf, startBackEnd, TurnedDeadlines } from './back-end.fixture.ts';
import { createEndpoint } from './endpoint.ts';

const { path } = optionsOf();

/** What an endpoint sends to one call. */
interface Sent {
  readonly method: string;
  readonly head: string;
  readonly rest: string;
  /** Offsets at which it is cut on its way. */
  readonly cuts: readonly number[];
}

/** What a call made of it. */
interface Made {
  readonly how: string;
  readonly answer: readonly [status: number, httpVersion: string, fields: readonly string[]] | null;
  readonly body: string;
  /** Whether the connection may serve another call. */
  readonly isKept: boolean;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const hello = 'Content-Length: 5';
const chunked = 'Transfer-Encoding: chunked';
const helloInChunks = '2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-T: 1\r\n\r\n';

/** Many differ in one byte, and most mean something else behind another status, or to HEAD. */
const heads: readonly string[] = [
  '',
  'X: 1',
  hello,
  'Content-Length: 6',
  'Content-Length: 0',
  'Content-Length: 5#',
  'Xontent-Length: 5',
  `${hello}\r\n${hello}`,
  `${hello}\r\n${chunked}`,
  chunked,
  'Transfer-Encoding: chunkee',
  `${hello}\r\nConnection: close`,
  `${hello}\r\nConnection: clos`,
  `${hello}\r\nConnection: keep-alive`,
  `${hello}\r\nX: a`,
  `${hello}\r\nX: b`,
  `${hello}\r\n X: a`,
  `${hello}\nX: a`,
].flatMap((lines) =>
  [ok, 'HTTP/1.1 204 OK\r\n', 'HTTP/1.1 304 OK\r\n', 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 103 OK\r\n', early + ok].map(
    (before) => `${before}${lines === '' ? '' : `${lines}\r\n`}\r\n`,
  ),
);

const sent: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  head: fc.constantFrom(...heads),
  rest: fc.constantFrom('', 'hello', 'hello!', helloInChunks, `hello${ok}\r\n`, `${ok}${hello}\r\n\r\nother`),
  cuts: fc.array(fc.nat(120), { maxLength: 2 }).map((cuts) => [...new Set(cuts)].sort((left, right) => left - right)),
});

/** A back end that sends what it is told, to each call its own. */
async function backEndOf(context: TestContext) {
  const said: { readonly sent: Sent; readonly ends: boolean; readonly done: (socket: Socket) => void }[] = [];
  const backEnd = await startBackEnd(context, (socket, text) => {
    const told = said[Number(/ \/(\d+) /.exec(text)?.[1])];
    assert.ok(told);
    void sendIn(socket, told.sent).then(() => {
      if (told.ends) socket.end();
      told.done(socket);
    });
  });
  return {
    endpoint() {
      const endpoint = createEndpoint(backEnd.url, null, path, new TurnedDeadlines());
      context.after(() => endpoint.close());
      return endpoint;
    },
    /** One call to which this is sent. `ends`: then the connection, and it is waited for. */
    async call(endpoint: Endpoint, each: Sent, ends: boolean): Promise<{ outcome: Outcome; made: Made }> {
      const { promise, resolve } = Promise.withResolvers<Socket>();
      const number = said.push({ sent: each, ends, done: resolve }) - 1;
      const head = `${each.method} /${number} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const request = callOf({ method: each.method, head: [new Uint8Array(0), new Uint8Array(0), head] });
      const outcome = await attempted(endpoint, request, false);
      const made = await madeOf(outcome, endpoint);
      const socket = await promise;
      if (ends && !socket.closed) await once(socket, 'close');
      return { outcome, made };
    },
  };
}

async function sendIn(socket: Socket, { head, rest, cuts }: Sent): Promise<void> {
  const bytes = Buffer.from(head + rest, 'latin1');
  for (const [index, from] of [0, ...cuts].entries()) {
    socket.write(bytes.subarray(from, cuts[index] ?? bytes.byteLength));
    for (let turn = 0; index < cuts.length && turn < 3; turn += 1) await immediate();
  }
}

async function madeOf(outcome: Outcome, endpoint: Endpoint): Promise<Made> {
  if (outcome.kind !== 'answered') {
    const how = outcome.kind === 'no-answer' ? `no answer: ${outcome.reason}` : outcome.kind;
    return { how, answer: null, body: '', isKept: false };
  }
  const { status, httpVersion, fields } = outcome.answer.head;
  const parts: Uint8Array[] = [];
  let how = 'whole';
  try {
    for await (const part of outcome.answer.body) parts.push(part);
  } catch {
    how = 'cut';
  }
  // A connection that is not kept counts as in use until it has closed, in a later turn.
  const isKept = endpoint.load === 0;
  return { how, answer: [status, httpVersion, fields], body: Buffer.concat(parts).toString('latin1'), isKept };
}

function headOf(outcome: Outcome): AnswerHead {
  assert.equal(outcome.kind, 'answered');
  return outcome.answer.head;
}

describe('an answer of an endpoint whose heads are remembered', () => {
  test('is read as from an endpoint that answers for the first time, whatever came before', {
    timeout: 60_000,
  }, async (context) => {
    const backEnd = await backEndOf(context);
    const known = backEnd.endpoint();
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 8 }), async (all) => {
        for (const each of all) {
          const fresh = backEnd.endpoint();
          const { made: expected } = await backEnd.call(fresh, each, true);
          fresh.close();
          seen.add(`${expected.how}, ${expected.isKept ? 'kept' : 'closed'}`);
          // Bytes that come behind a whole answer come unasked: then the connection is not left to the next call.
          const mayLag = each.cuts.some((cut) => cut >= each.head.length);
          const { made } = await backEnd.call(known, each, mayLag || !expected.isKept);
          assert.deepEqual(made, expected);
        }
      }),
      { numRuns: 100 },
    );
    for (const how of ['whole, kept', 'whole, closed', 'cut, closed', 'no answer: invalid, closed'])
      assert.ok(seen.has(how), `no answer was ${how}`);
  });

  for (const each of [
    { head: `${ok}${hello}\r\n\r\n`, rest: 'hello' },
    { head: `${ok}${chunked}\r\n\r\n`, rest: helloInChunks },
    { head: `${early}${ok}${hello}\r\n\r\n`, rest: 'hello' },
    { head: `${early}HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n`, rest: '' },
    { head: `HTTP/1.1 304 Not Modified\r\n${hello}\r\n\r\n`, rest: '' },
  ])
    test(`is read the same cut at every offset: ${JSON.stringify(each.head)}`, { timeout: 60_000 }, async (context) => {
      const backEnd = await backEndOf(context);
      const endpoint = backEnd.endpoint();
      const whole = { ...each, method: 'GET', cuts: [] };
      const { made: expected } = await backEnd.call(endpoint, whole, false);
      assert.deepEqual([expected.how, expected.isKept], ['whole', true]);
      for (let cut = 1; cut < each.head.length + each.rest.length; cut += 1) {
        const { made } = await backEnd.call(endpoint, { ...whole, cuts: [cut] }, false);
        assert.deepEqual(made, expected, `cut at ${cut}`);
        const again = await backEnd.call(endpoint, whole, false);
        assert.deepEqual(again.made, expected, `whole, after it was cut at ${cut}`);
      }
    });

  test('shares what was concluded of the same bytes, and of no others; an answer to HEAD shares nothing', {
    timeout: 20_000,
  }, async (context) => {
    const backEnd = await backEndOf(context);
    const endpoint = backEnd.endpoint();
    const headFor = async (method: string, lines: string): Promise<AnswerHead> => {
      const rest = method === 'HEAD' ? '' : 'hello';
      const each = { method, head: `${ok}${lines}\r\n\r\n`, rest, cuts: [] };
      return headOf((await backEnd.call(endpoint, each, false)).outcome);
    };
    const toHead = await headFor('HEAD', hello);
    const first = await headFor('GET', hello);
    assert.equal(await headFor('GET', hello), first);
    assert.equal(await headFor('POST', hello), first);
    for (const other of [await headFor('HEAD', hello), await headFor('GET', `${hello}\r\nX: 1`), toHead])
      assert.notEqual(other, first);
    assert.notEqual(await headFor('HEAD', hello), toHead);
  });

  test('is its own among answers that come at once, all read in one place', { timeout: 60_000 }, async (context) => {
    const backEnd = await backEndOf(context);
    const endpoint = backEnd.endpoint();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.array(fc.nat(200), { maxLength: 4 })), {
          minLength: 2,
          maxLength: 16,
        }),
        async (all) => {
          const calls = all.map(async ([bytes, places], at) => {
            const rest = String.fromCharCode(97 + at).repeat(bytes);
            const head = `${ok}Content-Length: ${bytes}\r\nX: ${at % 2}\r\n\r\n`;
            const within = places.filter((place) => place > 0 && place < head.length + bytes);
            const cuts = [...new Set(within)].sort((left, right) => left - right);
            const { made } = await backEnd.call(endpoint, { method: 'GET', head, rest, cuts }, false);
            assert.deepEqual(
              { ...made, isKept: null },
              {
                how: 'whole',
                answer: [200, '1.1', ['content-length', `${bytes}`, 'x', `${at % 2}`]],
                body: rest,
                isKept: null,
              },
            );
          });
          await Promise.all(calls);
        },
      ),
      { numRuns: 40 },
    );
  });
});
