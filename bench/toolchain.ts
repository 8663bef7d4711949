// Brings what the bench needs and the repository does not hold: Debian's nginx and HAProxy, the compiled generator and back
// end, the Node peers. Everything but the Debian packages goes into .headgate/bench.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { bringPackages, thisMachine } from '../tools/setup/bring-packages.ts';
import type { DebianPackage } from '../tools/setup/debian-packages.ts';
import type { ServerName } from './servers.ts';

const benchFolder = import.meta.dirname;

/** Where everything goes that the bench builds and installs. Git ignores it. */
export const buildFolder = resolve(benchFolder, '..', '.headgate', 'bench');

const packages: readonly DebianPackage[] = [
  { name: 'gcc', proof: { command: 'gcc' }, suites: 'the bench', why: 'its generator and back end are C' },
  { name: 'haproxy', proof: { command: 'haproxy' }, suites: 'the peer HAProxy', why: 'it is measured beside Headgate' },
  { name: 'libc6-dev', proof: { file: '/usr/include/stdio.h' }, suites: 'the bench', why: 'headers for the C parts' },
  {
    name: 'libssl-dev',
    proof: { file: '/usr/include/openssl/ssl.h' },
    suites: 'the bench',
    why: 'the generator speaks mutual TLS',
  },
  { name: 'nginx', proof: { command: 'nginx' }, suites: 'the peer nginx', why: 'ratios are to it' },
  { name: 'util-linux', proof: { command: 'taskset' }, suites: 'the bench', why: 'servers are pinned to a CPU' },
];

/** Debian puts servers here, and a user's PATH often lacks it. */
const serverFolders = ['/usr/sbin', '/usr/local/sbin'];

/** Installs missing Debian packages as root, and gives the peers that must be left out. Raises an error when the bench cannot run. */
export async function bringDebianPackages(say: (sentence: string) => void): Promise<readonly ServerName[]> {
  process.env.PATH = [...(process.env.PATH ?? '').split(delimiter), ...serverFolders].join(delimiter);
  const missing = await bringPackages(thisMachine(), say, packages);
  const leftOut = missing.filter((name) => name === 'nginx' || name === 'haproxy');
  if (leftOut.length < missing.length) throw new Error('the bench cannot be built without the packages named above');
  return leftOut;
}

/** Compiles the generator and the back end, and gives their paths. */
export function compile(): { readonly generator: string; readonly backend: string } {
  mkdirSync(join(buildFolder, 'bin'), { recursive: true });
  const build = (name: string, ...libraries: string[]): string => {
    const target = join(buildFolder, 'bin', name);
    const source = join(benchFolder, name, `${name}.c`);
    runOrRaise(['gcc', '-std=gnu17', '-O2', '-Wall', '-Wextra', '-o', target, source, ...libraries], benchFolder);
    return target;
  };
  return { generator: build('generator', '-lssl', '-lcrypto'), backend: build('backend') };
}

/** Installs the Node peers in their exact versions, without running any script of theirs; gives their folder. */
export function installNodePeers(): string {
  const source = join(benchFolder, 'peers', 'node');
  const target = join(buildFolder, 'peers');
  const wanted = readFileSync(join(source, 'package-lock.json'), 'utf8');
  const mark = join(target, 'node_modules', '.installed');
  cpSync(source, target, { recursive: true });
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return target;
  runOrRaise(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], target);
  writeFileSync(mark, wanted);
  return target;
}

function runOrRaise([command = '', ...words]: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, words, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${[command, ...words].join(' ')}: ${error?.message ?? stderr}`, { cause: error });
}
