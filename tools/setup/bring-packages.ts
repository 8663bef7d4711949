// Installs the Debian packages of a table when this machine lets us, without letting any daemon start.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runAttached } from './child.mjs';
import { type DebianPackage, debianPackages, isPresent, type Machine, planPackages } from './debian-packages.ts';

const policyFile = '/usr/sbin/policy-rc.d';
// Exit code 101 is "action forbidden by policy" (invoke-rc.d(8)): the servers are for tests to start, on ports of theirs.
const policyText = '#!/bin/sh\n# Written by the set-up of Headgate for the length of one installation.\nexit 101\n';

/** This machine: Debian when it says so and has apt-get, root when the effective user is 0. */
export function thisMachine(): Machine {
  const path = process.env.PATH ?? '';
  const isDebian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
  return { isDebian, isRoot: process.geteuid?.() === 0, has: (row) => isPresent(row, path) };
}

/** Brings what is missing of the rows and gives the names of what stays missing; says everything it does. Never raises. */
export async function bringPackages(
  machine: Machine,
  say: (sentence: string) => void,
  rows: readonly DebianPackage[] = debianPackages,
): Promise<readonly string[]> {
  const plan = planPackages(rows, machine);
  if (plan.kind === 'nothing') return [];
  if (plan.kind === 'install') {
    say(`installing Debian packages: ${plan.missing.map((row) => row.name).join(', ')}`);
    await install(plan.missing.map((row) => row.name));
  } else {
    say(`missing here. To bring it: ${plan.command}`);
  }
  const missing = plan.missing.filter((row) => !machine.has(row));
  for (const row of missing) say(`no ${row.name}: skipping ${row.suites} (${row.why})`);
  return missing.map((row: DebianPackage) => row.name);
}

async function install(names: readonly string[]): Promise<void> {
  const isOurPolicy = !existsSync(policyFile) || readFileSync(policyFile, 'utf8') === policyText;
  if (isOurPolicy) writeFileSync(policyFile, policyText, { mode: 0o755 });
  try {
    if (!hasCandidates(names)) await aptGet(['update']);
    const args = ['install', '-y', '--no-install-recommends', ...names];
    // A list from last month names files that the mirror has replaced since: one fresh list, one more try.
    if ((await aptGet(args)) !== 0 && (await aptGet(['update'])) === 0) await aptGet(args);
  } finally {
    if (isOurPolicy) rmSync(policyFile, { force: true });
  }
}

function hasCandidates(names: readonly string[]): boolean {
  const { stdout } = spawnSync('apt-cache', ['policy', ...names], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return (stdout.match(/Candidate: (?!\(none\))/g) ?? []).length === names.length;
}

function aptGet(args: readonly string[]): Promise<number> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return runAttached('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], { env });
}
