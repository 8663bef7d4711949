// How many TLS handshakes are under way, in all and per source: each is the dearest thing that a stranger can ask for.
import type { Socket } from 'node:net';
import type { Waiting } from '../deadlines.ts';
import { createTurns } from '../turns.ts';
import type { ListenerOptions } from './listener-options.ts';

/** Counts handshakes under way. */
export interface Handshakes {
  /**
   * Calls `start` when the source has room; until then the socket waits, unread. Closes it past the bound in all, and where
   * its turn does not come within `path.headerTimeoutMs`.
   */
  begin(socket: Socket, peer: string, source: string, start: () => void): void;
  /** The handshake of that peer is over. One that fails ends with its socket. */
  done(peer: string): void;
}

/** Creates the counters of one listener. */
export function createHandshakes({ path, deadlines, shed }: ListenerOptions): Handshakes {
  const turns = createTurns(path.handshakesPerSourceMax);
  const leavers = new Map<string, () => void>();
  return {
    begin(socket, peer, source, start) {
      if (turns.underWay >= path.handshakesMax) {
        shed('handshakesMax', source);
        socket.destroy();
        return;
      }
      const turn: Waiting = {
        deadlineMs: deadlines.now() + path.headerTimeoutMs,
        expire() {
          shed('handshakesPerSourceMax', source);
          socket.destroy();
        },
      };
      let begun = false;
      const leave = turns.enter(source, () => {
        begun = true;
        deadlines.remove(turn); // From here on TLS keeps the time.
        if (!socket.destroyed) start();
      });
      if (!begun) deadlines.add(turn);
      const left = () => {
        leavers.delete(peer);
        deadlines.remove(turn);
        leave();
      };
      leavers.set(peer, left);
      socket.once('close', left);
    },
    done(peer) {
      leavers.get(peer)?.();
    },
  };
}
