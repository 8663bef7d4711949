// How a message carries its payload, as far as its first bytes show: nothing is decoded, nothing is unpacked.
import { bareId, type MimePartPrefix, parseContentType, readMultipartPrefix } from './multipart.ts';

/** `gzip+base64` is what the market asks for; `none` is neither. */
export type PayloadEncoding = 'gzip+base64' | 'gzip' | 'base64' | 'none';

/** Most bytes between the name of the attachment's element and its text. */
const tagBytesMax = 512;

/** Bytes of a payload that are looked at; fewer than four, with more to come, tell nothing. */
const lookedAtBytesMax = 64;

const attachmentElement = Buffer.from('AttachmentValue');

/**
 * Reads it off the first bytes of a message: of the first attachment in multipart/*, else of the element
 * AttachmentValue. Null where none was seen, or not enough of it. Never throws.
 */
export function readPayloadEncoding(contentType: string, prefix: Uint8Array): PayloadEncoding | null {
  const bytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  if (!/^\s*multipart\//i.test(contentType)) return inElement(bytes);
  const parsed = parseContentType(contentType);
  const parts = readMultipartPrefix(parsed?.parameters.get('boundary') ?? '', bytes);
  if (typeof parts === 'string') return null;
  const start = parsed?.parameters.get('start');
  const isRoot = (part: MimePartPrefix, index: number) =>
    start === undefined ? index === 0 : bareId(part.fields.get('content-id') ?? '') === bareId(start);
  const attachment = parts.find((part, index) => !isRoot(part, index));
  return attachment === undefined ? null : ofPart(attachment);
}

function ofPart({ fields, body, isWhole }: MimePartPrefix): PayloadEncoding | null {
  const seen = ofText(Buffer.from(body.buffer, body.byteOffset, body.byteLength), isWhole);
  const declaresGzip = /^(?:x-)?gzip$/i.test(fields.get('content-encoding') ?? '');
  if (!declaresGzip || seen === null) return seen;
  return seen === 'base64' || seen === 'gzip+base64' ? 'gzip+base64' : 'gzip';
}

function inElement(bytes: Buffer): PayloadEncoding | null {
  const nameAt = bytes.indexOf(attachmentElement);
  if (nameAt === -1) return null;
  const after = nameAt + attachmentElement.byteLength;
  const tagEnd = bytes.subarray(after, after + tagBytesMax).indexOf('>');
  return tagEnd === -1 ? null : ofText(bytes.subarray(after + tagEnd + 1), false);
}

function ofText(bytes: Buffer, isWhole: boolean): PayloadEncoding | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  const text = bytes.toString('latin1', 0, lookedAtBytesMax).trimStart();
  if (text.length < 4 && !isWhole) return null;
  // The first three bytes of gzip (RFC 1952 §2.3.1: its magic and its one method) as base64.
  if (text.startsWith('H4sI')) return 'gzip+base64';
  // Up to the element's end, which may be near.
  return /^[A-Za-z0-9+/=\s]{4,}(?:<|$)/.test(text) ? 'base64' : 'none';
}
