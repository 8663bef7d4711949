import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { WrittenConfig } from '../config.ts';
import type { EndpointNotice, UpstreamRequest } from '../upstream.ts';
import { answerOn, attemptedInTurn, callOf, optionsOf, startBackEnd, TurnedDeadlines } from './back-end.fixture.ts';
import { createUpstreamPool } from './upstream-pool.ts';

const startMs = Date.UTC(2024, 1, 21, 12);
const where = { system: 'cmri', environment: 'production', infrastructure: 'current' };

/** A pool of one upstream, and calls through it at an instant that stands still. */
function poolOf(context: TestContext, changes: Partial<WrittenConfig['upstreams'][number]>, path = optionsOf().path) {
  const { upstream } = optionsOf(changes);
  const deadlines = new TurnedDeadlines();
  const notices: EndpointNotice[] = [];
  const pool = createUpstreamPool({
    upstreams: [upstream],
    tls: [null],
    path,
    deadlines,
    notice: (notice) => notices.push(notice),
  });
  context.after(() => pool.close());
  const group = pool.select(where);
  assert.ok(group);
  const call = (request: Partial<UpstreamRequest> = {}) =>
    attemptedInTurn(callOf({ phases: group.phases, ...request }), group, startMs);
  return { call, deadlines, notices };
}

/** An address where nobody listens. */
async function nobody(context: TestContext): Promise<string> {
  const { url, stop } = await startBackEnd(context);
  await stop();
  return url;
}

const repeatable = { repeatable: true };

describe('an endpoint that refuses', () => {
  test('is passed over, also by what must not be repeated, and one attempt more is counted', async (context) => {
    const { url, received } = await startBackEnd(context);
    const { call } = poolOf(context, { endpoints: [await nobody(context), url] });
    const attempted = [await call(), await call()];
    assert.deepEqual(
      attempted.map(({ attempts }) => attempts).toSorted((a, b) => a - b),
      [1, 2],
    );
    for (const { outcome, endpoint } of attempted) {
      assert.equal(outcome.kind, 'answered');
      assert.equal(endpoint, url);
    }
    assert.equal(received.length, 2);
  });

  test('is ejected after five of them, and then costs nobody an attempt', async (context) => {
    const { url } = await startBackEnd(context);
    const { call, notices } = poolOf(context, { endpoints: [await nobody(context), url] });
    for (let each = 0; each < 10; each += 1) await call();
    assert.equal(notices.length, 1);
    for (let each = 0; each < 10; each += 1) assert.equal((await call()).attempts, 1);
  });

  test('is tried again when the only other one refuses too, and the last refusal is told', async (context) => {
    const { call } = poolOf(context, { endpoints: [await nobody(context), await nobody(context)] });
    for (let each = 0; each < 20; each += 1) {
      const { outcome, attempts, retryWithheld } = await call();
      assert.deepEqual(outcome, { kind: 'not-connected', reason: 'refused' });
      assert.equal(attempts, 2);
      assert.equal(retryWithheld, false);
    }
  });
});

describe('a retry budget that is spent', () => {
  test('withholds the retry, and says so', async (context) => {
    const { url } = await startBackEnd(context);
    const { call } = poolOf(context, {
      endpoints: [await nobody(context), url],
      retry: { budgetPercent: 0, minPerSecond: 0 },
    });
    const attempted = [await call(), await call()];
    assert.deepEqual(
      new Set(attempted.map(({ outcome, attempts, retryWithheld }) => `${outcome.kind} ${attempts} ${retryWithheld}`)),
      new Set(['answered 1 false', 'not-connected 1 true']),
    );
  });

  test('says nothing of the kind when there was nobody else to ask', async (context) => {
    const { call } = poolOf(context, {
      endpoints: [await nobody(context)],
      retry: { budgetPercent: 0, minPerSecond: 0 },
    });
    assert.equal((await call()).retryWithheld, false);
  });

  test('does not withhold what a stale connection costs', async (context) => {
    const { url, connections } = await startBackEnd(context);
    const { call } = poolOf(context, { endpoints: [url], retry: { budgetPercent: 0, minPerSecond: 0 } });
    await call(repeatable);
    connections[0]?.destroy();
    const { outcome } = await call(repeatable);
    assert.equal(outcome.kind, 'answered');
  });
});

/** Kept connections as a back end leaves them that closes them in the very turn of the event loop in which they are used. */
const closings: readonly (readonly [how: string, close: (socket: Socket) => unknown])[] = [
  ['ended', (socket) => socket.end()],
  ['destroyed', (socket) => socket.destroy()],
  ['reset', (socket) => socket.resetAndDestroy()],
];

describe('a kept connection that its back end closed', () => {
  for (const [how, close] of closings)
    for (const [what, request, attemptsMax] of [
      ['a retrieve', repeatable, 2],
      ['a submit', {}, 1],
      ['a submit that is streamed', { payload: { kind: 'stream', lengthBytes: 2, chunks: twoBytes() } }, 1],
    ] as const)
      test(`costs ${what} nothing when it was ${how} just before`, async (context) => {
        const { url, connections, received } = await startBackEnd(context);
        const { call, deadlines, notices } = poolOf(context, { endpoints: [url] });
        await call(repeatable);
        const [kept] = connections;
        assert.ok(kept);
        deadlines.pass(21); // A connection that answered a moment ago is not looked at.
        close(kept);
        const { outcome, attempts } = await call(request);
        assert.equal(outcome.kind, 'answered');
        assert.ok(attempts <= attemptsMax);
        // A back end that closed only its own side may still read a retrieve, which is then sent again.
        assert.ok(received.filter((text) => text.startsWith('POST')).length <= 1 + attempts);
        if (attemptsMax === 1) assert.equal(received.filter((text) => text.startsWith('POST')).length, 2);
        assert.deepEqual(notices, []);
      });

  test('costs a retrieve nothing though every other kept connection was closed as well', async (context) => {
    const held: Socket[] = [];
    const { url, connections } = await startBackEnd(context, (socket) => {
      held.push(socket);
      if (held.length === 5) for (const each of held) answerOn(each);
      else if (held.length > 5) answerOn(socket);
    });
    const { call } = poolOf(context, { endpoints: [url] });
    await Promise.all(Array.from({ length: 5 }, () => call(repeatable)));
    for (const socket of connections) socket.destroy();
    const { outcome, attempts } = await call(repeatable);
    assert.equal(outcome.kind, 'answered');
    assert.ok(attempts <= 2);
  });

  test('costs a retrieve nothing where every kept connection breaks as it is used', async (context) => {
    const held: Socket[] = [];
    const { url } = await startBackEnd(context, (socket) => {
      if (held.includes(socket)) socket.destroy();
      else if (held.push(socket) === 2) for (const each of held) answerOn(each);
      else if (held.length > 2) answerOn(socket);
    });
    const { call } = poolOf(context, { endpoints: [url] });
    await Promise.all([call(repeatable), call(repeatable)]);
    const { outcome, attempts } = await call(repeatable);
    assert.equal(outcome.kind, 'answered');
    assert.equal(attempts, 2);
  });

  test('costs a retrieve nothing where one connection is all that may be open', async (context) => {
    const { url, connections } = await startBackEnd(context);
    const { path } = optionsOf();
    const { call } = poolOf(context, { endpoints: [url] }, { ...path, upstreamConnectionsMax: 1 });
    await call(repeatable);
    connections[0]?.destroy();
    assert.equal((await call(repeatable)).outcome.kind, 'answered');
  });

  test('costs a submit nothing that waited for it in the queue', async (context) => {
    const arrived = Promise.withResolvers<Socket>();
    const { url, received } = await startBackEnd(context, (socket) => {
      if (received.length === 1) arrived.resolve(socket);
      else answerOn(socket);
    });
    const { path } = optionsOf();
    const { call } = poolOf(context, { endpoints: [url] }, { ...path, upstreamConnectionsMax: 1 });
    const [first, queued] = [call(), call()];
    const socket = await arrived.promise;
    answerOn(socket);
    socket.end();
    assert.equal((await first).outcome.kind, 'answered');
    assert.equal((await queued).outcome.kind, 'answered');
    assert.equal(received.length, 2);
  });

  test('costs a submit its answer when it is closed once the submit is there: it is never sent twice', async (context) => {
    const { url, received } = await startBackEnd(context, (socket) => {
      if (received.length === 1) answerOn(socket);
      else socket.destroy();
    });
    const { call } = poolOf(context, { endpoints: [url] });
    assert.equal((await call()).outcome.kind, 'answered');
    const { outcome, attempts } = await call();
    assert.equal(outcome.kind, 'no-answer');
    assert.equal(attempts, 1);
    assert.equal(received.length, 2);
  });
});

async function* twoBytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('ab');
}

describe('a submit that was sent', () => {
  for (const [what, answer] of [
    ['dies before the answer', (socket: Socket) => void socket.destroy()],
    ['resets', (socket: Socket) => void socket.resetAndDestroy()],
    ['dies in the head of its answer', (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ['answers garbage', (socket: Socket) => void socket.end('no HTTP\r\n\r\n')],
  ] as const)
    test(`is not sent to another endpoint when the back end ${what}`, async (context) => {
      const [one, other] = [await startBackEnd(context, answer), await startBackEnd(context, answer)];
      const { call } = poolOf(context, { endpoints: [one.url, other.url] });
      const { outcome, attempts } = await call();
      assert.equal(outcome.kind, 'no-answer');
      assert.equal(attempts, 1);
      assert.equal(one.received.length + other.received.length, 1);
    });
});

describe('a back end that dies', () => {
  test('in the middle of its answers is ejected, though the head of each was good', async (context) => {
    const dying = await startBackEnd(
      context,
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    );
    const good = await startBackEnd(context);
    const { call, notices } = poolOf(context, { endpoints: [dying.url, good.url] });
    for (let each = 0; each < 10; each += 1) {
      const { outcome } = await call();
      assert.ok(outcome.kind === 'answered');
      if (!outcome.answer.body.ended) await assert.rejects(drained(outcome.answer.body));
    }
    assert.deepEqual(
      notices.map(({ kind, endpoint, reason }) => [kind, endpoint, reason]),
      [['endpoint-down', dying.url, 'ejected for 10000 ms after an answer that broke off']],
    );
  });

  test('is not blamed for callers who leave, before the answer and in the middle of it', async (context) => {
    const half = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf';
    for (const answer of [() => undefined, (socket: Socket) => void socket.write(half)]) {
      const arrived = { at: () => undefined };
      const backEnd = await startBackEnd(context, (socket) => {
        answer(socket);
        arrived.at();
      });
      const other = await startBackEnd(context);
      const { call, notices } = poolOf(context, { endpoints: [backEnd.url, other.url] });
      for (let each = 0; each < 20; each += 1) {
        let leave: (() => void) | null = null;
        const departure: UpstreamRequest['departure'] = {
          hear: (listener) => {
            leave = listener;
          },
        };
        arrived.at = () => void setImmediate(() => leave?.());
        const { outcome } = await call({ departure });
        if (outcome.kind === 'answered') {
          const leaves: (() => void) | null = leave;
          (leaves as (() => void) | null)?.();
        }
      }
      assert.deepEqual(notices, []);
    }
  });
});

describe('a failure', () => {
  test('counts once, also when it came in the same piece as the head of the answer', async (context) => {
    const garbage = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n';
    const one = await startBackEnd(context, (socket) => void socket.end(garbage));
    const other = await startBackEnd(context);
    const { call, notices } = poolOf(context, { endpoints: [one.url, other.url], ejection: { failures: 2 } });
    assert.equal((await call()).outcome.kind, 'no-answer');
    assert.deepEqual(notices, []);
    await call();
    await call();
    assert.equal(notices.length, 1);
  });

  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf';
  const path = optionsOf().path;
  for (const [what, waitMs] of [
    ['an answer that the gateway withholds', 0],
    ['an answer that its caller does not take', path.responseIdleMs],
  ] as const)
    test(`is not counted for ${what}`, async (context) => {
      const pair = [
        await startBackEnd(context, (socket) => void socket.write(half)),
        await startBackEnd(context),
      ] as const;
      const { call, deadlines, notices } = poolOf(context, {
        endpoints: pair.map(({ url }) => url),
        ejection: { failures: 1 },
      });
      const { outcome, endpoint } = await call();
      assert.equal(endpoint, pair[0].url);
      assert.ok(outcome.kind === 'answered');
      if (waitMs === 0) outcome.answer.abandon();
      else deadlines.pass(waitMs);
      await assert.rejects(drained(outcome.answer.body));
      assert.deepEqual(notices, []);
    });
});

async function drained(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

describe('each phase has an end', () => {
  const path = optionsOf().path;

  test('of its own for an endpoint that takes no more of a request, sent as a whole or piece by piece', async (context) => {
    const large = Buffer.alloc(30_000_000);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let each = 0; each < 300; each += 1) yield large.subarray(0, 100_000);
    }
    for (const payload of [
      { kind: 'bytes', bytes: large },
      { kind: 'stream', lengthBytes: large.byteLength, chunks: pieces() },
    ] as const) {
      const arrived = Promise.withResolvers<Socket>();
      const { url } = await startBackEnd(context, (socket) => {
        socket.pause();
        arrived.resolve(socket);
      });
      const { call, deadlines } = poolOf(context, { endpoints: [url] });
      let isOver = false;
      const attempt = call({ payload }).finally(() => {
        isOver = true;
      });
      await arrived.promise;
      while (!isOver) {
        deadlines.pass(path.requestSendTimeoutMs / 10);
        await new Promise((turned) => setImmediate(turned));
      }
      const { outcome } = await attempt;
      assert.ok(outcome.kind === 'no-answer');
      assert.deepEqual(
        [outcome.reason, outcome.wait, outcome.sent, outcome.waitedMs],
        ['timeout', 'send', false, path.requestSendTimeoutMs],
      );
    }
  });

  test('of its own for an answer that does not begin', async (context) => {
    const arrived = Promise.withResolvers<Socket>();
    const { url } = await startBackEnd(context, (socket) => arrived.resolve(socket));
    const { call, deadlines } = poolOf(context, { endpoints: [url], timeouts: { responseTimeoutMs: 700 } });
    const attempt = call();
    await arrived.promise;
    deadlines.pass(700);
    const { outcome } = await attempt;
    assert.ok(outcome.kind === 'no-answer');
    assert.deepEqual([outcome.wait, outcome.sent, outcome.waitedMs], ['response', true, 700]);
  });

  test('in common: the whole exchange may take so long, however busy it is', async (context) => {
    const arrived = Promise.withResolvers<Socket>();
    const { url } = await startBackEnd(context, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      arrived.resolve(socket);
    });
    const { call, deadlines, notices } = poolOf(context, { endpoints: [url], timeouts: { exchangeTimeoutMs: 5_000 } });
    const { outcome } = await call();
    const socket = await arrived.promise;
    assert.ok(outcome.kind === 'answered');
    const pieces = outcome.answer.body[Symbol.asyncIterator]();
    for (let each = 0; each < 4; each += 1) {
      socket.write('piece');
      assert.equal((await pieces.next()).done, false);
      deadlines.pass(1_000);
    }
    deadlines.pass(1_000);
    await assert.rejects(async () => pieces.next(), /5000 ms/);
    assert.deepEqual(notices, []);
  });

  test('in common, also while nothing was sent: no other endpoint is tried then', async (context) => {
    const held = await startBackEnd(context, () => undefined);
    const { call, deadlines } = poolOf(
      context,
      { endpoints: [held.url], timeouts: { exchangeTimeoutMs: 2_000 } },
      { ...path, upstreamConnectionsMax: 1 },
    );
    const [first, queued] = [call(), call()];
    deadlines.pass(2_000);
    assert.deepEqual((await queued).outcome, { kind: 'not-connected', reason: 'whole', waitedMs: 2_000 });
    assert.equal((await first).outcome.kind, 'not-connected');
  });
});

describe('groups', () => {
  test('that name the same address share its connections and its check', async (context) => {
    const { url, connections } = await startBackEnd(context);
    const { path, upstream } = optionsOf({ endpoints: [url], check: { kind: 'tcp' } });
    const deadlines = new TurnedDeadlines();
    const pool = createUpstreamPool({
      upstreams: [upstream, { ...upstream, system: 'other' }],
      tls: [null, null],
      path,
      deadlines,
      notice: () => undefined,
    });
    context.after(() => pool.close());
    assert.equal(deadlines.waitingCount, 1);
    for (const system of ['cmri', 'other']) {
      const group = pool.select({ ...where, system });
      assert.ok(group);
      assert.equal((await attemptedInTurn(callOf(), group, startMs)).outcome.kind, 'answered');
    }
    assert.equal(connections.length, 1);
  });

  test('are told when the checks of an endpoint fail, and when they are good again', async (context) => {
    const gone = await startBackEnd(context);
    const good = await startBackEnd(context);
    const { call, deadlines, notices } = poolOf(context, {
      endpoints: [gone.url, good.url],
      check: { kind: 'tcp', fall: 1, rise: 1 },
    });
    await gone.stop();
    const changed = async () => {
      const before = notices.length;
      while (notices.length === before) {
        deadlines.pass(1_000);
        await new Promise((turned) => setImmediate(turned));
      }
      return notices.at(-1)?.kind;
    };
    assert.equal(await changed(), 'endpoint-down');
    for (let each = 0; each < 5; each += 1) assert.equal((await call()).endpoint, good.url);
    await startBackEnd(context, answerOn, gone.port);
    assert.equal(await changed(), 'endpoint-up');
    const endpoints = new Set<string>();
    while (endpoints.size < 2) endpoints.add((await call()).endpoint);
  });
});
