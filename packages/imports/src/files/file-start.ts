// Which log a file is, whatever its name: by its first bytes, unpacked. A log that grew, was renamed or was packed is the same one.
import { createHash } from 'node:crypto';
import { openLog } from './open-log.ts';

/** The start of a log. */
export interface FileStart {
  /** Its first 64 KiB; of a shorter one its whole lines. */
  readonly bytes: Buffer;
  /** Whether there is more than that. */
  readonly isLonger: boolean;
}

/** How much tells a log from every other, in bytes (64 KiB): some hundred lines with their instants. */
const startBytes = 65_536;

/** Reads the start of a log. Of one that `endsWhole`, as all that are packed do, a last line without a line break counts. */
export async function readStart(file: string, endsWhole = false): Promise<FileStart> {
  const log = await openLog(file);
  try {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (let piece = await log.next(); piece !== null; piece = await log.next()) {
      pieces.push(piece);
      bytes += piece.byteLength;
      if (bytes > startBytes) break;
    }
    const start = Buffer.concat(pieces);
    if (start.byteLength >= startBytes)
      return { bytes: start.subarray(0, startBytes), isLonger: start.byteLength > startBytes };
    const isWhole = endsWhole || (log.packing !== 'none' && log.damage() === null);
    return { bytes: isWhole ? start : start.subarray(0, start.lastIndexOf(0x0a) + 1), isLonger: false };
  } finally {
    await log.close();
  }
}

/** SHA-256 of the first bytes, in hexadecimal digits. */
export function hashOfStart({ bytes }: FileStart, count: number): string {
  return createHash('sha256').update(bytes.subarray(0, count)).digest('hex');
}
