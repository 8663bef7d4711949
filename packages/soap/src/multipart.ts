// multipart/related as SOAP with attachments uses it. Bounded, and strict about everything two readers could split
// differently: line ends are CRLF, nothing stands before the first part or after the last, no field stands twice.

/** One part: its fields by lower-case name, and its bytes. */
export interface MimePart {
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** One part to write: fields in order, and the content. */
export interface MimePartToWrite {
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: string | Uint8Array;
}

/** Parameters of a written multipart/related message. */
export interface MultipartParameters {
  /** From 1 to 70 characters of RFC 2046 section 5.1.1; must not occur in any part. */
  readonly boundary: string;
  /** Media type of the root part. */
  readonly type: string;
  /** Content-ID of the root part, with its angle brackets. */
  readonly start: string;
}

/** Why a multipart message was not read. */
export type MultipartRefusalReason =
  | 'not_multipart'
  | 'bad_content_type'
  | 'bad_boundary'
  | 'bad_part_header'
  | 'duplicate_field'
  | 'stray_bytes'
  | 'too_many_parts'
  | 'part_header_too_long'
  | 'truncated';

/** The parts of a message and the parameters of its content type, or why it was not read. */
export type MultipartReading =
  | { readonly ok: true; readonly parts: readonly MimePart[]; readonly parameters: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly reason: MultipartRefusalReason };

/** A content type taken apart: lower-case media type, parameters by lower-case name. */
export interface ContentType {
  readonly mediaType: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parts of one message. */
export const partsMax = 8;
const partHeaderBytesMax = 8 * 1024;
const contentTypeCharsMax = 1024;
/** A boundary of RFC 2046 section 5.1.1. */
export const boundaryPattern = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
const fieldPattern = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;
const parameterPattern =
  /\s*;\s*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\\r\n]|\\[^\r\n])*)"|([^\s;"]+)))?/y;

/** Writes a multipart/related message. Throws RangeError for a boundary that is malformed or occurs in a part, or for a field that is malformed. */
export function writeMultipart(
  parts: readonly MimePartToWrite[],
  { boundary, type, start }: MultipartParameters,
): { readonly contentType: string; readonly body: Buffer } {
  if (!boundaryPattern.test(boundary)) throw new RangeError(`"${boundary}" cannot be a MIME boundary.`);
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const body = Buffer.from(part.body);
    if (body.includes(`--${boundary}`)) throw new RangeError(`The boundary "${boundary}" occurs in a part.`);
    const lines = part.fields.map(([name, value]) => `${name}: ${value}`);
    const broken = lines.find((line) => !fieldPattern.test(line));
    if (broken !== undefined) throw new RangeError(`${JSON.stringify(broken)} cannot be a MIME field.`);
    const header = lines.map((line) => `${line}\r\n`).join('');
    pieces.push(Buffer.from(`--${boundary}\r\n${header}\r\n`), body, Buffer.from('\r\n'));
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const contentType = `multipart/related; type="${type}"; start="${start}"; boundary="${boundary}"`;
  return { contentType, body: Buffer.concat(pieces) };
}

/** Reads a multipart message: at most 8 parts, 8 KiB of fields in each. Bodies are views of the given bytes. */
export function readMultipart(contentType: string, bytes: Uint8Array): MultipartReading {
  const parsed = parseContentType(contentType);
  if (parsed === null) return refuse('bad_content_type');
  if (!parsed.mediaType.startsWith('multipart/')) return refuse('not_multipart');
  const boundary = parsed.parameters.get('boundary') ?? '';
  if (!boundaryPattern.test(boundary)) return refuse('bad_boundary');

  const { parts, ended } = splitParts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), boundary);
  return ended === 'whole' ? { ok: true, parts, parameters: parsed.parameters } : refuse(ended);
}

/** The start of a part in the first bytes of a multipart message. `isWhole` when the delimiter after it was seen. */
export interface MimePartPrefix extends MimePart {
  readonly isWhole: boolean;
}

/** The parts that begin in the first bytes of a multipart message, as far as they were seen; same rules as `readMultipart`. */
export function readMultipartPrefix(boundary: string, bytes: Uint8Array): MimePartPrefix[] | MultipartRefusalReason {
  if (!boundaryPattern.test(boundary)) return 'bad_boundary';
  const { parts, ended } = splitParts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), boundary);
  if (ended !== 'whole' && ended !== 'truncated') return ended;
  return parts;
}

/** A Content-ID as it is compared: without its angle brackets and the white space around it. */
export function bareId(contentId: string): string {
  return contentId.trim().replace(/^<(.*)>$/, '$1');
}

/** Takes a Content-Type apart (RFC 2045 section 5.1); null when malformed, or a parameter stands twice, or past 1 KiB. */
export function parseContentType(value: string): ContentType | null {
  if (value.length > contentTypeCharsMax) return null;
  const mediaType = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)/.exec(value);
  if (mediaType?.[1] === undefined) return null;
  const parameters = new Map<string, string>();
  let at = mediaType[0].length;
  while (at < value.length && value.slice(at).trim() !== '') {
    parameterPattern.lastIndex = at;
    const found = parameterPattern.exec(value);
    if (found === null) return null;
    at = parameterPattern.lastIndex;
    const name = found[1]?.toLowerCase();
    if (name === undefined) continue; // A stray semicolon, which real clients send.
    if (parameters.has(name)) return null;
    parameters.set(name, found[3] ?? (found[2] ?? '').replace(/\\(.)/g, '$1'));
  }
  return { mediaType: mediaType[1].toLowerCase(), parameters };
}

interface Split {
  /** Parts in order; only the last can lack its end. */
  readonly parts: MimePartPrefix[];
  readonly ended: 'whole' | MultipartRefusalReason;
}

function splitParts(bytes: Buffer, boundary: string): Split {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts: MimePartPrefix[] = [];
  const end = (ended: Split['ended']): Split => ({ parts, ended });
  // The first delimiter has its CRLF before it, unless the message begins with it.
  const startsWithDelimiter = bytes.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2));
  let at = startsWithDelimiter ? -2 : bytes.indexOf(delimiter);
  if (at === -1) return end(isPreamble(bytes, delimiter) ? 'truncated' : 'stray_bytes');
  if (at > 0 && !isBlank(bytes.subarray(0, at))) return end('stray_bytes');
  for (;;) {
    const afterDelimiter = endOfDelimiterLine(bytes, at + delimiter.length);
    if (typeof afterDelimiter === 'string') return end(afterDelimiter);
    if (afterDelimiter.isLast) return end(isBlank(bytes.subarray(afterDelimiter.at)) ? 'whole' : 'stray_bytes');
    if (parts.length === partsMax) return end('too_many_parts');

    const next = bytes.indexOf(delimiter, afterDelimiter.at - 2);
    const isWhole = next >= 0;
    const part = readPart(bytes.subarray(afterDelimiter.at, isWhole ? next : bytes.length), isWhole);
    if (typeof part === 'string') return end(part);
    parts.push(part);
    if (!isWhole) return end('truncated');
    at = next;
  }
}

// What was seen may still become white space before the first delimiter.
function isPreamble(bytes: Buffer, delimiter: Buffer): boolean {
  const start = bytes.indexOf('--');
  if (start < 0) return isBlank(bytes.subarray(0, -1)) && (isBlank(bytes.subarray(-1)) || bytes.at(-1) === 0x2d);
  const seen = bytes.subarray(start);
  return isBlank(bytes.subarray(0, start)) && seen.equals(delimiter.subarray(2, 2 + seen.length));
}

function endOfDelimiterLine(
  bytes: Buffer,
  at: number,
): { readonly at: number; readonly isLast: boolean } | MultipartRefusalReason {
  const isLast = bytes[at] === 0x2d && bytes[at + 1] === 0x2d;
  let end = isLast ? at + 2 : at;
  while (bytes[end] === 0x20 || bytes[end] === 0x09) end += 1; // Transport padding, RFC 2046 section 5.1.1.
  if (isLast && end === bytes.length) return { at: end, isLast };
  if (end >= bytes.length) return 'truncated';
  if (bytes[end] === 0x0d && end + 1 === bytes.length) return 'truncated';
  if (bytes[end] === 0x0d && bytes[end + 1] === 0x0a) return { at: end + 2, isLast };
  return bytes[end] === 0x2d && end + 1 === bytes.length && !isLast ? 'truncated' : 'bad_boundary';
}

function readPart(bytes: Buffer, isWhole: boolean): MimePartPrefix | MultipartRefusalReason {
  const hasNoFields = bytes[0] === 0x0d && bytes[1] === 0x0a;
  if (hasNoFields) return { fields: new Map(), body: bytes.subarray(2), isWhole };
  const headerEnd = bytes.subarray(0, partHeaderBytesMax + 4).indexOf('\r\n\r\n');
  if (headerEnd < 0 && bytes.length > partHeaderBytesMax) return 'part_header_too_long';
  if (headerEnd < 0) return isWhole ? 'bad_part_header' : 'truncated';
  const fields = new Map<string, string>();
  for (const line of bytes.toString('latin1', 0, headerEnd).split('\r\n')) {
    const [, name, value] = fieldPattern.exec(line) ?? [];
    if (name === undefined || value === undefined) return 'bad_part_header';
    if (fields.has(name.toLowerCase())) return 'duplicate_field';
    fields.set(name.toLowerCase(), value.trim());
  }
  return { fields, body: bytes.subarray(headerEnd + 4), isWhole };
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a);
}

function refuse(reason: MultipartRefusalReason): MultipartReading {
  return { ok: false, reason };
}
