// Reads certificate revocation lists (RFC 5280 §5) into something that finds a serial number among hundreds of thousands. Decides
// nothing: who signed a list, and whether it counts, is for whoever uses it.
import type { ListEntries } from '@headgate/contract';
import { readSignature, type SignatureFacts } from './algorithms.ts';
import { collectExtensions, EXTENSION, readAuthorityKeyId, sequence } from './certificate-extensions.ts';
import { bitStringOctets, DerReader, integerContent, TAG, toHex, toInstantMs } from './der.ts';
import { toDistinguishedName } from './distinguished-name.ts';
import { type ListScope, readScope, wholeScope } from './distribution-points.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** Why a certificate was revoked (RFC 5280 §5.3.1); `removeFromCRL` says that it is no longer. */
export type RevocationReason = (typeof reasons)[number] & {};

const reasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

/** One entry of a list. */
export interface RevokedEntry {
  /** In ms since 1970 UTC. */
  readonly onMs: number;
  readonly reason: RevocationReason;
}

/** A revocation list, read and not yet believed. Plain, so that a message can carry it to another thread. */
export interface RevocationList extends SignatureFacts {
  /** All of it, as it came. */
  readonly der: Uint8Array;
  /** RFC 4514, as the issuer of certificates is printed. */
  readonly issuer: string;
  readonly thisUpdateMs: number;
  /** When the next list is due, in ms since 1970 UTC. */
  readonly nextUpdateMs: number;
  /** Null for a list of version 1. */
  readonly number: bigint | null;
  /** A delta says only what changed since the complete list of this number; null for a complete list. */
  readonly base: bigint | null;
  readonly scope: ListScope;
  /** Equal for lists of one scope. */
  readonly scopeKey: string;
  /** Which key signed it, in hexadecimal; null where it does not say. */
  readonly authorityKeyId: string | null;
  readonly entries: ListEntries;
  /** What was signed, how, and the signature. */
  readonly signed: { readonly bytes: Uint8Array; readonly algorithm: Uint8Array; readonly signature: Uint8Array };
}

/** A file that holds no usable list; the message says what is wrong. */
export class UnreadableRevocationList extends Error {
  override readonly name = 'UnreadableRevocationList';
  /** Stable code to match on across packages. */
  readonly code = 'pki.unreadable_revocation_list';
}

/** Largest file of lists that is read, in bytes. */
export const listBytesMax = 16 * 1024 * 1024 - 1;

/** The DER of each list of a file, PEM or DER; raises UnreadableRevocationList. */
export function splitLists(file: Uint8Array): readonly Uint8Array[] {
  if (file.length > listBytesMax)
    throw new UnreadableRevocationList(`The file has ${file.length} bytes, of which at most ${listBytesMax} are read.`);
  if (file[0] === TAG.sequence) return [file];
  const blocks = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
    .toString('latin1')
    .matchAll(/^-----BEGIN X509 CRL-----\s([^-]*)-----END X509 CRL-----\s*$/gm);
  const lists = [...blocks].map(([, base64 = '']) => {
    const text = base64.replace(/\s+/g, '');
    // Buffer skips what is not base64, so a damaged block would shrink silently.
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
      throw new UnreadableRevocationList('A block is not the base64 of one list.');
    return Buffer.from(text, 'base64');
  });
  if (lists.length === 0) throw new UnreadableRevocationList('The file is neither DER nor a PEM file of X509 CRL.');
  return lists;
}

/** One list in DER; raises UnreadableRevocationList, also for what makes a list unusable by itself (RFC 5280 §5.2, §5.3). */
export function readRevocationList(der: Uint8Array): RevocationList {
  try {
    return walkList(der);
  } catch (fault) {
    if (!(fault instanceof UnreadableDer)) throw fault;
    throw new UnreadableRevocationList(`The list ${fault.message}.`, { cause: fault });
  }
}

function walkList(der: Uint8Array): RevocationList {
  const outer = new DerReader(der);
  const list = outer.enter(TAG.sequence);
  outer.finish();
  const toBeSigned = list.next(TAG.sequence);
  const algorithm = list.next(TAG.sequence);
  const signature = bitStringOctets(list.next(TAG.bitString));
  list.finish();
  const fields = new DerReader(toBeSigned.content);
  const version = fields.optional(TAG.integer);
  if (version !== undefined && toHex(version.content) !== '01') throw new UnreadableDer('is of no known version');
  if (Buffer.compare(fields.next(TAG.sequence).encoded, algorithm.encoded) !== 0)
    throw new UnreadableDer('names one signature algorithm inside and another outside of what is signed');
  const issuer = toDistinguishedName(fields.next(TAG.sequence).content);
  const thisUpdateMs = toInstantMs(fields.next());
  const nextUpdateMs = readNextUpdate(fields);
  const entries = fields.optional(TAG.sequence);
  const extensions = readListExtensions(fields, version !== undefined);
  return {
    der,
    issuer,
    thisUpdateMs,
    nextUpdateMs,
    ...extensions,
    ...readSignature(new DerReader(algorithm.content)),
    entries: readEntries(entries?.content ?? new Uint8Array(), version !== undefined, extensions.base !== null),
    signed: { bytes: toBeSigned.encoded, algorithm: algorithm.content, signature },
  };
}

// RFC 5280 §5.1.2.5: a list says when the next is due. One that does not could be shown for ever.
function readNextUpdate(fields: DerReader): number {
  const nextUpdate = fields.optional(TAG.utcTime) ?? fields.optional(TAG.generalizedTime);
  if (nextUpdate === undefined) throw new UnreadableDer('does not say when the next one is due');
  return toInstantMs(nextUpdate);
}

const LIST_EXTENSION = {
  number: '2.5.29.20',
  delta: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
} as const;

const understood: ReadonlySet<string> = new Set([...Object.values(LIST_EXTENSION), EXTENSION.authorityKeyIdentifier]);

type ListExtensions = Pick<RevocationList, 'number' | 'base' | 'scope' | 'scopeKey' | 'authorityKeyId'>;

function readListExtensions(fields: DerReader, isOfVersion2: boolean): ListExtensions {
  const explicit = fields.optional(0xa0);
  fields.finish();
  if (explicit === undefined)
    return { number: null, base: null, scope: wholeScope, scopeKey: '', authorityKeyId: null };
  if (!isOfVersion2) throw new UnreadableDer('has extensions in version 1');
  const outer = new DerReader(explicit.content);
  const { values, criticalExtensions } = collectExtensions(outer.enter(TAG.sequence));
  outer.finish();
  const strange = criticalExtensions.find((oid) => !understood.has(oid));
  // RFC 5280 §5.2: such a list must not be used to tell anything.
  if (strange !== undefined)
    throw new UnreadableDer(`has the critical extension ${strange}, which is not understood here`);
  const point = values.get(LIST_EXTENSION.issuingDistributionPoint);
  const identifier = values.get(EXTENSION.authorityKeyIdentifier);
  return {
    number: readNumber(values.get(LIST_EXTENSION.number)),
    base: readNumber(values.get(LIST_EXTENSION.delta)),
    scope: point === undefined ? wholeScope : readScope(sequence(point)),
    scopeKey: point === undefined ? '' : toHex(point),
    authorityKeyId: identifier === undefined ? null : readAuthorityKeyId(identifier).keyId,
  };
}

function readNumber(value: Uint8Array | undefined): bigint | null {
  if (value === undefined) return null;
  const outer = new DerReader(value);
  const content = integerContent(outer.next(TAG.integer));
  outer.finish();
  if ((content[0] ?? 0) >= 0x80 || content.length > 21) throw new UnreadableDer('has a number out of range');
  return BigInt(`0x${toHex(content)}`);
}

// What an entry with a reason and nothing else goes on with: Extensions, Extension, reasonCode, ENUMERATED of one octet.
const reasonAlone = Buffer.from('300c300a0603551d1504030a01', 'hex');

function readEntries(bytes: Uint8Array, mayHaveExtensions: boolean, isDelta: boolean): ListEntries {
  const entry = new Span(bytes);
  const field = new Span(bytes);
  const offsets: number[] = [];
  const hashes: number[] = [];
  for (let offset = 0; offset < bytes.length; offset = entry.end) {
    entry.enter(offset, TAG.sequence);
    field.enter(entry.start, TAG.integer);
    assertShortest(bytes, field);
    offsets.push(offset);
    hashes.push(hashOf(bytes, field.start, field.end));
    field.enter(field.end, bytes[field.end] === TAG.generalizedTime ? TAG.generalizedTime : TAG.utcTime);
    assertDate(bytes, field);
    if (field.end > entry.end) throw new UnreadableDer('has an entry that ends inside an element');
    if (field.end === entry.end) continue;
    if (!mayHaveExtensions) throw new UnreadableDer('has extensions in version 1');
    const reason = readReason(bytes, field.end, entry.end);
    // RFC 5280 §5.3.1: only a delta takes back.
    if (reason === 'removeFromCRL' && !isDelta) throw new UnreadableDer('takes an entry back without being a delta');
  }
  return { bytes, slots: toSlots(bytes, offsets, hashes), count: offsets.length };
}

/** The content of one element after another: the plain form of DerReader for what is read by the hundred thousand, without objects. */
class Span {
  readonly #bytes: Uint8Array;
  start = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  enter(offset: number, tag: number): void {
    const length = this.#bytes[offset + 1] ?? 0x80;
    if (this.#bytes[offset] === tag && length < 0x80 && offset + 2 + length <= this.#bytes.length) {
      this.start = offset + 2;
      this.end = this.start + length;
      return;
    }
    const { content, encoded } = new DerReader(this.#bytes.subarray(offset)).next(tag);
    this.end = offset + encoded.length;
    this.start = this.end - content.length;
  }
}

function assertShortest(bytes: Uint8Array, { start, end }: Span): void {
  const first = bytes[start] ?? 0;
  const second = bytes[start + 1] ?? 0;
  const isPadded = end - start > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (end === start || isPadded) throw new UnreadableDer('has a malformed serial number');
}

function assertDate(bytes: Uint8Array, { start, end }: Span): void {
  const at = end - start === 15 ? start + 4 : start + 2;
  let isDate = end - at === 11 && bytes[end - 1] === 0x5a;
  for (let index = start; index < end - 1; index += 1) isDate &&= (((bytes[index] ?? 0) - 0x30) & 0xff) <= 9;
  const month = twoDigits(bytes, at);
  const day = twoDigits(bytes, at + 2);
  isDate &&= month >= 1 && month <= 12 && day >= 1 && day <= 31;
  isDate &&= twoDigits(bytes, at + 4) <= 23 && twoDigits(bytes, at + 6) <= 59 && twoDigits(bytes, at + 8) <= 59;
  if (!isDate) throw new UnreadableDer('has a malformed date');
}

function twoDigits(bytes: Uint8Array, index: number): number {
  return ((bytes[index] ?? 0) - 0x30) * 10 + (bytes[index + 1] ?? 0) - 0x30;
}

function readReason(bytes: Uint8Array, start: number, end: number): RevocationReason {
  if (isReasonAlone(bytes, start, end)) return toReason(bytes[end - 1] ?? 7);
  const outer = new DerReader(bytes.subarray(start, end));
  const { values, criticalExtensions } = collectExtensions(outer.enter(TAG.sequence));
  outer.finish();
  const strange = criticalExtensions.find((oid) => oid !== reasonCode);
  // RFC 5280 §5.3: such a list must not be used to tell anything about any certificate.
  if (strange !== undefined)
    throw new UnreadableDer(`has an entry with the critical extension ${strange}, which is not understood here`);
  const value = values.get(reasonCode);
  if (value === undefined) return 'unspecified';
  const code = new DerReader(value);
  const { content } = code.next(enumerated);
  code.finish();
  return toReason(content.length === 1 ? (content[0] ?? 7) : 7);
}

function isReasonAlone(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== reasonAlone.length + 1) return false;
  for (let index = 0; index < reasonAlone.length; index += 1)
    if (bytes[start + index] !== reasonAlone[index]) return false;
  return true;
}

const reasonCode = '2.5.29.21';
const enumerated = 0x0a;

function toReason(code: number): RevocationReason {
  const reason = reasons[code];
  if (reason === undefined) throw new UnreadableDer('has an entry with a reason of no meaning');
  return reason;
}

function toSlots(bytes: Uint8Array, offsets: readonly number[], hashes: readonly number[]): Int32Array {
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(8, offsets.length * 2)));
  // Shared memory, so that threads look into one table. Nobody writes to it once it is filled.
  const slots = new Int32Array(new SharedArrayBuffer(slotCount * Int32Array.BYTES_PER_ELEMENT));
  const last = slots.length - 1;
  const serial = new Span(bytes);
  for (const [index, offset] of offsets.entries()) {
    let at = (hashes[index] ?? 0) & last;
    if (slots[at] !== 0) {
      enterSerial(serial, offset);
      const { start, end } = serial;
      while (slots[at] !== 0 && !isSerialAt(bytes, (slots[at] ?? 0) - 1, bytes, start, end)) at = (at + 1) & last;
    }
    // A serial number that comes twice stays revoked, whatever one of its entries takes back.
    if (slots[at] === 0 || entryAt(bytes, (slots[at] ?? 0) - 1).reason === 'removeFromCRL') slots[at] = offset + 1;
  }
  return slots;
}

function enterSerial(span: Span, offset: number): void {
  span.enter(offset, TAG.sequence);
  span.enter(span.start, TAG.integer);
}

/** FNV-1a. Serial numbers are the authority's own, so that nobody else can choose two that fall together. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Whether the entry at an offset has the serial number that stands in other bytes. */
function isSerialAt(bytes: Uint8Array, offset: number, own: Uint8Array, start: number, end: number): boolean {
  const serial = new Span(bytes);
  enterSerial(serial, offset);
  if (serial.end - serial.start !== end - start) return false;
  for (let index = 0; index < end - start; index += 1)
    if (bytes[serial.start + index] !== own[start + index]) return false;
  return true;
}

/** The entry of a serial number, in upper-case hexadecimal as certificates print it. */
export function findEntry({ bytes, slots }: ListEntries, serial: string): RevokedEntry | null {
  // As encoded: a first octet from 0x80 on has a sign octet before it.
  const wanted = Buffer.from(/^[89A-F]/.test(serial) ? `00${serial}` : serial, 'hex');
  let at = hashOf(wanted, 0, wanted.length) & (slots.length - 1);
  for (let slot = slots[at] ?? 0; slot !== 0; slot = slots[at] ?? 0) {
    if (isSerialAt(bytes, slot - 1, wanted, 0, wanted.length)) return entryAt(bytes, slot - 1);
    at = (at + 1) & (slots.length - 1);
  }
  return null;
}

/** What an entry says, which was found well-formed when the list was read. */
function entryAt(bytes: Uint8Array, offset: number): RevokedEntry {
  const fields = new DerReader(bytes.subarray(offset)).enter(TAG.sequence);
  fields.next(TAG.integer);
  const date = fields.next();
  const digits = Buffer.from(date.content).toString('latin1');
  const century = date.tag === TAG.generalizedTime ? '' : Number(digits.slice(0, 2)) >= 50 ? '19' : '20';
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(century + digits) ?? [];
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return {
    onMs: Date.UTC(year, month - 1, day, hour, minute, second),
    reason: readReasonOf(fields.rest()),
  };
}

function readReasonOf(extensions: Uint8Array): RevocationReason {
  return extensions.length === 0 ? 'unspecified' : readReason(extensions, 0, extensions.length);
}
