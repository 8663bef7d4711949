// One gateway of a name per evidence folder: a second one would overwrite the first one's sequence reservation, and a later
// crash would then leave no trace.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

/** The folder is in use by a process that lives. */
class EvidenceInUse extends Error {
  override readonly name = 'EvidenceInUse';
  readonly code = 'evidence.in_use';

  constructor(file: string, pid: number) {
    super(
      `the evidence folder is in use by process ${pid} (${file}); give each gateway its own \`node\` name or \`evidence.folder\``,
    );
  }
}

/** Takes the lock file; returns what gives it back. Throws `EvidenceInUse`. A lock whose holder is gone is taken over. */
export function lockFolder(file: string): () => void {
  for (;;) {
    try {
      const handle = openSync(file, 'wx', 0o640);
      writeSync(handle, `${process.pid} ${startOf(process.pid)}\n`);
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    }
    const [pid, start] = holderOf(file);
    if (pid !== null && startOf(pid) === start && isAlive(pid)) throw new EvidenceInUse(file, pid);
    rmSync(file, { force: true });
  }
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
