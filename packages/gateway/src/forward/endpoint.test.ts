import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, test } from 'node:test';
import { configSchema } from '../config.ts';
import { Deadlines, type Waiting } from '../deadlines.ts';
import type { UpstreamRequest } from '../upstream.ts';
import { createEndpoint } from './endpoint.ts';

const { path } = configSchema.parse({
  listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
  catalogue: 'x',
  upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
  evidence: { folder: 'x' },
});

/** Deadlines that pass when the test says so. */
class TurnedDeadlines extends Deadlines {
  readonly #waiting = new Set<Waiting>();

  override add(waiting: Waiting): void {
    this.#waiting.add(waiting);
  }

  override remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  passAll(): void {
    for (const waiting of this.#waiting) waiting.expire();
  }
}

/** A market system that answers every request at once and counts its connections. */
async function upstream(): Promise<{ server: Server; url: string; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

const submit = (): UpstreamRequest => ({
  method: 'POST',
  head: 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n',
  payload: { kind: 'none' },
  departure: { happened: false, hear: () => undefined },
});

describe('an endpoint', () => {
  test('uses a kept connection again', async (context) => {
    const { server, url, connections } = await upstream();
    const endpoint = createEndpoint(url, path, new TurnedDeadlines());
    context.after(() => {
      endpoint.close();
      server.close();
    });
    for (const _ of [1, 2, 3]) assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    assert.equal(connections(), 1);
  });

  test('gives no call a connection that idled out in the same turn of the event loop', async (context) => {
    const { server, url, connections } = await upstream();
    const deadlines = new TurnedDeadlines();
    const endpoint = createEndpoint(url, path, deadlines);
    context.after(() => {
      endpoint.close();
      server.close();
    });
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    deadlines.passAll();
    assert.equal((await endpoint.attempt(submit())).kind, 'answered');
    assert.equal(connections(), 2);
  });
});
