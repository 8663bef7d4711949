// Reads an upstream's response head with the same strictness: an upstream that can be fooled may also fool us.
import { CR, isValueByte, LF, SP } from './bytes.ts';
import { type FieldList, latin1, readFieldLine } from './field-lines.ts';
import { Malformed } from './malformed.ts';

/** A response's head as it stands in the bytes. */
export interface RawResponseHead {
  readonly httpVersion: '1.0' | '1.1';
  /** 100 to 599. */
  readonly status: number;
  /** Flat: name, value, name, value. */
  readonly fields: FieldList;
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: .*)?$/;

/** Reads one head over as many pieces as it takes. Make one per response, interim ones included. */
export class ResponseHeadReader {
  readonly #headBytesMax: number;
  #at = 0;
  #line: { httpVersion: '1.0' | '1.1'; status: number } | null = null;
  readonly #fields: FieldList = [];

  constructor(headBytesMax: number) {
    this.#headBytesMax = headBytesMax;
  }

  /** Offset behind the head, once `read` returned one. */
  get end(): number {
    return this.#at;
  }

  /** Reads on in bytes that begin where the head begins. Null while more is needed. Throws `Malformed`. */
  read(bytes: Uint8Array): RawResponseHead | null {
    const end = Math.min(bytes.length, this.#headBytesMax);
    const head = this.#readLines(bytes, end);
    if (head === null && bytes.length >= this.#headBytesMax) {
      throw new Malformed('head-too-large', `more than ${this.#headBytesMax} bytes of header fields`);
    }
    return head;
  }

  #readLines(bytes: Uint8Array, end: number): RawResponseHead | null {
    if (this.#line === null && !this.#readStatusLine(bytes, end)) return null;
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

  #readStatusLine(bytes: Uint8Array, end: number): boolean {
    let at = 0;
    while (at < end && isValueByte[bytes[at] ?? 0] === 1) at += 1;
    if (at === end) return false;
    if (bytes[at] !== CR) throw new Malformed('syntax', 'a control character in the status line');
    if (at + 1 === end) return false;
    if (bytes[at + 1] !== LF) throw new Malformed('syntax', 'a bare CR');
    const matched = statusLine.exec(latin1(bytes, 0, at));
    if (matched === null || bytes[8] !== SP) throw new Malformed('syntax', 'a status line that is not HTTP');
    this.#line = { httpVersion: matched[1] === '1' ? '1.1' : '1.0', status: Number(matched[2]) };
    this.#at = at + 2;
    return true;
  }
}
