// Brings node_modules to what the lockfile says, and finds the Node 24 in it. Plain JavaScript: it must run on Node 20.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { runAttached } from './child.mjs';
import { isInstalledAt } from './installed.mjs';
import { withLock } from './lock.mjs';

const nodeMajorMin = 24;
const progressEveryMs = 5_000;

/** Folders of the manifests, from the root of the repository: the root itself and every workspace. */
function manifestFolders(root) {
  const workspaces = existsSync(join(root, 'packages')) ? readdirSync(join(root, 'packages')).sort() : [];
  const isThere = (folder) => existsSync(join(root, folder, 'package.json'));
  return ['', ...workspaces.map((name) => `packages/${name}`)].filter(isThere);
}

/** SHA-256 over the lockfile, every package.json, and the platform that optional packages are chosen for. */
function hashOfManifests(root) {
  const manifests = manifestFolders(root).map((folder) => (folder === '' ? 'package.json' : `${folder}/package.json`));
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const path of ['package-lock.json', ...manifests]) {
    const file = join(root, path);
    if (existsSync(file)) hash.update(`\0${path}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether every package that npm says it installed is still there; a folder that was emptied by hand shows here. */
function isWhole(root) {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  return Object.keys(installed.packages).every((path) => existsSync(join(root, path, 'package.json')));
}

function reasonToInstall(root, record, hash) {
  if (!existsSync(join(root, 'node_modules'))) return 'node_modules is not there yet';
  if (!record) return 'no finished installation is on record';
  if (record.hash !== hash) return 'the lockfile or a package.json has changed';
  if (!isWhole(root)) return 'node_modules is damaged';
  return undefined;
}

/** The Node 24 to run on: the one npm brought, else the running one if it is new enough, else undefined. */
function chooseNode(root) {
  const brought = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  // It is tried, not trusted: on a system with another C library (Alpine) the file is there and does not run.
  if (existsSync(brought) && spawnSync(brought, ['--version']).status === 0) return brought;
  return Number(process.versions.node.split('.')[0]) >= nodeMajorMin ? process.execPath : undefined;
}

/** An installation that a signal ended: nothing is wrong with it, so nothing is advised. */
class Interruption extends Error {
  constructor(signal) {
    super(`interrupted (${signal}) while installing packages; nothing was recorded, so the next run starts over.`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** The signal that an exit code stands for, undefined for an exit that was a program's own. */
function signalOf(exitCode) {
  return Object.keys(constants.signals).find((name) => 128 + constants.signals[name] === exitCode);
}

/** How many packages of the lockfile are unpacked. */
function countUnpacked(root) {
  const paths = Object.keys(readJson(join(root, 'package-lock.json'))?.packages ?? {});
  return paths.filter((path) => path.includes('node_modules/') && existsSync(join(root, path, 'package.json'))).length;
}

/** Says every few seconds how far npm is, where npm itself says nothing because nobody watches a terminal. */
function startProgress(root, say, everyMs) {
  const startedMs = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    say(`npm ci has run for ${seconds} s: ${countUnpacked(root)} packages are unpacked so far`);
  }, everyMs);
  return () => clearInterval(timer);
}

async function npmCi(root, say, options) {
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  // Tools are included by name, because a NODE_ENV=production around us would leave them out. Warnings are left out:
  // npm gives one for every package that wants a newer Node than the one it runs on, and we bring that Node.
  const included = ['--include=dev', '--include=optional'];
  const args = [...npm.slice(1), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...included];
  let asked; // npm answers an interrupt with exit code 1, the code of every failure.
  const onSignal = (signal) => {
    asked ??= signal;
  };
  const stopProgress = options.progressEveryMs > 0 ? startProgress(root, say, options.progressEveryMs) : () => {};
  const exitCode = await runAttached(npm[0], args, { cwd: root, onStart: options.holdAlso, onSignal }).finally(
    stopProgress,
  );
  const signal = asked ?? signalOf(exitCode);
  if (signal !== undefined) throw new Interruption(signal);
  if (exitCode === 0) return;
  throw new Error(
    `npm ci failed (exit code ${exitCode}); npm's own words are above. Nothing was recorded, so the next run starts over.\n` +
      '  Offline? Packages come from the npm registry, or from the cache of an earlier run: connect, then run this again.\n' +
      '  "package.json and package-lock.json are not in sync"? Run `npm install` with Node 24 first on PATH and commit the lockfile.',
  );
}

function writeRecord(file, root, hash) {
  const node = chooseNode(root);
  const isBrought = node !== undefined && node !== process.execPath;
  writeFileSync(file, JSON.stringify({ hash, node: isBrought ? node : undefined }));
  return node;
}

/**
 * Installs packages if the manifests changed, the folder is missing or damaged, or no installation ever finished.
 * Gives the path of the Node 24 to run on, undefined when this machine has none. Raises when npm fails; the error has
 * the `exitCode` to end with when a signal ended npm. `everyMs` is how often progress is said, 0 for never; by default
 * only where npm has no terminal to draw on.
 */
export async function installPackages(root, say, everyMs = process.stderr.isTTY ? 0 : progressEveryMs) {
  const folder = join(root, '.headgate', 'setup');
  const recordFile = join(folder, 'installed.json');
  const current = () => {
    const record = readJson(recordFile);
    return { record, reason: reasonToInstall(root, record, hashOfManifests(root)) };
  };
  const before = current();
  if (!before.reason) return before.record.node ?? chooseNode(root);
  const onWait = (pid) => say(`waiting for process ${pid}, which is setting up the same folder`);
  return withLock(join(folder, 'install.lock'), onWait, async (holdAlso) => {
    const { record, reason } = current(); // Whoever we waited for may have done it.
    if (!reason) return record.node ?? chooseNode(root);
    const hash = hashOfManifests(root);
    if (isInstalledAt(root, manifestFolders(root))) {
      say('taking over the packages that are installed: they are what the lockfile says');
      return writeRecord(recordFile, root, hash);
    }
    say(`installing packages with npm ci (${reason})`);
    rmSync(recordFile, { force: true }); // From here until npm ends, node_modules cannot be relied on.
    await npmCi(root, say, { holdAlso, progressEveryMs: everyMs });
    return writeRecord(recordFile, root, hash);
  });
}
