// The head of a message as a whole XML parser sees it: slow, and the one that judges.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { EnvelopeHead, HeadBounds, HeadRefusalReason, QualifiedName } from './head.ts';
import { type HeaderPath, headerTextsMax, toHeaderText } from './header-path.ts';
import { soap11Namespace, soap12Namespace, soapVersionOf } from './namespaces.ts';
import { doctypeAt, isReadableEncoding } from './xml-bounds.ts';

const chunkBytes = 1024;

/** Reads the head of a message with the parser: the reading that decides every refusal. Looks at all bytes given. Never throws. */
export function parseHead(scanned: Uint8Array, limits: HeadBounds, path: HeaderPath | null = null): EnvelopeHead {
  if (isWideEncoding(scanned)) return { kind: 'refused', reason: 'encoding_unsupported', at: 0 };

  const reader = new HeadReader(limits, path);
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
  readonly #path: HeaderPath | null;
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
  #isInHeader = false;
  #pathDepth = 0;
  /** The text at the end of the path, as far as it was read; null while none is open. */
  #text: string | null = null;
  readonly #texts: string[] = [];
  #lastEventAt = 0;
  #lastMarkupAt = -1;

  constructor(bounds: HeadBounds, path: HeaderPath | null) {
    this.#bounds = bounds;
    this.#path = path;
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
    return this.#soapAnswer(this.#version, null, false);
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
    parser.on('text', (text) => {
      this.#addText(text);
      this.#lastEventAt = parser.position;
    });
    parser.on('comment', () => this.#endToken());
    parser.on('cdata', (text) => {
      this.#addText(text);
      this.#endToken();
    });
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
    if (this.#path !== null) this.#enterPath(this.#path, name);
  }

  #enterPath(path: HeaderPath, { namespace, localName }: QualifiedName): void {
    if (this.#depth === 2) {
      const soapNamespace = this.#version === '1.1' ? soap11Namespace : soap12Namespace;
      this.#isInHeader = localName === 'Header' && namespace === soapNamespace;
    }
    if (!this.#isInHeader || this.#depth - 3 !== this.#pathDepth) return;
    if (localName !== path.names[this.#pathDepth] || (this.#pathDepth === 0 && namespace !== path.namespace)) return;
    this.#pathDepth += 1;
    if (this.#pathDepth === path.names.length) this.#text = '';
  }

  #leavePath(path: HeaderPath): void {
    if (!this.#isInHeader || this.#depth - 2 !== this.#pathDepth) return;
    if (this.#pathDepth === path.names.length && this.#texts.length <= headerTextsMax)
      this.#texts.push(toHeaderText(this.#text ?? ''));
    this.#text = null;
    this.#pathDepth -= 1;
  }

  #addText(text: string): void {
    if (this.#text !== null) this.#text += text; // No longer than the bytes that are looked at.
  }

  #soapAnswer(version: '1.1' | '1.2', bodyElement: QualifiedName | null, complete: boolean): EnvelopeHead {
    const head = { kind: 'soap', version, bodyElement, complete } as const;
    return this.#path === null ? head : { ...head, headerTexts: this.#texts };
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
    if (this.#path !== null) this.#leavePath(this.#path);
    // Envelope closed, or its Body, without an element inside: nothing that follows can add an operation.
    if (this.#depth === 1 || (this.#depth === 2 && this.#isInBody)) this.#settle({ bodyElement: null });
    this.#depth -= 1;
  }

  #settle({ bodyElement }: { readonly bodyElement: QualifiedName | null }): void {
    if (this.#version === null) return;
    this.answer ??= this.#soapAnswer(this.#version, bodyElement, true);
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
