// The whole public surface of the SOAP package.
export type { AttachmentBounds, AttachmentReading, AttachmentRefusalReason, EncodedAttachment } from './attachment.ts';
export { attachmentHash, decodeAttachment, defaultAttachmentBounds, encodeAttachment } from './attachment.ts';
export type { CaisoHeader, CaisoHeaderFields } from './caiso-header.ts';
export { nonceAt, readCaisoHeader, writeCaisoHeader } from './caiso-header.ts';
export type { ElementsReading, PayloadElement } from './elements.ts';
export { readElements } from './elements.ts';
export type { OutgoingMessage, SignHook } from './envelope.ts';
export { toBodyXml, writeEnvelope, xmlContentType } from './envelope.ts';
export type { Fault, FaultFields, FaultSide } from './fault.ts';
export { readFault, writeFault } from './fault.ts';
export type { EnvelopeHead, HeadBounds, HeadRefusalReason, QualifiedName } from './head.ts';
export { defaultHeadBounds, readHead } from './head.ts';
export { type HeaderPath, headerTextCharactersMax, headerTextsMax, toHeaderPath } from './header-path.ts';
export { readMessageHead } from './message-head.ts';
export type {
  ContentType,
  MimePart,
  MimePartToWrite,
  MultipartParameters,
  MultipartReading,
  MultipartRefusalReason,
} from './multipart.ts';
export { parseContentType, readMultipart, writeMultipart } from './multipart.ts';
export {
  adsDataNamespace,
  adsRpcNamespace,
  attachmentHashNamespace,
  attachmentInforNamespace,
  caisoHeaderNamespace,
  isoAttachmentNamespace,
  oasisReportNamespace,
  problemNamespace,
  soap11Namespace,
  soap12Namespace,
  standardOutputNamespace,
  standardOutputV1Namespace,
} from './namespaces.ts';
export { type PayloadEncoding, readPayloadEncoding } from './payload-encoding.ts';
export type {
  AttachmentElement,
  PayloadPlaces,
  PayloadRefusalReason,
  PayloadValue,
  XmlPlace,
} from './payload-places.ts';
export { payloadValueCharactersMax, toPointerTokens } from './payload-places.ts';
export { type MessageStart, type PayloadBounds, readPayloadValue } from './payload-value.ts';
export type { AttachmentInfor, MessageReading, MessageRefusalReason, SoapMessage } from './read-message.ts';
export { readMessage } from './read-message.ts';
export { createScidPlaces, type ScidPlaces, type ScidWhereabouts } from './scid-places.ts';
export type { SigningKey } from './sign-envelope.ts';
export { signEnvelope } from './sign-envelope.ts';
export type {
  SignedPart,
  Verification,
  VerifiedEnvelope,
  VerifyOptions,
  VerifyRefusalReason,
} from './verify-envelope.ts';
export { verifyEnvelope } from './verify-envelope.ts';
export type {
  AcknowledgedEvent,
  RetrieveAnswerDocAttachFields,
  RetrieveAnswerPlainFields,
  SubmitAnswerFields,
} from './write-answer.ts';
export { writeRetrieveAnswerDocAttach, writeRetrieveAnswerPlain, writeSubmitAnswer } from './write-answer.ts';
export type { RequestFields, RetrieveFields, SubmitDocAttachFields, SubmitPlainFields } from './write-request.ts';
export { writeRetrieve, writeSubmitDocAttach, writeSubmitPlain } from './write-request.ts';
export type { XmlBounds, XmlRefusal, XmlRefusalReason } from './xml-bounds.ts';
export { defaultXmlBounds, measureXml } from './xml-bounds.ts';
export { escapeAttribute, escapeText } from './xml-text.ts';
