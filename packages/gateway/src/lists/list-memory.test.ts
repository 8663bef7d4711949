import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UnusableFiles } from '../unusable-files.ts';
import { listOf, type Sources, startSources, user } from './lists.fixture.ts';

const crls = ['a.crl'];

async function startWithNumber(t: TestContext, number: number): Promise<Sources> {
  const sources = await startSources(t);
  await sources.write('a.crl', listOf(number, { revoked: [user] }));
  await sources.start().apply({ crls });
  return sources;
}

test('an older list of a file that was not configured before is refused after a restart, with both numbers and how to accept it', async (t) => {
  const { start, write } = await startWithNumber(t, 6);
  await write('b.crl', listOf(5));
  await assert.rejects(start().apply({ crls: ['b.crl'] }), (fault) => {
    assert.ok(fault instanceof UnusableFiles);
    const [finding] = fault.findings;
    assert.match(finding?.found ?? '', /\(number 5, .*\) is older than the one that was in force \(number 6, /);
    assert.match(finding?.expected ?? '', /--accept-older-lists/);
    return true;
  });
});

test('the same list, a newer one and one of another authority are taken after a restart', async (t) => {
  const { start, write } = await startWithNumber(t, 6);
  const again = start();
  await again.apply({ crls });
  assert.deepEqual(again.numbers(), [6n]);
  await write('a.crl', listOf(7));
  const newer = start();
  await newer.apply({ crls });
  assert.deepEqual(newer.numbers(), [7n]);
});

test('an older list that is accepted on purpose is in force, is told, and is what later ones are compared with', async (t) => {
  const { notices, start, write } = await startWithNumber(t, 6);
  await write('a.crl', listOf(3));
  const first = start();
  await first.apply({ crls }, { olderToo: true });
  assert.deepEqual(first.numbers(), [3n]);
  assert.match(notices.at(-1)?.sentence ?? '', /1 lists with 0 entries are in force\. Older ones were accepted/);
  await write('a.crl', listOf(4));
  const second = start();
  await second.apply({ crls });
  assert.deepEqual(second.numbers(), [4n]);
  await write('a.crl', listOf(2));
  const third = start();
  await third.apply({ crls });
  assert.deepEqual(third.numbers(), [4n]);
  assert.match(third.lists.faults()[0]?.reason ?? '', /number 2.*number 4/);
});

test('a running gateway takes an older list on purpose that it refused before', async (t) => {
  const { start, write } = await startWithNumber(t, 6);
  const running = start();
  await running.apply({ crls });
  await write('a.crl', listOf(5));
  await running.apply({ crls });
  assert.deepEqual([running.numbers(), running.lists.faults()[0]?.code], [[6n], 'older']);
  await running.apply({ crls }, { olderToo: true });
  assert.deepEqual([running.numbers(), running.lists.faults()], [[5n], []]);
});

test('numbers are remembered of a bundle that had no lists for a while', async (t) => {
  const { start, write } = await startWithNumber(t, 6);
  const running = start();
  await running.apply({});
  await write('a.crl', listOf(5));
  await assert.rejects(running.apply({ crls }), /number 5.*number 6/);
});

test('what is remembered is open to nobody else, and nothing half written is left beside it', async (t) => {
  const { memoryFolder } = await startWithNumber(t, 6);
  const [copy, ...more] = (await readdir(memoryFolder)).toSorted().toReversed();
  assert.match(copy ?? '', /^users-[0-9a-f]{16}\.crl$/);
  assert.deepEqual(more, ['lists.json']);
  assert.equal((await stat(memoryFolder)).mode & 0o777, 0o700);
  assert.equal((await stat(join(memoryFolder, 'lists.json'))).mode & 0o777, 0o600);
});

test('a memory that cannot be read is named, and begins anew where older lists are accepted', async (t) => {
  const { memoryFolder, start } = await startWithNumber(t, 6);
  await writeFile(join(memoryFolder, 'lists.json'), '{');
  await assert.rejects(start().apply({ crls }), /lists\.json.*a memory of revocation lists that cannot be read/);
  await start().apply({ crls }, { olderToo: true });
  await start().apply({ crls });
  assert.match(await readFile(join(memoryFolder, 'lists.json'), 'utf8'), /"number": "6"/);
});

test('lists are in force where they cannot be kept, that is told once, and they are kept as soon as that is possible', async (t) => {
  const { memoryFolder, notices, start, write } = await startSources(t);
  await write('a.crl', listOf(1));
  const running = start();
  await running.apply({ crls });
  await rm(memoryFolder, { recursive: true });
  await writeFile(memoryFolder, 'a file where a folder is to be');
  for (const number of [2, 3]) {
    await write('a.crl', listOf(number));
    await running.look();
    assert.deepEqual(running.numbers(), [BigInt(number)]);
  }
  const told = () => notices.flatMap((notice) => (notice.kind === 'revocation-list-refused' ? [notice.code] : []));
  const codes = () => running.lists.faults().map(({ code }) => code);
  assert.deepEqual([told(), codes()], [['not_kept'], ['not_kept']]);
  await rm(memoryFolder);
  await running.apply({ crls });
  assert.deepEqual(codes(), []);
  assert.match(await readFile(join(memoryFolder, 'lists.json'), 'utf8'), /"number": "3"/);
});
