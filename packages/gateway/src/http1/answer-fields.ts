// The header fields of an answer, and the bytes they are written as. Answers that say the same share one: their lines are made once.
import { STATUS_CODES } from 'node:http';
import { lastingBytes } from '../lasting-bytes.ts';

/** A status line and field lines, without the empty line. */
export interface WrittenFields {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly isDated: boolean;
  readonly isSized: boolean;
}

/** Fields that many answers may share. */
export class AnswerFields {
  /** Flat: name, value, name, value; names in lower case. */
  readonly list: readonly string[];
  #written: WrittenFields | null = null;

  constructor(list: readonly string[]) {
    this.list = list;
  }

  has(name: string): boolean {
    return this.list.some((text, at) => at % 2 === 0 && text === name);
  }

  writtenFor(status: number): WrittenFields {
    if (this.#written?.status === status) return this.#written;
    let lines = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
    for (let at = 0; at + 1 < this.list.length; at += 2) lines += `${this.list[at]}: ${this.list[at + 1]}\r\n`;
    const [isDated, isSized] = [this.has('date'), this.has('content-length')];
    this.#written = { status, bytes: lastingBytes(lines, 'latin1'), isDated, isSized };
    return this.#written;
  }
}
