// Evidence into the ring of a thread, from where the spool thread takes it.
import { type EvidenceRecord, type EvidenceSink, evidenceSchemaVersion } from '@headgate/contract';
import { RingWriter } from '../record-ring.ts';
import { originText, RecordLines } from './record-line.ts';

/** How long a call stands still, once, where no number is reserved for it, in milliseconds. */
const reservationWaitMs = 250;

/** How long none may be lost until that is told to be over, in milliseconds by what the records say (10 s). */
const overMs = 10_000;

/** Options of the sink. */
export interface RingSinkOptions {
  readonly ring: SharedArrayBuffer;
  readonly node: string;
  readonly boot: string;
  readonly thread: number;
  /** Called when records begin to be lost or numbers to be used that are not reserved, and when that ends. */
  readonly trouble?: (sentence: string) => void;
  /** Called with each record after it was written. */
  readonly seen?: (record: EvidenceRecord) => void;
}

/** Opens the sink. Closing it changes nothing: whoever owns the spool closes that. */
export function openRingSink(options: RingSinkOptions): EvidenceSink {
  const { node, boot, thread, trouble = () => undefined, seen } = options;
  const origin = { schemaVersion: evidenceSchemaVersion, node, boot, thread } as const;
  const writer = new RingWriter(options.ring);
  const lines = new RecordLines(originText(origin));
  let sequence = 0;
  let reservedTo = 0;
  let lostCount = 0;
  let lastLostMs = 0;
  let isUnreserved = false;

  const reserve = (): void => {
    let beyond = writer.reservedBeyond(sequence);
    // Nobody waits twice: while the spool thread is stuck, calls go on.
    if (beyond < 0 && !isUnreserved && lostCount === 0) {
      writer.awaitReservation(sequence, reservationWaitMs);
      beyond = writer.reservedBeyond(sequence);
    }
    if (beyond >= 0) {
      reservedTo = sequence + beyond;
      if (isUnreserved) trouble('sequence numbers of evidence are reserved again');
      isUnreserved = false;
    } else if (!isUnreserved) {
      isUnreserved = true;
      trouble('no sequence numbers of evidence are reserved: after a crash a gap may be told as smaller than it is');
    }
  };
  const noteLost = (isWritten: boolean, atMs: number): void => {
    if (!isWritten) {
      lostCount += 1;
      lastLostMs = atMs;
      if (lostCount === 1) trouble('evidence has no room on its way to the spool: records are lost, and counted');
    } else if (atMs > lastLostMs + overMs) {
      trouble(`evidence has room again on its way to the spool; ${lostCount} records were lost`);
      lostCount = 0;
    }
  };

  return {
    append(record, likeness) {
      sequence += 1;
      if (sequence > reservedTo) reserve();
      const line = lines.write(sequence, record, likeness);
      const { receivedMs } = record.listener;
      const isWritten = writer.append(sequence, receivedMs, line);
      if (!isWritten || lostCount > 0) noteLost(isWritten, receivedMs);
      seen?.({ ...origin, sequence, ...record });
    },
    async close() {
      // The ring holds what is not kept yet.
    },
  };
}
