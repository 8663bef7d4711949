import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestAuthority, createTrustBundle, readRevocationList, type TrustBundle } from '@headgate/pki';
import { configSchema } from './config.ts';
import type { ListNotice } from './gateway-notice.ts';
import { createListFiles } from './list-files.ts';
import { UnusableFiles } from './unusable-files.ts';

const nowMs = Date.UTC(2026, 5, 1);
const dayMs = 86_400_000;
const authority = await createTestAuthority({ nowMs });
const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO', keyType: 'ec-p256' });

function bundleOf(...families: readonly ('legacy' | 'current')[]): ReadonlyMap<string, TrustBundle> {
  const pem = families.map((family) => authority.trustBundlePem(family, 'user'));
  const anchorsPem = pem.map((each) => each.anchorsPem).join('');
  const intermediatesPem = pem.map((each) => each.intermediatesPem).join('');
  return new Map([['users', createTrustBundle({ name: 'users', anchorsPem, intermediatesPem })]]);
}

const trust = bundleOf('legacy', 'current');
const listOf = (number: number, changes: Partial<Parameters<typeof authority.userRevocationList>[1]> = {}) =>
  authority.userRevocationList('current', { number, ...changes });

/** Lists in the files a.crl and b.crl, in force unless a test says otherwise. */
async function startWith(t: TestContext, files: Readonly<Record<string, Uint8Array>>) {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-lists-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = configSchema.parse({
    listeners: [{ name: 'a', port: 0, hosts: [{ name: 'a.example' }] }],
    catalogue: fileURLToPath(new URL('../../../catalogues/example', import.meta.url)),
    trustBundles: [{ name: 'users', anchors: 'anchors.pem', crls: Object.keys(files) }],
    upstreams: [{ system: '*', endpoints: ['http://127.0.0.1:1'] }],
    evidence: { folder },
  });
  const notices: ListNotice[] = [];
  const time = { nowMs };
  const lists = createListFiles({
    config,
    base: folder,
    clock: () => time.nowMs,
    tell: (notice) => notices.push(notice),
  });
  const write = async (name: string, bytes: Uint8Array) => {
    await writeFile(join(folder, `${name}.new`), bytes);
    await rename(join(folder, `${name}.new`), join(folder, name));
  };
  for (const [name, bytes] of Object.entries(files)) await write(name, bytes);
  const numbers = () => (lists.inForce().get('users')?.lists ?? []).map(({ der }) => readRevocationList(der).number);
  return { folder, lists, notices, numbers, time, write };
}

test('lists of every file are in force after the first reading', async (t) => {
  const { lists, notices, numbers } = await startWith(t, { 'a.crl': listOf(1), 'b.crl': listOf(2, { base: 1 }) });
  await lists.read(trust);
  assert.deepEqual(numbers(), [1n, 2n]);
  assert.deepEqual(notices, []);
});

test('a file that cannot be used at the first reading is named', async (t) => {
  const { lists } = await startWith(t, { 'a.crl': Buffer.from('no list') });
  await assert.rejects(lists.read(trust), (fault) => {
    assert.ok(fault instanceof UnusableFiles);
    assert.deepEqual(
      [fault.findings[0]?.file, fault.findings[0]?.found],
      ['a.crl', 'The file is neither DER nor a PEM file of X509 CRL.'],
    );
    return true;
  });
});

test('a file that did not change is no reason to read', async (t) => {
  const { lists, write } = await startWith(t, { 'a.crl': listOf(1) });
  await lists.read(trust);
  assert.equal(await lists.look(), false);
  await write('a.crl', listOf(2));
  assert.equal(await lists.look(), true);
  await lists.read(trust);
  assert.equal(await lists.look(), false);
});

test('a change that leaves size and date of the file as they were is seen', async (t) => {
  const { folder, lists, write } = await startWith(t, { 'a.crl': Buffer.from(listOf(1)) });
  const asOf = async () => utimes(join(folder, 'a.crl'), 1_700_000_000, 1_700_000_000);
  await asOf();
  await lists.read(trust);
  await write('a.crl', Buffer.from(listOf(2)));
  await asOf();
  assert.equal(await lists.look(), true);
});

test('a newer list takes the place of the one before, and that is told', async (t) => {
  const { lists, notices, numbers, write } = await startWith(t, { 'a.crl': listOf(1) });
  await lists.read(trust);
  await write('a.crl', listOf(2, { revoked: [user] }));
  await lists.read(trust);
  assert.deepEqual(numbers(), [2n]);
  assert.deepEqual(notices, [
    { kind: 'revocation-lists-taken', bundle: 'users', file: null, sentence: '1 lists with 1 entries are in force.' },
  ]);
});

for (const [what, bytes, says] of [
  ['is broken', Buffer.from('no list'), /neither DER nor a PEM/],
  ['is older than the one in force', listOf(4), /older than the one in force/],
  ['has a broken signature', listOf(9, { forge: (signature) => signature.map((byte) => byte ^ 1) }), /not signed/],
  ['is yet to come', listOf(9, { thisUpdateMs: nowMs + dayMs }), /yet to come/],
  [
    'is another authority’s',
    authority.userRevocationList('legacy', { number: 9, keyIdentifier: false, forge: () => Buffer.of(1) }),
    /not signed/,
  ],
] as const)
  test(`a list that ${what} leaves the one before in force, and that is told once`, async (t) => {
    const { lists, notices, numbers, write } = await startWith(t, { 'a.crl': listOf(5, { revoked: [user] }) });
    await lists.read(trust);
    await write('a.crl', bytes);
    assert.equal(await lists.look(), true);
    await lists.read(trust);
    assert.equal(await lists.look(), false);
    assert.deepEqual(numbers(), [5n]);
    assert.deepEqual(
      notices.map(({ kind, file }) => [kind, file]),
      [['revocation-list-refused', 'a.crl']],
    );
    assert.match(notices[0]?.sentence ?? '', says);
    assert.match(notices[0]?.sentence ?? '', /The lists before it stay in force\.$/);
  });

test('a file that is taken away leaves its lists in force', async (t) => {
  const { folder, lists, notices, numbers } = await startWith(t, { 'a.crl': listOf(5) });
  await lists.read(trust);
  await rm(join(folder, 'a.crl'));
  assert.equal(await lists.look(), true);
  await lists.read(trust);
  assert.deepEqual(numbers(), [5n]);
  assert.match(notices[0]?.sentence ?? '', /^The file is not there\./);
});

test('a list that was yet to come is in force once it is due, without the file changing', async (t) => {
  const { lists, numbers, time, write } = await startWith(t, { 'a.crl': listOf(5) });
  await lists.read(trust);
  await write('a.crl', listOf(6, { thisUpdateMs: nowMs + dayMs, nextUpdateMs: nowMs + 9 * dayMs }));
  await lists.read(trust);
  assert.deepEqual(numbers(), [5n]);
  time.nowMs = nowMs + dayMs;
  assert.equal(await lists.look(), true);
  await lists.read(trust);
  assert.deepEqual(numbers(), [6n]);
});

test('the end of a list is told once, with what follows from it', async (t) => {
  const { lists, notices, time } = await startWith(t, { 'a.crl': listOf(5) });
  await lists.read(trust);
  time.nowMs = nowMs + dayMs;
  await lists.look();
  assert.equal(notices.length, 0);
  time.nowMs += 1;
  await lists.look();
  await lists.look();
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ['revocation-list-ended'],
  );
  assert.match(notices[0]?.sentence ?? '', /2026-06-02T00:00:00\.000Z\. Callers who are not on it are accepted/);
});

test('an authority that leaves the bundle takes its lists with it, and blocks nothing', async (t) => {
  const legacy = authority.userRevocationList('legacy', { number: 1 });
  const { lists, notices, numbers } = await startWith(t, { 'a.crl': listOf(5), 'b.crl': legacy });
  await lists.read(trust);
  await lists.read(bundleOf('current'));
  assert.deepEqual(numbers(), [5n]);
  assert.match(notices[0]?.sentence ?? '', /not in bundle users\. No list of this file is in force\.$/);
});

test('a delta without its complete list is told', async (t) => {
  const { lists, notices, write } = await startWith(t, { 'a.crl': listOf(5), 'b.crl': listOf(6, { base: 5 }) });
  await lists.read(trust);
  await write('b.crl', listOf(9, { base: 8 }));
  await lists.read(trust);
  assert.match(notices[0]?.sentence ?? '', /goes on from list 8, and the complete list is 5/);
});
