// Clean clones in miniature for the tests of set-up: our way in, the Node that npm brings, and a registry of our own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** The package that brings Node to this machine. */
export const nodePackage = `node-${process.platform}-${process.arch}`;

const ourFiles = ['run.mjs', 'install.mjs', 'installed.mjs', 'lockfile.mjs', 'child.mjs', 'lock.mjs'];

interface LockedPackage {
  readonly version: string;
  readonly resolved: string;
  readonly integrity: string;
}

/** Writes one file below a folder, with the folders it needs. */
function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A clean clone in miniature: our way in, one package linked from the tree (Node itself), one word to hand to. */
export function cleanClone(t: TestContext, leaf?: LockedPackage): string {
  const root = mkdtempSync(join(tmpdir(), 'headgate-setup-'));
  t.after(() => rmSync(root, { recursive: true }));
  const dependencies = { [nodePackage]: 'file:vendor/node', ...(leaf && { leaf: leaf.version }) };
  write(root, 'package.json', JSON.stringify({ name: 'miniature', version: '1.0.0', type: 'module', dependencies }));
  const packages = {
    '': { name: 'miniature', version: '1.0.0', dependencies },
    [`node_modules/${nodePackage}`]: { resolved: 'vendor/node', link: true },
    ...(leaf && { 'node_modules/leaf': leaf }),
    'vendor/node': { name: nodePackage, version: '24.0.0' },
  };
  const head = { name: 'miniature', version: '1.0.0', lockfileVersion: 3, requires: true };
  write(root, 'package-lock.json', JSON.stringify({ ...head, packages }));
  write(root, 'vendor/node/package.json', JSON.stringify({ name: nodePackage, version: '24.0.0' }));
  mkdirSync(join(root, 'vendor/node/bin'));
  symlinkSync(process.execPath, join(root, 'vendor/node/bin/node'));
  write(
    root,
    'tools/setup/test.ts',
    "const words: string[] = process.argv.slice(2);\nconsole.log('ran', ...words, process.env.PATH);\n",
  );
  for (const name of ourFiles) copyFileSync(join(import.meta.dirname, name), join(root, 'tools/setup', name));
  return root;
}

/** The arguments after `node` that run the npm of this machine, or its name where only that is known. */
export const npmCommand: readonly [string, ...string[]] = process.env.npm_execpath?.endsWith('.js')
  ? [process.execPath, process.env.npm_execpath]
  : ['npm'];

/** The bytes of a package with one file, as a registry serves them. */
function packLeaf(t: TestContext): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-leaf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  write(folder, 'package.json', JSON.stringify({ name: 'leaf', version: '1.0.0' }));
  write(folder, 'below/leaf.js', 'module.exports = 1;\n');
  const [program, ...args] = npmCommand;
  const { status, stderr } = spawnSync(program, [...args, 'pack', '--silent'], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return readFileSync(join(folder, 'leaf-1.0.0.tgz'));
}

/** A registry on a port of its own that serves one package, `leaf`. */
export interface LeafRegistry {
  readonly leaf: LockedPackage;
  /** The bytes to answer with. */
  readonly tarball: Buffer;
  /** What answers the next requests; serves the package until it is set. */
  answer: (response: ServerResponse) => void;
}

/** Starts the registry; npm's cache of it is not shared, because each test's port is part of the address. */
export async function createRegistry(t: TestContext): Promise<LeafRegistry> {
  const tarball = packLeaf(t);
  const server = createServer((_request, response) => registry.answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const resolved = `http://127.0.0.1:${address.port}/leaf/-/leaf-1.0.0.tgz`;
  const registry: LeafRegistry = {
    leaf: { version: '1.0.0', resolved, integrity },
    tarball,
    answer: (response) => response.end(tarball),
  };
  return registry;
}

/** A clean clone whose lockfile names the registry's package too; npm's cache lies in it, so npm has to ask. */
export function cloneWith(t: TestContext, registry: LeafRegistry): string {
  // Under `npm test` npm's own settings come as variables, and those would win over the file.
  for (const name of Object.keys(process.env)) if (/^npm_config_/i.test(name)) delete process.env[name];
  const root = cleanClone(t, registry.leaf);
  const settings = [
    'cache=.npm-cache',
    'noproxy=127.0.0.1',
    'fetch-retries=0',
    `registry=${new URL('/', registry.leaf.resolved).href}`,
  ];
  write(root, '.npmrc', settings.map((line) => `${line}\n`).join(''));
  return root;
}
