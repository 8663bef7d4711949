// What is under way on one connection: answers leave in the order of their requests, a fault of the bytes belongs to the
// exchange whose body they were, and nothing is served after the last answer is decided.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusal } from '@headgate/contract';

/** A body that has not arrived whole. */
export interface ArrivingBody {
  readonly receivedBytes: number;
  /** Ends the body with a refusal: the bytes on the connection are not what its head declared. */
  fail(refusal: Refusal): void;
}

/** One connection as a sequence of exchanges. */
export interface Conversation {
  /** True once the last answer is decided: what still arrives is read and dropped. */
  readonly over: boolean;
  /** The body that is still arriving, if any. At most one can be: requests are read one after the other. */
  arriving: ArrivingBody | null;
  /** Notes an answer that is due; it is forgotten when it is sent or given up. */
  begin(answer: ServerResponse): void;
  /** Serves nothing more. */
  end(): void;
  /** Says `Connection: close` on the newest answer due, if it has not begun. */
  announceEnd(): void;
  /** True while no answer is due. */
  readonly quiet: boolean;
  /** Resolves when every answer due now was sent or given up. */
  answered(): Promise<void>;
}

/** Creates the conversation of one connection. */
export function createConversation(): Conversation {
  const due = new Map<ServerResponse, Promise<void>>();
  let over = false;
  const announceEnd = (): void => {
    // Only the newest may say so: an earlier one would cut off the answers behind it.
    const newest = [...due.keys()].at(-1);
    if (newest?.headersSent === false) newest.shouldKeepAlive = false;
  };
  return {
    get over() {
      return over;
    },
    arriving: null,
    begin(answer) {
      const { promise, resolve } = Promise.withResolvers<void>();
      due.set(answer, promise);
      answer.once('close', () => {
        due.delete(answer);
        resolve();
      });
    },
    end() {
      over = true;
    },
    announceEnd,
    get quiet() {
      return due.size === 0;
    },
    async answered() {
      await Promise.all(due.values());
    },
  };
}

/**
 * Reads on and drops what arrives until the peer closes: closing with unread bytes resets the connection, and the caller
 * loses the answer (invariant 9). Bounded by bytes and time; resolves true when the peer ended first.
 */
export function linger(socket: Socket, bytesMax: number, waitMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  if (socket.destroyed || socket.readableEnded) return Promise.resolve(true);
  const startBytes = socket.bytesRead;
  const finish = (peerEnded: boolean): void => {
    clearTimeout(timer);
    clearInterval(counter);
    socket.off('end', ended);
    socket.off('close', ended);
    resolve(peerEnded);
  };
  const ended = (): void => finish(true);
  const timer = setTimeout(() => finish(false), waitMs);
  const counter = setInterval(() => {
    if (socket.bytesRead - startBytes > bytesMax) finish(false);
  }, lingerCountMs);
  socket.once('end', ended);
  socket.once('close', ended);
  socket.resume();
  return promise;
}

/** How often dropped bytes are counted, in milliseconds. */
const lingerCountMs = 100;
