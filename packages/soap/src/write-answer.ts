// The answers of the market's message shapes, as the known clients can read them: no XML declaration anywhere, and a
// plain retrieve whose SOAP part has neither a line break nor a colon followed by a space.
import type { EncodedAttachment } from './attachment.ts';
import {
  type OutgoingMessage,
  type SignHook,
  toBodyXml,
  writeAttachmentHash,
  writeEnvelope,
  writeIsoAttachment,
  xmlContentType,
} from './envelope.ts';
import { writeMultipart } from './multipart.ts';
import { standardOutputNamespace, standardOutputV1Namespace } from './namespaces.ts';
import { escapeAttribute, escapeLine, isElementName } from './xml-text.ts';

/** One event of an acknowledgement, in the order of the schema. */
export interface AcknowledgedEvent {
  /** A result code, such as `SCSS0001`. */
  readonly result: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly severity: string;
  readonly eventType: string;
}

/** What an acknowledgement of a submit is told. */
export interface SubmitAnswerFields {
  /** `standardOutputV1`: StandardOutput/MessagePayload/EventLog. `returnData`: the older response element of the service. */
  readonly layout: 'standardOutputV1' | 'returnData';
  /** Service name, such as `submitDRRegistrations_v1`; an ASCII element name. */
  readonly service: string;
  readonly events: readonly AcknowledgedEvent[];
  /** When the submit was accepted, in milliseconds since 1970 UTC. */
  readonly createdMs: number;
  /** Batch to poll for, in the v1 layout; asynchronous submits answer with one. */
  readonly batchMrid?: string;
  /** Said in the Service comments, as the market's own bus does. */
  readonly messageId?: string;
  readonly sign?: SignHook;
}

/** What a plain retrieve's answer is told. */
export interface RetrieveAnswerPlainFields {
  readonly attachment: EncodedAttachment;
  readonly boundary: string;
  /** A document for the Body, without comments and CDATA. Absent: an empty Body. */
  readonly bodyXml?: string;
  readonly sign?: SignHook;
}

/** What a DocAttach retrieve's answer is told. */
export interface RetrieveAnswerDocAttachFields {
  readonly attachment: EncodedAttachment;
  readonly sign?: SignHook;
}

/** Writes the acknowledgement of a submit. Throws TypeError for a service that is no element name. */
export function writeSubmitAnswer(answer: SubmitAnswerFields): OutgoingMessage {
  if (!isElementName(answer.service)) throw new TypeError(`"${answer.service}" cannot name a service.`);
  const body = answer.layout === 'returnData' ? returnData(answer) : standardOutputV1(answer);
  return answerWith(writeEnvelope([], body, signable(answer.sign)));
}

/** Writes the answer of a plain retrieve: multipart, the hash in the SOAP header, the base64 text on one line. */
export function writeRetrieveAnswerPlain(answer: RetrieveAnswerPlainFields): OutgoingMessage {
  const bodyXml = answer.bodyXml === undefined ? '' : toOneLine(toBodyXml(answer.bodyXml));
  const envelope = writeEnvelope([writeAttachmentHash(answer.attachment)], bodyXml, answer.sign);
  return writeMultipart(
    [
      {
        fields: [
          ['Content-Type', xmlContentType],
          ['Content-Transfer-Encoding', '8bit'],
          ['Content-ID', '<payload>'],
        ],
        body: withoutColonSpace(envelope),
      },
      {
        fields: [
          ['Content-Type', 'application/octet-stream'],
          ['Content-Transfer-Encoding', '7bit'],
          ['Content-ID', '<attachment.uue>'],
        ],
        body: answer.attachment.base64,
      },
    ],
    { boundary: answer.boundary, type: 'text/xml', start: '<payload>' },
  );
}

/** Writes the answer of a DocAttach retrieve: one envelope with ISOAttachment/AttachmentValue. */
export function writeRetrieveAnswerDocAttach(answer: RetrieveAnswerDocAttachFields): OutgoingMessage {
  return answerWith(writeEnvelope([], writeIsoAttachment(answer.attachment), signable(answer.sign)));
}

function answerWith(envelope: string): OutgoingMessage {
  return { contentType: xmlContentType, body: Buffer.from(envelope) };
}

// A signature needs a Header to stand in.
function signable(sign: SignHook | undefined): SignHook | undefined {
  if (sign === undefined) return undefined;
  return (envelope) => sign(envelope.replace('<SOAP-ENV:Body>', '<SOAP-ENV:Header/><SOAP-ENV:Body>'));
}

function returnData(answer: SubmitAnswerFields): string {
  const created = new Date(answer.createdMs).toISOString();
  const comments = answer.messageId === undefined ? '' : `Message universal unique identifier: ${answer.messageId}`;
  const service = lines({ id: '1', name: answer.service, description: answer.service, comments });
  return (
    `<ns1:${answer.service}Response xmlns:ns1="http://www.caiso.com/soa/${escapeAttribute(answer.service)}"><returnData>` +
    `<EventLog xmlns="${standardOutputNamespace}">${lines({ id: '1', creationTime: created })}` +
    `${lines({ collectionQuantity: String(answer.events.length) })}${events(answer)}<Service>${service}</Service>` +
    `</EventLog></returnData></ns1:${answer.service}Response>`
  );
}

function standardOutputV1(answer: SubmitAnswerFields): string {
  const created = new Date(answer.createdMs).toISOString();
  const batch = answer.batchMrid === undefined ? '' : `<Batch>${lines({ mRID: answer.batchMrid })}</Batch>`;
  const comments = answer.messageId === undefined ? {} : { comments: `Message identifier ${answer.messageId}` };
  const service = lines({ name: answer.service, ...comments });
  return (
    `<StandardOutput xmlns="${standardOutputV1Namespace}">` +
    `<MessageHeader>${lines({ TimeDate: created, Source: 'CAISO', Version: 'v1' })}</MessageHeader>` +
    `<MessagePayload><EventLog>${batch}${events(answer)}<Service>${service}</Service></EventLog></MessagePayload>` +
    `</StandardOutput>`
  );
}

function events(answer: SubmitAnswerFields): string {
  const creationTime = new Date(answer.createdMs).toISOString();
  const written = answer.events.map(({ result, id, name, description, severity, eventType }) =>
    lines({ result, id, name, description, creationTime, severity, eventType }),
  );
  return written.map((event) => `<Event>${event}</Event>`).join('');
}

function lines(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `<${name}>${escapeLine(value)}</${name}>`)
    .join('');
}

function toOneLine(xml: string): string {
  if (xml.includes('<!')) throw new TypeError('The body of a plain answer may hold neither comments nor CDATA.');
  return xml.replace(/[\r\n]+/g, ' ');
}

// The market's own tool drops every piece of a multipart answer that has ": " in it, taking it for a MIME field.
function withoutColonSpace(xml: string): string {
  return xml.replaceAll(': ', ':&#x20;');
}
