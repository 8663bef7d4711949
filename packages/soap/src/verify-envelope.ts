// WS-Security verification. A true answer hands back the text that was hashed, never the document it came from:
// signature wrapping works by letting the verifier look at one element and the application at another.
import { createHash, type KeyObject, verify, X509Certificate } from 'node:crypto';
import type { XmlDocument, XmlElement } from 'libxml2-wasm';
import { bytesOfBase64 } from './attachment.ts';
import {
  attachmentHashNamespace,
  attachmentInforNamespace,
  caisoHeaderNamespace,
  dsNamespace,
  soapVersionOf,
  wsseNamespace,
  x509TokenType,
} from './namespaces.ts';
import {
  canonicalizationOf,
  canonicalText,
  digestHashes,
  signatureHashes,
  transformOf,
} from './signature-algorithms.ts';
import type { XmlBounds } from './xml-bounds.ts';
import { attributeOf, childrenNamed, countOf, elementsOf, isNamed, readXml } from './xml-document.ts';

/** The parts of an envelope that a signature can be required to cover. */
export type SignedPart = 'Body' | 'CAISOWSHeader' | 'attachmentHash' | 'standardAttachmentInfor';

/** What a verification asks for. */
export interface VerifyOptions {
  /**
   * Parts that must be there and signed. Default Body and CAISOWSHeader. Attachment headers must be signed wherever they
   * are there. The BinarySecurityToken is never required: Java and .NET clients do not sign it.
   */
  readonly requireSigned?: readonly SignedPart[];
  /** Ceilings of the document. */
  readonly bounds?: XmlBounds;
}

/** Why a signature was not accepted. */
export type VerifyRefusalReason =
  | 'no_signature'
  | 'digest_mismatch'
  | 'signature_invalid'
  | 'wrapped'
  | 'required_part_not_signed'
  | 'unsupported_algorithm'
  | 'no_certificate'
  | 'malformed';

/** A verified envelope: whose key signed it, and exactly the texts that were hashed. */
export interface VerifiedEnvelope {
  readonly ok: true;
  /** The certificate whose key made the signature. Proven is possession of the key; trust is the caller's to judge. */
  readonly certificateDer: Buffer;
  readonly signatureHash: 'sha1' | 'sha256';
  /** Canonical XML of each signed part, a document of its own; null for a part that the envelope does not have. */
  readonly signed: Readonly<Record<SignedPart, string | null>>;
}

/** A verified envelope, or why it was not accepted. */
export type Verification = VerifiedEnvelope | { readonly ok: false; readonly reason: VerifyRefusalReason };

const referencesMax = 12; // Each is one walk of the document. .NET signs at most ten: five of ours, four of addressing, a timestamp.
const tokenCharsMax = 32 * 1024;
const rsaBitsMin = 1024;
const rsaBitsMax = 16_384;

const headerParts: ReadonlyArray<readonly [SignedPart, string]> = [
  ['CAISOWSHeader', caisoHeaderNamespace],
  ['attachmentHash', attachmentHashNamespace],
  ['standardAttachmentInfor', attachmentInforNamespace],
];

/** Verifies the one signature of an envelope. Never throws on bad input; frees every document it parses. */
export function verifyEnvelope(envelopeXml: string, options: VerifyOptions = {}): Verification {
  const reading = readXml(envelopeXml, (root, document) => verifyIn(root, document, options), options.bounds);
  return reading.ok ? reading.value : refuse('malformed');
}

interface Envelope {
  readonly header: XmlElement;
  readonly body: XmlElement;
  readonly security: XmlElement;
  readonly signature: XmlElement;
  readonly signedInfo: XmlElement;
  /** The parts that are there, each exactly once in the whole document and in its own place. */
  readonly parts: ReadonlyMap<SignedPart, XmlElement>;
}

interface SignedElement {
  readonly element: XmlElement;
  readonly text: string;
}

function verifyIn(root: XmlElement, document: XmlDocument, options: VerifyOptions): Verification {
  const envelope = findEnvelope(root, document);
  if (typeof envelope === 'string') return refuse(envelope);
  const certificate = findCertificate(envelope, document);
  if (typeof certificate === 'string') return refuse(certificate);
  const signatureHash = checkSignature(envelope, certificate.key);
  if (signatureHash !== 'sha1' && signatureHash !== 'sha256') return refuse(signatureHash);
  const signed = checkReferences(envelope, document);
  if (typeof signed === 'string') return refuse(signed);
  const texts = requiredTexts(envelope, signed, options.requireSigned ?? ['Body', 'CAISOWSHeader']);
  if (typeof texts === 'string') return refuse(texts);
  return {
    ok: true,
    certificateDer: certificate.der,
    signatureHash,
    signed: texts,
  };
}

function findEnvelope(root: XmlElement, document: XmlDocument): Envelope | VerifyRefusalReason {
  const soap = root.namespaceUri;
  if (root.name !== 'Envelope' || soapVersionOf(soap) === null) return 'malformed';
  const [first, second, ...rest] = elementsOf(root);
  if (rest.length > 0 || first === undefined) return 'malformed';
  if (second === undefined) return isNamed(first, soap, 'Body') ? 'no_signature' : 'malformed';
  if (!isNamed(first, soap, 'Header') || !isNamed(second, soap, 'Body')) return 'malformed';
  const parts = findParts(first, second, document, soap);
  if (typeof parts === 'string') return parts;

  const [security, ...otherSecurity] = childrenNamed(first, wsseNamespace, 'Security');
  if (security === undefined) return 'no_signature';
  const [signature, ...otherSignatures] = childrenNamed(security, dsNamespace, 'Signature');
  if (signature === undefined) return 'no_signature';
  const [signedInfo, ...otherInfo] = childrenNamed(signature, dsNamespace, 'SignedInfo');
  if (signedInfo === undefined || otherSecurity.length + otherSignatures.length + otherInfo.length > 0)
    return 'malformed';
  return { header: first, body: second, security, signature, signedInfo, parts };
}

// An application that looks for a part with `//name` must find the very element that is verified here, so a second one
// anywhere in the document is refused, whatever it is wrapped in.
function findParts(
  header: XmlElement,
  body: XmlElement,
  document: XmlDocument,
  soap: string,
): Map<SignedPart, XmlElement> | VerifyRefusalReason {
  for (const name of ['Envelope', 'Header', 'Body']) if (countOf(document, soap, name) !== 1) return 'wrapped';
  if (countOf(document, wsseNamespace, 'Security') > 1) return 'wrapped';

  const parts = new Map<SignedPart, XmlElement>([['Body', body]]);
  for (const [name, namespace] of headerParts) {
    const [part] = childrenNamed(header, namespace, name);
    if (countOf(document, namespace, name) !== (part === undefined ? 0 : 1)) return 'wrapped';
    if (part !== undefined) parts.set(name, part);
  }
  return parts;
}

interface SigningCertificate {
  readonly der: Buffer;
  readonly key: KeyObject;
}

function findCertificate(envelope: Envelope, document: XmlDocument): SigningCertificate | VerifyRefusalReason {
  const token = findToken(envelope, document);
  if (token === null || typeof token === 'string') return token ?? 'no_certificate';
  const text = token.content;
  const der = text.length > tokenCharsMax ? null : bytesOfBase64(text);
  if (der === null) return 'no_certificate';
  try {
    // A certificate can parse and still hold a key that does not; Node decodes the key only when asked for it.
    const { raw, publicKey } = new X509Certificate(der);
    return { der: raw, key: publicKey };
  } catch {
    return 'no_certificate';
  }
}

/** The BinarySecurityToken or X509Certificate that the signature names; without a name, the only token there is. */
function findToken(envelope: Envelope, document: XmlDocument): XmlElement | null | VerifyRefusalReason {
  const [keyInfo, ...otherKeyInfo] = childrenNamed(envelope.signature, dsNamespace, 'KeyInfo');
  if (otherKeyInfo.length > 0) return 'malformed';
  const direct = keyInfo?.find('./ds:X509Data/ds:X509Certificate', { ds: dsNamespace }) ?? [];
  if (direct.length === 1) return direct[0] as XmlElement;
  const tokens = childrenNamed(envelope.security, wsseNamespace, 'BinarySecurityToken');
  const named = keyInfo?.get('./wsse:SecurityTokenReference/wsse:Reference', { wsse: wsseNamespace }) ?? null;
  if (named === null) return tokens.length === 1 ? (tokens[0] ?? null) : null;

  const target = resolve(attributeOf(named as XmlElement, 'URI'), document);
  if (typeof target === 'string') return target;
  const token = tokens.find((candidate) => candidate.isSameNode(target));
  const valueType = token && attributeOf(token, 'ValueType');
  return token !== undefined && (valueType === null || valueType === x509TokenType) ? token : 'no_certificate';
}

function checkSignature(envelope: Envelope, publicKey: KeyObject): 'sha1' | 'sha256' | VerifyRefusalReason {
  const { signature, signedInfo } = envelope;
  const [method, ...otherMethods] = childrenNamed(signedInfo, dsNamespace, 'SignatureMethod');
  const [canonicalization, ...otherCanonicalization] = childrenNamed(signedInfo, dsNamespace, 'CanonicalizationMethod');
  const [value, ...otherValues] = childrenNamed(signature, dsNamespace, 'SignatureValue');
  const others = otherMethods.length + otherCanonicalization.length + otherValues.length;
  if (method === undefined || canonicalization === undefined || value === undefined || others > 0) return 'malformed';

  const hash = signatureHashes.get(attributeOf(method, 'Algorithm') ?? '');
  const canonical = canonicalizationOf(canonicalization);
  const bits = publicKey.asymmetricKeyType === 'rsa' ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  if (hash === undefined || canonical === null || bits < rsaBitsMin || bits > rsaBitsMax)
    return 'unsupported_algorithm';
  const signatureBytes = bytesOfBase64(value.content);
  if (signatureBytes === null) return 'malformed';
  const octets = Buffer.from(canonicalText(signedInfo, canonical));
  return isSignedBy(publicKey, `RSA-${hash.toUpperCase()}`, octets, signatureBytes) ? hash : 'signature_invalid';
}

function isSignedBy(publicKey: KeyObject, algorithm: string, octets: Buffer, signature: Buffer): boolean {
  try {
    return verify(algorithm, octets, publicKey, signature);
  } catch {
    return false; // A key that OpenSSL will not compute with has signed nothing.
  }
}

function checkReferences(envelope: Envelope, document: XmlDocument): SignedElement[] | VerifyRefusalReason {
  const references = childrenNamed(envelope.signedInfo, dsNamespace, 'Reference');
  if (references.length === 0) return 'required_part_not_signed';
  if (references.length > referencesMax) return 'malformed';
  const signed: SignedElement[] = [];
  for (const reference of references) {
    const checked = checkReference(reference, envelope, document);
    if (typeof checked === 'string') return checked;
    signed.push(checked);
  }
  return signed;
}

function checkReference(
  reference: XmlElement,
  envelope: Envelope,
  document: XmlDocument,
): SignedElement | VerifyRefusalReason {
  const target = resolve(attributeOf(reference, 'URI'), document);
  if (typeof target === 'string') return target;
  if (!isInPlace(target, envelope)) return 'wrapped';
  const [method, ...otherMethods] = childrenNamed(reference, dsNamespace, 'DigestMethod');
  const [value, ...otherValues] = childrenNamed(reference, dsNamespace, 'DigestValue');
  if (method === undefined || value === undefined || otherMethods.length + otherValues.length > 0) return 'malformed';

  const hash = digestHashes.get(attributeOf(method, 'Algorithm') ?? '');
  const holdsSignature = target.isSameNode(envelope.security);
  const canonicalization = transformOf(reference, !holdsSignature);
  if (hash === undefined || canonicalization === null) return 'unsupported_algorithm';
  const expected = bytesOfBase64(value.content);
  if (expected === null) return 'malformed';
  const text = canonicalText(target, canonicalization);
  const digest = createHash(hash).update(text).digest();
  return digest.equals(expected) ? { element: target, text } : 'digest_mismatch';
}

/** Signed may be the Body, a header, or a child of the Security header: anywhere else it could be a copy of one. */
function isInPlace(element: XmlElement, { header, body, security }: Envelope): boolean {
  const parent = element.parent;
  return element.isSameNode(body) || parent?.isSameNode(header) === true || parent?.isSameNode(security) === true;
}

/** The one element that a same-document reference names. Every attribute called Id, ID or id counts, in any namespace. */
function resolve(uri: string | null, document: XmlDocument): XmlElement | VerifyRefusalReason {
  // The empty URI (the whole document), XPointer and external URIs would let the sender choose what is looked at.
  if (uri === null || !uri.startsWith('#') || uri.includes('(')) return 'unsupported_algorithm';
  const id = uri.slice(1);
  if (!/^[\w.:-]{1,256}$/.test(id)) return 'malformed';
  const elements = document.find(
    `//*[@*[(local-name()='Id' or local-name()='ID' or local-name()='id') and .='${id}']]`,
  );
  const [element, ...others] = elements;
  if (element === undefined) return 'malformed';
  // Two readers may each know another kind of id, so one value on two elements is refused whatever their kinds.
  return others.length > 0 ? 'wrapped' : (element as XmlElement);
}

function requiredTexts(
  { parts }: Envelope,
  signed: readonly SignedElement[],
  required: readonly SignedPart[],
): Record<SignedPart, string | null> | VerifyRefusalReason {
  const textOf = (part: SignedPart): string | null => {
    const element = parts.get(part);
    return signed.find((candidate) => element?.isSameNode(candidate.element))?.text ?? null;
  };
  const texts = {
    Body: textOf('Body'),
    CAISOWSHeader: textOf('CAISOWSHeader'),
    attachmentHash: textOf('attachmentHash'),
    standardAttachmentInfor: textOf('standardAttachmentInfor'),
  };
  const mustBeSigned = new Set<SignedPart>(required);
  for (const part of ['attachmentHash', 'standardAttachmentInfor'] as const)
    if (parts.has(part)) mustBeSigned.add(part);
  return [...mustBeSigned].every((part) => texts[part] !== null) ? texts : 'required_part_not_signed';
}

function refuse(reason: VerifyRefusalReason): Verification {
  return { ok: false, reason };
}
