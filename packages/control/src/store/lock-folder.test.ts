import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { lockFolder } from './lock-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'headgate-lock-'));
after(() => rmSync(base, { recursive: true, force: true }));
const nowMs = Date.UTC(2026, 10, 27, 16);
const take = (folder: string): (() => void) => lockFolder(folder, () => nowMs);

const module = JSON.stringify(new URL('./lock-folder.ts', import.meta.url).href);
/** A process that takes the lock, tells how that went, and keeps it until it is ended. */
const taker = (folder: string, then: string): readonly string[] => [
  '--input-type=module',
  '-e',
  `import { lockFolder } from ${module};
   try { lockFolder(${JSON.stringify(folder)}, Date.now); console.log('taken'); ${then} }
   catch (error) { console.log(error.code + ' ' + error.message); }`,
];
const takeElsewhere = async (folder: string, then = ''): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, taker(folder, then));
  return stdout.trim();
};

test('a second opener is refused with the name of the holder, in this process and in another', async () => {
  const folder = join(base, 'one');
  const unlock = take(folder);
  const holder = `store.in_use the store in ${folder} is in use by process ${process.pid} (${process.title}) since 2026-11-27T16:00:00.000Z`;
  assert.throws(() => take(folder), { code: 'store.in_use', message: holder.slice('store.in_use '.length) });
  assert.equal(await takeElsewhere(folder), holder);
  unlock();
  assert.equal(await takeElsewhere(folder), 'taken');
});

test('a folder is the same folder by another name and after it was moved', async () => {
  const [folder, link, moved] = [join(base, 'two'), join(base, 'link'), join(base, 'moved')];
  const unlock = take(folder);
  symlinkSync(folder, link);
  assert.match(await takeElsewhere(link), /^store\.in_use /);
  renameSync(folder, moved);
  assert.match(await takeElsewhere(moved), /^store\.in_use /);
  unlock();
});

test('a lock ends with its holder, however it ends, and a process that has its number now is not taken for it', async () => {
  const folder = join(base, 'three');
  const child = spawn(process.execPath, taker(folder, 'setInterval(() => {}, 1000);'), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => child.once('close', done));
  await new Promise((taken) => child.stdout.once('data', taken));
  assert.throws(() => take(folder), { code: 'store.in_use', message: new RegExp(`by process ${child.pid} `) });
  child.kill('SIGKILL');
  await ended;
  const unlock = take(folder);
  // What the dead one left, with the number of a process that lives and never held it.
  writeFileSync(join(folder, 'holder.json'), JSON.stringify({ pid: 1, start: '7', program: 'init', since: 'ever' }));
  assert.throws(() => take(folder), { code: 'store.in_use', message: /a process that has not told its name/ });
  unlock();
});

test('of many that open at once, one has it', async () => {
  const folder = join(base, 'four');
  const openers = Array.from({ length: 4 }, () => takeElsewhere(folder, 'setTimeout(() => {}, 1500);'));
  const outcomes = await Promise.all(openers);
  assert.equal(outcomes.filter((line) => line === 'taken').length, 1, outcomes.join('\n'));
  assert.equal(outcomes.filter((line) => line.startsWith('store.in_use ')).length, 3, outcomes.join('\n'));
});
