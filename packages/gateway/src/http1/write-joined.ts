// A head and its body in one write: two writes double the dearest operation of a call.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Bodies up to this size leave in one write with their head (64 KiB). */
export const joinedBytesMax = 64 * 1024;

/** A head in three pieces: two that come again with other calls, and text of its own (one character per byte). */
export type HeadPieces = readonly [ofHead: Uint8Array, ofCaller: Uint8Array, own: string];

const headBytesMax = 64 * 1024;

/** Where head and body are put together; nothing else lies in it once the system has taken a write. */
let desk = Buffer.allocUnsafeSlow(headBytesMax + joinedBytesMax);

/**
 * Writes a head and a body of at most `joinedBytesMax` bytes. False when the socket wants to be waited
 * for. The bytes are put together on a desk that is used again at once: a fresh buffer for each costs four times as much, and
 * is garbage that is dear to collect. Not for TLS, which holds on to what it was given for a while.
 */
export function writeJoined(socket: Socket, head: HeadPieces, body: Uint8Array): boolean {
  const bytes = headBytes(head) + body.byteLength;
  const onDesk = !(socket instanceof TLSSocket) && bytes <= desk.byteLength;
  const place = onDesk ? desk : Buffer.allocUnsafe(bytes);
  place.set(body, placeHead(place, head));
  const isTaken = socket.write(onDesk ? desk.subarray(0, bytes) : place);
  // What the system has not taken yet still lies on the desk: it stays there, and another desk takes its place.
  if (onDesk && socket.writableLength > 0) desk = Buffer.allocUnsafeSlow(headBytesMax + joinedBytesMax);
  return isTaken;
}

function headBytes(head: HeadPieces): number {
  return head[0].byteLength + head[1].byteLength + head[2].length;
}

/** Returns the offset behind the head. */
function placeHead(place: Buffer, head: HeadPieces): number {
  const [ofHead, ofCaller, own] = head;
  place.set(ofHead, 0);
  if (ofCaller.byteLength > 0) place.set(ofCaller, ofHead.byteLength);
  const at = ofHead.byteLength + ofCaller.byteLength;
  return at + place.write(own, at, 'latin1');
}
