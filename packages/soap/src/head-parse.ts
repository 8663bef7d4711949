// The head of a message as a whole XML parser sees it: slow, and the one that judges.
import type { SaxesTagNS } from 'saxes';
import { BoundedParser, type XmlListener } from './bounded-parser.ts';
import type { EnvelopeHead, HeadBounds, HeadRefusalReason, QualifiedName } from './head.ts';
import { type HeaderPath, headerTextsMax, toHeaderText } from './header-path.ts';
import { soap11Namespace, soap12Namespace, soapVersionOf } from './namespaces.ts';

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

/** UTF-16 and UTF-32, with a byte order mark or seen by their zero bytes: the next reader could see another document. */
export function isWideEncoding(bytes: Uint8Array): boolean {
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

class HeadReader implements XmlListener {
  answer: EnvelopeHead | null = null;
  readonly #path: HeaderPath | null;
  readonly #parser: BoundedParser;
  #version: '1.1' | '1.2' | null = null;
  #isInBody = false;
  #isInHeader = false;
  #pathDepth = 0;
  /** The text at the end of the path, as far as it was read; null while none is open. */
  #text: string | null = null;
  readonly #texts: string[] = [];

  constructor(bounds: HeadBounds, path: HeaderPath | null) {
    this.#path = path;
    this.#parser = new BoundedParser(bounds, this);
  }

  /** Characters that were written. */
  get written(): number {
    return this.#parser.written;
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  soFar(): EnvelopeHead {
    if (this.answer !== null) return this.answer;
    if (this.#version === null) return { kind: 'unfinished' };
    return this.#soapAnswer(this.#version, null, false);
  }

  open({ uri: namespace, local: localName }: SaxesTagNS, depth: number): void {
    const name = { namespace, localName };
    if (depth === 1) this.#openRoot(name);
    else if (depth === 2 && this.#isBody(name)) this.#isInBody = true;
    else if (depth === 3 && this.#isInBody) this.#settle({ bodyElement: name });
    if (this.#path !== null) this.#enterPath(this.#path, name, depth);
  }

  close(depth: number): void {
    if (this.#path !== null) this.#leavePath(this.#path, depth);
    // Envelope closed, or its Body, without an element inside: nothing that follows can add an operation.
    if (depth === 1 || (depth === 2 && this.#isInBody)) this.#settle({ bodyElement: null });
  }

  text(text: string): void {
    if (this.#text !== null) this.#text += text; // No longer than the bytes that are looked at.
  }

  refused(reason: HeadRefusalReason, at: number): void {
    this.answer ??= { kind: 'refused', reason, at };
  }

  #enterPath(path: HeaderPath, { namespace, localName }: QualifiedName, depth: number): void {
    if (depth === 2) {
      const soapNamespace = this.#version === '1.1' ? soap11Namespace : soap12Namespace;
      this.#isInHeader = localName === 'Header' && namespace === soapNamespace;
    }
    if (!this.#isInHeader || depth - 3 !== this.#pathDepth) return;
    if (localName !== path.names[this.#pathDepth] || (this.#pathDepth === 0 && namespace !== path.namespace)) return;
    this.#pathDepth += 1;
    if (this.#pathDepth === path.names.length) this.#text = '';
  }

  #leavePath(path: HeaderPath, depth: number): void {
    if (!this.#isInHeader || depth - 2 !== this.#pathDepth) return;
    if (this.#pathDepth === path.names.length && this.#texts.length <= headerTextsMax)
      this.#texts.push(toHeaderText(this.#text ?? ''));
    this.#text = null;
    this.#pathDepth -= 1;
  }

  #soapAnswer(version: '1.1' | '1.2', bodyElement: QualifiedName | null, complete: boolean): EnvelopeHead {
    const head = { kind: 'soap', version, bodyElement, complete } as const;
    return this.#path === null ? head : { ...head, headerTexts: this.#texts };
  }

  #openRoot(root: QualifiedName): void {
    if (root.localName === 'Envelope') this.#version = soapVersionOf(root.namespace);
    if (this.#version === null) this.answer ??= { kind: 'xml', root };
  }

  #isBody(name: QualifiedName): boolean {
    const namespace = this.#version === '1.1' ? soap11Namespace : soap12Namespace;
    return name.localName === 'Body' && name.namespace === namespace;
  }

  #settle({ bodyElement }: { readonly bodyElement: QualifiedName | null }): void {
    if (this.#version === null) return;
    this.answer ??= this.#soapAnswer(this.#version, bodyElement, true);
  }
}
