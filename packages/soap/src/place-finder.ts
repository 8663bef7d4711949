// Finds the first value at one of several places while a document is read, and knows as soon as no further byte can change that.
// In an envelope the payload is the first element of the Body, unless that is the element of an attachment.
import type { SaxesTagNS } from 'saxes';
import { BoundedParser, type ParserBounds, type XmlListener } from './bounded-parser.ts';
import { soapVersionOf, xopNamespace } from './namespaces.ts';
import {
  type AttachmentElement,
  type PayloadRefusalReason,
  payloadValueCharactersMax,
  toPayloadValue,
  type XmlPlace,
} from './payload-places.ts';

/** What a document said. `include` and `nothing` come of envelopes alone. */
export type FinderAnswer =
  | { readonly kind: 'found'; readonly value: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: PayloadRefusalReason }
  /** The attachment is the MIME part that this refers to (XOP section 3.2). */
  | { readonly kind: 'include'; readonly href: string }
  /** The Body is empty. */
  | { readonly kind: 'nothing' };

/** How the first bytes are to be read: as an envelope around a payload, or as the payload itself. */
export type FinderStart =
  | { readonly as: 'envelope'; readonly attachment: AttachmentElement | null }
  | { readonly as: 'payload' };

/** One search. It is fed text until it has an answer, or until an attachment begins. */
export class PlaceFinder implements XmlListener {
  answer: FinderAnswer | null = null;
  /** Where the content of the attachment's element begins, in characters; null while none did. */
  attachmentAt: number | null = null;
  readonly #places: readonly XmlPlace[];
  readonly #attachment: AttachmentElement | null;
  readonly #isEnvelope: boolean;
  readonly #parser: BoundedParser;
  /** How many elements of each place are open one in the other, from the root of the payload on. */
  readonly #matched: number[];
  readonly #texts: string[];
  #attachmentMatched = 0;
  /** Elements of the payload that are open. */
  #openElements = 0;
  #rootNamespace = '';
  #soapNamespace = '';
  #isInBody = false;

  constructor(places: readonly XmlPlace[], start: FinderStart, bounds: ParserBounds) {
    this.#places = places;
    this.#isEnvelope = start.as === 'envelope';
    this.#attachment = start.as === 'envelope' ? start.attachment : null;
    this.#matched = places.map(() => 0);
    this.#texts = places.map(() => '');
    this.#parser = new BoundedParser(bounds, this);
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  open(tag: SaxesTagNS, depth: number): void {
    if (this.answer !== null) return;
    if (this.#isEnvelope && depth < 3) this.#openFrame(tag, depth);
    else if (!this.#isEnvelope || this.#isInBody) this.#enter(tag, depth - this.#frameDepth);
  }

  close(depth: number): void {
    if (this.answer !== null) return;
    const payloadDepth = depth - this.#frameDepth;
    if (payloadDepth >= 0) {
      if (!this.#isEnvelope || this.#isInBody) this.#leave(payloadDepth);
    } else if ((depth === 1 || this.#isInBody) && this.attachmentAt === null) this.answer = { kind: 'nothing' };
  }

  text(text: string): void {
    for (const [index, place] of this.#places.entries()) {
      const kept = this.#texts[index] ?? '';
      const isInside = this.#openElements === place.elements.length && this.#matched[index] === this.#openElements;
      // White space before a value may be long; what comes behind the bound changes nothing.
      if (isInside && kept.length <= payloadValueCharactersMax) this.#texts[index] = (kept + text).trimStart();
    }
  }

  refused(reason: PayloadRefusalReason): void {
    this.answer ??= { kind: 'unreadable', reason };
  }

  get #frameDepth(): number {
    return this.#isEnvelope ? 3 : 1;
  }

  #openFrame({ uri, local }: SaxesTagNS, depth: number): void {
    if (depth === 1) {
      this.#soapNamespace = uri;
      if (local !== 'Envelope' || soapVersionOf(uri) === null) this.refused('not_soap');
    } else this.#isInBody = local === 'Body' && uri === this.#soapNamespace;
  }

  #enter(tag: SaxesTagNS, depth: number): void {
    this.#openElements = depth + 1;
    if (depth === 0) this.#rootNamespace = tag.uri;
    if (this.#attachment !== null && this.#entersAttachment(this.#attachment, tag, depth)) return;
    let canMatch = false;
    for (const [index, place] of this.#places.entries()) {
      if (this.#matched[index] !== depth || !this.#fits(place, tag, depth)) continue;
      this.#matched[index] = depth + 1;
      canMatch = true;
      if (depth + 1 < place.elements.length) continue;
      if (place.attribute === null) this.#texts[index] = '';
      else this.#settle(attributeOf(tag, place.attribute));
      if (this.answer !== null) return;
    }
    if (depth === 0 && !canMatch && this.#attachmentMatched === 0) this.answer = { kind: 'absent' };
  }

  #fits({ namespace, elements }: XmlPlace, { uri, local }: SaxesTagNS, depth: number): boolean {
    const name = elements[depth];
    if (depth === 0) return (namespace === null || uri === namespace) && (name === '*' || isVersionOf(local, name));
    // Below the root some writers repeat the namespace and some have none; another namespace is another element.
    return (uri === '' || uri === this.#rootNamespace) && (name === '*' || local === name);
  }

  #entersAttachment({ namespace, elements }: AttachmentElement, { uri, local, attributes }: SaxesTagNS, depth: number) {
    if (this.attachmentAt !== null) {
      const isInclude = depth === elements.length && local === 'Include' && uri === xopNamespace;
      if (isInclude) this.answer = { kind: 'include', href: attributes.href?.value ?? '' };
      return true;
    }
    if (this.#attachmentMatched !== depth || local !== elements[depth]) return false;
    if (uri !== namespace && (depth === 0 || uri !== '')) return false;
    this.#attachmentMatched = depth + 1;
    if (depth + 1 === elements.length) this.attachmentAt = this.#parser.position;
    return true;
  }

  #leave(depth: number): void {
    for (const [index, { elements, attribute }] of this.#places.entries()) {
      if (this.#matched[index] !== depth + 1) continue;
      this.#matched[index] = depth;
      if (depth + 1 === elements.length && attribute === null) this.#settle(this.#texts[index] ?? '');
      if (this.answer !== null) return;
    }
    this.#openElements = depth;
    // What the attachment says is not known here.
    if (depth === 0 && this.attachmentAt === null) this.answer = { kind: 'absent' };
  }

  #settle(text: string): void {
    const value = toPayloadValue(text);
    if (value !== null) this.answer = { kind: 'found', value };
  }
}

/** The root of a document has its version in its name at some operators, and then none in the catalogue. */
function isVersionOf(local: string, name: string | undefined): boolean {
  return local === name || local.replace(/_v\d{1,3}$/i, '') === name;
}

function attributeOf({ attributes }: SaxesTagNS, name: string): string {
  return attributes[name]?.value ?? ''; // By its whole name: one with a prefix is another attribute.
}
