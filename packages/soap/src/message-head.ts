// The head of a whole HTTP message body: finds the SOAP part of a MIME multipart by its first bytes, then reads its head.
import { type EnvelopeHead, type HeadBounds, readHead } from './head.ts';
import { parseContentType } from './multipart.ts';

/** Longest preamble and part header looked through before the envelope must begin, in bytes. */
const partHeaderBytesMax = 8 * 1024;

/**
 * Reads the head of a message from the first bytes of its body. `contentType` is the Content-Type field; for
 * multipart types the first part is read (RFC 2387 §3.2: the root is the first part unless `start` says otherwise, and no
 * known client of this market places it elsewhere). Never throws.
 */
export function readMessageHead(contentType: string, prefix: Uint8Array, bounds?: HeadBounds): EnvelopeHead {
  const parsed = parseContentType(contentType);
  const boundary = parsed?.type.startsWith('multipart/') ? parsed.parameters.get('boundary') : undefined;
  if (boundary === undefined) return readHead(prefix, bounds);
  const head = Buffer.from(prefix.buffer, prefix.byteOffset, Math.min(prefix.byteLength, partHeaderBytesMax));
  const delimiterAt = head.indexOf(`--${boundary}`);
  const headerEnd = delimiterAt === -1 ? -1 : head.indexOf('\r\n\r\n', delimiterAt);
  if (headerEnd === -1) return { kind: 'refused', reason: 'not_xml', at: 0 };
  return readHead(prefix.subarray(headerEnd + 4), bounds);
}
