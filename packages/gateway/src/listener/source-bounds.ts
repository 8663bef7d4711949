// How many connections are open, in all and per source, before a byte of them is read.
import type { Socket } from 'node:net';
import type { PathOptions } from '../config.ts';
import type { Bound } from './listener-options.ts';

/** Counts open sockets. */
export interface SourceBounds {
  /** Counts a socket until it closes. Returns the bound that it is past, for which it must be closed; null when there is room. */
  enter(socket: Socket, source: string): Bound | null;
}

/** Creates the counters of one listener. */
export function createSourceBounds({ connectionsMax, connectionsPerSourceMax }: PathOptions): SourceBounds {
  let open = 0;
  const perSource = new Map<string, number>();
  return {
    enter(socket, source) {
      const count = perSource.get(source) ?? 0;
      if (open >= connectionsMax) return 'connectionsMax';
      if (count >= connectionsPerSourceMax) return 'connectionsPerSourceMax';
      open += 1;
      perSource.set(source, count + 1);
      socket.once('close', () => {
        open -= 1;
        const left = (perSource.get(source) ?? 1) - 1;
        if (left <= 0) perSource.delete(source);
        else perSource.set(source, left);
      });
      return null;
    },
  };
}
