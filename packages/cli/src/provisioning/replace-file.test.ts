import assert from 'node:assert/strict';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { replaceFile } from './replace-file.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-replace-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('a file is replaced with its mode, through a link, and nothing else is left in the folder', async (t) => {
  const folder = await folderOf(t);
  const [file, link] = [join(folder, 'p.yaml'), join(folder, 'link.yaml')];
  await writeFile(file, 'old');
  await chmod(file, 0o640);
  await symlink(file, link);
  await replaceFile(link, 'old', 'new');
  assert.equal(await readFile(file, 'utf8'), 'new');
  assert.equal((await stat(file)).mode & 0o777, 0o640);
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.deepEqual((await readdir(folder)).toSorted(), ['link.yaml', 'p.yaml']);
});

test('a file that somebody changed meanwhile stays as they left it', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'p.yaml');
  await writeFile(file, 'theirs');
  await assert.rejects(replaceFile(file, 'old', 'new'), /was changed meanwhile, and nothing was written/);
  assert.equal(await readFile(file, 'utf8'), 'theirs');
  assert.deepEqual(await readdir(folder), ['p.yaml']);
});

test('a reader finds the old text or the new one at every instant, never a part', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'p.yaml');
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(500_000));
  await writeFile(file, texts[0] ?? '');
  let isOver = false;
  const seen = new Set<string>();
  const reading = (async () => {
    while (!isOver) seen.add(await readFile(file, 'utf8'));
  })();
  for (let turn = 1; turn < 40; turn += 1) await replaceFile(file, texts[(turn - 1) % 4] ?? '', texts[turn % 4] ?? '');
  isOver = true;
  await reading;
  assert.ok(seen.size > 1);
  assert.ok([...seen].every((text) => texts.includes(text)));
});

test('where no file can be made the old one stays, and the refusal says why', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'p.yaml');
  await writeFile(file, 'old');
  // The name of the fresh file is taken by a folder, which not even root can write to.
  const taken = join(folder, `.p.yaml.${process.pid}.new`);
  await writeFile(taken, 'of another run');
  await assert.rejects(replaceFile(file, 'old', 'new'), /cannot be written \(EEXIST\), and stays as it was$/);
  assert.equal(await readFile(file, 'utf8'), 'old');
});
