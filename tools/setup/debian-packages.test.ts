import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { bringPackages } from './bring-packages.ts';
import { type DebianPackage, debianPackages, isPresent, planPackages } from './debian-packages.ts';

const without =
  (...names: readonly string[]) =>
  (row: DebianPackage) =>
    !names.includes(row.name);

test('a machine that has everything needs nothing', () => {
  assert.deepEqual(planPackages(debianPackages, { isDebian: true, isRoot: true, has: without() }), { kind: 'nothing' });
});

test('root on Debian installs what is missing and only that', () => {
  const plan = planPackages(debianPackages, { isDebian: true, isRoot: true, has: without('chromium') });
  assert.equal(plan.kind, 'install');
  assert.deepEqual(
    plan.missing.map((row) => row.name),
    ['chromium'],
  );
});

test('another user on Debian is told the exact command', () => {
  const plan = planPackages(debianPackages, { isDebian: true, isRoot: false, has: without('chromium', 'openssl') });
  assert.equal(plan.kind, 'go without');
  assert.equal(plan.command, 'sudo apt-get install -y --no-install-recommends chromium openssl');
});

test('what is missing elsewhere is named with the suites that are skipped for it', async () => {
  const said: string[] = [];
  const machine = { isDebian: false, isRoot: true, has: without('valkey-server') };
  assert.deepEqual(await bringPackages(machine, (sentence) => said.push(sentence)), ['valkey-server']);
  assert.match(said.join('\n'), /install what Debian calls: valkey-server/);
  assert.match(said.join('\n'), /no valkey-server: skipping suites that share counters between nodes/);
});

test('a caller with a table of its own is told about its rows alone', async () => {
  const said: string[] = [];
  const rows = [{ name: 'b', proof: { command: 'b' }, suites: 'a bench', why: 'it is measured' }];
  const machine = { isDebian: false, isRoot: true, has: without('b', 'valkey-server') };
  assert.deepEqual(await bringPackages(machine, (sentence) => said.push(sentence), rows), ['b']);
  assert.deepEqual(said, [
    'missing here. To bring it: install what Debian calls: b',
    'no b: skipping a bench (it is measured)',
  ]);
});

test('a package is present when its command is on PATH or its file exists', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-packages-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'tool'), '');
  const row = { name: 'a', suites: 'b', why: 'c' };
  assert.equal(isPresent({ ...row, proof: { command: 'tool' } }, `/nowhere:${folder}`), true);
  assert.equal(isPresent({ ...row, proof: { command: 'other' } }, folder), false);
  assert.equal(isPresent({ ...row, proof: { file: join(folder, 't*') } }, ''), true);
  assert.equal(isPresent({ ...row, proof: { file: join(folder, 'x*') } }, ''), false);
});

test('the rows stand in alphabetical order and each name once', () => {
  const names = debianPackages.map((row) => row.name);
  assert.deepEqual(names, [...new Set(names)].sort());
});
