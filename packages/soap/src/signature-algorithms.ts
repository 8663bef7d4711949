// The algorithms that a market signature may use. What is not listed is refused: HMAC (an attacker would pick the public
// key as the secret), XPath and XSLT transforms (they choose what is signed), and anything with comments.
import { XmlC14NMode, type XmlElement, type XmlNode } from 'libxml2-wasm';
import {
  dsNamespace,
  envelopedSignature,
  exclusiveC14n,
  inclusiveC14n,
  rsaSha1,
  rsaSha256,
  sha1Digest,
  sha256Digest,
} from './namespaces.ts';
import { attributeOf, childrenNamed, elementsOf, textWritten } from './xml-document.ts';

/** Names node:crypto knows, by the URI of a signature method. */
export const signatureHashes: ReadonlyMap<string, 'sha1' | 'sha256'> = new Map([
  [rsaSha1, 'sha1'],
  [rsaSha256, 'sha256'],
]);

/** Names node:crypto knows, by the URI of a digest method. */
export const digestHashes: ReadonlyMap<string, 'sha1' | 'sha256'> = new Map([
  [sha1Digest, 'sha1'],
  [sha256Digest, 'sha256'],
]);

/** How one element becomes the text that is hashed. */
export interface Canonicalization {
  readonly mode: typeof XmlC14NMode.XML_C14N_EXCLUSIVE_1_0 | typeof XmlC14NMode.XML_C14N_1_0;
  readonly inclusivePrefixes: readonly string[];
}

const inclusivePrefixesMax = 64;

/** The canonicalization that an element with an Algorithm attribute asks for; null when it is not accepted. */
export function canonicalizationOf(method: XmlElement): Canonicalization | null {
  const algorithm = attributeOf(method, 'Algorithm');
  if (algorithm === inclusiveC14n && elementsOf(method).length === 0) {
    return { mode: XmlC14NMode.XML_C14N_1_0, inclusivePrefixes: [] };
  }
  if (algorithm !== exclusiveC14n) return null;
  const parameters = elementsOf(method);
  if (parameters.length === 0) return { mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0, inclusivePrefixes: [] };
  const inclusive = childrenNamed(method, exclusiveC14n, 'InclusiveNamespaces')[0];
  if (parameters.length !== 1 || inclusive === undefined) return null;
  const prefixes = (attributeOf(inclusive, 'PrefixList') ?? '').split(/\s+/).filter((prefix) => prefix !== '');
  if (prefixes.length > inclusivePrefixesMax) return null;
  return { mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0, inclusivePrefixes: prefixes };
}

/**
 * The canonicalization that a ds:Reference ends in; null when a transform is not accepted. `isEnvelopable` says that the
 * signature lies outside the target, where the enveloped-signature transform changes nothing.
 */
export function transformOf(reference: XmlElement, isEnvelopable: boolean): Canonicalization | null {
  const transforms = childrenNamed(reference, dsNamespace, 'Transforms');
  if (transforms.length > 1) return null;
  const steps = transforms[0] === undefined ? [] : elementsOf(transforms[0]);
  const canonicalizing = steps.filter((step) => attributeOf(step, 'Algorithm') !== envelopedSignature);
  if (steps.length - canonicalizing.length > (isEnvelopable ? 1 : 0)) return null;
  // XML Signature section 4.4.3.2: a node set that nothing turned into octets is canonicalized by inclusive C14N 1.0.
  const last = canonicalizing[0];
  if (last === undefined) return { mode: XmlC14NMode.XML_C14N_1_0, inclusivePrefixes: [] };
  return canonicalizing.length === 1 && steps.at(-1)?.isSameNode(last) === true ? canonicalizationOf(last) : null;
}

/** The canonical text of an element and all inside it. */
export function canonicalText(element: XmlElement, { mode, inclusivePrefixes }: Canonicalization): string {
  return textWritten((output) =>
    // Cheaper than element.canonicalize(), which wraps every node of the document in an object.
    element.doc.canonicalize(output, {
      mode,
      inclusiveNamespacePrefixes: [...inclusivePrefixes],
      nodeSet: new Set<XmlNode>([element]),
    }),
  );
}
