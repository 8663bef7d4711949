// Reads a message of any of the market's shapes, request or answer: lenient about prefixes, order, letter case and what
// may be missing, strict about whatever two readers could understand differently.
import { XmlC14NMode, type XmlDocument, type XmlElement, XmlError } from 'libxml2-wasm';
import { attachmentHash } from './attachment.ts';
import { type CaisoHeader, caisoHeaderOf } from './caiso-header.ts';
import type { QualifiedName } from './head.ts';
import { readHead } from './head.ts';
import { bareId, type MimePart, type MultipartRefusalReason, parseContentType, readMultipart } from './multipart.ts';
import {
  attachmentHashNamespace,
  attachmentInforNamespace,
  caisoHeaderNamespace,
  isoAttachmentNamespace,
  soap11Namespace,
  soap12Namespace,
  soapVersionOf,
  wsuNamespace,
  xopNamespace,
} from './namespaces.ts';
import { canonicalText } from './signature-algorithms.ts';
import type { XmlBounds, XmlRefusalReason } from './xml-bounds.ts';
import {
  attributeOf,
  childByLocalName,
  childrenNamed,
  countOf,
  decodeUtf8,
  elementsOf,
  isNamed,
  readXml,
} from './xml-document.ts';

/** How an attachment is said to be packed; null where the message does not say. */
export interface AttachmentInfor {
  readonly id: string | null;
  readonly compressMethod: string | null;
  readonly compressFlag: string | null;
}

/** A message as read. Nothing here is verified: for what is signed, ask `verifyEnvelope` with `envelopeXml`. */
export interface SoapMessage {
  readonly version: '1.1' | '1.2';
  /** The envelope as received, without the MIME around it. */
  readonly envelopeXml: string;
  /** Name of the first element of the Body; null when it is empty. */
  readonly bodyElement: QualifiedName | null;
  /** That element as a document of its own; null for an empty Body, an ISOAttachment, or a relative namespace URI. */
  readonly bodyElementXml: string | null;
  /** Base64 text, from the MIME part, from AttachmentValue, or from the part that an xop:Include in it names. */
  readonly attachmentBase64: string | null;
  /** Value of the attachmentHash header. */
  readonly attachmentHash: string | null;
  /** Whether that hash is the hash of that attachment; null unless both are there. */
  readonly isHashRight: boolean | null;
  readonly attachmentInfor: readonly AttachmentInfor[];
  readonly caisoHeader: CaisoHeader | null;
}

/** Why a message was not read. */
export type MessageRefusalReason =
  | XmlRefusalReason
  | MultipartRefusalReason
  | 'content_type_unsupported'
  | 'transfer_encoding_unsupported'
  | 'not_utf8'
  | 'not_soap'
  | 'root_part_missing'
  | 'attachment_part_missing'
  | 'two_envelopes'
  | 'two_headers'
  | 'two_attachments'
  | 'duplicate_id';

/** A message, or why it was not read. */
export type MessageReading =
  | { readonly ok: true; readonly message: SoapMessage }
  | { readonly ok: false; readonly reason: MessageRefusalReason };

interface Wrapped {
  readonly envelope: Uint8Array;
  readonly others: readonly MimePart[];
}

/** Reads a request or an answer from its Content-Type and bytes. Never throws on bad input. */
export function readMessage(contentType: string, bytes: Uint8Array, bounds?: XmlBounds): MessageReading {
  const wrapped = unwrap(contentType, bytes);
  if (typeof wrapped === 'string') return { ok: false, reason: wrapped };
  const envelopeXml = decodeUtf8(wrapped.envelope);
  if (envelopeXml === null) return { ok: false, reason: 'not_utf8' };
  const reading = readXml(envelopeXml, (root, document) => readIn(root, document, envelopeXml, wrapped.others), bounds);
  if (!reading.ok) return { ok: false, reason: reading.reason };
  return typeof reading.value === 'string'
    ? { ok: false, reason: reading.value }
    : { ok: true, message: reading.value };
}

function unwrap(contentType: string, bytes: Uint8Array): Wrapped | MessageRefusalReason {
  const parsed = parseContentType(contentType);
  if (parsed === null) return 'bad_content_type';
  if (!parsed.mediaType.startsWith('multipart/')) {
    return isEnvelopeType(parsed) ? { envelope: bytes, others: [] } : 'content_type_unsupported';
  }
  const reading = readMultipart(contentType, bytes);
  if (!reading.ok) return reading.reason;
  const root = rootOf(reading.parts, reading.parameters.get('start'));
  if (root === null) return 'root_part_missing';
  const rootType = root.fields.get('content-type');
  const parsedRootType = rootType === undefined ? null : parseContentType(rootType);
  if (rootType !== undefined && (parsedRootType === null || !isEnvelopeType(parsedRootType))) {
    return 'content_type_unsupported';
  }
  if (!/^(7bit|8bit|binary)?$/i.test(root.fields.get('content-transfer-encoding') ?? '')) {
    return 'transfer_encoding_unsupported';
  }
  const others = reading.parts.filter((part) => part !== root);
  // Two envelopes in one message: one reader would take the first, another the one that `start` names.
  if (others.some((part) => readHead(part.body).kind === 'soap')) return 'two_envelopes';
  return { envelope: root.body, others };
}

function isEnvelopeType({ mediaType, parameters }: NonNullable<ReturnType<typeof parseContentType>>): boolean {
  const isXml = ['text/xml', 'application/xml', 'application/soap+xml', 'application/xop+xml'].includes(mediaType);
  const charset = parameters.get('charset') ?? 'utf-8';
  return isXml && /^(utf-?8|us-ascii)$/i.test(charset);
}

function rootOf(parts: readonly MimePart[], start: string | undefined): MimePart | null {
  if (start === undefined) return parts[0] ?? null;
  const named = parts.filter((part) => contentIdOf(part) === bareId(start));
  return named.length === 1 ? (named[0] ?? null) : null;
}

function contentIdOf(part: MimePart): string | null {
  const id = part.fields.get('content-id');
  return id === undefined ? null : bareId(id);
}

function readIn(
  root: XmlElement,
  document: XmlDocument,
  envelopeXml: string,
  others: readonly MimePart[],
): SoapMessage | MessageRefusalReason {
  const soap = root.namespaceUri;
  const version = soapVersionOf(soap);
  if (root.name !== 'Envelope' || version === null) return 'not_soap';
  const [header, ...otherHeaders] = childrenNamed(root, soap, 'Header');
  const [body, ...otherBodies] = childrenNamed(root, soap, 'Body');
  if (body === undefined) return 'not_soap';
  const ambiguity = otherHeaders.length + otherBodies.length > 0 ? 'two_envelopes' : ambiguityIn(document);
  if (ambiguity !== null) return ambiguity;

  const bodyElement = elementsOf(body)[0] ?? null;
  const attachment = findAttachment(bodyElement, others);
  if (attachment !== null && typeof attachment === 'string') return attachment;
  const attachmentBase64 = attachment?.base64 ?? null;
  const hash = header === undefined ? null : hashIn(header);
  const isIsoAttachment = bodyElement !== null && isNamed(bodyElement, isoAttachmentNamespace, 'ISOAttachment');
  return {
    version,
    envelopeXml,
    bodyElement: bodyElement && { namespace: bodyElement.namespaceUri, localName: bodyElement.name },
    bodyElementXml: bodyElement === null || isIsoAttachment ? null : standaloneXml(bodyElement),
    attachmentBase64,
    attachmentHash: hash,
    isHashRight: hash === null || attachmentBase64 === null ? null : attachmentHash(attachmentBase64) === hash,
    attachmentInfor: header === undefined ? [] : attachmentInforIn(header),
    caisoHeader: header === undefined ? null : caisoHeaderIn(header),
  };
}

function ambiguityIn(document: XmlDocument): 'two_headers' | 'two_envelopes' | 'duplicate_id' | null {
  const envelopes = countOf(document, soap11Namespace, 'Envelope') + countOf(document, soap12Namespace, 'Envelope');
  if (envelopes > 1) return 'two_envelopes';
  if (countOf(document, caisoHeaderNamespace, 'CAISOWSHeader') > 1) return 'two_headers';
  if (countOf(document, attachmentHashNamespace, 'attachmentHash') > 1) return 'two_headers';
  if (countOf(document, attachmentInforNamespace, 'standardAttachmentInfor') > 1) return 'two_headers';
  const ids = document.find('//@wsu:Id', { wsu: wsuNamespace }).map((id) => id.content);
  return new Set(ids).size === ids.length ? null : 'duplicate_id';
}

type FoundAttachment = { readonly base64: string };

function findAttachment(
  bodyElement: XmlElement | null,
  others: readonly MimePart[],
): FoundAttachment | 'two_attachments' | 'attachment_part_missing' | null {
  const value =
    bodyElement !== null && isNamed(bodyElement, isoAttachmentNamespace, 'ISOAttachment')
      ? elementsOf(bodyElement).filter((child) => child.name === 'AttachmentValue')
      : [];
  if (value.length > 1 || others.length > 1) return 'two_attachments';
  const [part] = others;
  if (value[0] === undefined) return part === undefined ? null : { base64: textOfPart(part) };
  const include = childrenNamed(value[0], xopNamespace, 'Include');
  if (include.length > 1) return 'two_attachments';
  if (include[0] === undefined) return part === undefined ? { base64: value[0].content.trim() } : 'two_attachments';
  return included(attributeOf(include[0], 'href') ?? '', part);
}

// XOP section 3.2: the part holds the octets whose base64 is the element's content.
function included(href: string, part: MimePart | undefined): FoundAttachment | 'attachment_part_missing' {
  if (part === undefined || !/^cid:[^%]*(%[0-9a-f]{2}[^%]*)*$/i.test(href)) return 'attachment_part_missing';
  const contentId = href
    .slice(4)
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  if (contentIdOf(part) !== contentId) return 'attachment_part_missing';
  return { base64: Buffer.from(part.body).toString('base64') };
}

function textOfPart(part: MimePart): string {
  return Buffer.from(part.body.buffer, part.body.byteOffset, part.body.byteLength).toString('latin1').trim();
}

function hashIn(header: XmlElement): string | null {
  const element = childrenNamed(header, attachmentHashNamespace, 'attachmentHash')[0];
  const value = element && childByLocalName(element, 'hashValue');
  return value?.content.trim() ?? null;
}

function attachmentInforIn(header: XmlElement): AttachmentInfor[] {
  const element = childrenNamed(header, attachmentInforNamespace, 'standardAttachmentInfor')[0];
  if (element === undefined) return [];
  const attachments = elementsOf(element).filter((child) => child.name === 'Attachment');
  return attachments.map((attachment) => ({
    id: childByLocalName(attachment, 'ID', 'id')?.content.trim() ?? null,
    compressMethod: childByLocalName(attachment, 'compressMethod')?.content.trim() ?? null,
    compressFlag: childByLocalName(attachment, 'compressFlag')?.content.trim() ?? null,
  }));
}

function caisoHeaderIn(header: XmlElement): CaisoHeader | null {
  const element = childrenNamed(header, caisoHeaderNamespace, 'CAISOWSHeader')[0];
  return element === undefined ? null : caisoHeaderOf(element);
}

// The element carries every namespace in scope, for names inside its values (xsi:type="xsd:string"); only the envelope's
// own stays behind unless something uses it, so that a document comes out as it went in.
function standaloneXml(element: XmlElement): string | null {
  const inScope = Object.entries(element.namespaces).filter(([, uri]) => soapVersionOf(uri) === null);
  try {
    return canonicalText(element, {
      mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
      inclusivePrefixes: inScope.map(([prefix]) => (prefix === '' ? '#default' : prefix)),
    });
  } catch (error) {
    // C14N 1.0 section 2.1 refuses relative namespace URIs, and ADS uses one (urn-com-caiso-ads-webservices-api).
    if (error instanceof XmlError) return null;
    throw error;
  }
}
