// The lockfile is made from the manifests beside it, by the npm of a Node 24: npm chooses versions by the Node it runs on.

import { fingerprintOf, manifestFaults } from '../setup/lockfile.mjs';
import { type Finding, lineAt, type Tree } from './finding.ts';

const lockfile = 'package-lock.json';
const recordFile = 'tools/setup/lockfile.json';
const again =
  'with Node 24 first on PATH (export PATH="$PWD/node_modules/.bin:$PATH") run npm install; it records what it wrote';

/** Finds a lockfile that no Node 24 wrote, and fields of a package.json that it does not have. */
export function checkLockfile(tree: Tree): readonly Finding[] {
  const text = tree.get(lockfile);
  if (text === undefined) return [{ file: lockfile, line: 1, found: 'no lockfile', fix: again }];
  const manifestPaths = [...tree.keys()].filter((path) => /^(?:packages\/[^/]+\/)?package\.json$/.test(path));
  const manifests = manifestPaths.map((path) => [path.replace(/\/?package\.json$/, ''), parsed(tree, path)] as const);
  const differing = manifestFaults(parsed(tree, lockfile), Object.fromEntries(manifests)).map(({ folder, field }) => {
    const file = folder === '' ? 'package.json' : `${folder}/package.json`;
    const line = lineAt(tree.get(file) ?? '', Math.max(0, (tree.get(file) ?? '').indexOf(`"${field}"`)));
    return { file, line, found: `${field} is not what the lockfile says`, fix: again };
  });
  const record = parsed(tree, recordFile);
  const isRecorded = typeof record === 'object' && record !== null && 'sha256' in record;
  if (isRecorded && record.sha256 === fingerprintOf(text)) return differing;
  const found = `not the lockfile of ${recordFile}`;
  const fix = `take it back (git checkout ${lockfile}); ${again}`;
  return [...differing, { file: lockfile, line: 1, found, fix }];
}

function parsed(tree: Tree, path: string): unknown {
  return JSON.parse(tree.get(path) ?? 'null');
}
