// How many connections are open, in all and per source, before a byte of them is read.
import type { Socket } from 'node:net';
import type { PathOptions } from '../config.ts';

/** Counts open sockets. */
export interface SourceBounds {
  /** Counts a socket until it closes; false when it is past a bound and must be closed. */
  enter(socket: Socket, source: string): boolean;
  closeAll(): void;
}

/** Creates the counters of one listener. */
export function createSourceBounds({ connectionsMax, connectionsPerSourceMax }: PathOptions): SourceBounds {
  const open = new Set<Socket>();
  const perSource = new Map<string, number>();
  return {
    enter(socket, source) {
      const count = perSource.get(source) ?? 0;
      if (open.size >= connectionsMax || count >= connectionsPerSourceMax) return false;
      open.add(socket);
      perSource.set(source, count + 1);
      socket.once('close', () => {
        open.delete(socket);
        const left = (perSource.get(source) ?? 1) - 1;
        if (left <= 0) perSource.delete(source);
        else perSource.set(source, left);
      });
      return true;
    },
    closeAll() {
      for (const socket of open) socket.destroy();
    },
  };
}
