import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Children, createChildren } from './child.ts';

async function script(text: string, t: TestContext): Promise<{ file: string; children: Children }> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-child-'));
  const children = createChildren();
  t.after(async () => {
    await children.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'child.mjs');
  await writeFile(file, text);
  return { file, children };
}

test('a child that ends before it is ready is reported with its own last words', async (t) => {
  const { file, children } = await script("console.error('port 1 is taken'); process.exitCode = 4;", t);
  await assert.rejects(
    children.start('gateway', file, []),
    /^Error: gateway ended with status 4; its last words:\n {2}port 1 is taken$/,
  );
});

test('a child that is ready stops when asked', async (t) => {
  const { file, children } = await script(
    "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1e6); console.log('ready');",
    t,
  );
  const child = await children.start('patient', file, []);
  await children.stop();
  assert.equal(await child.ended, 'ended with status 0');
});

test('what a child says on standard error is in the file that is named, before and after it is ready', async (t) => {
  const { file, children } = await script(
    "process.on('SIGTERM', () => { console.error('second'); process.exit(0); }); setInterval(() => {}, 1e6); console.error('first'); console.log('ready');",
    t,
  );
  await children.start('gateway', file, [], `${file}.log`);
  await children.stop();
  assert.equal(await readFile(`${file}.log`, 'utf8'), 'first\nsecond\n');
});

test('a child that is not ready yet is stopped with the others, and no more are started', async (t) => {
  const { file, children } = await script('setInterval(() => {}, 1e6);', t);
  const starting = assert.rejects(children.start('slow', file, []), /slow was killed by signal SIGTERM/);
  await children.stop();
  await starting;
  await assert.rejects(children.start('late', file, []), /the demo is stopping/);
});

test('a child that somebody killed is told by the signal and what it said last', async (t) => {
  const { file, children } = await script(
    "console.error('all is well'); setInterval(() => {}, 1e6); setTimeout(() => console.log('ready'));",
    t,
  );
  const child = await children.start('gateway', file, []);
  process.kill(child.pid, 'SIGKILL');
  assert.equal(await child.ended, 'was killed by signal SIGKILL; its last words:\n  all is well');
});
