// What the bench was run on, for whoever compares two reports.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, type as systemName, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Machine } from './report.ts';
import type { ServerName } from './servers.ts';

/** Describes this machine, and the versions of the peers that take part. */
export function describeMachine(servers: readonly ServerName[], peersFolder: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cpus: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${systemName()} ${release()} ${arch()}`,
    node: process.versions.node,
    openssl: process.versions.openssl ?? 'unknown',
    versions: Object.fromEntries(
      servers.flatMap((name) => (name === 'headgate' ? [] : [versionOf(name, peersFolder)])),
    ),
  };
}

function versionOf(name: Exclude<ServerName, 'headgate'>, peersFolder: string): [string, string] {
  switch (name) {
    // nginx says it on standard error.
    case 'nginx':
      return ['nginx', saidBy('nginx', '-v')];
    case 'haproxy':
      return ['HAProxy', saidBy('haproxy', '-v')];
    case 'fastify-http-proxy':
      return ['@fastify/http-proxy', installed(peersFolder, '@fastify/http-proxy')];
    case 'node-undici':
      return ['undici', installed(peersFolder, 'undici')];
    case 'http-proxy-3':
    case 'fast-proxy':
      return [name, installed(peersFolder, name)];
  }
}

function saidBy(command: string, option: string): string {
  const { stdout, stderr } = spawnSync(command, [option], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}

function installed(folder: string, name: string): string {
  const text = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}
