import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild } from './child.ts';

async function script(text: string, t: { after(work: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-child-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'child.mjs');
  await writeFile(file, text);
  return file;
}

test('a child that ends before it is ready is reported with its own last words', async (t) => {
  const file = await script("console.error('port 1 is taken'); process.exitCode = 4;", t);
  await assert.rejects(
    startChild('gateway', file, []),
    /gateway ended with status 4 before it was ready:\nport 1 is taken/,
  );
});

test('a child that is ready stops when asked', async (t) => {
  const file = await script(
    "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1e6); console.log('ready');",
    t,
  );
  const child = await startChild('patient', file, []);
  await child.stop();
  assert.equal(await child.ended, 0);
});
