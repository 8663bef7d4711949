// One process per folder. The lock is the kernel's: SQLite takes a POSIX lock on the file (fcntl(2)), which ends with the
// process however it ends, so that no lock is stale, none is taken over, and no reused process id is taken for a holder. It is
// a lock on the file, not on its path: a symlinked or moved folder is the same folder. SQLite keeps apart openers in one process.
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from './store-refused.ts';

/** Who holds a folder, as it told when it took it. */
interface Holder {
  readonly pid: number;
  readonly program: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

// Never opened by anything but SQLite: closing any other handle on the file would end the lock (fcntl(2)).
const lockFile = 'lock';
const holderFile = 'holder.json';
const busyCode = 5; // SQLITE_BUSY

/** Takes a folder, making it where absent; returns what gives it back. Throws a `StoreRefused` that names the holder. */
export function lockFolder(folder: string, now: () => number, program = process.title): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const place = realpathSync(folder);
  const lock = new DatabaseSync(join(place, lockFile));
  try {
    // A journal in memory: a file beside the lock would be one more thing that a crash leaves.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw refusalOf(place, cause);
  }
  const holder: Holder = { pid: process.pid, program, since: new Date(now()).toISOString() };
  writeFileSync(join(place, holderFile), `${JSON.stringify(holder)}\n`, { mode: 0o640 });
  return () => {
    rmSync(join(place, holderFile), { force: true });
    lock.close();
  };
}

function refusalOf(folder: string, cause: unknown): StoreRefused {
  if ((cause as { errcode?: number }).errcode === busyCode) {
    return new StoreRefused(
      'store.in_use',
      `the store in ${folder} is in use by ${holderWords(folder)}`,
      'Stop that process, or give this one a store of its own with `store.folder` or DATABASE_URL.',
      cause,
    );
  }
  return new StoreRefused(
    'store.unusable',
    `the store in ${folder} cannot be locked: ${(cause as Error).message}`,
    'Let the store stand on a local disk that this user may write, or use PostgreSQL with DATABASE_URL.',
    cause,
  );
}

function holderWords(folder: string): string {
  try {
    const { pid, program, since } = JSON.parse(readFileSync(join(folder, holderFile), 'utf8')) as Holder;
    return `process ${pid} (${program}) since ${since}`;
  } catch {
    return 'a process that has not told its name yet';
  }
}
