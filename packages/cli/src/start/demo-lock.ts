// One demo for each folder: whoever holds the lock may replace what the last demo left. A lock of a process that is
// gone counts for nothing, also when another process has its id by now.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** Name of the lock in the demo's folder; it holds the pid of the demo and when that process started. */
export const lockName = 'demo.lock';

/** A folder that is this process's own until it lets go. */
export interface DemoLock {
  release(): Promise<void>;
}

/**
 * Takes a folder for one demo. Refuses one where a demo runs, and one that holds anything but a demo, because the demo
 * empties its folder. Nothing of the folder is touched before that.
 */
export async function takeFolder(folder: string, pid = process.pid): Promise<DemoLock> {
  await assertDemoFolder(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = join(folder, lockName);
  const own = join(folder, `${lockName}.${randomUUID()}`);
  await writeFile(own, `${pid} ${await startOf(pid)}\n`);
  try {
    await hold(own, lock, folder);
  } finally {
    await rm(own, { force: true });
  }
  return { release: () => rm(lock, { force: true }) };
}

/** Links our file into place, which fails when there is one: two demos that begin together cannot both succeed. */
async function hold(own: string, lock: string, folder: string): Promise<void> {
  try {
    await link(own, lock);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    await refuseIfHeld(lock, folder);
    // Another demo may take it over at the same time: what was moved away is looked at once more.
    const moved = `${own}.old`;
    await rename(lock, moved).catch(() => undefined);
    const taken = refuseIfHeld(moved, folder);
    await taken.catch(() => link(moved, lock));
    await rm(moved, { force: true });
    await taken;
    await link(own, lock).catch(() => refuseIfHeld(lock, folder));
  }
}

async function refuseIfHeld(lock: string, folder: string): Promise<void> {
  const text = await readFile(lock, 'utf8').catch(() => '');
  const [pid = '', start = ''] = text.trim().split(' ');
  const holder = Number(pid);
  if (!/^[1-9]\d*$/.test(pid) || !isAlive(holder) || (await startOf(holder)) !== start) return;
  throw alreadyRuns(holder, folder);
}

function alreadyRuns(holder: number, folder: string): CliRefusal {
  return new CliRefusal(
    `a demo runs already (pid ${holder}) in ${folder}; stop it, or use --folder FOLDER for another one (\`npm start -- --folder .headgate/second\`)`,
    exitCodes.unusable,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a process started, in clock ticks since boot (proc(5), field 22): process ids are reused. Empty where the system
 * does not say; `ended` for one that nobody collected, which a container may keep for ever.
 */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? 'ended' : (fields[18] ?? '');
}

async function assertDemoFolder(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((fault: unknown) => {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new CliRefusal(`${folder} cannot be used as the demo's folder: ${code ?? 'unreadable'}`, exitCodes.unusable);
  });
  if (entries.length === 0 || entries.some((name) => name.startsWith(lockName))) return;
  const config = await readFile(join(folder, 'gateway.yaml'), 'utf8').catch(() => '');
  if (config.startsWith('node: demo\n')) return;
  throw new CliRefusal(
    `${folder} is not empty and was not made by a demo; a demo empties its folder, so name a new one with --folder`,
    exitCodes.unusable,
  );
}
