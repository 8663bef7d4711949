// npm runs this after it changed node_modules (the script `dependencies`): it records which lockfile a Node 24 wrote. The
// check `lockfile` compares. Under an older Node npm chooses other versions, so its lockfile is refused here.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintOf } from './lockfile.mjs';

const nodeMajorMin = 24;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const recordFile = resolve(root, 'tools', 'setup', 'lockfile.json');

function readRecord() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8'));
  } catch {
    return undefined; // Absent or damaged: it is written anew.
  }
}

const sha256 = fingerprintOf(readFileSync(resolve(root, 'package-lock.json'), 'utf8'));
if (readRecord()?.sha256 !== sha256) {
  // npm puts the Node it brought first on PATH of its scripts, so this process does not tell which Node npm runs on.
  const [, npm, node] = /^npm\/(\S+) node\/v(\S+)/.exec(process.env.npm_config_user_agent ?? '') ?? [];
  if (node !== undefined && Number(node.split('.')[0]) >= nodeMajorMin) {
    writeFileSync(recordFile, `${JSON.stringify({ sha256, node, npm }, null, 2)}\n`);
  } else {
    console.error(
      `set-up: this lockfile was written by npm on Node ${node ?? '(unknown)'}. Take it back (git checkout package-lock.json), ` +
        'put Node 24 first on PATH (export PATH="$PWD/node_modules/.bin:$PATH") and run npm again.',
    );
    process.exitCode = 1;
  }
}
