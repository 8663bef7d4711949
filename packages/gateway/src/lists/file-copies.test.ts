import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { authority, factsOf, listOf, type Sources, startSources, user } from './lists.fixture.ts';

const crls = ['a.crl'];

/** A file whose list was in force in a process that is over. */
async function startInForce(t: TestContext, bytes: Uint8Array = listOf(6, { revoked: [user] })): Promise<Sources> {
  const sources = await startSources(t);
  await sources.write('a.crl', bytes);
  await sources.start().apply({ crls });
  return sources;
}

const forged = listOf(9, { forge: (signature) => signature.map((byte) => byte ^ 1) });

for (const [what, code, change] of [
  ['broken', 'malformed', ({ write }) => write('a.crl', listOf(7).subarray(0, -3))],
  ['emptied', 'not_a_list', ({ write }) => write('a.crl', Buffer.of())],
  ['deleted', 'file_missing', ({ folder }) => rm(join(folder, 'a.crl'))],
  ['replaced by a page', 'html', ({ write }) => write('a.crl', Buffer.from('<html>Log in</html>'))],
  ['replaced by a list that nobody of the bundle signed', 'not_signed', ({ write }) => write('a.crl', forged)],
  ['replaced by an older one', 'older', ({ write }) => write('a.crl', listOf(5))],
  [
    'replaced by that of another authority',
    'missing',
    ({ write }) => write('a.crl', authority.userRevocationList('legacy', { number: 9 })),
  ],
] as const satisfies readonly (readonly [string, string, (sources: Sources) => Promise<void>])[])
  test(`a file that is ${what} stops no restart: the list before is in force, which is told, until a good one is there`, async (t) => {
    const sources = await startInForce(t);
    await change(sources);
    for (let starts = 1; starts <= 2; starts += 1) {
      const restarted = sources.start();
      await restarted.apply({ crls });
      assert.deepEqual([restarted.numbers(), restarted.lists.faults()[0]?.code], [[6n], code]);
      const notice = sources.notices.at(-1);
      assert.ok(notice?.kind === 'revocation-list-refused');
      assert.deepEqual([sources.notices.length, notice.source, notice.code], [starts, 'a.crl', code]);
      assert.match(notice.sentence, /The lists before it stay in force\.$/);
      assert.equal(await restarted.look(), false, 'a file that did not change is no reason to read');
    }
    const last = sources.start();
    await last.apply({ crls });
    await sources.write('a.crl', listOf(10));
    assert.equal(await last.look(), true);
    assert.deepEqual([last.numbers(), last.lists.faults()], [[10n], []]);
  });

test('the copy of a file is that of the last list in force, and open to nobody else', async (t) => {
  const { memoryFolder, start, write } = await startInForce(t);
  const running = start();
  await running.apply({ crls });
  const newer = Buffer.from(listOf(7));
  await write('a.crl', newer);
  await running.look();
  await write('a.crl', Buffer.from('no list'));
  await running.look();
  const [copy = '', ...more] = (await readdir(memoryFolder)).filter((name) => name.endsWith('.crl'));
  assert.deepEqual([await readFile(join(memoryFolder, copy)), more], [newer, []]);
  assert.equal((await stat(join(memoryFolder, copy))).mode & 0o777, 0o600);
});

test('a copy of a file that was tampered with is believed as little as a list', async (t) => {
  const { folder, memoryFolder, start } = await startInForce(t);
  const [copy = ''] = (await readdir(memoryFolder)).filter((name) => name.endsWith('.crl'));
  await writeFile(join(memoryFolder, copy), forged);
  const restarted = start();
  await restarted.apply({ crls });
  assert.deepEqual([restarted.numbers(), restarted.lists.faults()], [[6n], []]);
  await writeFile(join(memoryFolder, copy), forged);
  await rm(join(folder, 'a.crl'));
  await assert.rejects(start().apply({ crls }), /the file is not there/);
});

test('a copy goes with its authority, and with its line in the configuration', async (t) => {
  const { folder, memoryFolder, start } = await startInForce(t);
  await rm(join(folder, 'a.crl'));
  await assert.rejects(start().apply({ crls }, {}, factsOf('legacy')), /the file is not there/);
  const running = start();
  await running.apply({ crls });
  await running.apply({});
  assert.deepEqual(await readdir(memoryFolder), ['lists.json']);
  await assert.rejects(running.apply({ crls }), /the file is not there/);
});

test('a page in a file is told as a page in a file', async (t) => {
  const { start, write } = await startInForce(t);
  const { apply, lists } = start();
  await apply({ crls });
  await write('a.crl', Buffer.from('<!DOCTYPE html>'));
  await apply({ crls });
  assert.match(lists.faults()[0]?.fix ?? '', /^Look at the file: /);
  assert.doesNotMatch(lists.faults()[0]?.fix ?? '', /URL/);
});

test('the same list from another source is told as a change', async (t) => {
  const sources = await startInForce(t);
  await sources.write('b.crl', await readFile(join(sources.folder, 'a.crl')));
  const running = sources.start();
  const before = await running.apply({ crls });
  const after = await running.apply({ crls: ['b.crl'] });
  assert.notDeepEqual(after.revocation.get('users')?.lists, before.revocation.get('users')?.lists);
});
