// What the tests of this folder have in common: deadlines on a clock that they turn, and back ends that they hold in hand.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { configSchema, type PathOptions, type WrittenConfig } from '../config.ts';
import type { UpstreamOptions } from '../config-upstreams.ts';
import { Deadlines, type Waiting } from '../deadlines.ts';
import type { UpstreamGroup, UpstreamRequest } from '../upstream.ts';
import { type Attempted, attemptInTurn } from './attempts.ts';

/** Deadlines on a clock that moves when the test says so. */
export class TurnedDeadlines extends Deadlines {
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

  /** How many wait for something. */
  get waitingCount(): number {
    return this.#waiting.size;
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

/** Bounds of the path at their defaults, and one upstream as it may be written. */
export function optionsOf(upstream: Partial<WrittenConfig['upstreams'][number]> = {}): {
  readonly path: PathOptions;
  readonly upstream: UpstreamOptions;
} {
  const { path, upstreams } = configSchema.parse({
    listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
    catalogue: 'x',
    upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'], ...upstream }],
    evidence: { folder: 'x' },
  });
  const [only] = upstreams;
  if (only === undefined) throw new Error('one was written');
  return { path, upstream: only };
}

const noBytes = new Uint8Array(0);

/** A call without a body, by default a submit. */
export function callOf(changes: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'POST',
    head: [noBytes, noBytes, 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n'],
    payload: { kind: 'none' },
    departure: { hear: () => undefined },
    repeatable: false,
    phases: optionsOf().path,
    endMs: 0,
    isBodyBegun: false,
    watch: null,
    ...changes,
  };
}

/** Answers with 200 and no body. */
export const answerOn = (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');

/** A market system that counts its connections and answers every request as it is told; by default at once. */
export async function startBackEnd(
  context: TestContext,
  answer: (socket: Socket, text: string) => void = answerOn,
  onPort = 0,
) {
  const connections: Socket[] = [];
  const received: string[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received.push(chunk.toString('latin1'));
      answer(socket, chunk.toString('latin1'));
    });
  });
  server.listen(onPort, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  context.after(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections,
    received,
    /** Accepts no more, and cuts what is open. */
    stop: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A market system that speaks TLS as it is told; requests are answered at once. */
export async function startTlsBackEnd(
  context: TestContext,
  options: TlsOptions,
  answer: (socket: Socket) => void = answerOn,
) {
  const connections: TLSSocket[] = [];
  const resumed: boolean[] = [];
  const received: string[] = [];
  const server = createTlsServer(options, (socket) => {
    connections.push(socket);
    resumed.push(socket.isSessionReused());
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk.toString('latin1'));
      answer(socket);
    });
  });
  server.on('tlsClientError', () => undefined); // Handshakes that fail are what some tests are about.
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, connections, resumed, received };
}

/** The attempts of one call, as a promise. */
export function attemptedInTurn(request: UpstreamRequest, group: UpstreamGroup, nowMs: number): Promise<Attempted> {
  return new Promise((settle) => attemptInTurn(request, group, '', nowMs, settle));
}
