// Whether node_modules is what the lockfile says although we did not install it: a plain `npm ci` is as good as ours.
// In doubt the answer is no, and set-up installs.

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isInstalled, manifestFaults } from './lockfile.mjs';

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The C library as npm names it for optional packages, undefined where there is no such choice. */
function readLibc() {
  if (process.platform !== 'linux') return undefined;
  process.report.excludeNetwork = true; // Looking up names of open sockets may take seconds.
  const { header } = process.report.getReport();
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

/** Whether the folder of one entry holds that version, or leads to the folder that the entry links to. */
function isInPlace(root, path, entry) {
  if (entry.link === true) return realpathSync(join(root, path)) === realpathSync(join(root, entry.resolved));
  return readJson(join(root, path, 'package.json')).version === entry.version;
}

/** Every folder that npm fills: node_modules, a scope, a package. */
function filledFolders(paths) {
  const inside = paths.filter((path) => path.includes('node_modules/'));
  return new Set(inside.flatMap((path) => [path, dirname(path)]));
}

/**
 * Whether a finished `npm ci` (or `npm install`) left exactly the lockfile's packages for this platform. npm writes
 * node_modules/.package-lock.json last and `npm ci` removes it first; a folder newer than it is one that something
 * touched since, which is how npm itself decides whether to believe that file.
 */
export function isInstalledAt(root, manifestFolders) {
  try {
    const record = join(root, 'node_modules', '.package-lock.json');
    const [lock, installed] = [readJson(join(root, 'package-lock.json')), readJson(record)];
    const manifests = manifestFolders.map((folder) => [folder, readJson(join(root, folder, 'package.json'))]);
    if (manifestFaults(lock, Object.fromEntries(manifests)).length > 0) return false;
    if (!isInstalled(lock, installed, { os: process.platform, cpu: process.arch, libc: readLibc() })) return false;
    const entries = Object.entries(installed.packages);
    if (!entries.every(([path, entry]) => isInPlace(root, path, entry))) return false;
    const recordedMs = statSync(record).mtimeMs;
    const notLinks = entries.filter(([, entry]) => entry.link !== true).map(([path]) => path);
    return [...filledFolders(notLinks)].every((path) => statSync(join(root, path)).mtimeMs <= recordedMs);
  } catch {
    return false; // Something is missing or is not what npm writes.
  }
}
