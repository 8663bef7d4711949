// The head of a message in the plain form in which nearly all are written, read from its bytes without a parser.
// It decides only what the parser would answer in the same words; for everything else, every refusal among it, it says
// `undecided`, and the parser judges.
import type { EnvelopeHead, HeadBounds, QualifiedName } from './head.ts';
import { type HeaderPath, headerTextsMax, toHeaderText } from './header-path.ts';
import { soap11Namespace, soap12Namespace } from './namespaces.ts';
import { byteAt, doubt, greaterThan, isAt, isSameRange, lessThan, pastSpace, XmlRuns } from './xml-bytes.ts';

/** Reads the head of a message in plain form; `undecided` for any other, and for whatever would be refused. Never throws. */
export function scanHead(
  bytes: Uint8Array,
  bounds: HeadBounds,
  path: HeaderPath | null = null,
): EnvelopeHead | 'undecided' {
  // A zero among the first four bytes is a sign of UTF-16 or UTF-32; the first three cannot be plain, the fourth could.
  if (bytes.length < 4 || bytes[3] === 0) return 'undecided';
  return new HeadScan(bytes, bounds, path).read();
}

/** The bytes of an envelope without what stands between the tag of its root and its Body. */
export function withoutHeader(bytes: Uint8Array, bounds: HeadBounds): Uint8Array {
  if (bytes.length < 4 || bytes[3] === 0) return bytes;
  const scan = new HeadScan(bytes, bounds, null);
  // Only a header that was read to its end and found sound may be left out: whatever is wrong in one is the parser's to tell.
  if (scan.read() === 'undecided' || scan.bodyAt === 0) return bytes;
  return Buffer.concat([bytes.subarray(0, scan.rootEnd), bytes.subarray(scan.bodyAt)]);
}

// What is open, as offsets. One scan is over before the next begins, so all scans share them.
const elementsMax = 64;
const elements = new Int32Array(3 * elementsMax); // Start and end of the name; declarations in scope around it.
const declarationsMax = 64;
const declarations = new Int32Array(4 * declarationsMax); // Start and length of the prefix; start and length of the URI.
const attributesMax = 32; // They are compared each with each.
const attributes = new Int32Array(3 * attributesMax); // Start of the name, its colon or zero, its end.

const nameByte = 1;
const colonByte = 2;
const nameBytes = new Uint8Array(256);
const nameStartBytes = new Uint8Array(256);
for (let byte = 0; byte < 0x80; byte += 1) {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z_]/.test(character)) nameStartBytes[byte] = nameByte;
  if (/[A-Za-z0-9_.-]/.test(character)) nameBytes[byte] = nameByte;
}
nameBytes[0x3a] = colonByte;

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const byteOrderMark = toBytes('\ufeff');
const declarationStart = toBytes('<?xml');
const commentStart = toBytes('<!--');
const xmlns = toBytes('xmlns');
const xml = toBytes('xml');
const envelopeName = toBytes('Envelope');
const bodyName = toBytes('Body');
const headerName = toBytes('Header');
const soap11 = toBytes(soap11Namespace);
const soap12 = toBytes(soap12Namespace);
// Neither may be declared, but the first for the prefix "xml" (Namespaces in XML 1.0, section 3).
const reservedNamespaces = ['http://www.w3.org/XML/1998/namespace', 'http://www.w3.org/2000/xmlns/'].map(toBytes);

const slash = 0x2f;
const equals = 0x3d;
const exclamation = 0x21;
const ampersand = 0x26;
const carriageReturn = 0x0d;

const xmlDeclarationBytesMax = 128;
const quoted = (value: string): string => `(?:"(?:${value})"|'(?:${value})')`;
const pseudoAttribute = (name: string, value: string): string =>
  `[ \\t\\r\\n]+${name}[ \\t\\r\\n]*=[ \\t\\r\\n]*${quoted(value)}`;
const xmlDeclaration = new RegExp(
  `^<\\?xml${pseudoAttribute('version', '1\\.0')}` +
    `(?:${pseudoAttribute('encoding', '[Uu][Tt][Ff]-?8|[Uu][Ss]-[Aa][Ss][Cc][Ii][Ii]')})?` +
    `(?:${pseudoAttribute('standalone', 'yes|no')})?[ \\t\\r\\n]*\\?>`,
);

/** The declaration that was read last: nearly all messages begin with the same one. */
let lastDeclaration = new Uint8Array(0);

class HeadScan {
  /** Behind the start tag of the root. */
  rootEnd = 0;
  /** Where the start tag of the Body begins; zero while none was seen. */
  bodyAt = 0;
  readonly #bytes: Uint8Array;
  readonly #runs: XmlRuns;
  readonly #bounds: HeadBounds;
  #depth = 0;
  #declarationCount = 0;
  #attributeCount = 0;
  #version: '1.1' | '1.2' | null = null;
  #isInBody = false;
  #answer: EnvelopeHead | null = null;
  readonly #path: HeaderPath | null;
  #isInHeader = false;
  /** How many names of the path the elements that are open go along, from the outermost on. */
  #pathDepth = 0;
  /** Where the text at the end of the path begins, while it is open. */
  #textFrom = 0;
  readonly #texts: string[] = [];
  /** Never after the offset from which the parser measures the token that comes next. */
  #tokenFrom = 0;
  /** The colon of the name that was read last; zero for none. */
  #colonAt = 0;

  constructor(bytes: Uint8Array, bounds: HeadBounds, path: HeaderPath | null) {
    this.#bytes = bytes;
    this.#runs = new XmlRuns(bytes);
    this.#bounds = bounds;
    this.#path = path;
  }

  read(): EnvelopeHead | 'undecided' {
    let at = this.#pastProlog();
    while (at >= 0) {
      at = this.#pastMarkup(at);
      if (this.#answer !== null) return this.#answer;
      if (at < 0) break;
      const textEnd = this.#runs.endOfText(at);
      if (textEnd > at) this.#tokenFrom = textEnd;
      at = textEnd;
      if (at === this.#bytes.length) return this.#soFar();
    }
    return 'undecided';
  }

  #soFar(): EnvelopeHead | 'undecided' {
    if (this.#version === null) return 'undecided';
    return this.#soapAnswer(this.#version, null, false);
  }

  /** The offset of the "<" of the root element. White space before it counts as part of the next token. */
  #pastProlog(): number {
    const bytes = this.#bytes;
    let at = isAt(bytes, 0, byteOrderMark) ? byteOrderMark.length : 0;
    if (isAt(bytes, at, declarationStart)) at = this.#pastXmlDeclaration(at);
    while (at >= 0) {
      at = pastSpace(bytes, at);
      if (byteAt(bytes, at) !== lessThan) return doubt;
      const next = byteAt(bytes, at + 1);
      if (next !== exclamation) return next === slash ? doubt : at;
      at = this.#pastComment(at);
    }
    return doubt;
  }

  #pastXmlDeclaration(from: number): number {
    const bytes = this.#bytes;
    let end = from + lastDeclaration.length;
    if (lastDeclaration.length === 0 || !isAt(bytes, from, lastDeclaration)) {
      const found = xmlDeclaration.exec(toText(bytes, from, from + xmlDeclarationBytesMax));
      if (found === null) return doubt;
      end = from + found[0].length;
      lastDeclaration = bytes.slice(from, end);
    }
    return this.#isTokenEnd(end) ? end : doubt;
  }

  #pastMarkup(at: number): number {
    const next = byteAt(this.#bytes, at + 1);
    if (next === slash) return this.#pastEndTag(at);
    if (next === exclamation) return this.#pastComment(at);
    return this.#pastStartTag(at);
  }

  #pastComment(from: number): number {
    if (!isAt(this.#bytes, from, commentStart)) return doubt;
    const at = this.#runs.pastCommentContent(from + commentStart.length);
    if (at < 0 || byteAt(this.#bytes, at) !== greaterThan || !this.#isTokenEnd(at)) return doubt;
    return at + 1;
  }

  #pastEndTag(from: number): number {
    const bytes = this.#bytes;
    const element = 3 * (this.#depth - 1);
    const start = offsetAt(elements, element);
    const length = offsetAt(elements, element + 1) - start;
    if (!isSameRange(bytes, from + 2, start, length)) return doubt;
    const at = pastSpace(bytes, from + 2 + length);
    if (byteAt(bytes, at) !== greaterThan || !this.#isTokenEnd(at + 1)) return doubt;
    if (this.#path !== null && !this.#leavePath(this.#path, from)) return doubt;
    this.#close();
    return at + 1;
  }

  #pastStartTag(from: number): number {
    const start = from + 1;
    const end = this.#endOfName(start);
    const colonAt = this.#colonAt;
    const depth = this.#depth + 1;
    if (end < 0 || depth > this.#bounds.depthMax || depth > elementsMax || !this.#isTokenEnd(end)) return doubt;
    const declarationsAround = this.#declarationCount;

    let at = this.#pastAttributes(end);
    if (at < 0) return doubt;
    const isEmpty = byteAt(this.#bytes, at) === slash;
    if (isEmpty) at += 1;
    if (byteAt(this.#bytes, at) !== greaterThan || !this.#isTokenEnd(at + 1)) return doubt;
    if (!this.#areAttributesSound()) return doubt;
    const declaration = this.#declarationOf(start, colonAt);
    if (declaration < 0 && colonAt !== 0) return doubt;

    this.#depth = depth;
    const element = 3 * (depth - 1);
    elements[element] = start;
    elements[element + 1] = end;
    elements[element + 2] = declarationsAround;
    const localStart = colonAt === 0 ? start : colonAt + 1;
    this.#open(localStart, end, declaration);
    if (depth === 1) this.rootEnd = at + 1;
    else if (depth === 2 && this.#isInBody) this.bodyAt = from;
    if (this.#path !== null && !this.#enterPath(this.#path, localStart, end, declaration, at + 1)) return doubt;
    if (isEmpty) {
      if (this.#path !== null && !this.#leavePath(this.#path, at + 1)) return doubt;
      this.#close();
    }
    return at + 1;
  }

  #endOfName(from: number): number {
    const bytes = this.#bytes;
    if (byteAt(nameStartBytes, byteAt(bytes, from)) === 0) return doubt;
    let colonAt = 0;
    let at = from + 1;
    for (;;) {
      const kind = byteAt(nameBytes, byteAt(bytes, at));
      if (kind === 0) break;
      if (kind === colonByte) {
        if (colonAt !== 0) return doubt;
        colonAt = at;
      }
      at += 1;
    }
    this.#colonAt = colonAt;
    return colonAt === at - 1 ? doubt : at;
  }

  /** The offset of the ">" or "/" after the attributes. */
  #pastAttributes(from: number): number {
    this.#attributeCount = 0;
    let at = from;
    for (;;) {
      const start = pastSpace(this.#bytes, at);
      const byte = byteAt(this.#bytes, start);
      if (byte === greaterThan || byte === slash) return start;
      if (start === at) return doubt;
      at = this.#pastAttribute(start);
      if (at < 0) return doubt;
    }
  }

  #pastAttribute(start: number): number {
    const bytes = this.#bytes;
    const end = this.#endOfName(start);
    if (end < 0) return doubt;
    const colonAt = this.#colonAt;
    const equalsAt = pastSpace(bytes, end);
    if (byteAt(bytes, equalsAt) !== equals) return doubt;
    const valueAt = pastSpace(bytes, equalsAt + 1);
    const at = this.#runs.pastQuotedValue(valueAt);
    if (at < 0 || !this.#isTokenEnd(at)) return doubt;

    const count = this.#attributeCount + 1;
    if (count > this.#bounds.attributesMax || count > attributesMax) return doubt;
    const attribute = 3 * this.#attributeCount;
    attributes[attribute] = start;
    attributes[attribute + 1] = colonAt;
    attributes[attribute + 2] = end;
    this.#attributeCount = count;
    const isDeclaration = isAt(bytes, start, xmlns) && (colonAt === 0 ? end : colonAt) === start + xmlns.length;
    if (!isDeclaration) return at;
    // The parser trims white space and resolves references before it looks at a namespace.
    if (!this.#runs.isValuePlain) return doubt;
    return this.#isDeclared(colonAt === 0 ? end : colonAt + 1, end, valueAt + 1, at - 1) ? at : doubt;
  }

  /** Takes a declaration into scope, unless it is one that needs a closer look. */
  #isDeclared(prefixStart: number, prefixEnd: number, uriStart: number, uriEnd: number): boolean {
    const bytes = this.#bytes;
    const length = prefixEnd - prefixStart;
    if (this.#declarationCount === declarationsMax) return false;
    if (length > 0 && (uriStart === uriEnd || isAt(bytes, prefixStart, xml))) return false;
    for (const reserved of reservedNamespaces) {
      if (isRange(bytes, uriStart, uriEnd, reserved)) return false;
    }
    const declaration = 4 * this.#declarationCount;
    declarations[declaration] = prefixStart;
    declarations[declaration + 1] = length;
    declarations[declaration + 2] = uriStart;
    declarations[declaration + 3] = uriEnd;
    this.#declarationCount += 1;
    return true;
  }

  /** False for a prefix that is not bound, and for two attributes that are one or could be. */
  #areAttributesSound(): boolean {
    for (let index = 0; index < this.#attributeCount; index += 1) {
      const start = offsetAt(attributes, 3 * index);
      const colonAt = offsetAt(attributes, 3 * index + 1);
      if (colonAt !== 0 && !this.#isBound(start, colonAt)) return false;
      for (let other = 0; other < index; other += 1) {
        if (this.#isSameAttribute(3 * index, 3 * other)) return false;
      }
    }
    return true;
  }

  #isBound(start: number, colonAt: number): boolean {
    const length = colonAt - start;
    if (length === xmlns.length && isAt(this.#bytes, start, xmlns)) return true;
    if (length === xml.length && isAt(this.#bytes, start, xml)) return true;
    return this.#declarationOf(start, colonAt) >= 0;
  }

  // The same local name under two prefixes is one attribute where both mean one namespace: that is left undecided.
  #isSameAttribute(first: number, second: number): boolean {
    const bytes = this.#bytes;
    const firstColon = offsetAt(attributes, first + 1);
    const secondColon = offsetAt(attributes, second + 1);
    if ((firstColon === 0) !== (secondColon === 0)) return false;
    const firstStart = firstColon === 0 ? offsetAt(attributes, first) : firstColon + 1;
    const secondStart = secondColon === 0 ? offsetAt(attributes, second) : secondColon + 1;
    const length = offsetAt(attributes, first + 2) - firstStart;
    if (length !== offsetAt(attributes, second + 2) - secondStart) return false;
    return isSameRange(bytes, firstStart, secondStart, length);
  }

  /** Where the declaration stands that binds a prefix, or the default one where there is no colon; negative for none. */
  #declarationOf(start: number, colonAt: number): number {
    const length = colonAt === 0 ? 0 : colonAt - start;
    for (let index = this.#declarationCount - 1; index >= 0; index -= 1) {
      const declaration = 4 * index;
      if (
        offsetAt(declarations, declaration + 1) === length &&
        isSameRange(this.#bytes, offsetAt(declarations, declaration), start, length)
      ) {
        return declaration;
      }
    }
    return doubt;
  }

  #open(localStart: number, end: number, declaration: number): void {
    if (this.#depth === 1) this.#openRoot(localStart, end, declaration);
    else if (this.#depth === 2) this.#isInBody = this.#isInBody || this.#isBody(localStart, end, declaration);
    else if (this.#depth === 3 && this.#isInBody) this.#settle(this.#nameOf(localStart, end, declaration));
  }

  #openRoot(localStart: number, end: number, declaration: number): void {
    if (isRange(this.#bytes, localStart, end, envelopeName)) {
      if (this.#isIn(declaration, soap11)) this.#version = '1.1';
      else if (this.#isIn(declaration, soap12)) this.#version = '1.2';
    }
    if (this.#version === null) this.#answer = { kind: 'xml', root: this.#nameOf(localStart, end, declaration) };
  }

  #isBody(localStart: number, end: number, declaration: number): boolean {
    return (
      isRange(this.#bytes, localStart, end, bodyName) &&
      this.#isIn(declaration, this.#version === '1.1' ? soap11 : soap12)
    );
  }

  /** Goes along the path with an element that opened. False where the text at its end has an element in it. */
  #enterPath(path: HeaderPath, localStart: number, end: number, declaration: number, contentAt: number): boolean {
    if (this.#depth === 2) {
      this.#isInHeader =
        isRange(this.#bytes, localStart, end, headerName) &&
        this.#isIn(declaration, this.#version === '1.1' ? soap11 : soap12);
      return true;
    }
    if (!this.#isInHeader || this.#depth - 3 !== this.#pathDepth) return true;
    const name = path.namesBytes[this.#pathDepth];
    if (name === undefined) return false;
    const isNamed = isRange(this.#bytes, localStart, end, name);
    if (!isNamed || (this.#pathDepth === 0 && !this.#isOf(declaration, path.namespaceBytes))) return true;
    this.#pathDepth += 1;
    if (this.#pathDepth === path.namesBytes.length) this.#textFrom = contentAt;
    return true;
  }

  /** Goes back with an element that closes, and takes the text at the end of the path. False where that text is not plain. */
  #leavePath(path: HeaderPath, contentEnd: number): boolean {
    if (!this.#isInHeader || this.#depth - 2 !== this.#pathDepth) return true;
    if (this.#pathDepth === path.namesBytes.length && this.#texts.length <= headerTextsMax) {
      // References and comments are for the parser to read, and so are line breaks, which it makes alike.
      for (let at = this.#textFrom; at < contentEnd; at += 1) {
        const byte = byteAt(this.#bytes, at);
        if (byte === ampersand || byte === lessThan || byte === carriageReturn) return false;
      }
      this.#texts.push(toHeaderText(toUtf8(this.#bytes, this.#textFrom, contentEnd)));
    }
    this.#pathDepth -= 1;
    return true;
  }

  #soapAnswer(version: '1.1' | '1.2', bodyElement: QualifiedName | null, complete: boolean): EnvelopeHead {
    return this.#path === null
      ? { kind: 'soap', version, bodyElement, complete }
      : { kind: 'soap', version, bodyElement, complete, headerTexts: this.#texts };
  }

  /** As `#isIn`, for a namespace that may be none. */
  #isOf(declaration: number, namespace: Uint8Array): boolean {
    return this.#isIn(declaration, namespace) || (namespace.length === 0 && declaration < 0);
  }

  #isIn(declaration: number, namespace: Uint8Array): boolean {
    if (declaration < 0) return false;
    const start = offsetAt(declarations, declaration + 2);
    return isRange(this.#bytes, start, offsetAt(declarations, declaration + 3), namespace);
  }

  #close(): void {
    // Envelope closed, or its Body, without an element inside: nothing that follows can add an operation.
    if (this.#depth === 1 || (this.#depth === 2 && this.#isInBody)) this.#settle(null);
    this.#depth -= 1;
    this.#declarationCount = offsetAt(elements, 3 * this.#depth + 2);
  }

  #settle(bodyElement: QualifiedName | null): void {
    if (this.#version === null || this.#answer !== null) return;
    this.#answer = this.#soapAnswer(this.#version, bodyElement, true);
  }

  #nameOf(localStart: number, end: number, declaration: number): QualifiedName {
    const localName = toName(this.#bytes, localStart, end);
    if (declaration < 0) return { namespace: '', localName };
    const start = offsetAt(declarations, declaration + 2);
    return { namespace: toName(this.#bytes, start, offsetAt(declarations, declaration + 3)), localName };
  }

  // The parser measures characters, and one or two further on where the token ends in white space: bytes and a margin
  // are never fewer.
  #isTokenEnd(at: number): boolean {
    if (at + 2 - this.#tokenFrom > this.#bounds.tokenCharsMax) return false;
    this.#tokenFrom = at;
    return true;
  }
}

function offsetAt(offsets: Int32Array, index: number): number {
  return offsets[index] ?? 0;
}

function isRange(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  return end - start === expected.length && isAt(bytes, start, expected);
}

/** Names and namespaces seen before, by a cheap hash: a system has a few dozen, and text is dear to make of bytes. */
const knownNames: string[] = Array.from({ length: 1_024 }, () => '');
const knownNameCharactersMax = 128;

function toName(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > knownNameCharactersMax) return toText(bytes, start, end);
  let hash = end - start;
  for (let at = start; at < end; at += 1) hash = (hash * 31 + byteAt(bytes, at)) & 0x3ff;
  const known = knownNames[hash] ?? '';
  if (isText(bytes, start, end, known)) return known;
  const name = toText(bytes, start, end);
  knownNames[hash] = name;
  return name;
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at += 1) if (byteAt(bytes, at) !== text.charCodeAt(at - start)) return false;
  return true;
}

function toText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}

function toUtf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', start, end);
}
