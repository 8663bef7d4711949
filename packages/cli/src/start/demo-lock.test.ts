import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { takeFolder } from './demo-lock.ts';

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a folder where a demo runs is refused with its pid, and nothing in it is touched', async (t) => {
  const folder = await folderFor(t);
  await takeFolder(folder);
  await writeFile(join(folder, 'you.yaml'), 'mine');
  await assert.rejects(takeFolder(folder), {
    name: 'CliRefusal',
    exitCode: 4,
    message: new RegExp(`a demo runs already \\(pid ${process.pid}\\) in .*--folder`),
  });
  assert.equal(await readFile(join(folder, 'you.yaml'), 'utf8'), 'mine');
  assert.deepEqual((await readdir(folder)).toSorted(), ['demo.lock', 'you.yaml']);
});

test('of several that begin together one gets the folder', async (t) => {
  const folder = await folderFor(t);
  const taken = await Promise.allSettled(Array.from({ length: 8 }, () => takeFolder(folder)));
  assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a lock of a process that is gone is taken over, and a released one is free', async (t) => {
  const folder = await folderFor(t);
  await writeFile(join(folder, 'demo.lock'), '4194305\n'); // Above the largest pid of Linux.
  const lock = await takeFolder(folder);
  await lock.release();
  await (await takeFolder(folder)).release();
});

test('a lock whose process id another process has by now is taken over', async (t) => {
  const folder = await folderFor(t);
  for (const left of [`${process.pid} 1\n`, `${process.pid}\n`]) {
    await writeFile(join(folder, 'demo.lock'), left);
    await (await takeFolder(folder)).release();
  }
});

test('a folder with anything but a demo in it is refused', async (t) => {
  const folder = await folderFor(t);
  await writeFile(join(folder, 'thesis.txt'), 'years of work');
  await assert.rejects(takeFolder(folder), { name: 'CliRefusal', exitCode: 4 });
  assert.deepEqual(await readdir(folder), ['thesis.txt']);
});
