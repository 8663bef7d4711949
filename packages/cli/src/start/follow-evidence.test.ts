import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { followEvidence } from './follow-evidence.ts';

test('records are read once each, a half-written line waits for its end, and a gap line is passed over', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-follow-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'demo-1.ndjson');
  await writeFile(file, '{"gap":{"atMost":1}}\n{"exchange":"a"}\n{"exch');
  const seen: string[] = [];
  const follower = followEvidence(folder, (record) => seen.push(record.exchange));
  t.after(() => follower.close());

  await follower.catchUp();
  assert.deepEqual(seen, ['a']);
  await appendFile(file, 'ange":"b"}\n');
  await follower.catchUp();
  await follower.catchUp();
  assert.deepEqual(seen, ['a', 'b']);
});

test('a folder without evidence yet is no fault', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-follow-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const follower = followEvidence(folder, () => assert.fail('there is no record'));
  t.after(() => follower.close());
  await follower.catchUp();
});
