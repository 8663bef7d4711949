// What must be built before it can run: each entry once, again only when its sources changed.

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAttached } from './child.mjs';
import { withLock } from './lock.mjs';

/** One thing to build. Patterns and outputs are relative to the root of the repository. */
export interface Build {
  readonly name: string;
  readonly sources: readonly string[];
  readonly outputs: readonly string[];
  readonly command: readonly [string, ...string[]];
}

/** The table. Empty so far: everything runs from its TypeScript source. */
export const builds: readonly Build[] = [];

/** Builds what is out of date, in the order of the table; gives the names of what it built. Raises when a command fails. */
export async function bringBuilds(
  entries: readonly Build[],
  root: string,
  say: (sentence: string) => void,
): Promise<readonly string[]> {
  const built: string[] = [];
  for (const entry of entries) {
    if (isUpToDate(entry, root)) continue;
    const lock = join(root, '.headgate', 'setup', `build-${entry.name}.lock`);
    const onWait = (pid: number) => say(`waiting for process ${pid}, which is building ${entry.name}`);
    await withLock(lock, onWait, async (holdAlso) => {
      if (isUpToDate(entry, root)) return; // Whoever we waited for may have done it.
      say(`building ${entry.name}`);
      await build(entry, root, holdAlso);
      built.push(entry.name);
    });
  }
  return built;
}

async function build(entry: Build, root: string, holdAlso: (pid: number) => void): Promise<void> {
  const hash = hashOfSources(entry, root);
  rmSync(recordFile(entry, root), { force: true }); // A build that breaks off must not look finished.
  const [command, ...args] = entry.command;
  const exitCode = await runAttached(command, args, { cwd: root, onStart: holdAlso });
  const absent = entry.outputs.filter((output) => !existsSync(join(root, output)));
  if (exitCode !== 0)
    throw new Error(`Building ${entry.name} failed (exit code ${exitCode}): ${entry.command.join(' ')}`);
  if (absent.length > 0)
    throw new Error(`Building ${entry.name} left no ${absent.join(', ')}: correct its row in builds.ts.`);
  writeFileSync(recordFile(entry, root), hash);
}

function recordFile(entry: Build, root: string): string {
  const folder = join(root, '.headgate', 'setup');
  mkdirSync(folder, { recursive: true });
  return join(folder, `build-${entry.name}.hash`);
}

function isUpToDate(entry: Build, root: string): boolean {
  const record = recordFile(entry, root);
  if (!existsSync(record) || !entry.outputs.every((output) => existsSync(join(root, output)))) return false;
  return readFileSync(record, 'utf8') === hashOfSources(entry, root);
}

function hashOfSources(entry: Build, root: string): string {
  // The command is part of the source: a changed flag must build again.
  const hash = createHash('sha256').update(entry.command.join('\0'));
  const paths = globSync([...entry.sources], { cwd: root }).filter((path) => statSync(join(root, path)).isFile());
  for (const path of paths.sort()) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}
