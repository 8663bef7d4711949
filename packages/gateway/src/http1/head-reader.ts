// What request and response heads share (RFC 9112 §2.1): a start line, then field lines up to an empty line, all bounded.
import { CR, LF } from './bytes.ts';
import { type FieldList, readFieldLine } from './field-lines.ts';
import { Malformed } from './malformed.ts';

/** A start line as read, and the offset behind its line end. */
export interface StartLine<Line> {
  readonly line: Line;
  readonly end: number;
}

/** Reads one head over as many pieces as it takes. Make one per head. */
export abstract class HeadReader<Line extends object> {
  readonly #headBytesMax: number;
  #at = 0;
  #line: Line | null = null;
  readonly #fields: FieldList = [];

  constructor(headBytesMax: number) {
    this.#headBytesMax = headBytesMax;
  }

  /** Reads the first line, of bytes that begin where the head begins. Null while more is needed. Throws `Malformed`. */
  protected abstract readStartLine(bytes: Uint8Array, end: number): StartLine<Line> | null;

  /** Offset behind the head, once `read` returned one. */
  get end(): number {
    return this.#at;
  }

  /** Reads on in bytes that begin where the head begins. Null while more is needed. Throws `Malformed`. */
  read(bytes: Uint8Array): (Line & { readonly fields: FieldList }) | null {
    const end = Math.min(bytes.length, this.#headBytesMax);
    const head = this.#readLines(bytes, end);
    if (head === null && bytes.length >= this.#headBytesMax) {
      throw new Malformed('head-too-large', `more than ${this.#headBytesMax} bytes of header fields`);
    }
    return head;
  }

  #readLines(bytes: Uint8Array, end: number): (Line & { readonly fields: FieldList }) | null {
    if (this.#line === null) {
      const start = this.readStartLine(bytes, end);
      if (start === null) return null;
      this.#line = start.line;
      this.#at = start.end;
    }
    for (;;) {
      const at = this.#at;
      if (at >= end) return null;
      if (bytes[at] === CR) {
        if (at + 1 === end) return null;
        if (bytes[at + 1] !== LF) throw new Malformed('syntax', 'a bare CR');
        this.#at = at + 2;
        return { ...this.#line, fields: this.#fields };
      }
      const next = readFieldLine(bytes, at, end, this.#fields);
      if (next === -1) return null;
      this.#at = next;
    }
  }
}
