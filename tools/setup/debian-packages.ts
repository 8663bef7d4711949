// The one table of Debian packages that suites need, and what to do about a missing one on this machine.

import { globSync } from 'node:fs';
import { delimiter } from 'node:path';

/** One Debian package: what proves that it is there, which suites need it, and why. */
export interface DebianPackage {
  readonly name: string;
  /** A command on PATH, or a file pattern with an absolute path. Either is enough to do without the package. */
  readonly proof: { readonly command: string } | { readonly file: string };
  readonly suites: string;
  readonly why: string;
}

/** The table. A new row is all that a suite needs to find its package on a clean Debian machine. */
export const debianPackages: readonly DebianPackage[] = [
  {
    name: 'chromium',
    proof: { command: 'chromium' },
    suites: 'suites that open a browser',
    why: 'refusal pages and the portal are judged as a browser shows them',
  },
  {
    name: 'libnss3-tools',
    proof: { command: 'certutil' },
    suites: 'suites that open a browser with a client certificate',
    why: 'the browser takes its certificates from a store of its own, which these tools write',
  },
  {
    name: 'openssl',
    proof: { command: 'openssl' },
    suites: 'certificate and signature counterparts',
    why: 'what we sign and issue must verify in an implementation that is not ours',
  },
  {
    name: 'postgresql',
    proof: { file: '/usr/lib/postgresql/*/bin/postgres' },
    suites: 'suites that keep state in PostgreSQL',
    why: 'the embedded database and the real one must give the same answers',
  },
  {
    name: 'python3-zeep',
    proof: { file: '/usr/lib/python3/dist-packages/zeep/__init__.py' },
    suites: 'the zeep counterpart',
    why: 'a SOAP client that participants really use must understand our answers',
  },
  {
    name: 'redis-server',
    proof: { command: 'redis-server' },
    suites: 'the suite that counts in Redis',
    why: 'what is counted in Valkey must be counted in Redis alike',
  },
  {
    name: 'slowhttptest',
    proof: { command: 'slowhttptest' },
    suites: 'the soak of slow callers',
    why: 'an attacker that is not ours must be shed as well as our own',
  },
  {
    name: 'testssl.sh',
    proof: { command: 'testssl' },
    suites: 'the soak that has TLS judged',
    why: 'a judge that is not ours must find nothing wrong with our TLS',
  },
  {
    name: 'valkey-server',
    proof: { command: 'valkey-server' },
    suites: 'suites that share counters between nodes',
    why: 'a limit over several nodes holds only if the shared store keeps it',
  },
];

/** What the machine is, as far as installing goes. */
export interface Machine {
  readonly isDebian: boolean;
  readonly isRoot: boolean;
  has(row: DebianPackage): boolean;
}

/** What to do: nothing, install, or go without; the last names what is missing and the command that would bring it. */
export type PackagePlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'install'; readonly missing: readonly DebianPackage[] }
  | { readonly kind: 'go without'; readonly missing: readonly DebianPackage[]; readonly command: string };

/** Decides what to do about missing packages. Pure: the machine is passed in. */
export function planPackages(rows: readonly DebianPackage[], machine: Machine): PackagePlan {
  const missing = rows.filter((row) => !machine.has(row));
  if (missing.length === 0) return { kind: 'nothing' };
  if (machine.isDebian && machine.isRoot) return { kind: 'install', missing };
  const names = missing.map((row) => row.name).join(' ');
  const command = machine.isDebian
    ? `sudo apt-get install -y --no-install-recommends ${names}`
    : `install what Debian calls: ${names}`;
  return { kind: 'go without', missing, command };
}

/** Whether the command or file that proves the package is on this machine. */
export function isPresent(row: DebianPackage, pathVariable: string): boolean {
  const patterns =
    'file' in row.proof
      ? [row.proof.file]
      : pathVariable
          .split(delimiter)
          .filter((folder) => folder !== '')
          .map((folder) => `${folder}/${(row.proof as { command: string }).command}`);
  return patterns.some((pattern) => globSync(pattern).length > 0);
}
