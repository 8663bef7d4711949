// Evidence as one JSON object per line in a file per boot. Sequence numbers are reserved in blocks on disk before use, so that
// after a crash the next boot can say "at most k records are missing, between t1 and t2" instead of keeping silent.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type EvidenceRecord, type EvidenceSink, evidenceSchemaVersion } from '@headgate/contract';

/** How many sequence numbers are reserved at a time: the largest number of records a crash can lose sight of. */
export const sequenceBlock = 1_000;

/** Records are written in pieces of at most this many bytes, or after `flushMs`. */
const pendingBytesMax = 256 * 1024;
const flushMs = 50;

/** Options of the sink. */
export interface NdjsonSinkOptions {
  readonly folder: string;
  readonly node: string;
  /** Unique per start; part of the file name. */
  readonly boot: string;
  readonly clock: () => number;
  /** Called with each record after it was queued: for the live summary. */
  readonly seen?: (record: EvidenceRecord) => void;
}

interface Reservation {
  readonly boot: string;
  readonly reservedTo: number;
  readonly reservedMs: number;
  /** Set by a clean stop: the last number really used. */
  readonly closedAt?: number;
}

/** The records a crash hid: at most `atMost`, of one boot, between two instants. */
export interface EvidenceGap {
  readonly gap: {
    readonly boot: string;
    readonly after: number;
    readonly atMost: number;
    readonly fromMs: number;
    readonly toMs: number;
  };
}

/** Opens the sink, first telling the gap that an unclean stop before it left. Throws when the folder cannot be written. */
export function openNdjsonSink(options: NdjsonSinkOptions): EvidenceSink & { readonly file: string } {
  mkdirSync(options.folder, { recursive: true, mode: 0o750 });
  const file = join(options.folder, `${options.boot}.ndjson`);
  const reservationFile = join(options.folder, `${options.node}.sequence.json`);
  const handle = openSync(file, 'ax', 0o640);
  let pending: string[] = [];
  let pendingBytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let sequence = 0;
  let reservedTo = 0;

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (pending.length === 0) return;
    const lines = pending.join('');
    pending = [];
    pendingBytes = 0;
    writeSync(handle, lines);
  };
  const queue = (line: string): void => {
    pending.push(line);
    pendingBytes += line.length;
    if (pendingBytes >= pendingBytesMax) flush();
    else timer ??= setTimeout(flush, flushMs).unref();
  };
  const reserve = (): void => {
    reservedTo = sequence + sequenceBlock;
    writeReservation(reservationFile, { boot: options.boot, reservedTo, reservedMs: options.clock() });
  };

  const gap = gapBefore(options, reservationFile);
  if (gap !== null) queue(`${JSON.stringify(gap)}\n`);
  reserve();
  return {
    file,
    append(record) {
      if (sequence >= reservedTo) reserve();
      sequence += 1;
      const whole: EvidenceRecord = {
        schemaVersion: evidenceSchemaVersion,
        node: options.node,
        boot: options.boot,
        thread: 0,
        sequence,
        ...record,
      };
      queue(`${JSON.stringify(whole)}\n`);
      options.seen?.(whole);
    },
    async close() {
      flush();
      fsyncSync(handle);
      closeSync(handle);
      writeReservation(reservationFile, {
        boot: options.boot,
        reservedTo,
        reservedMs: options.clock(),
        closedAt: sequence,
      });
    },
  };
}

/** Written beside and renamed, so that a crash leaves the old reservation or the new one, never half of one. */
function writeReservation(file: string, reservation: Reservation): void {
  const beside = `${file}.next`;
  const handle = openSync(beside, 'w', 0o640);
  writeFileSync(handle, `${JSON.stringify(reservation)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(beside, file);
}

function gapBefore(options: NdjsonSinkOptions, reservationFile: string): EvidenceGap | null {
  let last: Reservation;
  try {
    last = JSON.parse(readFileSync(reservationFile, 'utf8')) as Reservation;
  } catch {
    return null; // The first boot of this node has nothing before it.
  }
  if (last.closedAt !== undefined) return null;
  const written = lastWritten(join(options.folder, `${last.boot}.ndjson`));
  return {
    gap: {
      boot: last.boot,
      after: written.sequence,
      atMost: Math.max(0, last.reservedTo - written.sequence),
      fromMs: written.receivedMs ?? last.reservedMs,
      toMs: options.clock(),
    },
  };
}

/** The last whole line of a file that a crash may have cut in the middle of a line. */
function lastWritten(file: string): { sequence: number; receivedMs: number | null } {
  let lines: string[];
  try {
    if (statSync(file).size === 0) return { sequence: 0, receivedMs: null };
    lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-2);
  } catch {
    return { sequence: 0, receivedMs: null };
  }
  for (const line of lines.toReversed()) {
    try {
      const record = JSON.parse(line) as Partial<EvidenceRecord>;
      if (record.sequence !== undefined)
        return { sequence: record.sequence, receivedMs: record.listener?.receivedMs ?? null };
    } catch {
      // A line cut by the crash: the one before it is whole.
    }
  }
  return { sequence: 0, receivedMs: null };
}
