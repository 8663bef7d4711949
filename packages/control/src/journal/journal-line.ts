// One entry of the journal as a line of its file, chained to the line before it. Pure.
import { createHash } from 'node:crypto';

/** What somebody did that must not be lost. */
export interface JournalEntry {
  /** From 1, without a hole. */
  readonly sequence: number;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** What was done, as whoever applies it is registered. */
  readonly kind: string;
  /** Who did it: the id of an account. */
  readonly by: string;
  /** What JSON can say. */
  readonly body: unknown;
}

/** An entry where it stands: with whom it was written, and the checksum of everything up to it. */
export interface WrittenEntry extends JournalEntry {
  /** The sequence number of the first entry that was made durable together with this one. */
  readonly batch: number;
  /** SHA-256 in hex of the checksum before it and of this line. */
  readonly checksum: string;
}

/** The checksum before the first line. */
export const firstChecksum = '0'.repeat(64);

const checksumForm = /^\{"checksum":"([0-9a-f]{64})",/;
const prefixLength = '{"checksum":"'.length + 64 + '",'.length;

/** The entry with its place in the chain. */
export function chainEntry(entry: JournalEntry, batch: number, previous: string): WrittenEntry {
  return { ...entry, batch, checksum: checksumOf(restOf({ ...entry, batch }), previous) };
}

/** The line of an entry, its end included. */
export function toLine(entry: WrittenEntry): string {
  return `{"checksum":"${entry.checksum}",${restOf(entry)}\n`;
}

/** The entry of a line; null where the line is not what was written after the line with the checksum `previous`. */
export function parseLine(line: string, previous: string): WrittenEntry | null {
  const checksum = checksumForm.exec(line)?.[1];
  if (checksum === undefined || checksumOf(line.slice(prefixLength), previous) !== checksum) return null;
  return JSON.parse(line) as WrittenEntry;
}

/** The batch that a line claims, whatever its checksum; null where it cannot be read. */
export function claimedBatch(line: string): number | null {
  const batch = /^\{"checksum":"[0-9a-f]{64}","sequence":\d+,"batch":(\d+),/.exec(line)?.[1];
  return batch === undefined ? null : Number(batch);
}

function restOf({ sequence, batch, atMs, kind, by, body }: Omit<WrittenEntry, 'checksum'>): string {
  return JSON.stringify({ sequence, batch, atMs, kind, by, body }).slice(1);
}

function checksumOf(rest: string, previous: string): string {
  return createHash('sha256').update(previous).update(rest).digest('hex');
}
