// Walks DER (X.690 §8, §10) as far as certificates need it. Definite, minimal lengths and low tag numbers only:
// whatever a lenient reader could read differently is refused as UnreadableDer.
import { UnreadableDer } from './unreadable-der.ts';

/** The tags that certificates use (X.680 §8.4), constructed bit included. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One tag, length and value; `content` and `encoded` are views on the caller's bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Reads the elements of one constructed value in order; raises UnreadableDer at the first byte out of place. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** The next element, which must have this tag where one is given. */
  next(tag?: number): DerElement {
    const start = this.#offset;
    const found = this.#byteAt(start);
    if ((found & 0x1f) === 0x1f) throw new UnreadableDer('uses a multi-byte tag');
    if (tag !== undefined && found !== tag) {
      throw new UnreadableDer(`has tag ${found} where tag ${tag} belongs`);
    }
    const { length, contentStart } = this.#lengthAt(start + 1);
    const end = contentStart + length;
    if (end > this.#bytes.length) throw new UnreadableDer('ends inside an element');
    this.#offset = end;
    return {
      tag: found,
      content: this.#bytes.subarray(contentStart, end),
      encoded: this.#bytes.subarray(start, end),
    };
  }

  /** The next element if it has this tag; otherwise nothing is consumed. */
  optional(tag: number): DerElement | undefined {
    return !this.atEnd && this.#bytes[this.#offset] === tag ? this.next(tag) : undefined;
  }

  /** A reader over the content of the next element. */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  /** The bytes not read yet. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  /** Refuses bytes after the last expected element. */
  finish(): void {
    if (!this.atEnd) throw new UnreadableDer('has bytes after its last element');
  }

  #byteAt(offset: number): number {
    const byte = this.#bytes[offset];
    if (byte === undefined) throw new UnreadableDer('ends inside an element');
    return byte;
  }

  #lengthAt(offset: number): { length: number; contentStart: number } {
    const first = this.#byteAt(offset);
    if (first < 0x80) return { length: first, contentStart: offset + 1 };
    const lengthBytes = first & 0x7f;
    // X.690 §10.1: definite form, fewest octets. Three octets reach 16 MiB, far past every bound here.
    if (lengthBytes < 1 || lengthBytes > 3) throw new UnreadableDer('has a length out of range');
    let length = 0;
    for (let index = 1; index <= lengthBytes; index += 1) length = length * 256 + this.#byteAt(offset + index);
    if (length < 0x80 || length < 256 ** (lengthBytes - 1)) {
      throw new UnreadableDer('has a length that is not in its shortest form');
    }
    return { length, contentStart: offset + 1 + lengthBytes };
  }
}

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Dotted decimal of an OBJECT IDENTIFIER's content (X.690 §8.19); at most 64 bytes. */
export function toDottedOid(content: Uint8Array): string {
  if (content.length === 0 || content.length > 64 || ((content.at(-1) ?? 0x80) & 0x80) !== 0) {
    throw new UnreadableDer('has a malformed object identifier');
  }
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint = 0;
  for (const byte of content) {
    if (arc === 0 && byte === 0x80) throw new UnreadableDer('has a padded object identifier');
    // Arcs may have 128 bits (X.667); most have 14, and plain numbers are several times faster.
    if (arc > Number.MAX_SAFE_INTEGER / 256) arc = BigInt(arc) * 128n + BigInt(byte & 0x7f);
    else arc = Number(arc) * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = first < 80 ? Math.floor(Number(first) / 40) : 2;
  const second = typeof first === 'bigint' ? first - 80n : first - root * 40;
  return [root, second, ...rest].join('.');
}

/** The content of an INTEGER in its shortest form (X.690 §8.3.2), as it stands. */
export function integerContent(element: DerElement): Uint8Array {
  const [first, second] = element.content;
  if (first === undefined) throw new UnreadableDer('has an empty integer');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new UnreadableDer('has an integer that is not in its shortest form');
  }
  return element.content;
}

/** A small non-negative INTEGER, at most 2^31 - 1. */
export function toSmallInteger(element: DerElement): number {
  const content = integerContent(element);
  const value = content.length > 4 ? Number.POSITIVE_INFINITY : content.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value > 0x7fffffff) throw new UnreadableDer('has an integer out of range');
  return value;
}

/** How many bits a positive INTEGER has, its sign octet not counted. */
export function integerBits(element: DerElement): number {
  const content = integerContent(element);
  const magnitude = content[0] === 0 ? content.subarray(1) : content;
  const first = magnitude[0];
  return first === undefined ? 0 : (magnitude.length - 1) * 8 + (32 - Math.clz32(first));
}

/** A BOOLEAN, which DER writes as 0x00 or 0xff only (X.690 §11.1). */
export function toBoolean(element: DerElement): boolean {
  const [value] = element.content;
  if (element.content.length !== 1 || (value !== 0 && value !== 0xff)) {
    throw new UnreadableDer('has a malformed boolean');
  }
  return value === 0xff;
}

/** The whole octets of a BIT STRING that has no unused bits, as keys and signatures are. */
export function bitStringOctets(element: DerElement): Uint8Array {
  if (element.content[0] !== 0) throw new UnreadableDer('has a malformed bit string');
  return element.content.subarray(1);
}

/** The numbers of the bits set in a named-bit BIT STRING (X.690 §11.2), bit 0 first. */
export function bitsSet(element: DerElement): number[] {
  const [unusedBits, ...octets] = element.content;
  if (unusedBits === undefined || unusedBits > 7 || (octets.length === 0 && unusedBits > 0) || octets.length > 8) {
    throw new UnreadableDer('has a malformed bit string');
  }
  return octets.flatMap((octet, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (octet & (0x80 >> bit)) !== 0).map((bit) => index * 8 + bit),
  );
}

const utcTime = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const generalizedTime = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** A Time of RFC 5280 §4.1.2.5 in milliseconds since 1970 UTC: seconds present, no fraction, Zulu. */
export function toInstantMs(element: DerElement): number {
  const text = Buffer.from(element.content).toString('latin1');
  const form =
    element.tag === TAG.utcTime ? utcTime : element.tag === TAG.generalizedTime ? generalizedTime : undefined;
  const parts = form?.exec(text)?.slice(1).map(Number);
  const [writtenYear = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts ?? [];
  // RFC 5280 §4.1.2.5.1: two-digit years from 50 on are of the twentieth century.
  const year = element.tag === TAG.generalizedTime ? writtenYear : writtenYear + (writtenYear >= 50 ? 1900 : 2000);
  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  instant.setUTCHours(hour, minute, second);
  const kept = instant.getUTCDate() === day && instant.getUTCMonth() === month - 1 && instant.getUTCHours() === hour;
  if (parts === undefined || !kept || minute > 59 || second > 59) {
    throw new UnreadableDer('has a malformed date');
  }
  // RFC 5280 §4.1.2.5: through 2049 as UTCTime, so that one instant has one spelling.
  if (element.tag === TAG.generalizedTime && year < 2050) {
    throw new UnreadableDer('has a date before 2050 written as GeneralizedTime');
  }
  return instant.getTime();
}
