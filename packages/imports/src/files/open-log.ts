// Bytes of a log, unpacked where it is packed: gzip of one member or many, zstd of one frame or many, told by their first bytes.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { unpack } from './unpack.ts';

/** How a file is packed. */
export type Packing = 'none' | 'gzip' | 'zstd';

/** A log that is being read. */
export interface OpenLog {
  readonly packing: Packing;
  /** The next bytes; null at the end, also where a packed file is damaged. */
  next(): Promise<Buffer | null>;
  /** Bytes of the file itself so far. */
  readBytes(): number;
  /** Why it ended before its end; null where it did not. */
  damage(): string | null;
  close(): Promise<void>;
}

/** Pieces of this many bytes (256 KiB). */
const pieceBytes = 262_144;

/** A file in a packing that is not read. */
export class UnreadablePacking extends Error {}

const marks: readonly (readonly [packing: Packing | null, name: string, bytes: readonly number[]])[] = [
  ['gzip', 'gzip', [0x1f, 0x8b]],
  ['zstd', 'zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  [null, 'bzip2', [0x42, 0x5a, 0x68]],
  [null, 'xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  [null, 'zip', [0x50, 0x4b, 0x03, 0x04]],
];

/** Opens a log. Rejects as the system does, and with UnreadablePacking. */
export async function openLog(file: string): Promise<OpenLog> {
  const packing = await packingOf(file);
  const stream = createReadStream(file, { highWaterMark: pieceBytes });
  const bytes = stream as AsyncIterable<Buffer>;
  const source = packing === 'none' ? bytes : unpack(bytes, packing);
  const pieces = source[Symbol.asyncIterator]();
  let damage: string | null = null;
  return {
    packing,
    async next() {
      try {
        const { done, value } = await pieces.next();
        return done === true ? null : value;
      } catch (fault) {
        const { code = '' } = fault as NodeJS.ErrnoException;
        if (!code.startsWith('Z_') && !code.startsWith('ZSTD_')) throw fault;
        damage = code === 'Z_BUF_ERROR' ? 'it ends in the middle' : `it is damaged (${code})`;
        return null;
      }
    },
    readBytes: () => stream.bytesRead,
    damage: () => damage,
    async close() {
      await pieces.return?.(undefined);
      stream.destroy();
    },
  };
}

async function packingOf(file: string): Promise<Packing> {
  const handle = await open(file, 'r');
  try {
    const start = Buffer.alloc(8);
    await handle.read(start, 0, 8, 0);
    const found = marks.find(([, , bytes]) => bytes.every((byte, at) => start[at] === byte));
    if (found?.[0] === null)
      throw new UnreadablePacking(`${file} is packed with ${found[1]}: unpack it, or pack it with gzip or zstd`);
    return found?.[0] ?? 'none';
  } finally {
    await handle.close();
  }
}
