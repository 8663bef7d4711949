// Records as they came, packed: lines behind each other in one frame of zstd, with the keys of their exchanges.
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { keyBytes, mergeKeys, packKeys } from './exchange-index.ts';

/** Most bytes of one batch once it is unpacked (8 MiB). */
export const batchBytesMax = 8_388_608;

/** A chunk that is as large as this is whole: more would make one exchange slow to read. */
export const wholeRecords = 8_192;
export const wholeRawBytes = 16 * 1_048_576;

/** Most bytes that a chunk unpacks to: one that is nearly whole, and a batch. */
const chunkBytesMax = wholeRawBytes + 2 * batchBytesMax;

/** Packed lines. */
export interface PackedChunk {
  readonly lines: Buffer;
  readonly keys: Buffer;
  readonly records: number;
  readonly rawBytes: number;
}

/** Lines in one piece, each with its break. */
function joinLines(lines: readonly Buffer[]): Buffer {
  const bytes = lines.reduce((sum, line) => sum + line.byteLength + 1, 0);
  const joined = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const line of lines) {
    at += line.copy(joined, at);
    joined[at] = 0x0a;
    at += 1;
  }
  return joined;
}

function packed(raw: Buffer): Buffer {
  return zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

/** Packs lines. */
export function packChunk(lines: readonly Buffer[], keys: readonly Buffer[]): PackedChunk {
  const raw = joinLines(lines);
  return { lines: packed(raw), keys: packKeys(keys), records: keys.length, rawBytes: raw.byteLength };
}

/** Several chunks as one, in their order. */
export function mergeChunks(chunks: readonly Pick<PackedChunk, 'lines' | 'keys'>[]): PackedChunk {
  const raw = Buffer.concat(chunks.map(({ lines }) => unpackChunk(lines)));
  const keys = mergeKeys(chunks.map((chunk) => Buffer.from(chunk.keys)));
  return { lines: packed(raw), keys, records: keys.byteLength / keyBytes, rawBytes: raw.byteLength };
}

/** The lines of a chunk, each with its break. */
export function unpackChunk(lines: Uint8Array): Buffer {
  return zstdDecompressSync(lines, { maxOutputLength: chunkBytesMax });
}

/** How a body may be packed on its way. */
export type BodyEncoding = 'identity' | 'gzip' | 'zstd';

/** What is wrong with a body; told to whoever sent it. */
export type BodyFault = 'too-large' | 'not-packed' | 'too-many-threads';

/** A body as it was before it was packed; never more than it may be, whatever it would unpack to. */
export function unpackBody(body: Uint8Array, encoding: BodyEncoding): Buffer | BodyFault {
  if (encoding === 'identity')
    return body.byteLength > batchBytesMax ? 'too-large' : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const unpack = encoding === 'zstd' ? zstdDecompressSync : gunzipSync;
  try {
    return unpack(body, { maxOutputLength: batchBytesMax });
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'not-packed';
  }
}
