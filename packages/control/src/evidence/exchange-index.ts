// Where the record of an exchange stands among months of packed records, without a row for each: five bytes of its id in the chunk
// that holds it, and, once many chunks are whole, in lists by the first of these bytes, of which a question reads one per segment.
import { createHash } from 'node:crypto';

/** Bytes of an id that are kept. Of ten million exchanges one in a hundred thousand questions reads a chunk too many. */
export const keyBytes = 5;

/** Lists of a segment: one for each value of the first byte. */
const bucketCount = 256;

/** Chunks of one segment: at most 256, since the place of a chunk in it is one byte. */
export const chunksPerSegment = 32;

/** One entry of a list: the other bytes of the key, and the place of the chunk. */
const entryBytes = keyBytes;

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{2}/;

/** The bytes by which an exchange is looked for. UUIDs of version 4 begin at random; other ids are hashed. */
export function exchangeKey(exchange: string): Buffer {
  if (exchange.length === 36 && uuidForm.test(exchange))
    return Buffer.from(`${exchange.slice(0, 8)}${exchange.slice(9, 11)}`, 'hex');
  return createHash('sha256').update(exchange).digest().subarray(0, keyBytes);
}

/** The keys of a chunk, in their order. */
export function packKeys(keys: readonly Buffer[]): Buffer {
  return Buffer.concat(keys.toSorted((a, b) => a.compare(b)));
}

/** Keys of several chunks in one. */
export function mergeKeys(packed: readonly Buffer[]): Buffer {
  return packKeys(packed.flatMap((keys) => split(keys, keyBytes)));
}

/** Whether a chunk may hold the exchange. */
export function hasKey(packed: Buffer, key: Buffer): boolean {
  let low = 0;
  let high = packed.byteLength / keyBytes;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = packed.compare(key, 0, keyBytes, middle * keyBytes, (middle + 1) * keyBytes);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** The lists of a segment, by the first byte of the key; of chunks in their order. */
export function segmentLists(chunks: readonly Buffer[]): readonly Buffer[] {
  const lists: Buffer[][] = Array.from({ length: bucketCount }, () => []);
  for (const [place, packed] of chunks.entries()) {
    for (const key of split(packed, keyBytes)) {
      const entry = Buffer.alloc(entryBytes, place);
      key.copy(entry, 0, 1);
      lists[key[0] ?? 0]?.push(entry);
    }
  }
  return lists.map((entries) => Buffer.concat(entries));
}

/** Places of the chunks of a segment that may hold the exchange, by the list of its first byte. */
export function placesOf(list: Buffer, key: Buffer): readonly number[] {
  const rest = key.subarray(1);
  const found = new Set<number>();
  for (let at = list.indexOf(rest); at !== -1; at = list.indexOf(rest, at + 1))
    if (at % entryBytes === 0) found.add(list[at + entryBytes - 1] ?? 0);
  return [...found];
}

function split(bytes: Buffer, each: number): Buffer[] {
  return Array.from({ length: bytes.byteLength / each }, (_, at) => bytes.subarray(at * each, (at + 1) * each));
}
