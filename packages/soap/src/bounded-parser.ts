// An XML parser that is fed text piece by piece and gives up at the first thing that no market message needs, or that would cost
// too much: a DOCTYPE, a processing instruction, depth, long tokens, many attributes. Whoever listens sees elements and texts.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { HeadBounds, HeadRefusalReason } from './head.ts';
import { doctypeAt, isReadableEncoding } from './xml-bounds.ts';

/** Who hears what was read. Depths count from 1, the root. */
export interface XmlListener {
  open(tag: SaxesTagNS, depth: number): void;
  close(depth: number): void;
  /** A run of character data; one text may come in several. */
  text(text: string): void;
  /** Nothing that is heard afterwards counts. */
  refused(reason: HeadRefusalReason, at: number): void;
}

/** Bounds of a parser: those of a head, but for the bytes, which whoever feeds it counts. */
export type ParserBounds = Omit<HeadBounds, 'scannedBytesMax'>;

/** The parser. It never throws; it does not know by itself that it was heard enough: whoever feeds it stops. */
export class BoundedParser {
  /** Characters that were written. */
  written = 0;
  readonly #bounds: ParserBounds;
  readonly #listener: XmlListener;
  readonly #parser = new SaxesParser({
    xmlns: true as const,
    position: false,
    forceXMLVersion: true,
    defaultXMLVersion: '1.0',
  });
  #prolog: string | null = '';
  #isRefused = false;
  #depth = 0;
  #attributes = 0;
  #isInTag = false;
  #lastEventAt = 0;
  #lastMarkupAt = -1;

  constructor(bounds: ParserBounds, listener: XmlListener) {
    this.#bounds = bounds;
    this.#listener = listener;
    this.#listen();
  }

  /** The character behind what was read last. */
  get position(): number {
    return this.#parser.position;
  }

  write(text: string): void {
    if (text.length === 0 || this.#isRefused) return;
    if (this.#prolog !== null) this.#lookAtProlog(text);
    if (this.#isRefused) return;
    const markupAt = text.lastIndexOf('<');
    if (markupAt >= 0) this.#lastMarkupAt = this.written + markupAt;
    this.#parser.write(text);
    this.written += text.length;
    // A token that has not ended: saxes would hold on to it without limit. Text outside a tag is no such token.
    // A text event falls one past the "<" that ended the text, hence the one.
    if (this.#isInTag || this.#lastMarkupAt + 1 >= this.#lastEventAt) this.#checkToken(this.written);
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
      this.#listener.text(text);
      this.#lastEventAt = parser.position;
    });
    parser.on('comment', () => this.#endToken());
    parser.on('cdata', (text) => {
      this.#listener.text(text);
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
      this.#depth += 1;
      this.#prolog = null;
      this.#listener.open(tag, this.#depth);
    });
    parser.on('closetag', () => {
      this.#endToken();
      this.#listener.close(this.#depth);
      this.#depth -= 1;
    });
  }

  #endToken(): void {
    this.#checkToken(this.#parser.position);
    this.#lastEventAt = this.#parser.position;
  }

  #checkToken(endAt: number): void {
    if (endAt - this.#lastEventAt > this.#bounds.tokenCharsMax) this.#refuse('token_too_long', this.#lastEventAt);
  }

  #refuse(reason: HeadRefusalReason, at: number = this.#parser.position): void {
    this.#isRefused = true;
    this.#listener.refused(reason, at);
  }
}
