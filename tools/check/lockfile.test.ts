import assert from 'node:assert/strict';
import test from 'node:test';
import { fingerprintOf } from '../setup/lockfile.mjs';
import { checkLockfile } from './lockfile.ts';
import { treeOf } from './miniature.ts';

const root = { name: 'a', version: '1.0.0', dependencies: { leaf: '1.0.0' } };
const lock = JSON.stringify({
  packages: { '': root, 'packages/b': { version: '1.0.0' }, 'node_modules/b': { resolved: 'packages/b', link: true } },
});
const clean = {
  'package.json': JSON.stringify(root),
  'packages/b/package.json': '{\n  "name": "b",\n  "version": "1.0.0"\n}',
  'package-lock.json': lock,
  'tools/setup/lockfile.json': JSON.stringify({ sha256: fingerprintOf(lock), node: '24.0.0', npm: '11.0.0' }),
};

const faultsIn = (files: Readonly<Record<string, string>>) =>
  checkLockfile(treeOf({ ...clean, ...files })).map(({ file, line, found }) => `${file}:${line} ${found}`);

test('a recorded lockfile that is made from its manifests has no finding, whatever its line ends', () => {
  assert.deepEqual(faultsIn({}), []);
  const parts = lock.replaceAll(',', ',\n');
  const record = JSON.stringify({ sha256: fingerprintOf(parts) });
  const files = { 'package-lock.json': parts.replaceAll('\n', '\r\n'), 'tools/setup/lockfile.json': record };
  assert.deepEqual(faultsIn(files), []);
});

test('a lockfile that was written without a record is found', () => {
  const found = ['package-lock.json:1 not the lockfile of tools/setup/lockfile.json'];
  assert.deepEqual(faultsIn({ 'package-lock.json': `${lock}\n` }), found);
  assert.deepEqual(faultsIn({ 'tools/setup/lockfile.json': '{}' }), found);
});

test('a field of a manifest that the lockfile does not have is found with its line', () => {
  assert.deepEqual(faultsIn({ 'packages/b/package.json': '{\n  "name": "b",\n  "version": "1.0.1"\n}' }), [
    'packages/b/package.json:3 version is not what the lockfile says',
  ]);
  const other = JSON.stringify({ ...root, dependencies: { leaf: '^1.0.0' } });
  assert.deepEqual(faultsIn({ 'package.json': other }), ['package.json:1 dependencies is not what the lockfile says']);
});

test('a workspace without an entry, and an entry without a workspace, are found', () => {
  assert.deepEqual(faultsIn({ 'packages/c/package.json': '{"name":"c"}' }), [
    'packages/c/package.json:1 name is not what the lockfile says',
  ]);
  const { 'packages/b/package.json': _gone, ...rest } = clean;
  assert.deepEqual(
    checkLockfile(treeOf(rest)).map(({ file, found }) => `${file} ${found}`),
    ['packages/b/package.json workspaces is not what the lockfile says'],
  );
});
