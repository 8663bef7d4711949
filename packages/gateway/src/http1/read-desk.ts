// Where sockets are read: one place for all of a thread, used again for each read. A buffer for every read costs a tenth of a
// small call, and as much again to collect.
import { type OnReadOpts, Socket } from 'node:net';

/** Most bytes of one read (64 KiB), as Node reads otherwise. */
const deskBytes = 64 * 1024;

const desk = Buffer.allocUnsafeSlow(deskBytes);

/** Hears what a socket brings. The bytes are gone when it returns: whoever keeps them takes a copy. */
export type HearBytes = (bytes: Buffer) => void;

/** The option of `connect` by which a socket of ours is read on the desk. */
export function readingOnDesk(hear: HearBytes): OnReadOpts {
  return {
    buffer: desk,
    callback(bytes) {
      hear(desk.subarray(0, bytes));
      return true;
    },
  };
}

/**
 * Hears a socket from now on, in place of whoever heard it so far. Node reads accepted sockets into one place as well as those
 * that `connect` made, but its documentation has only the option of `connect`; the symbols by which it knows the place are
 * taken from such a socket (docs/decisions/0032). Where a Node has them no more, each read gets a buffer of its own, and
 * read-desk.test.ts fails.
 */
export function hearBytes(socket: Socket, hear: HearBytes): void {
  socket.removeAllListeners('data');
  // What was read before, and given back by whoever read it.
  socket.on('data', hear);
  if (places === null) return;
  const read = socket as unknown as ReadSocket;
  const isOnDesk = read[places.buffer] === desk;
  const { _handle: handle } = read;
  if (!isOnDesk && typeof handle?.useUserBuffer !== 'function') return;
  read[places.callback] = (bytes: number): boolean => {
    hear(desk.subarray(0, bytes));
    return true;
  };
  if (isOnDesk) return;
  read[places.buffer] = desk;
  handle?.useUserBuffer?.(desk);
}

/** Whether a socket is read on the desk. */
export function isReadOnDesk(socket: Socket): boolean {
  return places !== null && (socket as unknown as ReadSocket)[places.buffer] === desk;
}

interface ReadSocket {
  readonly _handle: { useUserBuffer?(place: Buffer): void } | null;
  [place: symbol]: unknown;
}

const places = findPlaces();

function findPlaces(): { readonly buffer: symbol; readonly callback: symbol } | null {
  const symbols = Object.getOwnPropertySymbols(new Socket({ onread: readingOnDesk(() => undefined) }));
  const buffer = symbols.find(({ description }) => description === 'kBuffer');
  const callback = symbols.find(({ description }) => description === 'kBufferCb');
  return buffer === undefined || callback === undefined ? null : { buffer, callback };
}
