// One call to an `/sst/` service: who sent it is proved, what was signed is read, and the answer is put in its shape.
import { readCertificate, UnreadableCertificate } from '@headgate/pki';
import {
  decodeAttachment,
  encodeAttachment,
  type OutgoingMessage,
  type PayloadElement,
  readCaisoHeader,
  readElements,
  readMessage,
  type SignHook,
  type SoapMessage,
  signEnvelope,
  verifyEnvelope,
  writeEnvelope,
  writeRetrieveAnswerDocAttach,
  writeRetrieveAnswerPlain,
  writeSubmitAnswer,
} from '@headgate/soap';
import { isSameName } from '../state/names.ts';
import { seededHex } from '../state/seeded.ts';
import type { World } from '../world.ts';
import { certificateFieldOf } from './client-certificate.ts';
import { fieldOf, type Incoming, noAccessReply, type Reply, xmlReply } from './message.ts';
import { type Caller, type ServiceAnswer, type ServicePath, wireNameOf } from './service.ts';
import { errorEvent, type OutputEvent, writeOutputDataType, writeStandardOutputBare } from './standard-output.ts';
import { element, writeXml } from './xml.ts';

/** The market's own sentence for a signature that does not hold. */
export const signatureFalseText = 'Signature validation status: false';

/** The market's own sentence for a username that is not the certificate's. */
export const usernameErrorText = 'CAISOUsernameToken Validation Error.';

/** Most characters of one value of a request document. */
const valueCharsMax = 1_000;

const longTextEvent = errorEvent('SIM-READ', 'INVALID_REQUEST', `A value holds more than ${valueCharsMax} characters.`);

/** Answers a call to a service of an `/sst/` system. */
export function answerCall(incoming: Incoming, path: ServicePath, world: World): Reply {
  const reading = readMessage(fieldOf(incoming, 'content-type') ?? '', incoming.body);
  if (!reading.ok) return securityFault(`The message cannot be read: ${reading.reason}.`, path, world);
  const verified = verify(reading.message, incoming, world);
  if ('text' in verified) return verified.isPage ? noAccessReply : securityFault(verified.text, path, world);
  const request = readRequest(reading.message, verified.bodyXml, path);
  if ('result' in request) return faultReply(request, path, world);
  if (hasLongText(request)) return faultReply(longTextEvent, path, world);
  if (request.localName !== path.service.requestRoot) {
    const found = `${path.service.requestRoot} was expected, not ${request.localName}.`;
    return faultReply(errorEvent('SIM-REQUEST', 'INVALID_REQUEST', found), path, world);
  }
  const { answer, operation } = path.service;
  const given = answer(request, verified.caller, world);
  if (given.kind === 'fault') return faultReply(given.event, path, world);
  return operation === 'submit' ? submitReply(given, path, world) : retrieveReply(given, path, world);
}

type Verified =
  | { readonly caller: Caller; readonly bodyXml: string }
  | { readonly text: string; readonly isPage?: true };

function verify(message: SoapMessage, incoming: Incoming, world: World): Verified {
  const verification = verifyEnvelope(message.envelopeXml);
  if (!verification.ok) return { text: signatureFalseText };
  const { certificateDer, signed } = verification;
  const subject = subjectOf(certificateDer);
  if (subject === null || signed.Body === null || signed.CAISOWSHeader === null) return { text: signatureFalseText };
  const username = readCaisoHeader(signed.CAISOWSHeader)?.username ?? '';
  if (!isSameName(username, subject)) return { text: usernameErrorText };
  const connection = certificateFieldOf(incoming);
  // The key that signs must be the key that connected: else a stolen envelope could be sent by anybody.
  if (connection !== null && !certificateDer.equals(connection)) return { text: usernameErrorText };
  if (!world.provisioning.isKnown(subject)) return { text: 'no access', isPage: true };
  return { caller: { subject, coordinators: world.provisioning.coordinatorsOf(subject) }, bodyXml: signed.Body };
}

/** The subject of a certificate as RFC 4514 writes it, or null where the certificate cannot be read. */
export function subjectOf(certificateDer: Uint8Array): string | null {
  try {
    return readCertificate(certificateDer).subject;
  } catch (error) {
    if (error instanceof UnreadableCertificate) return null;
    throw error;
  }
}

function readRequest(message: SoapMessage, bodyXml: string, path: ServicePath): PayloadElement | OutputEvent {
  const body = readElements(bodyXml);
  if (!body.ok) return unreadable(`The body cannot be read: ${body.reason}.`);
  const first = body.root.children[0];
  if (path.service.operation === 'retrieve') return first ?? unreadable('The body is empty.');
  const base64 = path.isDocAttach ? attachmentIn(first) : message.attachmentBase64;
  if (base64 === null) return unreadable('The attachment is missing.');
  // The hash is under the signature and the attachment is not: this comparison is what ties the two together.
  if (!path.isDocAttach && message.isHashRight !== true) {
    return errorEvent('SIM-HASH', 'ATTACHMENT_HASH', 'Attachment hash validation status: false');
  }
  return readAttachment(base64, path);
}

// What a request says is kept in state that counts entries, so an entry must have an end as well.
function hasLongText({ text, children }: PayloadElement): boolean {
  return text.trim().length > valueCharsMax || children.some(hasLongText);
}

function attachmentIn(body: PayloadElement | undefined): string | null {
  if (body?.localName !== 'ISOAttachment') return null;
  return body.children.find(({ localName }) => localName === 'AttachmentValue')?.text.trim() ?? null;
}

function readAttachment(base64: string, { service }: ServicePath): PayloadElement | OutputEvent {
  const { payloadBytesMax, payloadElementsMax, tooLargeEvent } = service;
  const attachment = decodeAttachment(base64, payloadBytesMax === undefined ? {} : { bytesMax: payloadBytesMax });
  if (!attachment.ok) {
    const isTooLarge = attachment.reason === 'too_large' && tooLargeEvent !== undefined;
    return isTooLarge ? tooLargeEvent : unreadable(`The attachment cannot be unpacked: ${attachment.reason}.`);
  }
  const payload = readElements(
    attachment.xml,
    payloadElementsMax === undefined ? {} : { elementsMax: payloadElementsMax },
  );
  return payload.ok ? payload.root : unreadable(`The attachment cannot be read: ${payload.reason}.`);
}

function unreadable(sentence: string): OutputEvent {
  return errorEvent('SIM-READ', 'INVALID_REQUEST', sentence);
}

function submitReply(answer: ServiceAnswer & { kind: 'data' | 'events' }, path: ServicePath, world: World): Reply {
  const events = answer.kind === 'events' ? answer.events : [];
  const batchMrid = answer.kind === 'events' ? answer.batchId : undefined;
  const message = writeSubmitAnswer({
    layout: 'standardOutputV1',
    service: wireNameOf(path.service),
    events: events.map((event, index) => ({ ...event, id: String(index + 1) })),
    createdMs: world.clock(),
    messageId: seededHex(32, world.seed, 'message', world.nextNumber()),
    ...(batchMrid === undefined ? {} : { batchMrid }),
    ...signing(world),
  });
  return replyOf(message);
}

function retrieveReply(answer: ServiceAnswer & { kind: 'data' | 'events' }, path: ServicePath, world: World): Reply {
  const xml = answer.kind === 'data' ? answer.xml : writeOutputDataType(logOf(answer.events, path, world));
  const attachment = encodeAttachment(xml);
  if (path.isDocAttach) return replyOf(writeRetrieveAnswerDocAttach({ attachment, ...signing(world) }));
  const boundary = `=_Part_${seededHex(24, world.seed, 'boundary', world.nextNumber())}`;
  return replyOf(writeRetrieveAnswerPlain({ attachment, boundary, ...signing(world) }));
}

function replyOf({ contentType, body }: OutgoingMessage): Reply {
  return { status: 200, fields: { 'content-type': contentType }, body };
}

// A fault of the security layer carries the first schema, a fault of a service the second: clients look at both places.
function securityFault(text: string, path: ServicePath, world: World): Reply {
  const event = errorEvent('SIM-SECURITY', 'SECURITY', text);
  return soapFaultReply(text, 'Client', writeOutputDataType(logOf([event], path, world)));
}

function faultReply(event: OutputEvent, path: ServicePath, world: World): Reply {
  return soapFaultReply(event.description, 'Server', writeStandardOutputBare(logOf([event], path, world)));
}

/** A SOAP 1.1 fault with a detail that is written already; HTTP status 500 by the binding (SOAP 1.1 section 6.2). */
export function soapFaultReply(text: string, side: 'Client' | 'Server', detailXml: string): Reply {
  const code = writeXml(element('faultcode', `SOAP-ENV:${side}`));
  const sentence = writeXml(element('faultstring', text, { 'xml:lang': 'en' }));
  const body = `<SOAP-ENV:Fault>${code}${sentence}<detail>${detailXml}</detail></SOAP-ENV:Fault>`;
  return xmlReply(500, writeEnvelope([], body));
}

function logOf(events: readonly OutputEvent[], path: ServicePath, world: World) {
  return { service: wireNameOf(path.service), createdMs: world.clock(), events };
}

function signing({ answerCredential, seed, nextNumber }: World): { readonly sign?: SignHook } {
  if (answerCredential === undefined) return {};
  const ids = () => `id-${seededHex(32, seed, 'id', nextNumber())}`;
  return { sign: (envelopeXml) => signEnvelope(envelopeXml, { ...answerCredential, ids }) };
}
