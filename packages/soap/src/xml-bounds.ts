// What a document may cost before a parser builds it: one lexical pass that jumps from tag to tag.
// It does not judge well-formedness; whatever it misreads is not XML, and the parser refuses that.

/** Ceilings for one document. Every count is inclusive. */
export interface XmlBounds {
  /** Characters of the whole document. Default 24 Mi: the base64 of a 16 MiB attachment, with room. */
  readonly charsMax: number;
  /** Open elements at once. Default 64. */
  readonly depthMax: number;
  /** Elements in all. Default 20 000; payloads travel as one base64 text, so envelopes are small. */
  readonly elementsMax: number;
  /** Attributes of one element, namespace declarations included. Default 128. In all: four for each element of `elementsMax`. */
  readonly attributesMax: number;
  /** Namespace declarations in scope at once. Default 128: canonicalization costs elements times these. */
  readonly namespacesMax: number;
  /** Characters of one tag. Default 64 Ki. */
  readonly tagCharsMax: number;
}

/** The bounds that hold where a caller names none. */
export const defaultXmlBounds: XmlBounds = {
  charsMax: 24 * 1024 * 1024,
  depthMax: 64,
  elementsMax: 20_000,
  attributesMax: 128,
  namespacesMax: 128,
  tagCharsMax: 64 * 1024,
};

/** Why a document was not read. */
export type XmlRefusalReason =
  | 'doctype'
  | 'processing_instruction'
  | 'too_large'
  | 'too_deep'
  | 'too_many_elements'
  | 'too_many_attributes'
  | 'too_many_namespaces'
  | 'token_too_long'
  | 'encoding_unsupported'
  | 'not_canonicalizable'
  | 'not_well_formed';

/** A document that was not read: the reason, and the character offset where that became clear. */
export interface XmlRefusal {
  readonly ok: false;
  readonly reason: XmlRefusalReason;
  readonly at: number;
}

/** Measures a document against its bounds without parsing it; null when it may be parsed. */
export function measureXml(xml: string, bounds: XmlBounds): XmlRefusal | null {
  const refuse = (reason: XmlRefusalReason, at: number): XmlRefusal => ({ ok: false, reason, at });
  if (xml.length > bounds.charsMax) return refuse('too_large', bounds.charsMax);

  const open: number[] = []; // Namespace declarations of each open element.
  let namespaces = 0;
  let elements = 0;
  let attributes = 0;
  let at = endOfDeclaration(xml);
  if (at === null) return refuse('encoding_unsupported', 0);

  for (;;) {
    const start: number = xml.indexOf('<', at);
    if (start < 0) return null;
    const skipped = skipUnparsed(xml, start);
    if (skipped === 'doctype' || skipped === 'processing_instruction' || skipped === 'not_well_formed') {
      return refuse(skipped, start);
    }
    if (skipped !== null) {
      at = skipped;
      continue;
    }
    if (xml[start + 1] === '/') {
      const closed = open.pop();
      const end = xml.indexOf('>', start);
      if (closed === undefined || end < 0) return refuse('not_well_formed', start);
      namespaces -= closed;
      at = end + 1;
      continue;
    }

    const tag = measureTag(xml, start, bounds.tagCharsMax);
    if (typeof tag === 'string') return refuse(tag, start);
    elements += 1;
    if (elements > bounds.elementsMax) return refuse('too_many_elements', start);
    attributes += tag.attributes;
    const hasTooMany = tag.attributes > bounds.attributesMax || attributes > 4 * bounds.elementsMax;
    if (hasTooMany) return refuse('too_many_attributes', start);
    if (open.length + 1 > bounds.depthMax) return refuse('too_deep', start);
    if (namespaces + tag.namespaces > bounds.namespacesMax) return refuse('too_many_namespaces', start);
    if (xml[tag.end - 1] !== '/') {
      open.push(tag.namespaces);
      namespaces += tag.namespaces;
    }
    at = tag.end + 1;
  }
}

/** The offset of a document type declaration in the prolog, or null; a comment that only mentions one does not count. */
export function doctypeAt(xml: string): number | null {
  let at = 0;
  for (;;) {
    const start = xml.indexOf('<', at);
    if (start < 0 || xml[start + 1] === undefined) return null;
    if (xml.startsWith('<!--', start)) {
      const end = xml.indexOf('-->', start + 4);
      if (end < 0) return null;
      at = end + 3;
    } else if (xml[start + 1] === '?') {
      const end = xml.indexOf('?>', start);
      if (end < 0) return null;
      at = end + 2;
    } else {
      return xml.startsWith('<!DOCTYPE', start) ? start : null;
    }
  }
}

/** True for the encodings whose bytes mean here what they mean to every other reader of the message. */
export function isReadableEncoding(name: string): boolean {
  // UTF-7 or UTF-16 behind an ASCII-looking declaration would show another document to the next reader.
  return /^(utf-?8|us-ascii|ascii)$/i.test(name);
}

function endOfDeclaration(xml: string): number | null {
  const start = xml.startsWith('\ufeff') ? 1 : 0;
  if (!xml.startsWith('<?xml', start) || !/\s/.test(xml[start + 5] ?? '')) return start;
  const end = xml.indexOf('?>', start);
  if (end < 0 || end - start > 256) return null;
  const encoding = /\sencoding\s*=\s*["']([^"']*)["']/.exec(xml.slice(start, end))?.[1];
  return encoding === undefined || isReadableEncoding(encoding) ? end + 2 : null;
}

/** Past a comment or CDATA section, a refusal, or null for a tag. */
function skipUnparsed(
  xml: string,
  start: number,
): number | 'doctype' | 'processing_instruction' | 'not_well_formed' | null {
  const next = xml[start + 1];
  // SOAP 1.1 section 3: a message contains neither a document type declaration nor processing instructions.
  if (next === '?') return 'processing_instruction';
  if (next !== '!') return null;
  if (xml.startsWith('<!--', start)) return pastOrBroken(xml, '-->', start + 4);
  if (xml.startsWith('<![CDATA[', start)) return pastOrBroken(xml, ']]>', start + 9);
  return 'doctype';
}

function pastOrBroken(xml: string, terminator: string, from: number): number | 'not_well_formed' {
  const end = xml.indexOf(terminator, from);
  return end < 0 ? 'not_well_formed' : end + terminator.length;
}

interface TagMeasure {
  readonly end: number;
  readonly attributes: number;
  readonly namespaces: number;
}

function measureTag(xml: string, start: number, charsMax: number): TagMeasure | 'token_too_long' | 'not_well_formed' {
  let attributes = 0;
  for (let at = start + 1; at < xml.length; at += 1) {
    if (at - start > charsMax) return 'token_too_long';
    const character = xml[at];
    if (character === '"' || character === "'") {
      const end = xml.indexOf(character, at + 1);
      if (end < 0) return 'not_well_formed';
      attributes += 1;
      at = end;
    } else if (character === '>') {
      if (at - start > charsMax) return 'token_too_long';
      const namespaces = xml.slice(start, at).match(/\sxmlns[\s:=]/g)?.length ?? 0;
      return { end: at, attributes, namespaces };
    }
  }
  return 'not_well_formed';
}
