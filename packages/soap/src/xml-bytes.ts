// Characters of XML 1.0 as UTF-8 bytes: how far plain characters, references and names reach.
// Whatever is not plainly right is a doubt, never a refusal: who asks must then ask a parser.

/** What the functions of this module return where the bytes are not plainly right. */
export const doubt = -1;

// A byte past the end reads as zero, which XML forbids: the end of the bytes needs no check of its own.
/** The byte at an offset; zero past the end. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20];
const closingBracket = 0x5d;
const ampersand = 0x26;
const [doubleQuote, singleQuote, hyphen] = [0x22, 0x27, 0x2d];

/** The start of a tag. */
export const lessThan = 0x3c;
/** The end of a tag. */
export const greaterThan = 0x3e;

/** Which bytes end a run of plain characters, by byte and by pair of bytes. */
interface Stops {
  readonly bytes: Uint8Array;
  readonly pairs: Uint8Array;
}

function stopsAt(special: string): Stops {
  const bytes = new Uint8Array(0x100);
  for (let byte = 0; byte < 0x100; byte += 1) {
    const isControl = byte < space && byte !== tab && byte !== lineFeed && byte !== carriageReturn;
    bytes[byte] = isControl || byte >= 0x80 || special.includes(String.fromCharCode(byte)) ? 1 : 0;
  }
  // One where either byte stops, so that the byte order of the machine is all the same.
  const pairs = new Uint8Array(0x1_0000);
  for (let pair = 0; pair < 0x1_0000; pair += 1) pairs[pair] = byteAt(bytes, pair & 0xff) | byteAt(bytes, pair >> 8);
  return { bytes, pairs };
}

const textStops = stopsAt('<&]');
const valueStops = stopsAt('<&"\' \t\r\n\x7f');
const commentStops = stopsAt('-');

/** How far texts, attribute values and comments reach in the bytes of one document. */
export class XmlRuns {
  /** True when the value that was passed last is printable ASCII without white space, quotes and references. */
  isValuePlain = true;
  readonly #bytes: Uint8Array;
  /** The same bytes two by two, from an even address on: nearly all bytes of a signed envelope are base64 text. Made when needed. */
  #pairs: Uint16Array | null = null;
  readonly #bytesBefore: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#bytesBefore = bytes.byteOffset & 1;
  }

  /** The offset of the "<" that ends a text, or the length of the bytes where none does; or a doubt. */
  endOfText(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      at = this.#pastPlain(at, textStops);
      const stop = byteAt(bytes, at);
      if (stop === lessThan || at >= bytes.length) return at;
      if (stop === closingBracket) {
        // Two may begin the "]]>" that text must not contain (XML 1.0 section 2.4).
        if (byteAt(bytes, at + 1) === closingBracket) return doubt;
        at += 1;
        continue;
      }
      at = pastSpecial(bytes, at);
      if (at < 0) return doubt;
    }
  }

  /** Past the quote that ends an attribute value, from its first quote on; or a doubt. */
  pastQuotedValue(from: number): number {
    const bytes = this.#bytes;
    const quote = byteAt(bytes, from);
    if (quote !== doubleQuote && quote !== singleQuote) return doubt;
    this.isValuePlain = true;
    let at = from + 1;
    for (;;) {
      at = this.#pastPlain(at, valueStops);
      const stop = byteAt(bytes, at);
      if (stop === quote) return at + 1;
      this.isValuePlain = false;
      at = isValueCharacter(stop) ? at + 1 : pastSpecial(bytes, at);
      if (at < 0) return doubt;
    }
  }

  /** Past the "--" that ends the content of a comment, from the first byte of that content on; or a doubt. */
  pastCommentContent(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      at = this.#pastPlain(at, commentStops);
      const stop = byteAt(bytes, at);
      if (stop === hyphen) {
        if (byteAt(bytes, at + 1) === hyphen) return at + 2;
        at += 1;
        continue;
      }
      at = stop >= 0x80 ? pastNonAscii(bytes, at) : doubt;
      if (at < 0) return doubt;
    }
  }

  #pastPlain(from: number, stops: Stops): number {
    const bytes = this.#bytes;
    // Most runs of a message that is not signed are short: they are passed byte by byte.
    let near = from;
    while (near < from + shortRunBytes && byteAt(stops.bytes, byteAt(bytes, near)) === 0) near += 1;
    return near < from + shortRunBytes ? near : this.#pastLong(near, stops);
  }

  #pastLong(from: number, stops: Stops): number {
    const bytes = this.#bytes;
    const pairs = this.#pairs ?? this.#inPairs();
    const stopPairs = stops.pairs;
    const before = this.#bytesBefore;
    let at = from;
    if (((at + before) & 1) !== 0) {
      if (byteAt(stops.bytes, byteAt(bytes, at)) !== 0) return at;
      at += 1;
    }
    let pair = (at + before) >> 1;
    // Not through byteAt, which has seen every kind of array.
    const last = pairs.length - 1;
    while (pair < last && ((stopPairs[pairs[pair] ?? 0] ?? 0) | (stopPairs[pairs[pair + 1] ?? 0] ?? 0)) === 0)
      pair += 2;
    at = 2 * pair - before;
    // The zero past the end is a stop.
    while (byteAt(stops.bytes, byteAt(bytes, at)) === 0) at += 1;
    return at;
  }

  #inPairs(): Uint16Array {
    const { buffer, byteOffset, length } = this.#bytes;
    this.#pairs = new Uint16Array(buffer, byteOffset - this.#bytesBefore, (length + this.#bytesBefore) >> 1);
    return this.#pairs;
  }
}

/** Runs of plain characters up to this many bytes are short. */
const shortRunBytes = 64;

function isValueCharacter(byte: number): boolean {
  return (
    byte === doubleQuote ||
    byte === singleQuote ||
    byte === space ||
    byte === tab ||
    byte === lineFeed ||
    byte === carriageReturn ||
    byte === 0x7f
  );
}

/** Past white space, if there is any. */
export function pastSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = byteAt(bytes, at);
    if (byte !== space && byte !== lineFeed && byte !== carriageReturn && byte !== tab) return at;
    at += 1;
  }
}

/** True when the bytes at an offset are these, which may have no zero among them. */
export function isAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (byteAt(bytes, at + index) !== expected[index]) return false;
  }
  return true;
}

/** True when two ranges of the same length hold the same bytes. */
export function isSameRange(bytes: Uint8Array, first: number, second: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) {
    if (byteAt(bytes, first + index) !== byteAt(bytes, second + index)) return false;
  }
  return true;
}

function pastSpecial(bytes: Uint8Array, at: number): number {
  const byte = byteAt(bytes, at);
  if (byte === ampersand) return pastReference(bytes, at + 1);
  return byte >= 0x80 ? pastNonAscii(bytes, at) : doubt;
}

// The order of their frequency; other entities need a document type, which is refused elsewhere.
const entities = ['amp;', 'lt;', 'gt;', 'quot;', 'apos;'].map((name) => new Uint8Array(Buffer.from(name)));

function pastReference(bytes: Uint8Array, from: number): number {
  if (byteAt(bytes, from) === 0x23) return pastCharacterReference(bytes, from + 1);
  for (const entity of entities) {
    if (isAt(bytes, from, entity)) return from + entity.length;
  }
  return doubt;
}

const noDigit = 16;
const digitValues = new Uint8Array(256).fill(noDigit);
for (let digit = 0; digit < 16; digit += 1) {
  digitValues[digit.toString(16).charCodeAt(0)] = digit;
  digitValues[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

function pastCharacterReference(bytes: Uint8Array, from: number): number {
  const radix = byteAt(bytes, from) === 0x78 ? 16 : 10;
  const start = radix === 16 ? from + 1 : from;
  let at = start;
  let code = 0;
  for (;;) {
    const digit = byteAt(digitValues, byteAt(bytes, at));
    if (digit >= radix) break;
    code = code * radix + digit;
    if (code > 0x10ffff) return doubt;
    at += 1;
  }
  return at > start && byteAt(bytes, at) === 0x3b && isCharacter(code) ? at + 1 : doubt;
}

/** The production Char of XML 1.0, section 2.2. */
function isCharacter(code: number): boolean {
  if (code < space) return code === tab || code === lineFeed || code === carriageReturn;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x1_0000 && code <= 0x10_ffff);
}

/** Past one character of two to four bytes: no overlong form, no surrogate (RFC 3629 section 4), and not U+FFFE or U+FFFF. */
function pastNonAscii(bytes: Uint8Array, at: number): number {
  const lead = byteAt(bytes, at);
  const second = byteAt(bytes, at + 1);
  if (lead < 0xc2 || lead > 0xf4 || !isContinuation(second)) return doubt;
  if (lead < 0xe0) return at + 2;
  const third = byteAt(bytes, at + 2);
  if (!isContinuation(third)) return doubt;
  if (lead < 0xf0) {
    if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return doubt;
    return lead === 0xef && second === 0xbf && third >= 0xbe ? doubt : at + 3;
  }
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return doubt;
  return isContinuation(byteAt(bytes, at + 3)) ? at + 4 : doubt;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
