// Reads an upstream's response head with the same strictness: an upstream that can be fooled may also fool us.
import { CR, isValueByte, LF, SP } from './bytes.ts';
import type { FieldList } from './field-lines.ts';
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

const versionBytes = Buffer.from('HTTP/1.');
const ZERO = 0x30;

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
    const line = readStatus(bytes, at);
    if (line === null) throw new Malformed('syntax', 'a status line that is not HTTP');
    return { line, end: at + 2 };
  }
}

/** `HTTP/1.x` SP three digits from 100 to 599, and a reason phrase behind another SP or nothing (RFC 9112 §4). */
function readStatus(bytes: Uint8Array, end: number): StatusLine | null {
  for (let at = 0; at < versionBytes.length; at += 1) if (bytes[at] !== versionBytes[at]) return null;
  const minor = digitAt(bytes, 7);
  const [hundreds, tens, ones] = [digitAt(bytes, 9), digitAt(bytes, 10), digitAt(bytes, 11)];
  const isDigits = hundreds >= 1 && hundreds <= 5 && tens >= 0 && ones >= 0;
  if (minor > 1 || minor < 0 || bytes[8] !== SP || !isDigits || end < 12 || (end > 12 && bytes[12] !== SP)) return null;
  return { httpVersion: minor === 1 ? '1.1' : '1.0', status: 100 * hundreds + 10 * tens + ones };
}

/** The digit at a place, or -1. */
function digitAt(bytes: Uint8Array, at: number): number {
  const digit = (bytes[at] ?? 0) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}
