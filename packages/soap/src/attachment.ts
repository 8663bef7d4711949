// The attachment chain of the market: XML, gzip, base64 without breaks, and the SHA-1 of that base64 text.
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decodeUtf8 } from './xml-document.ts';

/** An attachment ready to travel: base64 text on one line, and its hash as the `attachmentHash` header wants it. */
export interface EncodedAttachment {
  readonly base64: string;
  readonly hash: string;
}

/** Ceilings of unpacking. */
export interface AttachmentBounds {
  /** Unpacked bytes. Default 16 MiB. */
  readonly bytesMax: number;
  /** Unpacked bytes for one packed byte. Default 200; the first 64 KiB are always allowed. */
  readonly ratioMax: number;
}

/** The bounds that hold where a caller names none. */
export const defaultAttachmentBounds: AttachmentBounds = { bytesMax: 16 * 1024 * 1024, ratioMax: 200 };

/** Why an attachment was not unpacked. `bomb` is past the ratio, `too_large` past the bytes. */
export type AttachmentRefusalReason =
  | 'bad_base64'
  | 'not_gzip'
  | 'truncated'
  | 'bad_checksum'
  | 'corrupt'
  | 'bomb'
  | 'too_large'
  | 'not_utf8';

/** The unpacked XML and its size in bytes, or why there is none. */
export type AttachmentReading =
  | { readonly ok: true; readonly xml: string; readonly bytes: number }
  | { readonly ok: false; readonly reason: AttachmentRefusalReason };

const ratioFreeBytes = 64 * 1024;

/** Packs a payload. The gzip header carries no time, so equal payloads give equal text. */
export function encodeAttachment(xml: string | Uint8Array): EncodedAttachment {
  const base64 = gzipSync(xml).toString('base64');
  return { base64, hash: attachmentHash(base64) };
}

/** base64(SHA-1(the ASCII bytes of the base64 text)), over the text exactly as it travels. */
export function attachmentHash(base64: string): string {
  return createHash('sha1').update(base64, 'latin1').digest('base64');
}

/** Unpacks an attachment within bounds. Line breaks inside the base64 are passed over; anything else foreign is refused. */
export function decodeAttachment(base64: string, bounds: Partial<AttachmentBounds> = {}): AttachmentReading {
  const { bytesMax, ratioMax } = { ...defaultAttachmentBounds, ...bounds };
  // gzip grows what it cannot shrink by less than a thousandth.
  if (base64.length > Math.ceil(bytesMax * 1.4) + ratioFreeBytes) return refuse('too_large');
  const packed = bytesOfBase64(base64);
  if (packed === null) return refuse('bad_base64');
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return refuse('not_gzip');

  const ratioBytesMax = Math.max(ratioFreeBytes, packed.length * ratioMax);
  const unpacked = unpack(packed, Math.min(bytesMax, ratioBytesMax));
  if (unpacked === 'past_bound') return refuse(ratioBytesMax < bytesMax ? 'bomb' : 'too_large');
  if (typeof unpacked === 'string') return refuse(unpacked);
  const xml = decodeUtf8(unpacked);
  return xml === null ? refuse('not_utf8') : { ok: true, xml, bytes: unpacked.length };
}

/** The bytes of base64 text, or null where it is not canonical base64; white space is passed over. */
export function bytesOfBase64(base64: string): Buffer | null {
  const text = /[\s]/.test(base64) ? base64.replace(/[ \t\r\n]+/g, '') : base64;
  const bytes = Buffer.from(text, 'base64');
  // Buffer.from passes over what is not base64 and invents missing padding; only what it would write back is accepted.
  return text.length > 0 && bytes.toString('base64') === text ? bytes : null;
}

function unpack(packed: Buffer, bytesMax: number): Buffer | AttachmentRefusalReason | 'past_bound' {
  try {
    const { buffer, engine } = gunzipSync(packed, { maxOutputLength: bytesMax, info: true }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    // zlib stops silently at bytes that follow the last member; another reader might not.
    return engine.bytesWritten === packed.length ? buffer : 'corrupt';
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): AttachmentRefusalReason | 'past_bound' {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === 'ERR_BUFFER_TOO_LARGE') return 'past_bound';
  if (code === 'Z_BUF_ERROR') return 'truncated';
  if (code === 'Z_DATA_ERROR' && /data check|length check/.test(message ?? '')) return 'bad_checksum';
  if (code === 'Z_DATA_ERROR') return 'corrupt';
  throw error;
}

function refuse(reason: AttachmentRefusalReason): AttachmentReading {
  return { ok: false, reason };
}
