// A parsed document, lent to one reader and given back: libxml2 lives in WebAssembly memory that nothing else frees.
import { ParseOption, XmlDocument, XmlElement, XmlError, type XmlOutputBufferHandler } from 'libxml2-wasm';
import { defaultXmlBounds, measureXml, type XmlBounds, type XmlRefusal } from './xml-bounds.ts';

// HUGE lifts libxml2's 10 MB limit for one text, which a large attachment passes; measureXml bounds depth and counts first.
const parseOptions: ParseOption =
  ParseOption.XML_PARSE_HUGE |
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NO_SYS_CATALOG;

/** What a reader made of a document, or why the document was refused. */
export type XmlReading<T> = { readonly ok: true; readonly value: T } | XmlRefusal;

/** Parses within bounds, lends root and document to `read`, and frees them. Nodes must not outlive the call. */
export function readXml<T>(
  xml: string,
  read: (root: XmlElement, document: XmlDocument) => T,
  bounds: XmlBounds = defaultXmlBounds,
): XmlReading<T> {
  const refusal = measureXml(xml, bounds);
  if (refusal !== null) return refusal;
  const document = parse(xml);
  if (document === null) return { ok: false, reason: 'not_well_formed', at: 0 };
  try {
    return { ok: true, value: read(document.root, document) };
  } catch (error) {
    // libxml2 parses what C14N 1.0 section 2.1 refuses: relative namespace URIs.
    if (error instanceof XmlError) return { ok: false, reason: 'not_canonicalizable', at: 0 };
    throw error;
  } finally {
    document.dispose();
  }
}

/** The text of UTF-8 bytes without a byte order mark, or null where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The element children of an element, in order; text, comments and the like are passed over. */
export function elementsOf(parent: XmlElement): XmlElement[] {
  const elements: XmlElement[] = [];
  for (let node = parent.firstChild; node !== null; node = node.next) {
    if (node instanceof XmlElement) elements.push(node);
  }
  return elements;
}

/** The element children with this namespace and local name. */
export function childrenNamed(parent: XmlElement, namespace: string, localName: string): XmlElement[] {
  return elementsOf(parent).filter((child) => isNamed(child, namespace, localName));
}

/** The first element child with one of these local names, in any namespace or none. */
export function childByLocalName(parent: XmlElement, ...localNames: readonly string[]): XmlElement | null {
  return elementsOf(parent).find((child) => localNames.includes(child.name)) ?? null;
}

/** True when an element has this namespace and local name. */
export function isNamed(element: XmlElement, namespace: string, localName: string): boolean {
  return element.name === localName && element.namespaceUri === namespace;
}

/** How many elements of a document have this namespace and local name, at any depth. Both come from code. */
export function countOf(document: XmlDocument, namespace: string, localName: string): number {
  return Number(document.eval(`count(//*[local-name()='${localName}' and namespace-uri()='${namespace}'])`));
}

/** An attribute's value by namespace and local name, or null; the empty namespace means none. */
export function attributeOf(element: XmlElement, localName: string, namespace = ''): string | null {
  const found = element.attrs.find((attribute) => attribute.name === localName && attribute.namespaceUri === namespace);
  return found?.value ?? null;
}

/**
 * The text that libxml2 writes through an output handler. All pieces are decoded together: libxml2-wasm's own string
 * handler decodes each by itself, which is right only while no character lies on the seam of two.
 */
export function textWritten(write: (output: XmlOutputBufferHandler) => void): string {
  const pieces: Buffer[] = [];
  write({
    write: (bytes) => {
      pieces.push(Buffer.from(bytes)); // A copy: the bytes are WebAssembly memory that will be used again.
      return bytes.byteLength;
    },
    close: () => true,
  });
  return Buffer.concat(pieces).toString('utf8');
}

function parse(xml: string): XmlDocument | null {
  try {
    return XmlDocument.fromString(xml, { option: parseOptions });
  } catch (error) {
    if (error instanceof XmlError) return null;
    throw error;
  }
}
