// UTF-8 that comes in pieces, as text. A character on the seam of two pieces is kept for the next; the text ends before the first
// byte that is none of UTF-8.
import { isUtf8 } from 'node:buffer';

/** Turns bytes into text, piece by piece. */
export class Utf8Pieces {
  /** True once a byte was seen that is none of UTF-8: what follows it is not read. */
  isBroken = false;
  #kept: Uint8Array = new Uint8Array();

  /** The text of these bytes and of those kept before, without a last character that is not whole yet. */
  write(piece: Uint8Array): string {
    if (this.isBroken) return '';
    const bytes = this.#kept.byteLength === 0 ? asBuffer(piece) : Buffer.concat([this.#kept, piece]);
    const end = endOfWholeCharacters(bytes);
    this.#kept = bytes.subarray(end);
    const whole = bytes.subarray(0, end);
    if (isUtf8(whole)) return whole.toString('utf8');
    this.isBroken = true;
    // A decoder puts U+FFFD where the bytes are wrong; a genuine one before them only ends the text earlier.
    const text = whole.toString('utf8');
    return text.slice(0, text.indexOf('\ufffd'));
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where the last character begins if it is not whole, else the end. */
function endOfWholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.byteLength - back : bytes.byteLength;
  }
  return bytes.byteLength;
}
