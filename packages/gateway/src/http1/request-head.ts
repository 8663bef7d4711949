// Reads a request's head: strict, bounded, resumable at every line. RFC 9112 §2.2, §3; what two readers could read
// differently is refused (conformance cases in tests/conformance/http).
import { CR, isTargetByte, isTokenByte, LF, SP } from './bytes.ts';
import { type FieldList, latin1 } from './field-lines.ts';
import { HeadReader, type StartLine } from './head-reader.ts';
import { Malformed } from './malformed.ts';

/** A request's head as it stands in the bytes. */
export interface RawRequestHead {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: '1.0' | '1.1';
  /** Flat: name, value, name, value. */
  readonly fields: FieldList;
}

/** Ceilings of one head, in bytes. */
export interface HeadBounds {
  /** Request line and header fields together. */
  readonly headBytesMax: number;
  readonly targetBytesMax: number;
}

const methodBytesMax = 32;

/** Empty lines that a sender may leave before a request (RFC 9112 §2.2), in bytes. */
const emptyLinesBytesMax = 4;

const version11 = Buffer.from('HTTP/1.1\r\n');
const version10 = Buffer.from('HTTP/1.0\r\n');

type RequestLine = Omit<RawRequestHead, 'fields'>;

/** Reads a request's head. */
export class RequestHeadReader extends HeadReader<RequestLine> {
  readonly #targetBytesMax: number;

  constructor({ headBytesMax, targetBytesMax }: HeadBounds) {
    super(headBytesMax);
    this.#targetBytesMax = targetBytesMax;
  }

  protected override readStartLine(bytes: Uint8Array, end: number): StartLine<RequestLine> | null {
    let at = 0;
    while (bytes[at] === CR && bytes[at + 1] === LF && at < emptyLinesBytesMax) at += 2;
    if (at < end && bytes[at] === CR && at + 1 === end) return null;
    const methodAt = at;
    while (at < end && isTokenByte[bytes[at] ?? 0] === 1) at += 1;
    if (at - methodAt > methodBytesMax) throw new Malformed('syntax', 'a method that is too long');
    if (at === end) return null;
    if (bytes[at] !== SP || at === methodAt) throw new Malformed('syntax', 'a request line that is not HTTP');

    const targetAt = at + 1;
    at = targetAt;
    while (at < end && isTargetByte[bytes[at] ?? 0] === 1) at += 1;
    if (at - targetAt > this.#targetBytesMax) {
      throw new Malformed('target-too-long', `a request target of more than ${this.#targetBytesMax} bytes`);
    }
    if (at === end) return null;
    if (bytes[at] !== SP || at === targetAt)
      throw new Malformed('syntax', 'an invalid character in the request target');

    const versionAt = at + 1;
    const httpVersion = versionIn(bytes, versionAt, end);
    if (httpVersion === null) return null;
    const line = { method: latin1(bytes, methodAt, targetAt - 1), target: latin1(bytes, targetAt, at), httpVersion };
    return { line, end: versionAt + version11.length };
  }
}

/** Exactly HTTP/1.1 or HTTP/1.0 and CRLF; null while it could still become one of them. */
function versionIn(bytes: Uint8Array, at: number, end: number): '1.0' | '1.1' | null {
  const available = Math.min(end - at, version11.length);
  for (let index = 0; index < available; index += 1) {
    const byte = bytes[at + index];
    if (byte === version11[index] || byte === version10[index]) continue;
    if (index === 0) throw new Malformed('syntax', 'a space in the request target');
    if (index >= 8) throw new Malformed('syntax', byte === LF ? 'a bare LF' : 'something behind the HTTP version');
    if (isTargetByte[byte ?? 0] !== 1) throw new Malformed('syntax', 'an invalid character in the HTTP version');
    throw new Malformed('version', 'another version than HTTP/1.1 or HTTP/1.0');
  }
  if (available < version11.length) return null;
  return bytes[at + 7] === version11[7] ? '1.1' : '1.0';
}
