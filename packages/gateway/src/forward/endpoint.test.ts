import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import type { PathOptions } from '../config.ts';
import { attempted } from './attempts.ts';
import { answerOn, callOf, optionsOf, TurnedDeadlines, startBackEnd as upstream } from './back-end.fixture.ts';
import { createEndpoint } from './endpoint.ts';

const { path } = optionsOf();

/** A market system that leaves its first request open until the test has its connection. */
async function hesitantUpstream(context: TestContext) {
  const { promise: firstRequest, resolve } = Promise.withResolvers<Socket>();
  let requestCount = 0;
  const { url } = await upstream(context, (socket) => {
    requestCount += 1;
    if (requestCount === 1) resolve(socket);
    else answerOn(socket);
  });
  return { url, firstRequest };
}

function endpointTo(context: TestContext, url: string, changes: Partial<PathOptions> = {}) {
  const deadlines = new TurnedDeadlines();
  const endpoint = createEndpoint(url, null, { ...path, ...changes }, deadlines);
  context.after(() => endpoint.close());
  return { endpoint, deadlines };
}

const submit = () => callOf();

describe('an endpoint', () => {
  test('uses a kept connection again', async (context) => {
    const { url, connections } = await upstream(context);
    const { endpoint } = endpointTo(context, url);
    for (const _ of [1, 2, 3]) assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
    assert.equal(connections.length, 1);
  });

  test('answers the next call while nobody takes the answer of the one before', {
    timeout: 10_000,
  }, async (context) => {
    // The last piece of such an answer fills its queue, which pauses the socket; the connection is free by then.
    const size = 262_200;
    let asked = 0;
    const { url, connections } = await upstream(context, (socket) => {
      asked += 1;
      if (asked > 1) answerOn(socket);
      else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${' '.repeat(size)}`);
    });
    const { endpoint } = endpointTo(context, url);
    const first = await attempted(endpoint, submit(), false);
    assert.equal(first.kind, 'answered');
    const { body } = first.answer;
    while (!body.ended) await immediate();
    assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
    assert.equal(connections.length, 1);
    assert.equal(body.takeAll().byteLength, size);
  });

  test('gives no call a connection that idled out in the same turn of the event loop', async (context) => {
    const { url, connections } = await upstream(context);
    const { endpoint, deadlines } = endpointTo(context, url);
    assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
    deadlines.pass(path.upstreamIdleMs);
    assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
    assert.equal(connections.length, 2);
  });

  test('keeps a connection that idles until its time is up, and closes it then', async (context) => {
    const { url, connections } = await upstream(context);
    const { endpoint, deadlines } = endpointTo(context, url);
    await attempted(endpoint, submit(), false);
    deadlines.pass(path.upstreamIdleMs - 1);
    assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
    const [only, ...more] = connections;
    assert.ok(only !== undefined && more.length === 0);
    const closed = once(only, 'close');
    deadlines.pass(path.upstreamIdleMs);
    await closed;
  });

  for (const [what, payload] of [
    ['no body', { kind: 'none' }],
    ['a small body', { kind: 'bytes', bytes: Buffer.alloc(10) }],
    ['a large body', { kind: 'bytes', bytes: Buffer.alloc(200_000) }],
  ] as const)
    test(`says that not one byte left when the system refused the first, with ${what}`, async (context) => {
      const { url, connections, received } = await upstream(context);
      const { endpoint } = endpointTo(context, url);
      await attempted(endpoint, submit(), false);
      connections[0]?.resetAndDestroy();
      // What may be repeated is sent at once; nobody has asked the system yet whether the connection still stands.
      const outcome = await attempted(endpoint, callOf({ repeatable: true, payload }), false);
      assert.deepEqual(outcome, { kind: 'not-sent' });
      assert.equal(received.length, 1);
    });
});

describe('what an endpoint says before a byte of the request has left', () => {
  const early = {
    'an answer': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'a switch of protocols': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'no HTTP': 'hello',
  };
  for (const [what, bytes] of Object.entries(early))
    test(`is not taken for its answer, and the request goes nowhere: ${what}`, async (context) => {
      const { url, connections, received } = await upstream(context);
      const { endpoint } = endpointTo(context, url);
      await attempted(endpoint, submit(), false);
      // Behind the turn's reading: the bytes are read in the next turn, before the request leaves at its end.
      await immediate();
      connections[0]?.write(bytes);
      const outcome = await attempted(endpoint, callOf({ repeatable: true, upgrade: true }), false);
      assert.deepEqual(outcome, { kind: 'not-sent' });
      // Another call finds a connection of its own, and an answer of its own.
      assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
      assert.deepEqual([connections.length, received.length], [2, 2]);
    });
});

describe('an endpoint with every connection in use', () => {
  const one = { upstreamConnectionsMax: 1 };

  test('answers a queued call on a connection of its own when the one in use breaks', async (context) => {
    const { url, firstRequest } = await hesitantUpstream(context);
    const { endpoint } = endpointTo(context, url, one);
    const broken = attempted(endpoint, submit(), false);
    const connection = await firstRequest;
    const queued = attempted(endpoint, submit(), false);
    connection.destroy();
    assert.equal((await broken).kind, 'no-answer');
    assert.equal((await queued).kind, 'answered');
  });

  test('answers a call that comes after a queued one gave up', async (context) => {
    const { url, firstRequest } = await hesitantUpstream(context);
    const { endpoint, deadlines } = endpointTo(context, url, one);
    const slow = attempted(endpoint, submit(), false);
    const connection = await firstRequest;
    const queued = attempted(endpoint, submit(), false);
    deadlines.pass(path.connectTimeoutMs);
    assert.deepEqual(await queued, { kind: 'not-connected', reason: 'busy', waitedMs: path.connectTimeoutMs });
    answerOn(connection);
    assert.equal((await slow).kind, 'answered');
    assert.equal((await attempted(endpoint, submit(), false)).kind, 'answered');
  });

  test('lets 1,024 calls wait, and the one after them is not connected at once', async (context) => {
    const { url, firstRequest } = await hesitantUpstream(context);
    const { endpoint } = endpointTo(context, url, one);
    const calls = [attempted(endpoint, submit(), false)];
    const connection = await firstRequest;
    while (calls.length < 1_025) calls.push(attempted(endpoint, submit(), false));
    const oneMore = await Promise.race([attempted(endpoint, submit(), false), immediate('waiting')]);
    assert.deepEqual(oneMore, { kind: 'not-connected', reason: 'queue-full' });
    answerOn(connection);
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
    assert.deepEqual([...new Set(kinds)], ['answered']);
  });
});

test('a call whose connection closes in the turn in which it was taken was not sent, so that a submit may go elsewhere', async (context) => {
  const { url, received } = await upstream(context);
  const endpoint = createEndpoint(url, null, optionsOf().path, new TurnedDeadlines());
  const one = await attempted(endpoint, submit(), false);
  assert.equal(one.kind, 'answered');
  const held = attempted(endpoint, submit(), false);
  endpoint.close();
  assert.deepEqual(await held, { kind: 'not-sent' });
  assert.equal(received.length, 1);
});
