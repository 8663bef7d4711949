// Where the root part of a multipart message lies, for messages in the plain form in which nearly all are written.
// It judges every part that was seen, by the same rules as the reader of multipart messages, and says `undecided` for
// whatever that reader would refuse or might read in another way.
import { boundaryPattern, partsMax } from './multipart.ts';
import { byteAt, doubt, isAt } from './xml-bytes.ts';

/**
 * The bytes of the part whose Content-ID is `start`, or of the first where there is no `start`; `undecided` unless the
 * message begins with that part and all parts are plain. Never throws.
 */
export function scanRootPart(
  boundary: string,
  start: string | undefined,
  prefix: Uint8Array,
): Uint8Array | 'undecided' {
  if (!boundaryPattern.test(boundary)) return 'undecided';
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  if (!isAt(bytes, 0, delimiter.subarray(2))) return 'undecided';

  let root: Uint8Array | 'undecided' = 'undecided';
  let at = delimiter.length - 2;
  for (let number = 1; number <= partsMax; number += 1) {
    if (!isLineEnd(bytes, at)) return number > 1 && isLastDelimiter(bytes, at) ? root : 'undecided';
    // From the line end on, which may be that of a second delimiter: then the part has no fields.
    const next = bytes.indexOf(delimiter, at);
    const end = next < 0 ? bytes.length : next;
    const bodyStart = pastFields(bytes, at + 2, number === 1 ? start : undefined);
    if (bodyStart < 0 || bodyStart > end) return 'undecided';
    if (number === 1) root = prefix.subarray(bodyStart, end);
    if (next < 0) return root;
    at = next + delimiter.length;
  }
  return 'undecided';
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const colon = 0x3a;
const hyphen = 0x2d;
const space = 0x20;
const tab = 0x09;

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return byteAt(bytes, at) === carriageReturn && byteAt(bytes, at + 1) === lineFeed;
}

function isLastDelimiter(bytes: Uint8Array, at: number): boolean {
  if (byteAt(bytes, at) !== hyphen || byteAt(bytes, at + 1) !== hyphen) return false;
  return at + 2 === bytes.length || (isLineEnd(bytes, at + 2) && at + 4 === bytes.length);
}

// The name of a field in lower case, by byte; zero for what no name may contain (RFC 9110 section 5.6.2).
const nameBytes = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte += 1) {
  const character = String.fromCharCode(byte);
  if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)) nameBytes[byte] = character.toLowerCase().charCodeAt(0);
}
const contentId = new Uint8Array(Buffer.from('content-id'));
const fieldsMax = 8;
const fieldBytesMax = 1024;
const fieldNames = new Int32Array(2 * fieldsMax); // Start and end of each. One scan is over before the next begins.

/** Past the empty line after the fields of a part, or a doubt: also where its Content-ID is not the one asked for. */
function pastFields(bytes: Uint8Array, from: number, wantedId: string | undefined): number {
  let hasWantedId = wantedId === undefined;
  let at = from;
  for (let count = 0; count < fieldsMax; count += 1) {
    const nameEnd = endOfFieldName(bytes, at);
    if (nameEnd < 0 || isNameTaken(bytes, at, nameEnd, count)) return doubt;
    fieldNames[2 * count] = at;
    fieldNames[2 * count + 1] = nameEnd;
    const valueEnd = endOfFieldValue(bytes, nameEnd + 1);
    if (valueEnd < 0 || valueEnd - from > fieldBytesMax) return doubt;
    if (wantedId !== undefined && nameEnd - at === contentId.length && isName(bytes, at, contentId)) {
      hasWantedId = isValue(bytes, nameEnd + 1, valueEnd, wantedId);
    }
    at = valueEnd + 2;
    if (isLineEnd(bytes, at)) return hasWantedId ? at + 2 : doubt;
  }
  return doubt;
}

function endOfFieldName(bytes: Uint8Array, from: number): number {
  let at = from;
  while (byteAt(nameBytes, byteAt(bytes, at)) !== 0) at += 1;
  return at > from && byteAt(bytes, at) === colon ? at : doubt;
}

function endOfFieldValue(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = byteAt(bytes, at);
    if (byte === carriageReturn) return byteAt(bytes, at + 1) === lineFeed ? at : doubt;
    if ((byte < space && byte !== tab) || byte === 0x7f) return doubt;
    at += 1;
  }
}

function isNameTaken(bytes: Uint8Array, start: number, end: number, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const otherStart = fieldNameAt(2 * index);
    if (fieldNameAt(2 * index + 1) - otherStart !== end - start) continue;
    if (isName(bytes, start, bytes.subarray(otherStart, fieldNameAt(2 * index + 1)))) return true;
  }
  return false;
}

function fieldNameAt(index: number): number {
  return fieldNames[index] ?? 0;
}

function isName(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if (byteAt(nameBytes, byteAt(bytes, at + index)) !== byteAt(nameBytes, byteAt(name, index))) return false;
  }
  return true;
}

function isValue(bytes: Uint8Array, from: number, end: number, expected: string): boolean {
  let start = from;
  while (byteAt(bytes, start) === space || byteAt(bytes, start) === tab) start += 1;
  if (end - start !== expected.length) return false;
  for (let index = 0; index < expected.length; index += 1) {
    if (byteAt(bytes, start + index) !== expected.charCodeAt(index)) return false;
  }
  return true;
}
