// How many connections a source has open, counted before the handshake: whoever is not known yet can take some of control, not all.
import type { Server, Socket } from 'node:net';
import { networkOf } from '../access/attempts.ts';

/** Ends connections of a source beyond a count as they arrive. */
export function boundSources(server: Server, limit: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const source = networkOf(socket.remoteAddress ?? '');
    const count = (open.get(source) ?? 0) + 1;
    if (count > limit) {
      socket.destroy();
      return;
    }
    open.set(source, count);
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1;
      if (left > 0) open.set(source, left);
      else open.delete(source);
    });
  });
}
