// What a lockfile promises: that it is made from the manifests beside it, and which packages a platform gets from it.
// Pure, and plain JavaScript: set-up asks it on Node 20, the check `lockfile` asks it on Node 24.

import { createHash } from 'node:crypto';

/** The fields of a package.json that npm copies into the lockfile and chooses versions by. */
const copiedFields = [
  'name',
  'version',
  'workspaces',
  'engines',
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
];

/** One text per value, whatever order its keys were written in. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

/** An empty table of dependencies is one that npm leaves out. */
function isAbsent(value) {
  return value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
}

function packagesOf(lock) {
  return typeof lock?.packages === 'object' && lock.packages !== null ? lock.packages : {};
}

/** The key of the entry that a link leads to, the key itself for what is no link. */
function targetOf(packages, path) {
  return packages[path]?.link === true ? packages[path].resolved : path;
}

/**
 * Where a lockfile and the manifests differ: `manifests` maps '' and each workspace's folder to its parsed package.json.
 * Each difference names the manifest's folder and the field.
 */
export function manifestFaults(lock, manifests) {
  const packages = packagesOf(lock);
  const faults = [];
  for (const [folder, manifest] of Object.entries(manifests)) {
    const entry = packages[folder];
    if (entry === undefined) {
      faults.push({ folder, field: 'name' });
      continue;
    }
    for (const field of copiedFields) {
      // npm leaves out the name of a workspace whose folder is called the same.
      const locked = field === 'name' ? (entry.name ?? folder.split('/').at(-1)) : entry[field];
      if (isAbsent(locked) && isAbsent(manifest[field])) continue;
      if (canonical(locked) !== canonical(manifest[field])) faults.push({ folder, field });
    }
  }
  const isOwn = (path) => path !== '' && !/(^|\/)node_modules\//.test(path);
  const linked = new Set(Object.keys(packages).map((path) => targetOf(packages, path)));
  for (const path of Object.keys(packages)) {
    // Folders that a manifest names with `file:` are linked too, but no workspaces of ours.
    if (isOwn(path) && path.startsWith('packages/') && linked.has(path) && manifests[path] === undefined)
      faults.push({ folder: path, field: 'workspaces' });
  }
  return faults;
}

function admits(allowed, actual) {
  if (allowed === undefined) return true;
  const words = [allowed].flat();
  if (words.includes('any') || words.includes(actual)) return true;
  const excluded = words.filter((word) => word.startsWith('!'));
  return excluded.length > 0 && excluded.length === words.length && !excluded.includes(`!${actual}`);
}

function isFor(entry, { os, cpu, libc }) {
  return admits(entry.os, os) && admits(entry.cpu, cpu) && (entry.libc === undefined || admits(entry.libc, libc));
}

/** The nearest folder named after a dependency, looking upward from a package as Node does. */
function find(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}

/** Names that a package depends on, each with whether it may be missing. */
function needsOf(entry, isOurs) {
  const optional = Object.keys(entry.optionalDependencies ?? {});
  const peers = Object.keys(entry.peerDependencies ?? {});
  const isOptionalPeer = (name) => entry.peerDependenciesMeta?.[name]?.optional === true;
  return [
    ...Object.keys(entry.dependencies ?? {}).filter((name) => !optional.includes(name)),
    ...(isOurs ? Object.keys(entry.devDependencies ?? {}) : []),
    ...peers.filter((name) => !isOptionalPeer(name)),
    ...optional,
  ];
}

/** Which entries of a lockfile an installation on a platform must have: everything reached that is for the platform. */
function pathsFor(lock, platform) {
  const packages = packagesOf(lock);
  const reached = new Set();
  const workspaces = Object.keys(packages).filter(
    (path) => packages[path].link === true && path.startsWith('node_modules/'),
  );
  const waiting = ['', ...workspaces];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    const entry = packages[path];
    if (entry === undefined || !isFor(entry, platform)) continue;
    reached.add(path);
    if (entry.link === true) {
      waiting.push(entry.resolved);
      continue;
    }
    const isOurs = !/(^|\/)node_modules\//.test(path);
    for (const name of needsOf(entry, isOurs)) {
      const found = find(packages, path, name);
      if (found !== undefined) waiting.push(found);
    }
  }
  reached.delete('');
  return reached;
}

/** An entry as far as it says what is unpacked: where an integrity names the bytes, their address is no matter. */
function contentOf(entry) {
  return canonical(entry?.integrity === undefined ? entry : { ...entry, resolved: undefined });
}

/**
 * Whether what npm says it installed (node_modules/.package-lock.json) is the lockfile in full: every entry the same,
 * and none missing that this platform needs.
 */
export function isInstalled(lock, installed, platform) {
  const packages = packagesOf(lock);
  const present = packagesOf(installed);
  const isSame = Object.keys(present).every((path) => contentOf(present[path]) === contentOf(packages[path]));
  return isSame && [...pathsFor(lock, platform)].every((path) => present[path] !== undefined);
}

/** The fingerprint of a lockfile's text, the same on every platform: git may check it out with other line ends. */
export function fingerprintOf(lockfileText) {
  return createHash('sha256').update(lockfileText.replaceAll('\r\n', '\n')).digest('hex');
}
