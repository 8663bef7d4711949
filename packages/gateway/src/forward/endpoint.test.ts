import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { configSchema, type PathOptions } from '../config.ts';
import { Deadlines, type Waiting } from '../deadlines.ts';
import type { UpstreamRequest } from '../upstream.ts';
import { createEndpoint } from './endpoint.ts';

const { path } = configSchema.parse({
  listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
  catalogue: 'x',
  upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
  evidence: { folder: 'x' },
});

/** Deadlines on a clock that moves when the test says so. */
class TurnedDeadlines extends Deadlines {
  readonly #waiting = new Set<Waiting>();
  #nowMs = 0;

  override now(): number {
    return this.#nowMs;
  }

  override add(waiting: Waiting): void {
    this.#waiting.add(waiting);
  }

  override remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const waiting of this.#waiting) {
      if (waiting.deadlineMs > this.#nowMs) continue;
      waiting.deadlineMs = Number.POSITIVE_INFINITY;
      waiting.expire();
    }
  }
}

/** A market system that counts its connections and answers every request as it is told; by default at once. */
async function upstream(context: TestContext, answer: (socket: Socket) => void = answerOn) {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

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

const answerOn = (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');

function endpointTo(context: TestContext, url: string, changes: Partial<PathOptions> = {}) {
  const deadlines = new TurnedDeadlines();
  const endpoint = createEndpoint(url, { ...path, ...changes }, deadlines);
  context.after(() => endpoint.close());
  return { endpoint, deadlines };
}

const submit = (): UpstreamRequest => ({
  method: 'POST',
  head: 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n',
  payload: { kind: 'none' },
  departure: { hear: () => undefined },
});

describe('an endpoint', () => {
  test('uses a kept connection again', async (context) => {
    const { url, connections } = await upstream(context);
    const { endpoint } = endpointTo(context, url);
    for (const _ of [1, 2, 3]) assert.equal((await endpoint.attempt(submit())).kind, 'answered');
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
    const first = await endpoint.attempt(submit());
    assert.equal(first.kind, 'answered');
    const { body } = first.answer;
    while (!body.ended) await immediate();
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    assert.equal(connections.length, 1);
    assert.equal(body.takeAll().byteLength, size);
  });

  test('gives no call a connection that idled out in the same turn of the event loop', async (context) => {
    const { url, connections } = await upstream(context);
    const { endpoint, deadlines } = endpointTo(context, url);
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    deadlines.pass(path.upstreamIdleMs);
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    assert.equal(connections.length, 2);
  });

  test('keeps a connection that idles until its time is up, and closes it then', async (context) => {
    const { url, connections } = await upstream(context);
    const { endpoint, deadlines } = endpointTo(context, url);
    await endpoint.attempt(submit());
    deadlines.pass(path.upstreamIdleMs - 1);
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    const [only, ...more] = connections;
    assert.ok(only !== undefined && more.length === 0);
    const closed = once(only, 'close');
    deadlines.pass(path.upstreamIdleMs);
    await closed;
  });
});

describe('an endpoint with every connection in use', () => {
  const one = { upstreamConnectionsMax: 1 };

  test('answers a queued call on a connection of its own when the one in use breaks', async (context) => {
    const { url, firstRequest } = await hesitantUpstream(context);
    const { endpoint } = endpointTo(context, url, one);
    const broken = endpoint.attempt(submit());
    const connection = await firstRequest;
    const queued = endpoint.attempt(submit());
    connection.destroy();
    assert.equal((await broken).kind, 'no-answer');
    assert.equal((await queued).kind, 'answered');
  });

  test('answers a call that comes after a queued one gave up', async (context) => {
    const { url, firstRequest } = await hesitantUpstream(context);
    const { endpoint, deadlines } = endpointTo(context, url, one);
    const slow = endpoint.attempt(submit());
    const connection = await firstRequest;
    const queued = endpoint.attempt(submit());
    deadlines.pass(path.connectTimeoutMs);
    assert.deepEqual(await queued, { kind: 'not-connected', timedOut: true });
    answerOn(connection);
    assert.equal((await slow).kind, 'answered');
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
  });

  test('lets 1,024 calls wait, and the one after them is not connected at once', async (context) => {
    const { url, firstRequest } = await hesitantUpstream(context);
    const { endpoint } = endpointTo(context, url, one);
    const calls = [endpoint.attempt(submit())];
    const connection = await firstRequest;
    while (calls.length < 1_025) calls.push(endpoint.attempt(submit()));
    const oneMore = await Promise.race([endpoint.attempt(submit()), immediate('waiting')]);
    assert.deepEqual(oneMore, { kind: 'not-connected', timedOut: false });
    answerOn(connection);
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
    assert.deepEqual([...new Set(kinds)], ['answered']);
  });
});
