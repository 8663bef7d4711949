// Evidence as one JSON object per line, in a file per boot of a node.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type EvidenceRecord, type EvidenceSink, evidenceSchemaVersion } from '@headgate/contract';
import { lockFolder } from './folder-lock.ts';
import { openLineFile } from './line-file.ts';
import { originText, recordLine } from './record-line.ts';
import { type EvidenceGap, gapBefore, sequenceBlock, writeReservation } from './reservation.ts';

/** Options of the sink. */
export interface NdjsonSinkOptions {
  readonly folder: string;
  readonly node: string;
  /** Unique per start; the name of the file. */
  readonly boot: string;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  /** Called when the disk refuses a write, and again when it takes one. */
  readonly trouble?: (sentence: string) => void;
  /** Called with each record after it was queued. */
  readonly seen?: (record: EvidenceRecord) => void;
}

/** Opens the sink, first telling the gap that an unclean stop left. Throws `EvidenceInUse`, or when the folder cannot be written. */
export function openNdjsonSink(options: NdjsonSinkOptions): EvidenceSink & { readonly file: string } {
  const { folder, node, boot, clock } = options;
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const unlock = lockFolder(join(folder, `${node}.lock`));
  const file = join(folder, `${boot}.ndjson`);
  const reservationFile = join(folder, `${node}.sequence.json`);
  const origin = originText({ schemaVersion: evidenceSchemaVersion, node, boot, thread: 0 });
  let sequence = 0;
  let reservedTo = 0;
  const lines = openLineFile({
    file,
    trouble: options.trouble ?? (() => undefined),
    lossLine: (lostCount) => JSON.stringify(lossOf(lostCount)),
  });
  const lossOf = (lostCount: number): EvidenceGap => ({
    gap: { boot, after: sequence - lostCount, atMost: lostCount, fromMs: clock(), toMs: clock() },
  });
  const reserve = (): void => {
    reservedTo = sequence + sequenceBlock;
    try {
      writeReservation(reservationFile, { boot, reservedTo, reservedMs: clock() });
    } catch (cause) {
      // The path goes on: without a reservation a crash could hide more records than it will admit, so it is said at once.
      options.trouble?.(`sequence numbers cannot be reserved in ${reservationFile}: ${(cause as Error).message}`);
    }
  };

  const gap = gapBefore(folder, reservationFile, clock());
  if (gap !== null) {
    lines.append(JSON.stringify(gap));
    lines.sync(); // Before our own reservation replaces the one it was told from: a crash between would silence it.
  }
  reserve();
  return {
    file,
    append(record, likeness) {
      if (sequence >= reservedTo) reserve();
      sequence += 1;
      lines.append(recordLine(origin, sequence, record, likeness));
      options.seen?.({ schemaVersion: evidenceSchemaVersion, node, boot, thread: 0, sequence, ...record });
    },
    async close() {
      lines.close();
      writeReservation(reservationFile, { boot, reservedTo, reservedMs: clock(), closedAt: sequence });
      unlock();
    },
  };
}
