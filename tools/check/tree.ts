// Reads the repository into a tree of texts: what git tracks and what it would track, nothing that it ignores.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Tree } from './finding.ts';

const textExtensions = new Set(
  'ts mts mjs js json md yaml yml html css svg txt xml xsd wsdl csv sh conf service'
    .split(' ')
    .map((word) => `.${word}`),
);
const textBytesMax = 1_048_576;

/** Reads the tree under a folder. Files over 1 MiB and files that are not text are there with an empty text. */
export function readTree(root: string): Tree {
  const tree = new Map<string, string>();
  for (const path of listFiles(root)) {
    const facts = statSync(join(root, path), { throwIfNoEntry: false });
    if (!facts?.isFile()) continue; // Deleted but still in the index, or a link to a folder.
    const isText = (textExtensions.has(extname(path)) || extname(path) === '') && facts.size <= textBytesMax;
    tree.set(path, isText ? readFileSync(join(root, path), 'utf8') : '');
  }
  return tree;
}

function listFiles(root: string): readonly string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const git = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 67_108_864 });
  if (git.status === 0)
    return git.stdout
      .split('\0')
      .filter((path) => path !== '')
      .sort();
  // An unpacked archive has no git: then the folders that .gitignore names are left out by hand.
  const paths = globSync('**/*', { cwd: root, exclude: (path) => /(^|\/)(node_modules|\.git|\.headgate)$/.test(path) });
  return paths.sort();
}
