import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepDocument } from './document-file.ts';
import { documentOf } from './publishing-control.fixture.ts';

test('a snapshot takes the name of the one before once it is on the disk, and is kept once its name is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-document-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'node.snapshot.json');
  const content = { texts: {}, positions: {}, chainPositions: {} };
  await keepDocument(file, documentOf(content, 1));
  const probe = await open(join(folder, 'probe'), 'w');
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const sync = Reflect.get(handles, 'sync');
  const named: number[] = [];
  t.mock.method(handles, 'sync', async function noted(this: FileHandle) {
    await sync.call(this);
    named.push((JSON.parse(readFileSync(file, 'utf8')) as { number: number }).number);
  });
  await keepDocument(file, documentOf(content, 2));
  assert.deepEqual(named, [1, 2]);
});
