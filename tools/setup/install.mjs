// Brings node_modules to what the lockfile says, and finds the Node 24 in it. Plain JavaScript: it must run on Node 20.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAttached } from './child.mjs';
import { withLock } from './lock.mjs';

const nodeMajorMin = 24;

/** SHA-256 over the lockfile, every package.json, and the platform that optional packages are chosen for. */
function hashOfManifests(root) {
  const workspaces = existsSync(join(root, 'packages')) ? readdirSync(join(root, 'packages')).sort() : [];
  const manifests = ['package-lock.json', 'package.json', ...workspaces.map((name) => `packages/${name}/package.json`)];
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const path of manifests) {
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

async function npmCi(root, holdAlso) {
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  // Tools are included by name, because a NODE_ENV=production around us would leave them out. Warnings are left out:
  // npm gives one for every package that wants a newer Node than the one it runs on, and we bring that Node.
  const included = ['--include=dev', '--include=optional'];
  const args = [...npm.slice(1), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...included];
  const exitCode = await runAttached(npm[0], args, { cwd: root, onStart: holdAlso });
  if (exitCode === 0) return;
  throw new Error(
    `npm ci failed (exit code ${exitCode}); npm's own words are above. Nothing was recorded, so the next run starts over.\n` +
      '  Offline? Packages come from the npm registry, or from the cache of an earlier run: connect, then run this again.\n' +
      '  "package.json and package-lock.json are not in sync"? Run `npm install` with Node 24 first on PATH and commit the lockfile.',
  );
}

/**
 * Installs packages if the manifests changed, the folder is missing or damaged, or no installation ever finished.
 * Gives the path of the Node 24 to run on, undefined when this machine has none. Raises when npm fails.
 */
export async function installPackages(root, say) {
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
    say(`installing packages with npm ci (${reason})`);
    const hash = hashOfManifests(root);
    rmSync(recordFile, { force: true }); // From here until npm ends, node_modules cannot be relied on.
    await npmCi(root, holdAlso);
    const node = chooseNode(root);
    const isBrought = node !== undefined && node !== process.execPath;
    writeFileSync(recordFile, JSON.stringify({ hash, node: isBrought ? node : undefined }));
    return node;
  });
}
