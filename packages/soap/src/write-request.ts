// The requests of the market's message shapes: submit as plain multipart, submit as DocAttach, and retrieve.
import type { EncodedAttachment } from './attachment.ts';
import { type CaisoHeaderFields, writeCaisoHeader } from './caiso-header.ts';
import {
  type OutgoingMessage,
  type SignHook,
  toBodyXml,
  writeAttachmentHash,
  writeAttachmentInfor,
  writeEnvelope,
  writeIsoAttachment,
  xmlContentType,
} from './envelope.ts';
import { writeMultipart } from './multipart.ts';

/** What every request is told. */
export interface RequestFields {
  readonly caisoHeader: CaisoHeaderFields;
  /** The SOAPAction of the service, without quotes; no rule derives it. Absent: no SOAPAction field. */
  readonly soapAction?: string;
  /** Signs the envelope. Absent: it stays unsigned. */
  readonly sign?: SignHook;
}

/** A submit with its payload as a MIME part, and a boundary that does not occur in it. */
export interface SubmitPlainFields extends RequestFields {
  readonly attachment: EncodedAttachment;
  readonly boundary: string;
}

/** A submit with its payload inside the Body. */
export interface SubmitDocAttachFields extends RequestFields {
  readonly attachment: EncodedAttachment;
}

/** A retrieve: the request document, such as `RequestGasBurnSummaryData`, is the Body. */
export interface RetrieveFields extends RequestFields {
  readonly requestXml: string;
}

/** Writes a plain submit: multipart/related, an envelope with an empty Body, then the base64 text. SOAPAction is quoted. */
export function writeSubmitPlain(submit: SubmitPlainFields): OutgoingMessage {
  const { attachment, caisoHeader } = submit;
  const headers = [writeAttachmentInfor('gzip'), writeAttachmentHash(attachment), writeCaisoHeader(caisoHeader)];
  const envelope = writeEnvelope(headers, '', submit.sign);
  const message = writeMultipart(
    [
      {
        fields: [
          ['Content-Type', xmlContentType],
          ['Content-Transfer-Encoding', '8bit'],
          ['Content-ID', '<payload>'],
          ['Content-Disposition', 'form-data; name="payload"'],
        ],
        body: envelope,
      },
      { fields: attachmentPartFields, body: attachment.base64 },
    ],
    { boundary: submit.boundary, type: 'text/xml', start: '<payload>' },
  );
  return withSoapAction(message, submit.soapAction === undefined ? undefined : `"${submit.soapAction}"`);
}

/** Writes a DocAttach submit: one envelope, base64 in ISOAttachment/AttachmentValue, no attachmentHash. */
export function writeSubmitDocAttach(submit: SubmitDocAttachFields): OutgoingMessage {
  const headers = [writeAttachmentInfor('empty'), writeCaisoHeader(submit.caisoHeader)];
  return xmlMessage(writeEnvelope(headers, writeIsoAttachment(submit.attachment), submit.sign), submit.soapAction);
}

/** Writes a retrieve, plain or DocAttach: they differ only in the address. Throws TypeError for a request that is not XML. */
export function writeRetrieve(retrieve: RetrieveFields): OutgoingMessage {
  const headers = [writeCaisoHeader(retrieve.caisoHeader)];
  return xmlMessage(writeEnvelope(headers, toBodyXml(retrieve.requestXml), retrieve.sign), retrieve.soapAction);
}

/** Fields of the part that carries the base64 text, in a request as in an answer. */
const attachmentPartFields = [
  ['Content-Type', 'application/octet-stream; name="attachment.uue"'],
  ['Content-Transfer-Encoding', '7bit'],
  ['Content-ID', '<attachment.uue>'],
  ['Content-Disposition', 'attachment; name="attachment.uue"'],
] as const;

function xmlMessage(envelope: string, soapAction: string | undefined): OutgoingMessage {
  return withSoapAction({ contentType: xmlContentType, body: Buffer.from(envelope) }, soapAction);
}

function withSoapAction(message: OutgoingMessage, soapActionHeader: string | undefined): OutgoingMessage {
  if (soapActionHeader === undefined) return message;
  if (!/^[\x20-\x7e]{0,1024}$/.test(soapActionHeader)) throw new RangeError('A SOAPAction is printable ASCII.');
  return { ...message, soapActionHeader };
}
