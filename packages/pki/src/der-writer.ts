// Writes DER (X.690 §10), true or not: whoever makes certificates to be refused must be able to write what no authority would.
import { TAG } from './der.ts';

/** One element with its length in the shortest form. */
export function writeElement(tag: number, ...content: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag), writeLength(bytes.length), bytes]);
}

function writeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return Buffer.of(0x80 | octets.length, ...octets);
}

/** A SEQUENCE of elements. */
export function writeSequence(...elements: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return writeElement(TAG.sequence, ...elements);
}

/** A constructed element with a context tag, e.g. `[0]`. */
export function writeTagged(number: number, ...elements: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return writeElement(0xa0 | number, ...elements);
}

/** A primitive element with a context tag: an IMPLICIT one of another type. */
export function writeImplicit(number: number, content: Uint8Array): Buffer<ArrayBuffer> {
  return writeElement(0x80 | number, content);
}

/** An OBJECT IDENTIFIER from its dotted form, arcs up to 2^53. */
export function writeOid(dotted: string): Buffer<ArrayBuffer> {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return writeElement(TAG.objectIdentifier, Buffer.from([root * 40 + second, ...rest].flatMap(toBase128)));
}

function toBase128(arc: number): number[] {
  const digits = [arc % 128];
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) | 0x80);
  return digits;
}

/** A non-negative INTEGER. */
export function writeInteger(value: number): Buffer<ArrayBuffer> {
  const octets: number[] = [];
  for (let left = value; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  if ((octets[0] ?? 0x80) & 0x80) octets.unshift(0);
  return writeElement(TAG.integer, Buffer.from(octets));
}

/** A BOOLEAN. */
export function writeBoolean(value: boolean): Buffer<ArrayBuffer> {
  return writeElement(TAG.boolean, Buffer.of(value ? 0xff : 0));
}

/** A BIT STRING of whole octets. */
export function writeBitString(octets: Uint8Array): Buffer<ArrayBuffer> {
  return writeElement(TAG.bitString, Buffer.of(0), octets);
}

/** A named-bit BIT STRING (X.690 §11.2.2: no trailing zero bits). Bit 0 is the first of the first octet. */
export function writeNamedBits(bits: readonly number[]): Buffer<ArrayBuffer> {
  const last = Math.max(-1, ...bits);
  const octets = Buffer.alloc(Math.ceil((last + 1) / 8));
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return writeElement(TAG.bitString, Buffer.of(last === -1 ? 0 : 7 - (last & 7)), octets);
}

/** An OCTET STRING. */
export function writeOctetString(...content: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return writeElement(TAG.octetString, ...content);
}

/** A string of the given tag, in UTF-8. */
export function writeText(tag: number, text: string): Buffer<ArrayBuffer> {
  return writeElement(tag, Buffer.from(text, 'utf8'));
}

/** A Time (RFC 5280 §4.1.2.5), kept to the second below: UTCTime through 2049, GeneralizedTime from 2050. */
export function writeTime(instantMs: number): Buffer<ArrayBuffer> {
  const digits = new Date(instantMs)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/[-:T]/g, '');
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? writeText(TAG.utcTime, `${digits.slice(2)}Z`)
    : writeText(TAG.generalizedTime, `${digits}Z`);
}
