// A socket whose protocol was switched (RFC 9110 §15.2.2): its bytes are no longer read here, only handed over.
import type { Socket } from 'node:net';
import { hearBytes } from './read-desk.ts';

/** What is told of a socket from its first byte behind the switch. */
export interface SocketEar {
  data(bytes: Uint8Array): void;
  /** It takes bytes again after a `write` that was false. */
  drained(): void;
  /** Its peer sends no more. */
  ended(): void;
  closed(): void;
}

/** Takes a socket from whoever read it so far. It stays paused until somebody hears it. */
export class SwitchedSocket {
  readonly #socket: Socket;
  #early: Uint8Array[];

  /** `early` is what was read behind the head already. */
  constructor(socket: Socket, early: Uint8Array | null) {
    this.#socket = socket;
    this.#early = early === null ? [] : [early];
    socket.pause();
    socket.allowHalfOpen = true;
    // TLS may have opened more than was asked for.
    hearBytes(socket, (bytes) => this.#early.push(Buffer.from(bytes)));
    socket.removeAllListeners('drain');
  }

  /** Begins to tell: first what came early. */
  hear(ear: SocketEar): void {
    const socket = this.#socket;
    const early = this.#early;
    this.#early = [];
    hearBytes(socket, (bytes) => ear.data(Buffer.from(bytes)));
    socket.on('drain', () => ear.drained());
    socket.on('end', () => ear.ended());
    socket.on('close', () => ear.closed());
    for (const bytes of early) if (bytes.byteLength > 0) ear.data(bytes);
    if (socket.readableEnded) ear.ended();
    if (socket.closed) ear.closed();
    socket.resume();
  }

  /** False: enough for now, until `drained`. */
  write(bytes: Uint8Array): boolean {
    return !this.#socket.writable || this.#socket.write(bytes);
  }

  /** Sends no more than was written. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
