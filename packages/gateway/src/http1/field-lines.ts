// Field lines of a head or a trailer section, read strictly and line by line (RFC 9112 §5), so that a slow sender is never
// read twice and a fault is seen at once.
import { COLON, CR, HTAB, isTokenByte, isValueByte, LF, SP } from './bytes.ts';
import { Malformed } from './malformed.ts';

/** Header fields: names in lower case, values without the white space around them, flat and in the order received. */
export type FieldList = string[];

/** Most fields of one message. */
export const fieldsMax = 100;

/**
 * Reads one field line that begins at `at`. Returns the offset behind its CRLF, or -1 while the line is incomplete;
 * appends name and value to `fields`. Throws `Malformed`.
 */
export function readFieldLine(bytes: Uint8Array, at: number, end: number, fields: FieldList | null): number {
  const first = bytes[at];
  // RFC 9112 §5.2: obs-fold would let two readers disagree about where a value ends.
  if (first === SP || first === HTAB) throw new Malformed('syntax', 'a folded header field');
  let colon = at;
  while (colon < end && isTokenByte[bytes[colon] ?? 0] === 1) colon += 1;
  if (colon === end) return -1;
  if (bytes[colon] !== COLON) throw new Malformed('syntax', 'an invalid character in a field name');
  if (colon === at) throw new Malformed('syntax', 'a header field without a name');

  let cr = colon + 1;
  while (cr < end && isValueByte[bytes[cr] ?? 0] === 1) cr += 1;
  if (cr === end) return -1;
  if (bytes[cr] !== CR)
    throw new Malformed('syntax', bytes[cr] === LF ? 'a bare LF' : 'a control character in a field value');
  if (cr + 1 === end) return -1;
  if (bytes[cr + 1] !== LF) throw new Malformed('syntax', 'a bare CR');

  if (fields !== null) {
    if (fields.length >= 2 * fieldsMax) throw new Malformed('head-too-large', `more than ${fieldsMax} header fields`);
    fields.push(lowerCaseName(bytes, at, colon), trimmed(bytes, colon + 1, cr));
  }
  return cr + 2;
}

/** Names seen before, by a cheap hash: most names come again and again, and making text of bytes is what a head costs. */
const knownNames: (string | undefined)[] = Array.from({ length: 1_024 });
const knownNameCharactersMax = 64;

function lowerCaseName(bytes: Uint8Array, from: number, to: number): string {
  let hash = to - from;
  for (let at = from; at < to; at += 1) hash = (hash * 31 + ((bytes[at] ?? 0) | 0x20)) & 0x3ff;
  const known = knownNames[hash];
  if (known !== undefined && isNamed(bytes, from, to, known)) return known;
  const name = latin1(bytes, from, to).toLowerCase();
  if (name.length <= knownNameCharactersMax) knownNames[hash] = name;
  return name;
}

function isNamed(bytes: Uint8Array, from: number, to: number, name: string): boolean {
  if (name.length !== to - from) return false;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(at - from)) return false;
  }
  return true;
}

function trimmed(bytes: Uint8Array, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && (bytes[start] === SP || bytes[start] === HTAB)) start += 1;
  while (end > start && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end -= 1;
  return latin1(bytes, start, end);
}

/** Bytes as text, one character per byte: what goes in comes out again, obs-text included. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return (bytes as Buffer).toString('latin1', from, to);
}
