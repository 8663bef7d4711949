import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { withLock } from './lock.mjs';

function lockPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'below', 'work.lock');
}

const neverWaits = (pid: number) => assert.fail(`waited for ${pid}`);

test('a second holder waits until the first is done', async (t) => {
  const path = lockPath(t);
  const order: string[] = [];
  const { promise: secondWaits, resolve: waits } = Promise.withResolvers<void>();
  const first = withLock(path, neverWaits, async () => {
    await secondWaits;
    order.push('first');
  });
  const second = withLock(
    path,
    () => waits(),
    async () => {
      order.push('second');
    },
  );
  await Promise.all([first, second]);
  assert.deepEqual(order, ['first', 'second']);
  assert.equal(existsSync(path), false);
});

test('a lock whose process is gone is taken over', async (t) => {
  const path = lockPath(t);
  await withLock(path, neverWaits, async () => {}); // Makes the folder.
  const gone = spawnSync(process.execPath, ['--version']).pid;
  writeFileSync(path, JSON.stringify([{ pid: gone, started: '1' }]));
  assert.equal(await withLock(path, neverWaits, async () => 'taken'), 'taken');
});

test('a lock whose process number now belongs to another process is taken over', {
  skip: process.platform === 'linux' ? false : 'only Linux tells when a process began',
}, async (t) => {
  const path = lockPath(t);
  await withLock(path, neverWaits, async () => {});
  writeFileSync(path, JSON.stringify([{ pid: process.pid, started: '1' }]));
  assert.equal(await withLock(path, neverWaits, async () => 'taken'), 'taken');
});

test('a lock cut off while it was written is taken over', async (t) => {
  const path = lockPath(t);
  await withLock(path, neverWaits, async () => {});
  writeFileSync(path, '[{"pid":');
  assert.equal(await withLock(path, neverWaits, async () => 'taken'), 'taken');
});

test('a failure inside gives the lock back and is passed on', async (t) => {
  const path = lockPath(t);
  const failing = withLock(path, neverWaits, () => Promise.reject(new Error('no room')));
  await assert.rejects(failing, /no room/);
  assert.equal(existsSync(path), false);
});
