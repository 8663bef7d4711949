import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fingerprintOf } from './lockfile.mjs';
import { cleanClone, npmCommand } from './miniature-clone.ts';

const script = 'tools/setup/record-lockfile.mjs';
const recordIn = (root: string) => join(root, 'tools/setup/lockfile.json');

function cloneThatRecords(t: TestContext): string {
  const root = cleanClone(t);
  copyFileSync(join(import.meta.dirname, 'record-lockfile.mjs'), join(root, script));
  const manifest = join(root, 'package.json');
  const scripts = `"scripts":{"dependencies":"node ${script}"}`;
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('{', `{${scripts},`));
  return root;
}

function run(root: string, [program, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}) {
  // Under `npm test` the settings of that npm, its own Node among them, come as variables.
  const others = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return spawnSync(program, args, { cwd: root, env: { ...Object.fromEntries(others), ...env }, encoding: 'utf8' });
}

test('an npm install on this Node records the lockfile as npm leaves it', (t) => {
  const root = cloneThatRecords(t);
  const { status, stderr } = run(root, [...npmCommand, 'install', '--no-audit', '--offline']);
  assert.equal(status, 0, stderr);
  const { sha256, node } = JSON.parse(readFileSync(recordIn(root), 'utf8'));
  assert.equal(sha256, fingerprintOf(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  assert.equal(node, process.versions.node);
});

test('a lockfile that npm wrote on Node 20 is refused with what to do, and one it only read is not', (t) => {
  const root = cloneThatRecords(t);
  const record = (node: string) =>
    run(root, [process.execPath, script], { npm_config_user_agent: `npm/10.8.2 node/v${node} linux x64` });
  const { status, stderr } = record('20.19.0');
  assert.equal(status, 1);
  assert.match(stderr, /written by npm on Node 20\.19\.0\. Take it back .* put Node 24 first on PATH/);
  assert.equal(existsSync(recordIn(root)), false);
  assert.equal(record('24.21.0').status, 0);
  assert.equal(record('20.19.0').status, 0);
});
