// The envelope itself and the header elements that requests and answers share. Everything stands on one line.
import type { EncodedAttachment } from './attachment.ts';
import {
  attachmentHashNamespace,
  attachmentInforNamespace,
  isoAttachmentNamespace,
  soap11Namespace,
} from './namespaces.ts';
import { readXml } from './xml-document.ts';
import { escapeText } from './xml-text.ts';

/** A message ready to send. */
export interface OutgoingMessage {
  /** Value of the Content-Type field. */
  readonly contentType: string;
  readonly body: Buffer;
  /** Value of the SOAPAction field, quotes included; absent when the writer was given no action. */
  readonly soapActionHeader?: string;
}

/** Takes the finished envelope and returns it signed; `signEnvelope` with a key bound to it is one. */
export type SignHook = (envelopeXml: string) => string;

/** Content type of a message that is one envelope. */
export const xmlContentType = 'text/xml; charset=utf-8';

/** Writes a SOAP 1.1 envelope around ready header and body XML; without headers there is no Header element. */
export function writeEnvelope(headers: readonly string[], bodyXml: string, sign?: SignHook): string {
  const header = headers.length === 0 ? '' : `<SOAP-ENV:Header>${headers.join('')}</SOAP-ENV:Header>`;
  const body = bodyXml === '' ? '<SOAP-ENV:Body/>' : `<SOAP-ENV:Body>${bodyXml}</SOAP-ENV:Body>`;
  const envelope = `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap11Namespace}">${header}${body}</SOAP-ENV:Envelope>`;
  return sign === undefined ? envelope : sign(envelope);
}

/** The header that carries the hash of the attachment beside the envelope. */
export function writeAttachmentHash({ hash }: Pick<EncodedAttachment, 'hash'>): string {
  return (
    `<att:attachmentHash xmlns:att="${attachmentHashNamespace}">` +
    `<att:hashValue>${escapeText(hash)}</att:hashValue></att:attachmentHash>`
  );
}

/** The header that says how the attachment is packed; `empty` for `_DocAttach`, which has it present without content. */
export function writeAttachmentInfor(content: 'gzip' | 'empty'): string {
  const attachment =
    '<infor:Attachment><infor:ID>1</infor:ID><infor:compressMethod>gzip</infor:compressMethod></infor:Attachment>';
  return (
    `<infor:standardAttachmentInfor xmlns:infor="${attachmentInforNamespace}">` +
    `${content === 'gzip' ? attachment : ''}</infor:standardAttachmentInfor>`
  );
}

/** The body of a `_DocAttach` message. */
export function writeIsoAttachment({ base64 }: Pick<EncodedAttachment, 'base64'>): string {
  return (
    `<iso:ISOAttachment xmlns:iso="${isoAttachmentNamespace}">` +
    `<iso:AttachmentValue>${escapeText(base64)}</iso:AttachmentValue></iso:ISOAttachment>`
  );
}

/** A document as it can stand in a Body: without XML declaration. Throws TypeError for what is no XML document in bounds. */
export function toBodyXml(documentXml: string): string {
  const reading = readXml(documentXml, () => null);
  if (!reading.ok) throw new TypeError(`The body document was refused: ${reading.reason} at ${reading.at}.`);
  return documentXml.replace(/^\ufeff?<\?xml\s[^>]*\?>/, '').trim();
}
