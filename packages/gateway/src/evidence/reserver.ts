// Keeps sequence numbers reserved ahead of their use: the next block is written beside the path while half of one is left.
import { renameSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { type Reservation, sequenceBlock, writeReservation } from './reservation.ts';

/** Options of a reserver. */
export interface ReserverOptions {
  readonly file: string;
  readonly boot: string;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  readonly trouble: (sentence: string) => void;
}

/** Reserved numbers of one thread of a boot. */
export interface Reserver {
  /** To be called with each number before it is used. Waits for the disk only where none is reserved any more. */
  use(sequence: number): void;
  /** Notes the last number that was used. Throws what the disk says. */
  close(sequence: number): Promise<void>;
}

/** Reserves the first block at once. */
export function createReserver({ file, boot, clock, trouble }: ReserverOptions): Reserver {
  let reservedTo = 0;
  /** From this number on the next block is asked for. */
  let askFrom = 0;
  let underWay: Promise<void> | null = null;
  /** Rises with each block that was waited for: one written beside it says less, and must not take its place. */
  let waits = 0;
  let isFailing = false;
  let hasToldWait = false;

  const toReservation = (upTo: number): Reservation => ({ boot, reservedTo: upTo, reservedMs: clock() });
  const reserved = (upTo: number): void => {
    reservedTo = upTo;
    askFrom = upTo - sequenceBlock / 2;
    isFailing = false;
  };
  const failed = (sequence: number, cause: unknown): void => {
    // The path goes on: without a reservation a crash could hide more records than it will admit, so it is said at once.
    if (!isFailing) trouble(`sequence numbers cannot be reserved in ${file}: ${(cause as Error).message}`);
    isFailing = true;
    askFrom = sequence + sequenceBlock / 2;
    reservedTo = Math.max(reservedTo, sequence + sequenceBlock);
  };
  const reserveNow = (sequence: number): void => {
    waits += 1;
    try {
      writeReservation(file, toReservation(sequence + sequenceBlock));
      reserved(sequence + sequenceBlock);
    } catch (cause) {
      failed(sequence, cause);
    }
  };
  const reserveAhead = async (sequence: number): Promise<void> => {
    const waitsBefore = waits;
    const upTo = sequence + sequenceBlock;
    try {
      const beside = await writtenBeside(file, toReservation(upTo));
      if (waits !== waitsBefore) await rm(beside, { force: true });
      else {
        renameSync(beside, file);
        reserved(upTo);
      }
    } catch (cause) {
      failed(sequence, cause);
    }
  };

  reserveNow(0);
  return {
    use(sequence) {
      if (sequence < askFrom) return;
      if (sequence <= reservedTo) {
        underWay ??= reserveAhead(sequence).finally(() => {
          underWay = null;
        });
        return;
      }
      reserveNow(sequence);
      if (isFailing || hasToldWait) return;
      hasToldWait = true;
      trouble('sequence numbers ran out: a call waited for the disk until more were reserved; it is told once');
    },
    async close(sequence) {
      await underWay;
      writeReservation(file, { ...toReservation(reservedTo), closedAt: sequence });
    },
  };
}

/** Forces a reservation to the disk, in a file that is not in use yet; returns its name. */
async function writtenBeside(file: string, reservation: Reservation): Promise<string> {
  const beside = `${file}.ahead`;
  await using handle = await open(beside, 'w', 0o640);
  await handle.writeFile(`${JSON.stringify(reservation)}\n`);
  await handle.sync();
  return beside;
}
