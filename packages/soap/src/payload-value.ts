// One value of a payload from the head of its message, wherever the message carries the payload: in the Body, in the element of an
// attachment, in a MIME part; plain, or packed with gzip and base64. It reads no further than it must, holds no more than the head
// and a bounded part of what the head unpacks to, and never throws.
import { constants, createGunzip } from 'node:zlib';
import { defaultHeadBounds, type HeadBounds } from './head.ts';
import { isWideEncoding } from './head-parse.ts';
import { withoutHeader } from './head-scan.ts';
import { findInJson } from './json-value.ts';
import { bareId, type MimePartPrefix, parseContentType, readMultipartPrefix } from './multipart.ts';
import type { PayloadPlaces, PayloadRefusalReason, PayloadValue, XmlPlace } from './payload-places.ts';
import { type FinderAnswer, PlaceFinder } from './place-finder.ts';
import { Utf8Pieces } from './utf8-pieces.ts';

/** The first bytes of a message. */
export interface MessageStart {
  readonly bytes: Uint8Array;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** Ceilings of looking for a value. */
export interface PayloadBounds extends HeadBounds {
  /** Bytes that are looked at of what a packed payload unpacks to. Default 64 KiB. */
  readonly unpackedBytesMax: number;
}

/** The bounds that hold where a caller names none. */
const defaultPayloadBounds: PayloadBounds = { ...defaultHeadBounds, unpackedBytesMax: 64 * 1024 };

/**
 * The first value at one of the places, in the order in which they end in the document. At once where the payload is not packed;
 * gzip is unpacked beside, so that nothing stands still for it.
 */
export function readPayloadValue(
  contentType: string,
  start: MessageStart,
  places: PayloadPlaces,
  bounds: Partial<PayloadBounds> = {},
): PayloadValue | Promise<PayloadValue> {
  const search: Search = { places, bounds: { ...defaultPayloadBounds, ...bounds } };
  if (places.xml.length === 0) return findInJson(start, places.json, search.bounds.depthMax);
  if (/^\s*multipart\//i.test(contentType)) return inMultipart(contentType, start, search);
  const step = inEnvelope(start, search);
  if (step.kind === 'packed') return inText(step.text, step.isWhole, search);
  // A part that is referred to can only come in multipart/*.
  if (step.kind === 'include') return unreadable('attachment_missing');
  return step.kind === 'nothing' ? absent : step;
}

interface Search {
  readonly places: PayloadPlaces;
  readonly bounds: PayloadBounds;
}

/** What an envelope says: a value or none, or where else to look. */
type EnvelopeStep =
  | PayloadValue
  | Extract<FinderAnswer, { readonly kind: 'include' | 'nothing' }>
  /** Content of the attachment's element, up to its end or to that of the head. */
  | { readonly kind: 'packed'; readonly text: string; readonly isWhole: boolean };

const absent = { kind: 'absent' } as const;
const beyond = { kind: 'beyond' } as const;

function unreadable(reason: PayloadRefusalReason): PayloadValue {
  return { kind: 'unreadable', reason };
}

const pieceCharacters = 1024;

function inEnvelope({ bytes, isWhole }: MessageStart, { places, bounds }: Search): EnvelopeStep {
  if (isWideEncoding(bytes)) return unreadable('encoding_unsupported');
  const pieces = new Utf8Pieces();
  // Most of an envelope is the header, which says nothing of the payload.
  const text = pieces.write(withoutHeader(bytes, bounds));
  const finder = new PlaceFinder(places.xml, { as: 'envelope', attachment: places.attachment }, bounds);
  for (let at = 0; at < text.length; at += pieceCharacters) {
    finder.write(text.slice(at, at + pieceCharacters));
    if (finder.answer !== null) return toStep(finder.answer);
    const packed = finder.attachmentAt === null ? null : contentFrom(text, finder.attachmentAt);
    if (packed === 'empty') return absent;
    if (packed !== null && packed !== 'element') return { ...packed, isWhole: isWhole || packed.isWhole };
  }
  if (pieces.isBroken) return unreadable('not_utf8');
  return isWhole ? unreadable('not_well_formed') : beyond;
}

function toStep(answer: FinderAnswer): EnvelopeStep {
  return answer.kind === 'found' ? { ...answer, where: 'body' } : answer;
}

/** The text of an attachment's element; null while only white space was seen. `element`: it has a child, which may refer to a part. */
function contentFrom(
  text: string,
  from: number,
): Extract<EnvelopeStep, { kind: 'packed' }> | 'element' | 'empty' | null {
  const start = from + (/\S/.exec(text.slice(from))?.index ?? text.length);
  if (start >= text.length) return null;
  if (text.startsWith('</', start)) return 'empty';
  const isCdata = text.startsWith('<![CDATA[', start);
  if (text[start] === '<' && !isCdata) return 'element';
  const contentStart = isCdata ? start + 9 : start;
  const end = text.indexOf(isCdata ? ']]>' : '<', contentStart);
  const content = text.slice(contentStart, end < 0 ? text.length : end);
  // Some writers break lines with references.
  return {
    kind: 'packed',
    text: isCdata ? content : content.replace(/&#(?:x[dDaA]|1[03]);/g, '\n').replace(/&[#xdDaA013]{0,3}$/, ''),
    isWhole: end >= 0,
  };
}

function inMultipart(contentType: string, { bytes, isWhole }: MessageStart, search: Search) {
  const parameters = parseContentType(contentType)?.parameters;
  const boundary = parameters?.get('boundary') ?? '';
  const parts = readMultipartPrefix(boundary, isWhole ? bytes : withoutDelimiterStart(bytes, boundary));
  if (typeof parts === 'string') return unreadable('bad_multipart');
  const start = parameters?.get('start');
  const root = start === undefined ? parts[0] : parts.find((part) => contentIdOf(part) === bareId(start));
  if (root === undefined) return isWhole ? unreadable('bad_multipart') : beyond;
  const step = inEnvelope({ bytes: root.body, isWhole: root.isWhole }, search);
  if (step.kind === 'packed') return inText(step.text, step.isWhole, search);
  if (step.kind === 'found' || step.kind === 'beyond' || step.kind === 'unreadable') return step;
  const others = parts.filter((part) => part !== root);
  if (others.length > 1) return unreadable('two_attachments');
  const [part] = others;
  if (part === undefined) {
    if (!isWhole) return beyond;
    return step.kind === 'include' ? unreadable('attachment_missing') : absent;
  }
  if (step.kind === 'include' && contentIdOf(part) !== referredId(step.href)) return unreadable('attachment_missing');
  return inPart(part, search);
}

/** What may be the start of a delimiter at the end of a head is no content yet. */
function withoutDelimiterStart(bytes: Uint8Array, boundary: string): Uint8Array {
  const delimiter = `\r\n--${boundary}`;
  const end = Buffer.from(bytes.subarray(-delimiter.length)).toString('latin1');
  for (let length = Math.min(delimiter.length, end.length); length > 0; length -= 1)
    if (delimiter.startsWith(end.slice(-length))) return bytes.subarray(0, bytes.byteLength - length);
  return bytes;
}

function contentIdOf({ fields }: MimePartPrefix): string | null {
  const id = fields.get('content-id');
  return id === undefined ? null : bareId(id);
}

function referredId(href: string): string | null {
  if (!/^cid:/i.test(href)) return null;
  return href.slice(4).replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

const gzipMagic = [0x1f, 0x8b] as const;

/** Bytes of a part that tell how it is packed: a byte order mark and one more. */
const tellingBytes = 4;

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === gzipMagic[0] && bytes[1] === gzipMagic[1];
}

/** A part holds base64, or the octets themselves: packed, or an XML document. */
function inPart({ body, isWhole }: MimePartPrefix, search: Search): PayloadValue | Promise<PayloadValue> {
  if (isGzip(body)) return inGzip(body, isWhole, false, search);
  if (body.byteLength < tellingBytes && !isWhole) return beyond;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  return /^(?:\xef\xbb\xbf)?\s*</.test(text) ? inDocument(body, isWhole, search) : inText(text, isWhole, search);
}

function inText(text: string, isWhole: boolean, search: Search): PayloadValue | Promise<PayloadValue> {
  const { bytes, isBroken } = bytesOfBase64Start(text);
  if (isGzip(bytes)) return inGzip(bytes, isWhole, isBroken, search);
  if (isBroken) return unreadable('bad_base64');
  return bytes.byteLength === 0 && !isWhole ? beyond : inDocument(bytes, isWhole, search);
}

/** As much of base64 text as makes whole bytes; broken where something else stands in it. */
function bytesOfBase64Start(text: string): { readonly bytes: Buffer; readonly isBroken: boolean } {
  const compact = text.replace(/[ \t\r\n]+/g, '');
  const good = /^[A-Za-z0-9+/]*={0,2}/.exec(compact)?.[0] ?? '';
  // With padding Buffer.from ends by itself; without it a last incomplete group may still grow.
  const groups = good.endsWith('=') ? good : good.slice(0, good.length - (good.length % 4));
  return { bytes: Buffer.from(groups, 'base64'), isBroken: good.length < compact.length };
}

function inDocument(bytes: Uint8Array, isWhole: boolean, { places, bounds }: Search): PayloadValue {
  const reading = new DocumentReading(places.xml, bounds);
  reading.write(bytes);
  return reading.end(isWhole, null);
}

const unpackedPieceBytes = 4 * 1024;

/** Unpacks piece by piece and stops at the first answer: a bomb is never blown up further than the bound. */
function inGzip(
  packed: Uint8Array,
  isWhole: boolean,
  isBroken: boolean,
  { places, bounds }: Search,
): Promise<PayloadValue> {
  const reading = new DocumentReading(places.xml, bounds);
  return new Promise((resolve) => {
    // The end of the head is no error: what can be unpacked comes out, and more may follow.
    const gunzip = createGunzip({ chunkSize: unpackedPieceBytes, finishFlush: constants.Z_SYNC_FLUSH });
    const end = (broken: PayloadRefusalReason | null) => {
      gunzip.destroy();
      resolve(reading.end(isWhole, broken));
    };
    gunzip.on('data', (bytes: Uint8Array) => {
      if (!reading.write(bytes)) end(null);
    });
    gunzip.on('error', () => end('corrupt'));
    gunzip.on('end', () => end(isBroken ? 'bad_base64' : null));
    gunzip.end(packed);
  });
}

/** A payload as its bytes come. */
class DocumentReading {
  readonly #finder: PlaceFinder;
  readonly #pieces = new Utf8Pieces();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(places: readonly XmlPlace[], bounds: PayloadBounds) {
    this.#finder = new PlaceFinder(places, { as: 'payload' }, bounds);
    this.#bytesMax = bounds.unpackedBytesMax;
  }

  /** False when no more is wanted. */
  write(bytes: Uint8Array): boolean {
    if (this.#bytes === 0 && isWideEncoding(bytes)) this.#finder.refused('encoding_unsupported');
    const room = this.#bytesMax - this.#bytes;
    const text = this.#pieces.write(bytes.byteLength > room ? bytes.subarray(0, room) : bytes);
    this.#bytes += bytes.byteLength;
    for (let at = 0; at < text.length && this.#finder.answer === null; at += pieceCharacters)
      this.#finder.write(text.slice(at, at + pieceCharacters));
    return this.#finder.answer === null && !this.#pieces.isBroken && this.#bytes <= this.#bytesMax;
  }

  /** What was found; `broken` says why no more came, where that is an error. */
  end(isWhole: boolean, broken: PayloadRefusalReason | null): PayloadValue {
    const { answer } = this.#finder;
    if (answer !== null) return answer.kind === 'found' ? { ...answer, where: 'attachment' } : ofPayload(answer);
    if (this.#pieces.isBroken) return unreadable('not_utf8');
    if (this.#bytes > this.#bytesMax) return beyond;
    if (broken !== null) return unreadable(broken);
    return isWhole ? unreadable('not_well_formed') : beyond;
  }
}

/** What a payload itself cannot say, an envelope alone can. */
function ofPayload(answer: Exclude<FinderAnswer, { readonly kind: 'found' }>): PayloadValue {
  return answer.kind === 'absent' || answer.kind === 'unreadable' ? answer : absent;
}
