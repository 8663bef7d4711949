// Reads a request's head: strict, bounded, resumable at every line. RFC 9112 §2.2, §3; what two readers could read
// differently is refused (conformance cases in tests/conformance/http).
import { CR, isTargetByte, isTokenByte, LF, SP } from './bytes.ts';
import { type FieldList, latin1, readFieldLine } from './field-lines.ts';
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

/** Reads one head over as many pieces as it takes. Make one per request. */
export class RequestHeadReader {
  readonly #bounds: HeadBounds;
  #at = 0;
  #line: { method: string; target: string; httpVersion: '1.0' | '1.1' } | null = null;
  readonly #fields: FieldList = [];

  constructor(bounds: HeadBounds) {
    this.#bounds = bounds;
  }

  /** Offset behind the head, once `read` returned one. */
  get end(): number {
    return this.#at;
  }

  /** Reads on in bytes that begin where the head begins. Null while more is needed. Throws `Malformed`. */
  read(bytes: Uint8Array): RawRequestHead | null {
    const end = Math.min(bytes.length, this.#bounds.headBytesMax);
    const head = this.#readLines(bytes, end);
    if (head === null && bytes.length >= this.#bounds.headBytesMax) {
      throw new Malformed('head-too-large', `more than ${this.#bounds.headBytesMax} bytes of header fields`);
    }
    return head;
  }

  #readLines(bytes: Uint8Array, end: number): RawRequestHead | null {
    if (this.#line === null && !this.#readRequestLine(bytes, end)) return null;
    for (;;) {
      const at = this.#at;
      if (at >= end) return null;
      if (bytes[at] === CR) {
        if (at + 1 === end) return null;
        if (bytes[at + 1] !== LF) throw new Malformed('syntax', 'a bare CR');
        this.#at = at + 2;
        return this.#line === null ? null : { ...this.#line, fields: this.#fields };
      }
      const next = readFieldLine(bytes, at, end, this.#fields);
      if (next === -1) return null;
      this.#at = next;
    }
  }

  #readRequestLine(bytes: Uint8Array, end: number): boolean {
    let at = this.#at;
    while (bytes[at] === CR && bytes[at + 1] === LF && at < emptyLinesBytesMax) at += 2;
    if (at < end && bytes[at] === CR && at + 1 === end) return false;
    const methodAt = at;
    while (at < end && isTokenByte[bytes[at] ?? 0] === 1) at += 1;
    if (at - methodAt > methodBytesMax) throw new Malformed('syntax', 'a method that is too long');
    if (at === end) return false;
    if (bytes[at] !== SP || at === methodAt) throw new Malformed('syntax', 'a request line that is not HTTP');

    const targetAt = at + 1;
    at = targetAt;
    while (at < end && isTargetByte[bytes[at] ?? 0] === 1) at += 1;
    if (at - targetAt > this.#bounds.targetBytesMax) {
      throw new Malformed('target-too-long', `a request target of more than ${this.#bounds.targetBytesMax} bytes`);
    }
    if (at === end) return false;
    if (bytes[at] !== SP || at === targetAt)
      throw new Malformed('syntax', 'an invalid character in the request target');

    const versionAt = at + 1;
    const httpVersion = versionIn(bytes, versionAt, end);
    if (httpVersion === null) return false;
    this.#line = { method: latin1(bytes, methodAt, targetAt - 1), target: latin1(bytes, targetAt, at), httpVersion };
    this.#at = versionAt + version11.length;
    return true;
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
