import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type Build, bringBuilds } from './builds.ts';

const copies: Build = {
  name: 'pages',
  sources: ['pages/**/*.txt'],
  outputs: ['out.txt'],
  command: [process.execPath, '-e', "fs.writeFileSync('out.txt', fs.readFileSync('pages/a.txt'))"],
};

function repository(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'headgate-builds-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'pages'));
  writeFileSync(join(root, 'pages/a.txt'), 'one');
  return root;
}

const quiet = () => {};

test('a build runs once, and again when a source, its command or its output changed', async (t) => {
  const root = repository(t);
  assert.deepEqual(await bringBuilds([copies], root, quiet), ['pages']);
  assert.deepEqual(await bringBuilds([copies], root, quiet), []);

  writeFileSync(join(root, 'pages/a.txt'), 'two');
  assert.deepEqual(await bringBuilds([copies], root, quiet), ['pages']);
  assert.equal(readFileSync(join(root, 'out.txt'), 'utf8'), 'two');

  writeFileSync(join(root, 'pages/b.txt'), '');
  assert.deepEqual(await bringBuilds([copies], root, quiet), ['pages']);

  rmSync(join(root, 'out.txt'));
  assert.deepEqual(await bringBuilds([copies], root, quiet), ['pages']);

  const changed: Build = { ...copies, command: [...copies.command, 'flag'] };
  assert.deepEqual(await bringBuilds([changed], root, quiet), ['pages']);
});

test('a build that fails is named and tried again by the next run', async (t) => {
  const root = repository(t);
  const failing: Build = { ...copies, command: [process.execPath, '-e', 'process.exit(3)'] };
  await assert.rejects(bringBuilds([failing], root, quiet), /Building pages failed \(exit code 3\)/);
  assert.deepEqual(await bringBuilds([copies], root, quiet), ['pages']);
});

test('a build that leaves no output is a fault in its row', async (t) => {
  const root = repository(t);
  const idle: Build = { ...copies, command: [process.execPath, '-e', '0'] };
  await assert.rejects(bringBuilds([idle], root, quiet), /left no out\.txt: correct its row/);
  assert.equal(existsSync(join(root, 'out.txt')), false);
});
