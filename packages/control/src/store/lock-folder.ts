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
  /** When it started, as the system counts it (proc(5), field 22): process ids are reused. */
  readonly start: string;
  readonly program: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

// Never opened by anything but SQLite: closing any other handle on the file would end the lock (fcntl(2)).
const lockFile = 'lock';
const holderFile = 'holder.json';
// A connection that nobody refers to any more is closed by the garbage collector, and its lock is gone.
const held = new Set<DatabaseSync>();
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
  const holder: Holder = {
    pid: process.pid,
    start: startOf(process.pid),
    program,
    since: new Date(now()).toISOString(),
  };
  writeFileSync(join(place, holderFile), `${JSON.stringify(holder)}\n`, { mode: 0o640 });
  held.add(lock);
  return () => {
    if (!held.delete(lock)) return;
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

// The lock decides; the name is for whoever reads the refusal. For a moment after a start it is not there yet, or it is that of
// one which was killed.
function holderWords(folder: string): string {
  for (let attempt = 1; attempt <= nameAttemptsMax; attempt += 1) {
    const { pid, start, program, since } = readHolder(folder);
    if (pid !== undefined && startOf(pid) === start) return `process ${pid} (${program}) since ${since}`;
    Atomics.wait(pause, 0, 0, namePauseMs);
  }
  return 'a process that has not told its name, or cannot be seen from here';
}

const nameAttemptsMax = 10;
const namePauseMs = 50;
const pause = new Int32Array(new SharedArrayBuffer(4));

function readHolder(folder: string): Partial<Holder> {
  try {
    return JSON.parse(readFileSync(join(folder, holderFile), 'utf8')) as Partial<Holder>;
  } catch {
    return {};
  }
}

/** Empty where the system does not say, or has no such process. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
