import assert from 'node:assert/strict';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UnusableFiles } from '../unusable-files.ts';
import { authority, dayMs, factsOf, listOf, nowMs, startSources, user } from './lists.fixture.ts';

const foreign = authority.userRevocationList('legacy', { number: 9, keyIdentifier: false, forge: () => Buffer.of(1) });

/** Lists in files, in force. */
async function startWith(t: TestContext, files: Readonly<Record<string, Uint8Array>>) {
  const sources = await startSources(t);
  for (const [name, bytes] of Object.entries(files)) await sources.write(name, bytes);
  const crls = Object.keys(files);
  const process = sources.start();
  await process.apply({ crls });
  return { ...sources, ...process, crls };
}

test('lists of every file are in force after the first reading', async (t) => {
  const { notices, numbers } = await startWith(t, { 'a.crl': listOf(1), 'b.crl': listOf(2, { base: 1 }) });
  assert.deepEqual(numbers(), [1n, 2n]);
  assert.deepEqual(notices, []);
});

test('every file that cannot be used at the first reading is named, with what to do', async (t) => {
  const { configOf, start, write } = await startSources(t);
  await write('a.crl', Buffer.from('no list'));
  await assert.rejects(start().lists.read(configOf({ crls: ['a.crl', 'b.crl'] }), factsOf('current')), (fault) => {
    assert.ok(fault instanceof UnusableFiles);
    assert.deepEqual(
      fault.findings.map(({ file, found, expected }) => [file, found, expected]),
      [
        [
          'a.crl',
          'the file is neither DER nor a PEM file of X509 CRL',
          'revocation lists that can be used. Put a list in PEM (X509 CRL) or DER there.',
        ],
        [
          'b.crl',
          'the file is not there',
          'revocation lists that can be used. Put the list back, by renaming (`mv`) it into its place.',
        ],
      ],
    );
    return true;
  });
});

test('a file that did not change is no reason to read', async (t) => {
  const { look, write } = await startWith(t, { 'a.crl': listOf(1) });
  assert.equal(await look(), false);
  await write('a.crl', listOf(2));
  assert.equal(await look(), true);
  assert.equal(await look(), false);
});

test('a change that leaves size and date of the file as they were is seen', async (t) => {
  const { folder, look, write } = await startWith(t, { 'a.crl': Buffer.from(listOf(1)) });
  const asOf = async () => utimes(join(folder, 'a.crl'), 1_700_000_000, 1_700_000_000);
  await asOf();
  await look();
  await write('a.crl', Buffer.from(listOf(2)));
  await asOf();
  assert.equal(await look(), true);
});

test('a newer list takes the place of the one before, and that is told', async (t) => {
  const { look, notices, numbers, write } = await startWith(t, { 'a.crl': listOf(1) });
  await write('a.crl', listOf(2, { revoked: [user] }));
  await look();
  assert.deepEqual(numbers(), [2n]);
  assert.deepEqual(notices, [
    {
      kind: 'revocation-lists-taken',
      bundle: 'users',
      source: null,
      sentence: '1 lists with 1 entries are in force.',
    },
  ]);
});

test('a reading that is not taken leaves no trace: the next look reads again', async (t) => {
  const { configOf, crls, lists, look, numbers, write } = await startWith(t, { 'a.crl': listOf(1) });
  await write('a.crl', listOf(2));
  await lists.read(configOf({ crls }), factsOf('current'));
  assert.deepEqual(numbers(), [1n]);
  assert.equal(await look(), true);
  assert.deepEqual(numbers(), [2n]);
});

for (const [what, code, bytes, says] of [
  ['is broken', 'not_a_list', Buffer.from('no list'), /neither DER nor a PEM/],
  ['is a page', 'html', Buffer.from('\n<!DOCTYPE html>'), /a page \(HTML\)/],
  ['is cut short', 'malformed', listOf(6).subarray(0, -1), /The list/],
  ['is older than the one in force', 'older', listOf(4), /older than the one that was in force/],
  [
    'has a broken signature',
    'not_signed',
    listOf(9, { forge: (signature) => signature.map((byte) => byte ^ 1) }),
    /not signed/,
  ],
  ['is yet to come', 'yet_to_come', listOf(9, { thisUpdateMs: nowMs + dayMs }), /yet to come/],
  ['is another authority’s', 'not_signed', foreign, /not signed/],
  [
    'is of another authority of the bundle alone',
    'missing',
    authority.userRevocationList('legacy', { number: 9 }),
    /Current User Issuing,.* is not in it any more/,
  ],
] as const)
  test(`a list that ${what} leaves the one before in force, and that is told once, with code and fix`, async (t) => {
    const { lists, look, notices, numbers, write } = await startWith(t, {
      'a.crl': listOf(5, { revoked: [user] }),
    });
    await write('a.crl', bytes);
    assert.equal(await look(), true);
    assert.equal(await look(), false);
    assert.deepEqual(numbers(), [5n]);
    const [notice] = notices;
    assert.ok(notice?.kind === 'revocation-list-refused');
    assert.deepEqual([notices.length, notice.source, notice.code], [1, 'a.crl', code]);
    assert.match(notice.sentence, says);
    assert.match(notice.sentence, /The lists before it stay in force\.$/);
    assert.match(notice.fix, /\.$/);
    assert.deepEqual(
      lists.faults().map(({ bundle, source, code: own, fix }) => [bundle, source, own, fix]),
      [['users', 'a.crl', code, notice.fix]],
    );
    await write('a.crl', listOf(10));
    await look();
    assert.deepEqual(
      notices.slice(1).map(({ kind }) => kind),
      ['revocation-list-back', 'revocation-lists-taken'],
    );
    assert.deepEqual(lists.faults(), []);
  });

test('a file that is broken otherwise is told again: somebody did something', async (t) => {
  const { look, notices, write } = await startWith(t, { 'a.crl': listOf(5) });
  await write('a.crl', Buffer.from('no list'));
  await look();
  await write('a.crl', Buffer.from('no list either'));
  await look();
  assert.equal(notices.length, 2);
});

test('a file that is taken away leaves its lists in force', async (t) => {
  const { folder, look, notices, numbers } = await startWith(t, { 'a.crl': listOf(5) });
  await rm(join(folder, 'a.crl'));
  assert.equal(await look(), true);
  assert.deepEqual(numbers(), [5n]);
  assert.match(notices[0]?.sentence ?? '', /^The file is not there\./);
});

test('a list that was yet to come is in force once it is due, without the file changing', async (t) => {
  const { look, numbers, time, write } = await startWith(t, { 'a.crl': listOf(5) });
  await write('a.crl', listOf(6, { thisUpdateMs: nowMs + dayMs, nextUpdateMs: nowMs + 9 * dayMs }));
  await look();
  assert.deepEqual(numbers(), [5n]);
  time.nowMs = nowMs + dayMs;
  assert.equal(await look(), true);
  assert.deepEqual(numbers(), [6n]);
});

test('the end of a list is told once, with what follows from it', async (t) => {
  const { look, notices, time } = await startWith(t, { 'a.crl': listOf(5) });
  time.nowMs = nowMs + dayMs;
  await look();
  assert.equal(notices.length, 0);
  time.nowMs += 1;
  await look();
  await look();
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ['revocation-list-ended'],
  );
  assert.match(notices[0]?.sentence ?? '', /2026-06-02T00:00:00\.000Z\. Callers who are not on it are accepted/);
});

test('an authority that leaves the bundle takes its lists with it, blocks nothing, and has them again when it comes back', async (t) => {
  const legacy = authority.userRevocationList('legacy', { number: 1 });
  const { apply, crls, notices, numbers } = await startWith(t, { 'a.crl': listOf(5), 'b.crl': legacy });
  await apply({ crls }, {}, factsOf('current'));
  assert.deepEqual(numbers(), [5n]);
  assert.match(notices[0]?.sentence ?? '', /not in bundle users\. No list of it is in force\.$/);
  await apply({ crls });
  assert.deepEqual(numbers(), [5n, 1n]);
});

test('a delta without its complete list is told', async (t) => {
  const { lists, look, notices, write } = await startWith(t, { 'a.crl': listOf(5), 'b.crl': listOf(6, { base: 5 }) });
  await write('b.crl', listOf(9, { base: 8 }));
  await look();
  assert.match(notices[0]?.sentence ?? '', /goes on from list 8, and the complete list is 5/);
  assert.deepEqual(
    lists.faults().map(({ code }) => code),
    ['idle_delta'],
  );
});

test('of two sources of one list the newer counts, and the older is no fault, after a restart either', async (t) => {
  const { crls, notices, start } = await startWith(t, { 'a.crl': listOf(5), 'b.crl': listOf(6) });
  const restarted = start();
  await restarted.apply({ crls });
  assert.deepEqual(restarted.numbers(), [5n, 6n]);
  assert.deepEqual(restarted.lists.faults(), []);
  assert.deepEqual(notices, []);
});

test('a source of the newest list cannot be taken out of the configuration while another has an older one', async (t) => {
  const { apply, crls, numbers } = await startWith(t, { 'a.crl': listOf(5), 'b.crl': listOf(6) });
  await assert.rejects(apply({ crls: ['a.crl'] }), /a\.crl.*number 5.* is older than the one that was in force/);
  assert.deepEqual(numbers(), [5n, 6n]);
  await apply({ crls: ['b.crl'] });
  assert.deepEqual(numbers(), [6n]);
  assert.equal(crls.length, 2);
});

test('lists come with the first entry of a configuration and go with the last', async (t) => {
  const sources = await startSources(t);
  await sources.write('a.crl', listOf(1));
  const { apply, numbers } = sources.start();
  assert.equal((await apply({})).revocation.size, 0);
  const reading = await apply({ crls: ['a.crl'], staleCrls: 'refuse' });
  assert.deepEqual(numbers(), [1n]);
  assert.equal(reading.revocation.get('users')?.stale, 'refuse');
  assert.equal((await apply({})).revocation.size, 0);
});
