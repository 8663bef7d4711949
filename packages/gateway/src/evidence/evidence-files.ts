// Names of the files in an evidence folder. Thread 0 has the plain names, so that a gateway of one thread has no others.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The file with the records of one thread of one boot. */
export function recordsFile(folder: string, boot: string, thread: number): string {
  return join(folder, `${boot}${suffixOf(thread)}.ndjson`);
}

/** The file with the sequence numbers that a thread of a node reserved last. */
export function reservationFile(folder: string, node: string, thread: number): string {
  return join(folder, `${node}${suffixOf(thread)}.sequence.json`);
}

/** The lock of a node. */
export function lockFile(folder: string, node: string): string {
  return join(folder, `${node}.lock`);
}

/** Threads of a node that left a reservation, from `first` on: there were more once than there are now. */
export function reservedThreads(folder: string, node: string, first: number): readonly number[] {
  return readdirSync(folder)
    .map((file) =>
      file.startsWith(`${node}.t`) ? /^t([1-9]\d?)\.sequence\.json$/.exec(file.slice(node.length + 1)) : null,
    )
    .map((found) => Number(found?.[1] ?? 0))
    .filter((thread) => thread >= first && thread > 0);
}

function suffixOf(thread: number): string {
  return thread === 0 ? '' : `.t${thread}`;
}
