// Evidence as one JSON object per line, in a file per thread and boot of a node.
import { mkdirSync, rmSync } from 'node:fs';
import { type EvidenceRecord, type EvidenceSink, evidenceSchemaVersion } from '@headgate/contract';
import { lockFile, recordsFile, reservationFile, reservedThreads } from './evidence-files.ts';
import { lockFolder } from './folder-lock.ts';
import { type FileBounds, removeOldFiles } from './keep-files.ts';
import { type LineFile, openLineFile } from './line-file.ts';
import { originText, RecordLines } from './record-line.ts';
import { type EvidenceGap, gapBefore } from './reservation.ts';
import { createReserver } from './reserver.ts';

/** When a file ends, and how long files are kept. */
export interface SinkBounds extends FileBounds {
  readonly fileBytesMax: number;
  /** What times of files are compared with: the system's clock, whatever clock records go by. */
  readonly fileClock: () => number;
}

/** Options of the sink. */
export interface NdjsonSinkOptions {
  readonly folder: string;
  readonly node: string;
  /** Unique per start; the name of the file. */
  readonly boot: string;
  /** Number of the thread whose records these are. Default 0. */
  readonly thread?: number;
  /** How many threads the node has: thread 0 tells the gaps of those that are no more. Default 1. */
  readonly threads?: number;
  /** True where another thread holds the lock for all. Default: this sink takes it. */
  readonly locked?: boolean;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  /** When a file is followed by another, and how long files are kept. Default: one file, kept for ever. */
  readonly bounds?: SinkBounds;
  /** Called when the disk refuses a write, and again when it takes one. */
  readonly trouble?: (sentence: string) => void;
  /** Called with each record after it was queued. */
  readonly seen?: (record: EvidenceRecord) => void;
}

/** Takes the lock of a node, making the folder if absent; returns what gives it back. Throws `EvidenceInUse`. */
export function lockEvidence(folder: string, node: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  return lockFolder(lockFile(folder, node));
}

/** Opens the sink, first telling the gap that an unclean stop left. Throws `EvidenceInUse`, or when the folder cannot be written. */
export function openNdjsonSink(options: NdjsonSinkOptions): EvidenceSink & { readonly file: string } {
  const { folder, node, boot, thread = 0, clock, trouble = () => undefined } = options;
  const unlock = options.locked === true ? () => undefined : lockEvidence(folder, node);
  const file = recordsFile(folder, boot, thread);
  const reservation = reservationFile(folder, node, thread);
  const records = new RecordLines(originText({ schemaVersion: evidenceSchemaVersion, node, boot, thread }));
  let sequence = 0;
  const lines = openLineFile({
    file,
    trouble,
    follow: followingFiles(options),
    lossLine: (lostCount) => JSON.stringify(lossOf(lostCount)),
  });
  const lossOf = (lostCount: number): EvidenceGap => ({
    gap: { boot, thread, after: sequence - lostCount, atMost: lostCount, fromMs: clock(), toMs: clock() },
  });

  if (thread === 0) tellGapsOfFormerThreads(lines, options);
  tellGap(lines, options, thread);
  const reserver = createReserver({ file: reservation, boot, clock, trouble });
  return {
    file,
    append(record, likeness) {
      sequence += 1;
      reserver.use(sequence);
      lines.append(records.write(sequence, record, likeness));
      options.seen?.({ schemaVersion: evidenceSchemaVersion, node, boot, thread, sequence, ...record });
    },
    async close() {
      lines.close();
      await reserver.close(sequence);
      unlock();
    },
  };
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** A day of UTC has files of its own; so has what one file has no room for. Old files go when a file is opened, and each hour. */
function followingFiles(options: NdjsonSinkOptions): (bytes: number) => string | null {
  const { folder, node, boot, thread = 0, bounds, trouble } = options;
  if (bounds === undefined) return () => null;
  const { fileClock: clock } = bounds;
  let part = 1;
  let day = Math.floor(clock() / dayMs);
  let hour = Number.NEGATIVE_INFINITY;
  const removeOld = (): void => {
    removeOldFiles(folder, node, bounds, clock()).catch((fault: unknown) =>
      trouble?.(`old evidence cannot be removed from ${folder}: ${(fault as Error).message}`),
    );
  };
  return (bytes) => {
    const nowMs = clock();
    const isFull = bytes >= bounds.fileBytesMax || Math.floor(nowMs / dayMs) > day;
    if (isFull || Math.floor(nowMs / hourMs) > hour) removeOld();
    hour = Math.floor(nowMs / hourMs);
    if (!isFull) return null;
    day = Math.floor(nowMs / dayMs);
    part += 1;
    return recordsFile(folder, boot, thread, part);
  };
}

function tellGap(lines: LineFile, { folder, node, clock }: NdjsonSinkOptions, thread: number): void {
  const gap = gapBefore(folder, node, thread, clock());
  if (gap === null) return;
  lines.append(JSON.stringify(gap));
  lines.sync(); // Before our own reservation replaces the one it was told from: a crash between would silence it.
}

/** A gateway that had more threads and crashed left gaps that no thread of this number tells any more. */
function tellGapsOfFormerThreads(lines: LineFile, options: NdjsonSinkOptions): void {
  const { folder, node, threads = 1 } = options;
  for (const former of reservedThreads(folder, node, threads)) {
    tellGap(lines, options, former);
    rmSync(reservationFile(folder, node, former), { force: true });
  }
}
