// Sequence numbers reserved on disk in blocks before use: what lets the boot after a crash say how many records it hid.
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import type { EvidenceRecord } from '@headgate/contract';
import { recordsFiles, reservationFile } from './evidence-files.ts';

/** How many numbers are reserved at a time. The next ones are asked for while half of them are left. */
export const sequenceBlock = 10_000;

/** What one boot reserved. `closedAt` is set by a clean stop: the last number really used. */
export interface Reservation {
  readonly boot: string;
  readonly reservedTo: number;
  readonly reservedMs: number;
  readonly closedAt?: number;
}

/** Records of one thread of a boot that are missing: at most `atMost`, after a sequence number, between two instants. */
export interface EvidenceGap {
  readonly gap: {
    readonly boot: string;
    readonly thread: number;
    readonly after: number;
    readonly atMost: number;
    readonly fromMs: number;
    readonly toMs: number;
  };
}

/** Written beside and renamed, so that a crash leaves the old reservation or the new one, never half of one. */
export function writeReservation(file: string, reservation: Reservation): void {
  const beside = `${file}.next`;
  const handle = openSync(beside, 'w', 0o640);
  writeFileSync(handle, `${JSON.stringify(reservation)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(beside, file);
}

/** The gap that a thread left in the boot before this one; null after a clean stop and at the first boot of a node. */
export function gapBefore(folder: string, node: string, thread: number, nowMs: number): EvidenceGap | null {
  const last = readReservation(reservationFile(folder, node, thread));
  if (last === null || last.closedAt !== undefined) return null;
  const written = lastWritten(recordsFiles(folder, last.boot, thread));
  return {
    gap: {
      boot: last.boot,
      thread,
      after: written.sequence,
      atMost: Math.max(0, last.reservedTo - written.sequence),
      fromMs: written.receivedMs ?? last.reservedMs,
      toMs: nowMs,
    },
  };
}

function readReservation(file: string): Reservation | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Reservation;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`${file} is not a sequence reservation; move it away to start a new sequence`, { cause });
  }
}

/** The last whole line of files, the last first: a crash may have cut one in the middle, and left another without any. */
function lastWritten(files: readonly string[]): { sequence: number; receivedMs: number | null } {
  for (const line of files.flatMap((file) => readLines(file).toReversed())) {
    try {
      const record = JSON.parse(line) as Partial<EvidenceRecord>;
      if (record.sequence !== undefined) {
        return { sequence: record.sequence, receivedMs: record.listener?.receivedMs ?? null };
      }
    } catch {
      // A line cut by the crash: the one before it is whole.
    }
  }
  return { sequence: 0, receivedMs: null };
}

/** The last lines of a file, the first of them perhaps cut: a file of days may be longer than memory. */
function readLines(file: string): string[] {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return []; // The crash came before the first record.
  }
  try {
    const { size } = fstatSync(handle);
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    const readBytes = readSync(handle, tail, 0, tail.byteLength, size - tail.byteLength);
    return tail.toString('utf8', 0, readBytes).trimEnd().split('\n').slice(-3);
  } finally {
    closeSync(handle);
  }
}

/** More than three of the longest records, in bytes. */
const tailBytes = 1_048_576;
