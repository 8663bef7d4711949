// The head of a message as a whole XML parser sees it: slow, and the one that judges.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { EnvelopeHead, HeadBounds, HeadRefusalReason, QualifiedName } from './head.ts';
import { soap11Namespace, soap12Namespace, soapVersionOf } from './namespaces.ts';
import { doctypeAt, isReadableEncoding } from './xml-bounds.ts';

const chunkBytes = 1024;

/** Reads the head of a message with the parser: the reading that decides every refusal. Looks at all bytes given. Never throws. */
export function parseHead(scanned: Uint8Array, limits: HeadBounds): EnvelopeHead {
  if (isWideEncoding(scanned)) return { kind: 'refused', reason: 'encoding_unsupported', at: 0 };

  const reader = new HeadReader(limits);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let start = 0; start < scanned.length; start += chunkBytes) {
    const chunk = scanned.subarray(start, start + chunkBytes);
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      return readToBadByte(scanned, start, reader);
    }
    reader.write(text);
    if (reader.answer !== null) return reader.answer;
  }
  return reader.soFar();
}

// UTF-16 and UTF-32, with a byte order mark or seen by their zero bytes: the next reader could see another document.
function isWideEncoding(bytes: Uint8Array): boolean {
  const [first, second, third, fourth] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return first === 0 || second === 0 || third === 0 || fourth === 0;
}

/** What stands before the bad byte is read first, so that the answer does not hang on where the chunks fall. */
function readToBadByte(scanned: Uint8Array, chunkStart: number, reader: HeadReader): EnvelopeHead {
  const isUtf8To = (end: number): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(scanned.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let good = chunkStart;
  let bad = Math.min(chunkStart + chunkBytes, scanned.length);
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8To(middle)) good = middle;
    else bad = middle;
  }
  const before = new TextDecoder('utf-8').decode(scanned.subarray(0, good), { stream: true });
  reader.write(before.slice(reader.written));
  return reader.answer ?? { kind: 'refused', reason: 'not_well_formed', at: good };
}

class HeadReader {
  answer: EnvelopeHead | null = null;
  written = 0;
  readonly #bounds: HeadBounds;
  readonly #parser = new SaxesParser({
    xmlns: true as const,
    position: false,
    forceXMLVersion: true,
    defaultXMLVersion: '1.0',
  });
  #prolog: string | null = '';
  #version: '1.1' | '1.2' | null = null;
  #depth = 0;
  #attributes = 0;
  #isInBody = false;
  #isInTag = false;
  #lastEventAt = 0;
  #lastMarkupAt = -1;

  constructor(bounds: HeadBounds) {
    this.#bounds = bounds;
    this.#listen();
  }

  write(text: string): void {
    if (text.length === 0) return;
    if (this.#prolog !== null) this.#lookAtProlog(text);
    if (this.answer !== null) return;
    const markupAt = text.lastIndexOf('<');
    if (markupAt >= 0) this.#lastMarkupAt = this.written + markupAt;
    this.#parser.write(text);
    this.written += text.length;
    // A token that has not ended: saxes would hold on to it without limit. Text outside a tag is no such token.
    // A text event falls one past the "<" that ended the text, hence the one.
    if (this.#isInTag || this.#lastMarkupAt + 1 >= this.#lastEventAt) this.#checkToken(this.written);
  }

  soFar(): EnvelopeHead {
    if (this.answer !== null) return this.answer;
    if (this.#version === null) return { kind: 'unfinished' };
    return { kind: 'soap', version: this.#version, bodyElement: null, complete: false };
  }

  // saxes announces a DOCTYPE only at its end; it is refused where it begins.
  #lookAtProlog(text: string): void {
    this.#prolog += text;
    const prolog = this.#prolog ?? '';
    const first = /\S/.exec(prolog);
    if (first !== null && first[0] !== '<') this.#refuse('not_xml', first.index);
    const doctype = doctypeAt(prolog);
    if (doctype !== null) this.#refuse('doctype', doctype);
  }

  #listen(): void {
    const parser = this.#parser;
    parser.on('error', () => this.#refuse('not_well_formed'));
    parser.on('doctype', () => this.#refuse('doctype'));
    parser.on('xmldecl', ({ version, encoding }) => {
      this.#endToken();
      if (encoding !== undefined && !isReadableEncoding(encoding)) this.#refuse('encoding_unsupported');
      if (version !== undefined && version !== '1.0') this.#refuse('not_well_formed');
    });
    parser.on('processinginstruction', () => this.#refuse('processing_instruction'));
    parser.on('text', () => {
      this.#lastEventAt = parser.position;
    });
    parser.on('comment', () => this.#endToken());
    parser.on('cdata', () => this.#endToken());
    parser.on('opentagstart', () => {
      this.#endToken();
      this.#isInTag = true;
      this.#attributes = 0;
      if (this.#depth + 1 > this.#bounds.depthMax) this.#refuse('too_deep');
    });
    parser.on('attribute', () => {
      this.#endToken();
      this.#attributes += 1;
      if (this.#attributes > this.#bounds.attributesMax) this.#refuse('too_many_attributes');
    });
    parser.on('opentag', (tag) => {
      this.#endToken();
      this.#isInTag = false;
      this.#open(tag);
    });
    parser.on('closetag', () => {
      this.#endToken();
      this.#close();
    });
  }

  #open(tag: SaxesTagNS): void {
    this.#depth += 1;
    const name = { namespace: tag.uri, localName: tag.local };
    if (this.#depth === 1) this.#openRoot(name);
    else if (this.#depth === 2 && this.#isBody(name)) this.#isInBody = true;
    else if (this.#depth === 3 && this.#isInBody) this.#settle({ bodyElement: name });
  }

  #openRoot(root: QualifiedName): void {
    this.#prolog = null;
    if (root.localName === 'Envelope') this.#version = soapVersionOf(root.namespace);
    if (this.#version === null) this.answer ??= { kind: 'xml', root };
  }

  #isBody(name: QualifiedName): boolean {
    const namespace = this.#version === '1.1' ? soap11Namespace : soap12Namespace;
    return name.localName === 'Body' && name.namespace === namespace;
  }

  #close(): void {
    // Envelope closed, or its Body, without an element inside: nothing that follows can add an operation.
    if (this.#depth === 1 || (this.#depth === 2 && this.#isInBody)) this.#settle({ bodyElement: null });
    this.#depth -= 1;
  }

  #settle({ bodyElement }: { readonly bodyElement: QualifiedName | null }): void {
    if (this.#version === null) return;
    this.answer ??= { kind: 'soap', version: this.#version, bodyElement, complete: true };
  }

  #endToken(): void {
    this.#checkToken(this.#parser.position);
    this.#lastEventAt = this.#parser.position;
  }

  #checkToken(endAt: number): void {
    if (endAt - this.#lastEventAt > this.#bounds.tokenCharsMax) this.#refuse('token_too_long', this.#lastEventAt);
  }

  #refuse(reason: HeadRefusalReason, at: number = this.#parser.position): void {
    this.answer ??= { kind: 'refused', reason, at };
  }
}
