// One gateway of a name per evidence folder: a second one would overwrite the first one's sequence reservation, and a later
// crash would then leave no trace.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** The folder is in use by a process that lives. */
class EvidenceInUse extends Error {
  override readonly name = 'EvidenceInUse';
  readonly code = 'evidence.in_use';

  constructor(file: string, pid: number | null) {
    super(
      `the evidence folder is in use by ${pid === null ? 'a process that just starts' : `process ${pid}`} (${file}); give each gateway its own \`node\` name or \`evidence.folder\``,
    );
  }
}

// A connection that nobody refers to any more is closed by the garbage collector, and its lock is gone.
const held = new Set<DatabaseSync>();
const busyCode = 5; // SQLITE_BUSY

/**
 * Takes the lock file; returns what gives it back. Throws `EvidenceInUse`. A lock whose holder is gone is taken over, by one: the
 * kernel decides who that is. Its lock (fcntl(2), which SQLite takes for us on a file beside) ends with the process; the file says
 * who it is, to people and to a gateway of a version that knew the file alone.
 */
export function lockFolder(file: string): () => void {
  const lock = new DatabaseSync(`${file}.held`);
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if ((cause as { errcode?: number }).errcode === busyCode) throw new EvidenceInUse(file, holderOf(file)[0]);
    throw cause;
  }
  const [pid, start] = holderOf(file);
  if (pid !== null && startOf(pid) === start && isAlive(pid)) {
    lock.close();
    throw new EvidenceInUse(file, pid);
  }
  writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { mode: 0o640 });
  held.add(lock);
  return () => {
    if (!held.delete(lock)) return;
    rmSync(file, { force: true });
    lock.close();
  };
}

function holderOf(file: string): [pid: number | null, start: string] {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ');
    return [/^\d+$/.test(pid) ? Number(pid) : null, start];
  } catch {
    return [null, '']; // Given back between our look and our read.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started (proc(5), field 22): process ids are reused. Empty where the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
