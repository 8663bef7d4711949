import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashOfSnapshot, type Participant, parseSnapshotDocument } from '@headgate/contract';
import type { TestAuthority } from '@headgate/pki';
import { caisoCatalogue } from '@headgate/testkit';
import { ControlRefusal } from '../api/control-refusal.ts';
import { openJournal } from '../journal/open-journal.ts';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import type { Store } from '../store/open-store.ts';
import { testAuthority } from './documents.fixture.ts';
import { snapshotAppliers } from './snapshot-area.ts';
import { snapshotOption } from './snapshot-config.ts';
import { openSnapshots, type Snapshots } from './snapshots.ts';

const base = mkdtempSync(join(tmpdir(), 'headgate-snapshots-'));
after(() => rmSync(base, { recursive: true, force: true }));
let authority: TestAuthority;
let folderCount = 0;
const nowMs = Date.UTC(2024, 1, 21);

before(async () => {
  authority = await testAuthority();
});

/** A folder with the files of an operator. */
function sourceFolder(): string {
  folderCount += 1;
  const folder = join(base, String(folderCount));
  cpSync(caisoCatalogue, join(folder, 'catalogue'), { recursive: true });
  const { anchorsPem } = authority.trustBundlePem('current', 'user');
  writeFileSync(join(folder, 'users.pem'), anchorsPem);
  return folder;
}

interface World {
  readonly folder: string;
  readonly store: Store;
  readonly snapshots: Snapshots;
  readonly told: { readonly topic: string; readonly data: object }[];
  readonly notices: string[];
  /** Writes a file anew with other words. */
  readonly rewrite: (file: string, from: string | RegExp, to: string) => void;
  /** Everything but the store and its files is begun anew. */
  readonly again: () => Promise<Snapshots>;
}

async function worldOf(
  store: Store,
  { hasSources = true, ...more }: { readonly keepCount?: number; readonly hasSources?: boolean } = {},
): Promise<World> {
  const folder = sourceFolder();
  const told: World['told'] = [];
  const notices: string[] = [];
  const journal = await openJournal({
    store,
    folder: join(folder, 'journal'),
    appliers: snapshotAppliers,
    notice: (sentence) => notices.push(sentence),
  });
  after(() => journal.close());
  const sources = snapshotOption.parse({
    catalogue: 'catalogue',
    provisioning: 'catalogue/provisioning.example.yaml',
    trustBundles: [{ name: 'users', anchors: 'users.pem' }],
    ...more,
  });
  const open = (): Promise<Snapshots> =>
    openSnapshots({
      store,
      journal,
      sources: hasSources ? sources : null,
      base: folder,
      clock: () => nowMs,
      publish: (topic, data) => told.push({ topic, data }),
      notice: (sentence) => notices.push(sentence),
    });
  return {
    folder,
    store,
    snapshots: await open(),
    told,
    notices,
    rewrite(file, from, to) {
      const text = readFileSync(join(folder, file), 'utf8');
      const next = text.replace(from, to);
      assert.notEqual(next, text, `${file} has ${String(from)}`);
      writeFileSync(join(folder, file), next);
    },
    again: open,
  };
}

const tables = [
  'journal_entries',
  'snapshot',
  'snapshot_text',
  'snapshot_acknowledgement',
  'snapshot_participant',
  'snapshot_position',
] as const;

const wish = { by: 'account:desk', reason: 'a test' };
const policy = 'catalogue/policy.yaml';

function refusedWith(code: string, words: RegExp = /./) {
  return (fault: unknown): boolean => {
    assert.ok(fault instanceof ControlRefusal, String(fault));
    assert.equal(fault.code, code);
    assert.match(fault.detail, words);
    return true;
  };
}

const certificate = {
  subject: 'CN=trading-desk,O=New Power,C=US',
  issuer: 'CN=Users Issuing CA,O=Example Trust,C=US',
  serial: '40F45CC0BC75BE99',
  fingerprint256: 'ab'.repeat(32),
};

const participant: Participant = {
  id: 'new-power',
  name: 'New Power',
  scids: ['NEWP'],
  credentials: [
    {
      fingerprint: certificate.fingerprint256,
      environments: ['production'],
      rights: [{ system: 'cmri', environment: 'production', channels: ['api'], role: 'read', scids: 'all' }],
    },
  ],
};

forEachStore((_name, open) => {
  let opened: Promise<Store> | null = null;
  /** One store for all tests of a kind: opening one takes a second. */
  const emptied = async (): Promise<Store> => {
    opened ??= open();
    const store = await opened;
    for (const table of tables) await store.db.deleteFrom(table).execute();
    await store.db.updateTable('snapshot_floor').set({ number: 0 }).execute();
    await store.db.updateTable('journal_applied').set({ sequence: 0 }).execute();
    return store;
  };

  test('what is published is numbered, hashed and read back the same, also by a control that began anew', async () => {
    const { snapshots, rewrite, again, told } = await worldOf(await emptied());
    assert.equal(await snapshots.latest(), null);
    const first = await snapshots.publish(wish);
    assert.deepEqual([first.number, first.isNew, first.diff], [1, true, null]);
    rewrite(policy, 'quota: 30', 'quota: 40');
    const second = await snapshots.publish({ by: 'account:desk', reason: 'more room' });
    assert.deepEqual(
      second.diff?.lines.map(({ sentence }) => sentence),
      ['limit ws-global: quota 30 → 40'],
    );
    const document = await (await again()).document(2);
    const parsed = parseSnapshotDocument(JSON.parse(JSON.stringify(document)));
    assert.ok(parsed.ok);
    assert.deepEqual(
      [document.number, document.previous, document.author, document.reason, document.hash],
      [2, 1, 'account:desk', 'more room', hashOfSnapshot(document)],
    );
    assert.deepEqual(
      told.map(({ topic }) => topic),
      ['snapshot', 'snapshot'],
    );
  });

  test('the same content makes no new number', async () => {
    const { snapshots, rewrite } = await worldOf(await emptied());
    await snapshots.publish(wish);
    const same = await snapshots.publish(wish);
    assert.deepEqual([same.number, same.isNew, same.diff?.lines], [1, false, []]);
    rewrite(policy, 'quota: 30', 'quota: 40');
    const dry = await snapshots.publish({ ...wish, isDryRun: true });
    assert.deepEqual([dry.number, dry.isNew, dry.diff?.lines.length], [1, false, 1]);
    assert.equal((await snapshots.latest())?.number, 1);
  });

  test('a fault refuses the compile with file and line, and what was published before stays', async () => {
    const { snapshots, rewrite } = await worldOf(await emptied());
    await snapshots.publish(wish);
    rewrite(policy, 'quota: 30', 'quota: none');
    await assert.rejects(
      snapshots.publish(wish),
      refusedWith('control.snapshot_unusable', /catalogue\/policy\.yaml:9:12 limits\.0\.quota: found none/),
    );
    rewrite(policy, 'quota: none', 'quota: 30');
    rewrite('catalogue/provisioning.example.yaml', 'system: cmri', 'system: cmry');
    await assert.rejects(
      snapshots.publish(wish),
      refusedWith('control.snapshot_unusable', /catalogue\/provisioning\.example\.yaml:\d+:\d+ .*cmry/),
    );
    assert.equal((await snapshots.latest())?.number, 1);
  });

  test('without sources nothing is compiled, and what was published goes on to be served', async () => {
    const store = await emptied();
    await (await worldOf(store)).snapshots.publish(wish);
    const { snapshots } = await worldOf(store, { hasSources: false });
    await assert.rejects(snapshots.publish(wish), refusedWith('control.no_snapshot_sources'));
    assert.equal((await snapshots.document(1)).number, 1);
    assert.equal((await snapshots.restore(1, wish)).isNew, false);
  });

  test('to go back makes a new number with the old texts and says so', async () => {
    const { snapshots, rewrite } = await worldOf(await emptied());
    const first = await snapshots.publish(wish);
    rewrite(policy, 'quota: 30', 'quota: 40');
    await snapshots.publish(wish);
    const back = await snapshots.restore(1, { by: 'account:desk', reason: 'too many calls' });
    assert.deepEqual([back.number, back.isNew, back.hash], [3, true, first.hash]);
    assert.deepEqual(
      back.diff?.lines.map(({ sentence }) => sentence),
      ['limit ws-global: quota 40 → 30'],
    );
    const [head] = await snapshots.heads(100, 1);
    assert.deepEqual([head?.number, head?.restored, head?.reason], [3, 1, 'snapshot 1 again: too many calls']);
    await assert.rejects(snapshots.restore(9, wish), refusedWith('control.not_found'));
    const same = await snapshots.restore(1, wish);
    assert.deepEqual([same.number, same.isNew], [3, false]);
  });

  test('any two snapshots are compared, in either direction', async () => {
    const { snapshots, rewrite } = await worldOf(await emptied());
    await snapshots.publish(wish);
    rewrite(policy, 'quota: 30', 'quota: 40');
    await snapshots.publish(wish);
    rewrite(policy, 'quota: 40', 'quota: 50');
    await snapshots.publish(wish);
    assert.equal((await snapshots.diff(1, 3)).lines[0]?.sentence, 'limit ws-global: quota 30 → 50');
    assert.equal((await snapshots.diff(3, 1)).lines[0]?.sentence, 'limit ws-global: quota 50 → 30');
    assert.deepEqual((await snapshots.diff(2, 2)).lines, []);
  });

  test('a gateway gets what is newer than it has, and waits while nothing is', async () => {
    const { snapshots, rewrite } = await worldOf(await emptied());
    const never = new AbortController().signal;
    const asked = (after: number, waitMs: number, signal = never) =>
      snapshots.newerThan('gateway-1', { after, hash: null }, waitMs, signal);
    assert.equal(await asked(0, 0), null);
    const waiting = asked(0, 60_000);
    await snapshots.publish(wish);
    const given = JSON.parse(String(await waiting)) as unknown;
    const parsed = parseSnapshotDocument(given);
    assert.ok(parsed.ok);
    assert.equal(parsed.document.number, 1);
    assert.equal(await asked(1, 0), null);
    const gone = new AbortController();
    const left = asked(1, 60_000, gone.signal);
    gone.abort();
    assert.equal(await left, null);
    rewrite(policy, 'quota: 30', 'quota: 40');
    await snapshots.publish(wish);
    assert.equal((JSON.parse(String(await asked(0, 0))) as { number: number }).number, 2);
  });

  test('what another control published into the same store is served, and its number is not made again', async () => {
    const store = await emptied();
    const { snapshots, rewrite, again } = await worldOf(store);
    await snapshots.publish(wish);
    const other = await again();
    rewrite(policy, 'quota: 30', 'quota: 40');
    assert.equal((await other.publish(wish)).number, 2);
    const never = new AbortController().signal;
    const given = await snapshots.newerThan('gateway-1', { after: 1, hash: null }, 0, never);
    assert.equal((JSON.parse(String(given)) as { number: number }).number, 2);
    rewrite(policy, 'quota: 40', 'quota: 50');
    assert.equal((await snapshots.publish(wish)).number, 3);
  });

  test('what gateways say is remembered: what each has in force, since when, and what it does not take', async () => {
    const { snapshots } = await worldOf(await emptied());
    const { hash } = await snapshots.publish(wish);
    await snapshots.acknowledge('gateway-1', { number: 1, hash, threads: 2, atMs: 5, refused: null });
    const refused = { code: 'unusable', reason: 'it cannot be used', findings: ['policy.yaml:1:1 x'] };
    await snapshots.acknowledge('gateway-1', { number: 2, hash: 'a'.repeat(64), threads: 0, atMs: 6, refused });
    const [one, two] = await snapshots.standings(['gateway-1', 'gateway-2']);
    assert.deepEqual([one?.number, one?.threads, one?.sinceMs, one?.refused?.number], [1, 2, nowMs, 2]);
    assert.deepEqual(one?.refused?.findings, ['policy.yaml:1:1 x']);
    assert.deepEqual([two?.node, two?.number, two?.refused], ['gateway-2', null, null]);
  });

  test('a control that was restored from a backup makes no number again that a gateway has', async () => {
    const { snapshots, rewrite, notices } = await worldOf(await emptied());
    await snapshots.publish(wish);
    const signal = new AbortController().signal;
    assert.equal(await snapshots.newerThan('gateway-1', { after: 40, hash: null }, 0, signal), null);
    assert.match(notices.at(-1) ?? '', /gateway-1 serves snapshot 40, and the latest here is 1/);
    rewrite(policy, 'quota: 30', 'quota: 40');
    assert.equal((await snapshots.publish(wish)).number, 41);
    await snapshots.newerThan('gateway-1', { after: 2_000_000_000, hash: null }, 0, signal);
    rewrite(policy, 'quota: 40', 'quota: 50');
    assert.equal((await snapshots.publish(wish)).number, 42);
  });

  test('old snapshots are dropped, but for those that a gateway has in force', async () => {
    const { snapshots, rewrite, store } = await worldOf(await emptied(), { keepCount: 2 });
    const { hash } = await snapshots.publish(wish);
    await snapshots.acknowledge('gateway-1', { number: 1, hash, threads: 1, atMs: 5, refused: null });
    for (const quota of [31, 32, 33, 34]) {
      rewrite(policy, /quota: 3\d/, `quota: ${quota}`);
      await snapshots.publish(wish);
    }
    const numbers = async () => (await snapshots.heads(100, 100)).map(({ number }) => number);
    assert.deepEqual(await numbers(), [5, 4, 1]);
    assert.equal((await snapshots.document(1)).hash, hash);
    await snapshots.acknowledge('gateway-1', { number: 5, hash: 'a'.repeat(64), threads: 1, atMs: 6, refused: null });
    assert.deepEqual(await numbers(), [5, 4]);
    const texts = await store.db.selectFrom('snapshot_text').select('sha256').execute();
    const document = await snapshots.document(5);
    assert.equal(texts.length, Object.keys(document.texts).length + 1);
  });

  test('a participant that is put stands over the file, is in force with the next snapshot, and outlasts a restart', async () => {
    const { snapshots, again } = await worldOf(await emptied());
    await snapshots.publish(wish);
    const change = (id: string, before: string | null, next: Participant | null) =>
      snapshots.changeParticipants('account:desk', {
        reason: 'a test',
        participants: [{ id, before, participant: next }],
      });
    await change('new-power', null, participant);
    assert.equal(snapshots.participantOf(certificate), null);
    const { diff } = await snapshots.publish(wish);
    assert.deepEqual(
      diff?.lines.map(({ sentence }) => sentence),
      ['participant new-power is new, with 1 credential'],
    );
    assert.equal(snapshots.participantOf(certificate), 'new-power');
    assert.equal(snapshots.participantOf({ ...certificate, fingerprint256: 'cd'.repeat(32) }), null);
    await change('settle-soft', null, null);
    const anew = await again();
    assert.equal(anew.participantOf(certificate), 'new-power');
    const ended = await anew.publish(wish);
    assert.deepEqual(
      ended.diff?.lines.map(({ sentence }) => sentence),
      ['participant settle-soft is ended, with 1 credential'],
    );
    await assert.rejects(
      change('new-power', null, null),
      refusedWith('control.changed_meanwhile', /participant new-power/),
    );
  });

  test('a change that does not fit the rest is refused before it is recorded', async () => {
    const { snapshots } = await worldOf(await emptied());
    const twice = { ...participant, scids: ['HPA1'] };
    await assert.rejects(
      snapshots.changeParticipants('account:desk', {
        reason: 'a test',
        participants: [{ id: 'new-power', before: null, participant: twice }],
      }),
      refusedWith('control.snapshot_unusable', /HPA1/),
    );
    const nowhere = { reason: 'a test', positions: { 'nowhere.example': 'current' }, chainPositions: {} };
    await assert.rejects(
      snapshots.changePositions('account:desk', nowhere),
      refusedWith('control.snapshot_unusable', /positions\.nowhere\.example/),
    );
    const asTold = { reason: 'a test', positions: { 'ws.caiso.com/sst/cmri': 'current' }, chainPositions: {} };
    await assert.rejects(
      snapshots.changePositions('account:desk', asTold),
      refusedWith('control.snapshot_unusable', /its address id: production\/api\/old\/ws\.caiso\.com\/sst\/cmri/),
    );
    assert.equal((await snapshots.held()).participants.size, 0);
  });

  test('positions are held, moved and taken back', async () => {
    const { snapshots } = await worldOf(await emptied());
    await snapshots.publish(wish);
    const move = (to: string | null) =>
      snapshots.changePositions('account:desk', {
        reason: 'a test',
        positions: { 'production/api/old/ws.caiso.com/sst/cmri': to },
        chainPositions: { 'ws.caiso.com': to },
      });
    await move('current');
    const there = await snapshots.publish(wish);
    assert.deepEqual(
      there.diff?.lines.map(({ sentence }) => sentence),
      ['ws.caiso.com/sst/cmri: legacy → current for 1 credential', 'chain that ws.caiso.com shows: legacy → current'],
    );
    await move(null);
    const back = await snapshots.publish(wish);
    assert.equal(back.diff?.lines[0]?.sentence, 'ws.caiso.com/sst/cmri: current → legacy for 1 credential');
    assert.deepEqual((await snapshots.document(3)).positions, {});
  });

  test('files that change are published by themselves, and files that cannot be used are told once', async () => {
    const { snapshots, rewrite, notices } = await worldOf(await emptied());
    await snapshots.look();
    assert.equal((await snapshots.latest())?.number, 1);
    assert.deepEqual(
      [(await snapshots.latest())?.author, (await snapshots.latest())?.reason],
      ['control', 'the files changed'],
    );
    await snapshots.look();
    assert.equal((await snapshots.latest())?.number, 1);
    rewrite(policy, 'quota: 30', 'quota: none');
    await snapshots.look();
    await snapshots.look();
    assert.equal(notices.filter((sentence) => /make no snapshot, so 1 stays/.test(sentence)).length, 1);
    rewrite(policy, 'quota: none', 'quota: 40');
    await snapshots.look();
    assert.equal((await snapshots.latest())?.number, 2);
  });

  test('what waits to be published by hand is not published by a look, nor by a restart', async () => {
    const { snapshots, again, notices } = await worldOf(await emptied());
    await snapshots.publish(wish);
    const positions = { 'ws.caiso.com': 'current' };
    await snapshots.changePositions('account:desk', { reason: 'a test', positions, chainPositions: {} });
    await snapshots.participants();
    await snapshots.look();
    const anew = await again();
    await anew.look();
    await anew.look();
    assert.equal((await anew.latest())?.number, 1);
    assert.equal(notices.filter((sentence) => /is not snapshot 1: look at the difference/.test(sentence)).length, 1);
    assert.equal((await anew.publish(wish)).number, 2);
  });

  test('two files of one name that say something else are refused: a snapshot could not tell them apart', async () => {
    const { snapshots, folder } = await worldOf(await emptied());
    writeFileSync(join(folder, 'catalogue', 'users.pem'), 'something else');
    const file = join(folder, 'catalogue', 'trust.yaml');
    const member =
      '      - { id: own, role: anchor, file: users.pem, from: done, until: tbd, reason: Of this test, source: This test }\n';
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/(purpose: server-chains\n[\s\S]*?members:\n)/, `$1${member}`));
    await assert.rejects(snapshots.publish(wish), refusedWith('control.snapshot_unusable', /a second users\.pem/));
  });
});
