import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLineFile } from './line-file.ts';

const line = 'x'.repeat(65_535); // 64 KiB with its end.
const appendedCount = 65 * 16;

test('of 65 MiB appended to a disk that takes nothing every line is written or counted as lost, once', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const folder = await mkdtemp(join(tmpdir(), 'headgate-lines-'));
  context.after(() => rm(folder, { recursive: true }));
  const told: string[] = [];
  let isFull = true;
  const lines = openLineFile({
    file: join(folder, 'a.ndjson'),
    trouble: (sentence) => told.push(sentence),
    lossLine: (lostCount) => `lost ${lostCount}`,
    write(handle, bytes) {
      if (isFull) throw new Error('the disk is full');
      return writeSync(handle, bytes);
    },
  });
  for (let count = 0; count < appendedCount; count += 1) lines.append(line);
  isFull = false;
  context.mock.timers.tick(60_000);
  lines.append('after');
  lines.close();

  const written = (await readFile(join(folder, 'a.ndjson'), 'utf8')).trimEnd().split('\n');
  const keptCount = written.filter((each) => each === line).length;
  const lostCount = appendedCount - keptCount;
  assert.ok(lostCount > 0 && keptCount > 0);
  assert.deepEqual(written.slice(keptCount), [`lost ${lostCount}`, 'after']);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /cannot be written .* \(the disk is full\)/);
  assert.ok(told[1]?.endsWith(`; ${lostCount} records were lost`));
});
