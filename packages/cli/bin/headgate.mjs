#!/usr/bin/env node
// Starts Headgate on Node 24, whatever Node this shell has: npm brings one with the workspace. Plain JavaScript that runs
// on Node 20; everything else is TypeScript and begins in ../src/main.ts.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const nodeMajorMin = 24;

/** The Node that npm brought for this machine, from the nearest node_modules upwards. */
function broughtNode() {
  const name = `node-${process.platform}-${process.arch}`;
  for (let folder = here; ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules', name, 'bin', 'node');
    if (existsSync(node)) return node;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Runs this file again on another Node, attached: same terminal, same signals, same exit code. */
function runAgain(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'];
  // A terminal sends Ctrl-C to both; listening keeps this one alive until the child has ended.
  for (const signal of forwarded) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  child.on('error', (error) => {
    console.error(`headgate: ${node} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  await import('../src/main.ts');
} else {
  const node = broughtNode();
  if (node === undefined) {
    const folder = resolve(here, '..', '..', '..');
    console.error(
      `headgate: needs Node ${nodeMajorMin} and this is Node ${process.versions.node}. Run \`npm install\` in ${folder} (on Linux ` +
        'x64 and arm64 it brings Node 24), or install Node 24 from https://nodejs.org and put it first on PATH.',
    );
    process.exit(1);
  }
  runAgain(node);
}
