// How many connections one source may have open, so that it cannot take all there are: further ones are closed before any handshake.
import type { Server } from 'node:net';
import { networkOf } from '../access/attempts.ts';

/** Bounds the connections of each source to a server; a source of IPv6 is its /64. */
export function boundSources(server: Server, perSourceMax: number): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket) => {
    const source = networkOf(socket.remoteAddress ?? '');
    const count = (open.get(source) ?? 0) + 1;
    open.set(source, count);
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1;
      if (left > 0) open.set(source, left);
      else open.delete(source);
    });
    if (count > perSourceMax) socket.destroy();
  });
}
