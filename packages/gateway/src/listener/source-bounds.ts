// How many connections are open, in all and per source, before a byte of them is read.
import type { Socket } from 'node:net';
import type { Place, Places } from '@headgate/rules';
import type { PathOptions } from '../config.ts';

/** Counts open sockets. */
export interface SourceBounds {
  /** Counts a socket until it closes; false when it is past a bound and must be closed. */
  enter(socket: Socket, source: string): boolean;
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
      if (!places.enter(both)) return false;
      socket.once('close', () => places.leave(both));
      return true;
    },
  };
}
