// A back end that speaks bytes: for answers that no HTTP server would send, and for connections that break.
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A back end made of a socket callback. */
export interface RawUpstream {
  readonly url: string;
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Heads and bodies as received, one text per connection, latin1. */
  readonly received: readonly string[];
  close(): Promise<void>;
}

/** What one connection does; `text` is what it has received so far, `number` counts connections from 1. */
export type RawUpstreamTurn = (socket: Socket, text: string, number: number) => void;

/** Starts a raw back end on a free port of loopback; `turn` is called with each piece that arrives. */
export async function startRawUpstream(turn: RawUpstreamTurn): Promise<RawUpstream> {
  const open = new Set<Socket>();
  const received: string[] = [];
  const server = createServer((socket) => {
    const at = received.push('') - 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined); // Breaking connections is what it is for.
    socket.on('data', (chunk: Buffer) => {
      received[at] += chunk.toString('latin1');
      turn(socket, received[at] ?? '', at + 1);
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => received.length,
    received,
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of open) socket.destroy();
      await closed.promise;
    },
  };
}
