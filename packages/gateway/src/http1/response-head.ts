// Reads an upstream's response head with the same strictness: an upstream that can be fooled may also fool us.
import { CR, isValueByte, LF, SP } from './bytes.ts';
import { type FieldList, latin1 } from './field-lines.ts';
import { HeadReader, type StartLine } from './head-reader.ts';
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

type StatusLine = Omit<RawResponseHead, 'fields'>;

/** Reads a response's head; interim responses have one each. */
export class ResponseHeadReader extends HeadReader<StatusLine> {
  protected override readStartLine(bytes: Uint8Array, end: number): StartLine<StatusLine> | null {
    let at = 0;
    while (at < end && isValueByte[bytes[at] ?? 0] === 1) at += 1;
    if (at === end) return null;
    if (bytes[at] !== CR) throw new Malformed('syntax', 'a control character in the status line');
    if (at + 1 === end) return null;
    if (bytes[at + 1] !== LF) throw new Malformed('syntax', 'a bare CR');
    const matched = statusLine.exec(latin1(bytes, 0, at));
    if (matched === null || bytes[8] !== SP) throw new Malformed('syntax', 'a status line that is not HTTP');
    return { line: { httpVersion: matched[1] === '1' ? '1.1' : '1.0', status: Number(matched[2]) }, end: at + 2 };
  }
}
