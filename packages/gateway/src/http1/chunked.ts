// Takes chunked framing off (RFC 9112 §7.1): extensions and trailers are read strictly and dropped, never passed on.
import { CR, hexValue, isTokenByte, isValueByte, LF, SEMICOLON } from './bytes.ts';
import { type FieldList, readFieldLine } from './field-lines.ts';
import { Malformed } from './malformed.ts';

/** Digits of a chunk size, leading zeros included: more could overflow in some reader. */
const sizeDigitsMax = 16;
const chunkBytesMax = Number.MAX_SAFE_INTEGER;

/** Bytes of extensions in one body, and of the trailer section; nobody needs more, and an attacker pays nothing for them. */
const extensionBytesMax = 16 * 1024;
const trailerBytesMax = 16 * 1024;

/** RFC 9110 §6.5.1: never in a trailer section. A reader that merges trailers would measure the next message by them. */
const framingFields: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Within the extensions of one chunk: `*( ";" token [ "=" ( token / quoted-string ) ] )`, RFC 9112 §7.1.1. The white space that
 * the grammar permits for old senders is refused: readers disagree about it, and nobody sends it.
 */
type ExtensionState =
  | 'extension-name-start'
  | 'extension-name'
  | 'extension-value-start'
  | 'extension-value'
  | 'extension-quoted'
  | 'extension-escaped'
  | 'extension-quoted-end';

type State = 'size' | ExtensionState | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'end';

/** Decodes one chunked body, fed piece by piece. */
export class ChunkedDecoder {
  #state: State = 'size';
  #digits = 0;
  #size = 0;
  #leftBytes = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailer: Uint8Array = new Uint8Array(0);

  /** True when the last chunk and the trailer section were read. */
  get ended(): boolean {
    return this.#state === 'end';
  }

  /** Reads on from `at`; calls `emit` with views of the data; returns the offset behind what it used. Throws `Malformed`. */
  feed(bytes: Uint8Array, from: number, emit: (data: Uint8Array) => void): number {
    let at = from;
    while (at < bytes.length && this.#state !== 'end') {
      if (this.#state === 'data') {
        const taken = Math.min(this.#leftBytes, bytes.length - at);
        emit(bytes.subarray(at, at + taken));
        at += taken;
        this.#leftBytes -= taken;
        if (this.#leftBytes === 0) this.#state = 'data-cr';
      } else if (this.#state === 'trailer') {
        at = this.#readTrailer(bytes, at);
      } else {
        this.#readByte(bytes[at] ?? 0);
        at += 1;
      }
    }
    return at;
  }

  #readByte(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#readSize(byte);
        return;
      case 'size-lf':
        if (byte !== LF) throw new Malformed('ambiguous-length', 'a bare CR behind a chunk size');
        this.#leftBytes = this.#size;
        this.#state = this.#size === 0 ? 'trailer' : 'data';
        this.#digits = 0;
        this.#size = 0;
        return;
      case 'data-cr':
        if (byte !== CR) throw new Malformed('ambiguous-length', 'a chunk that is longer than its size');
        this.#state = 'data-lf';
        return;
      case 'data-lf':
        if (byte !== LF) throw new Malformed('ambiguous-length', 'a bare CR behind a chunk');
        this.#state = 'size';
        return;
      default:
        this.#readExtension(byte);
    }
  }

  #readSize(byte: number): void {
    const digit = hexValue[byte] ?? 255;
    if (digit !== 255) {
      this.#digits += 1;
      this.#size = this.#size * 16 + digit;
      if (this.#digits > sizeDigitsMax || this.#size > chunkBytesMax) {
        throw new Malformed('ambiguous-length', 'a chunk size that is too long');
      }
      return;
    }
    if (this.#digits === 0) throw new Malformed('ambiguous-length', 'a chunk size that is not hexadecimal');
    if (byte === CR) this.#state = 'size-lf';
    else if (byte === SEMICOLON) this.#state = 'extension-name-start';
    else throw new Malformed('ambiguous-length', 'a chunk size that is not hexadecimal');
  }

  #readExtension(byte: number): void {
    const next = afterExtensionByte(this.#state, byte);
    if (next === null) throw new Malformed('ambiguous-length', 'a chunk extension that is not one');
    this.#state = next;
    this.#extensionBytes += 1;
    if (this.#extensionBytes > extensionBytesMax)
      throw new Malformed('ambiguous-length', 'chunk extensions without end');
  }

  #readTrailer(bytes: Uint8Array, from: number): number {
    const before = this.#trailer.length;
    const section = before === 0 ? bytes.subarray(from) : Buffer.concat([this.#trailer, bytes.subarray(from)]);
    // Nothing past the bound is looked at, so that a section is judged the same however it was cut on its way.
    const end = Math.min(section.length, trailerBytesMax - this.#trailerBytes);
    let at = 0;
    while (at < end) {
      if (section[at] === CR) {
        if (at + 1 === end) break;
        if (section[at + 1] !== LF) throw new Malformed('syntax', 'a bare CR');
        this.#state = 'end';
        return from + at + 2 - before;
      }
      const line: FieldList = [];
      const next = readFieldLine(section, at, end, line);
      if (next === -1) break;
      if (framingFields.has(line[0] ?? '')) throw new Malformed('ambiguous-length', 'a length in the trailer section');
      at = next;
    }
    if (end < section.length || this.#trailerBytes + end === trailerBytesMax) {
      throw new Malformed('head-too-large', 'a trailer section without end');
    }
    // Only the unfinished line is kept: whole lines are judged and forgotten, and counted by what passed.
    this.#trailer = Uint8Array.prototype.slice.call(section, at);
    this.#trailerBytes += at;
    return bytes.length;
  }
}

/** The state behind one byte of an extension; null where the byte may not stand. */
function afterExtensionByte(state: State, byte: number): State | null {
  const isToken = isTokenByte[byte] === 1;
  switch (state) {
    case 'extension-name-start':
      return isToken ? 'extension-name' : null;
    case 'extension-name':
      if (byte === EQUALS) return 'extension-value-start';
      return isToken ? state : afterExtension(byte);
    case 'extension-value-start':
      if (byte === QUOTE) return 'extension-quoted';
      return isToken ? 'extension-value' : null;
    case 'extension-value':
      return isToken ? state : afterExtension(byte);
    case 'extension-quoted':
      if (byte === QUOTE) return 'extension-quoted-end';
      if (byte === BACKSLASH) return 'extension-escaped';
      return isValueByte[byte] === 1 ? state : null;
    case 'extension-escaped':
      return isValueByte[byte] === 1 ? 'extension-quoted' : null;
    default:
      return afterExtension(byte);
  }
}

function afterExtension(byte: number): State | null {
  if (byte === CR) return 'size-lf';
  return byte === SEMICOLON ? 'extension-name-start' : null;
}
