// The answer of one connection that waits for the end of the turn of the event loop, to leave with those of others.
import type { Socket } from 'node:net';
import { atTurnEnd } from '../http1/turn-end.ts';
import { type HeadPieces, writeJoined } from '../http1/write-joined.ts';

/** Largest body that is held, in bytes (16 KiB): with its head it is far from what a socket takes before it must be waited for. */
const heldBytesMax = 16 * 1024;

/** Holds one answer at a time. Whatever else is written to the socket, or ends it, must let go of it first. */
export class HeldAnswer {
  readonly #socket: Socket;
  #head: HeadPieces | null = null;
  #body: Uint8Array = new Uint8Array(0);
  readonly #release = () => this.release();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** False, and nothing is held, where it is large, or where another answer is still on its way: that one is to be waited for. */
  hold(head: HeadPieces, body: Uint8Array): boolean {
    if (this.#head !== null || body.byteLength > heldBytesMax || this.#socket.writableLength > 0) return false;
    this.#head = head;
    this.#body = body;
    atTurnEnd(this.#release);
    return true;
  }

  /** Writes what is held, now. */
  release(): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    if (!this.#socket.destroyed) writeJoined(this.#socket, head, this.#body);
  }
}
