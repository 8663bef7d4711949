// How many connections are open, in all and per source, before a byte of them is read.
import type { Socket } from 'node:net';
import type { Place, Places } from '@headgate/rules';
import type { PathOptions } from '../config.ts';
import type { Bound } from './listener-options.ts';

/** Counts open sockets. */
export interface SourceBounds {
  /** Counts a socket until it closes. Returns the bound that it is past, for which it must be closed; null when there is room. */
  enter(socket: Socket, source: string): Bound | null;
}

/** Creates the bounds of one listener; its places are those of every thread that listens under the name. */
export function createSourceBounds(
  listener: string,
  { connectionsMax, connectionsPerSourceMax }: PathOptions,
  places: Places,
): SourceBounds {
  const all: Place = { key: listener, max: connectionsMax };
  return {
    enter(socket, source) {
      const both = [all, { key: `${listener} ${source}`, max: connectionsPerSourceMax }];
      if (!places.enter(both)) {
        // Which of the two it was: where the listener has room, it was the source.
        if (!places.enter([all])) return 'connectionsMax';
        places.leave([all]);
        return 'connectionsPerSourceMax';
      }
      socket.once('close', () => places.leave(both));
      return null;
    },
  };
}
