// Names of the files in an evidence folder. Thread 0 has the plain names, so that a gateway of one thread has no others.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The file with the records of one thread of one boot; the first part has no number, so that a short boot has one plain name. */
export function recordsFile(folder: string, boot: string, thread: number, part = 1): string {
  return join(folder, `${boot}${suffixOf(thread)}${part === 1 ? '' : `.p${String(part).padStart(4, '0')}`}.ndjson`);
}

/** The files with the records of one thread of one boot that are there, the last part first. */
export function recordsFiles(folder: string, boot: string, thread: number): readonly string[] {
  const begin = `${boot}${suffixOf(thread)}`;
  return readdirSync(folder)
    .filter((file) => file.startsWith(begin) && /^(?:\.p\d{4,})?\.ndjson$/.test(file.slice(begin.length)))
    .toSorted((one, other) => other.length - one.length || (one < other ? 1 : -1))
    .map((file) => join(folder, file));
}

/** Whether a file holds records of a node, of whatever boot. A node may be named as another one begins. */
export function isRecordsFile(file: string, node: string): boolean {
  const form = /^-\d{4}-\d\d-\d\dT\d{9}Z-[0-9a-f]{6}(?:\.t\d+)?(?:\.p\d{4,})?\.ndjson$/;
  return file.startsWith(node) && form.test(file.slice(node.length));
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
