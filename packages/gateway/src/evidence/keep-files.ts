// How long files of records are kept: the oldest go, by age and by the room that all of a node take. None that is written to.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecordsFile, recordsFiles } from './evidence-files.ts';
import type { Reservation } from './reservation.ts';

/** How much is kept. */
export interface FileBounds {
  readonly keepHours: number;
  readonly keepBytes: number;
}

const hourMs = 3_600_000;

/** Removes what is past the bounds. Rejects as the system does for a folder that it cannot read. */
export async function removeOldFiles(folder: string, node: string, bounds: FileBounds, nowMs: number): Promise<void> {
  const names = await readdir(folder);
  const inUse = await filesInUse(folder, node, names);
  const found = await Promise.all(
    names.filter((name) => isRecordsFile(name, node)).map((name) => factsOf(join(folder, name))),
  );
  const files = found.filter((facts) => facts !== null);
  let keptBytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const { file, size, mtimeMs } of files.toSorted((one, other) => one.mtimeMs - other.mtimeMs)) {
    const isPast = mtimeMs < nowMs - bounds.keepHours * hourMs || keptBytes > bounds.keepBytes;
    if (!isPast || inUse.has(file)) continue;
    await rm(file, { force: true });
    keptBytes -= size;
  }
}

/** Null for a file that is gone: each thread looks for itself, and another one may have been faster. */
async function factsOf(file: string) {
  try {
    const { size, mtimeMs } = await stat(file);
    return { file, size, mtimeMs };
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fault;
  }
}

/** The last part of every thread that runs, or did not stop in order: the next boot looks there how far it came. */
async function filesInUse(folder: string, node: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const inUse = new Set<string>();
  for (const name of names) {
    const thread = name.startsWith(node) ? /^(?:\.t(\d+))?\.sequence\.json$/.exec(name.slice(node.length)) : null;
    if (thread === null) continue;
    const { boot, closedAt } = JSON.parse(await readFile(join(folder, name), 'utf8')) as Reservation;
    const [last] = closedAt === undefined ? recordsFiles(folder, boot, Number(thread[1] ?? 0)) : [];
    if (last !== undefined) inUse.add(last);
  }
  return inUse;
}
