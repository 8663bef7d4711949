import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseSnapshotDocument } from '@headgate/contract';
import { caisoCatalogue } from '@headgate/testkit';
import { startTestControl, type TestControl, type TestPersonName } from '../api/control-app.fixture.ts';
import { type Journal, openJournal } from '../journal/open-journal.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { provisioningRoutes } from './provisioning-routes.ts';
import { snapshotAppliers } from './snapshot-area.ts';
import { snapshotOption } from './snapshot-config.ts';
import { snapshotRoutes } from './snapshot-routes.ts';
import { openSnapshots, type Snapshots } from './snapshots.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-snapshot-routes-'));
let control: TestControl;
let store: Store;
let journal: Journal;
let snapshots: Snapshots;

before(async () => {
  cpSync(caisoCatalogue, join(folder, 'catalogue'), { recursive: true });
  const file = 'catalogue/provisioning.example.yaml';
  const text = readFileSync(join(folder, file), 'utf8');
  writeFileSync(
    join(folder, file),
    text.replaceAll('harbor-power', 'participant-a').replaceAll('mesa-demand', 'participant-b'),
  );
  store = await openStore({ folder: join(folder, 'store'), url: null });
  journal = await openJournal({
    store,
    folder: join(folder, 'journal'),
    appliers: snapshotAppliers,
    notice: () => undefined,
  });
  snapshots = await openSnapshots({
    store,
    journal,
    sources: snapshotOption.parse({ catalogue: 'catalogue', provisioning: file }),
    base: folder,
    clock: Date.now,
    publish: () => undefined,
    notice: () => undefined,
  });
  control = await startTestControl({
    routes(app) {
      snapshotRoutes(app, { snapshots, nodes: () => ['gateway-1', 'gateway-2'] });
      provisioningRoutes(app, snapshots);
    },
  });
});

after(async () => {
  await control.close();
  snapshots.close();
  await journal.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function post(person: TestPersonName, path: string, body: object, method = 'POST') {
  return control.ask(person, path, { method, body });
}

test('snapshots are published, told, compared and gone back to over the API', async () => {
  const first = await post('operator', '/v1/snapshots', { reason: 'the first' });
  assert.deepEqual([first.status, first.json().number], [200, 1]);
  await post('operator', '/v1/positions', { reason: 'the cutover', positions: { 'ws.caiso.com': 'current' } });
  const dry = await post('operator', '/v1/snapshots', { reason: 'to see', dryRun: true });
  const { isNew, diff } = dry.json<{ isNew: boolean; diff: { lines: { sentence: string }[] } }>();
  assert.equal(isNew, false);
  assert.ok(diff.lines.some(({ sentence }) => sentence === 'ws.caiso.com/sst/cmri: legacy → current for 1 credential'));
  assert.equal((await post('operator', '/v1/snapshots', { reason: 'the cutover' })).json().number, 2);
  assert.deepEqual((await control.ask('support', '/v1/positions')).json().positions, { 'ws.caiso.com': 'current' });
  assert.equal((await post('operator', '/v1/snapshots/1/restore', { reason: 'it hurts' })).json().number, 3);
  const page = (await control.ask('approver', '/v1/snapshots?limit=2')).json<{
    snapshots: { number: number; restored: number | null; author: string }[];
    next: number;
  }>();
  assert.deepEqual(
    page.snapshots.map(({ number, restored }) => [number, restored]),
    [
      [3, 1],
      [2, null],
    ],
  );
  assert.equal(page.snapshots[0]?.author, 'account:operator');
  assert.equal(page.next, 2);
  const rest = (await control.ask('approver', `/v1/snapshots?before=${page.next}`)).json<{
    snapshots: unknown[];
    next: null;
  }>();
  assert.deepEqual([rest.snapshots.length, rest.next], [1, null]);
  const compared = (await control.ask('support', '/v1/snapshots/1/diff/3')).json<{ lines: unknown[] }>();
  assert.deepEqual(compared.lines, []);
  const shown = (await control.ask('support', '/v1/snapshots/2')).json<{ texts: { name: string; bytes: number }[] }>();
  assert.ok(shown.texts.some(({ name, bytes }) => name === 'policy.yaml' && bytes > 1_000));
  const text = (await control.ask('support', '/v1/snapshots/2/texts/policy.yaml')).json();
  assert.equal(text.text, readFileSync(join(folder, 'catalogue', 'policy.yaml'), 'utf8'));
  assert.equal((await control.ask('support', '/v1/snapshots/99')).status, 404);
  assert.equal((await control.ask('support', '/v1/snapshots/2/texts/constructor')).status, 404);
});

test('a snapshot without a reason is refused', async () => {
  for (const body of [{}, { reason: '' }, { reason: '   ' }])
    assert.equal((await post('operator', '/v1/snapshots', body)).json().code, 'control.invalid_request');
});

test('a gateway gets the latest snapshot and says what it has in force, for itself alone', async () => {
  const given = await control.ask('node', '/v1/nodes/gateway-1/snapshot?after=0&waitMs=0');
  const parsed = parseSnapshotDocument(given.json());
  assert.ok(parsed.ok);
  const { number, hash } = parsed.document;
  const none = await control.ask('node', `/v1/nodes/gateway-1/snapshot?after=${number}&hash=${hash}&waitMs=0`);
  assert.deepEqual([none.status, none.fields['headgate-latest-snapshot'], none.text], [204, String(number), '']);
  const word = { number, hash, threads: 2, atMs: 1 };
  assert.equal((await post('node', '/v1/nodes/gateway-1/acknowledgements', word)).status, 204);
  assert.equal((await control.ask('other-node', '/v1/nodes/gateway-1/snapshot')).status, 404);
  assert.equal((await post('other-node', '/v1/nodes/gateway-1/acknowledgements', word)).status, 404);
  const { latest, nodes } = (await control.ask('operator', '/v1/snapshots/in-force')).json<{
    latest: { number: number };
    nodes: { node: string; number: number | null }[];
  }>();
  assert.equal(latest.number, number);
  assert.deepEqual(
    nodes.map(({ node, number: has }) => [node, has]),
    [
      ['gateway-1', number],
      ['gateway-2', null],
    ],
  );
});

test('participants are put and ended, credentials enrolled and ended, rights put, each with a reason', async () => {
  const at = '/v1/provisioning/participants/participant-c';
  const right = { system: 'cmri', environment: 'production', channels: ['api'], role: 'read', scids: 'all' };
  const fingerprint = 'ab'.repeat(32);
  const credential = { fingerprint, environments: ['production'], rights: [right] };
  const participant = { id: 'participant-c', name: 'C', scids: ['CCC'], credentials: [] };
  assert.equal((await post('operator', at, { reason: 'joins', participant }, 'PUT')).status, 204);
  const misnamed = { reason: 'joins', participant: { ...participant, id: 'other' } };
  assert.equal((await post('operator', at, misnamed, 'PUT')).json().code, 'control.invalid_request');
  assert.equal((await post('operator', `${at}/credentials`, { reason: 'desk', credential })).status, 204);
  const submit = { ...right, role: 'submit' };
  const key = `fingerprint ${fingerprint}`;
  const rights = { reason: 'submits now', credential: key, rights: [submit] };
  assert.equal((await post('operator', `${at}/credentials/rights`, rights)).status, 204);
  assert.deepEqual((await control.ask('support', at)).json(), {
    ...participant,
    credentials: [{ ...credential, rights: [submit] }],
  });
  const published = (await post('operator', '/v1/snapshots', { reason: 'C' })).json<{
    diff: { lines: { sentence: string }[] };
  }>();
  assert.ok(
    published.diff.lines.some(({ sentence }) => sentence === 'participant participant-c is new, with 1 credential'),
  );
  const end = { reason: 'leaves', credential: key };
  assert.equal((await post('operator', `${at}/credentials/end`, end)).status, 204);
  assert.equal((await post('operator', `${at}/credentials/end`, end)).json().code, 'control.not_found');
  assert.equal((await post('operator', `${at}/end`, { reason: 'leaves' })).status, 204);
  assert.equal((await control.ask('support', at)).status, 404);
  assert.equal((await post('operator', `${at}/end`, { reason: 'leaves' })).status, 404);
});

test('a participant sees itself and nobody else', async () => {
  const list = async (person: TestPersonName) =>
    (await control.ask(person, '/v1/provisioning/participants'))
      .json<{ participants: { id: string }[] }>()
      .participants.map(({ id }) => id);
  assert.deepEqual(await list('reader'), ['participant-a']);
  assert.deepEqual(await list('other-reader'), ['participant-b']);
  assert.ok((await list('operator')).length > 2);
  assert.equal((await control.ask('reader', '/v1/provisioning/participants/participant-a')).status, 200);
  assert.equal((await control.ask('reader', '/v1/provisioning/participants/participant-b')).status, 404);
  const page = (await control.ask('operator', '/v1/provisioning/participants?limit=1')).json<{ next: string }>();
  assert.equal(page.next, 'participant-a');
});

test('who is no operator publishes and changes nothing', async () => {
  for (const person of ['approver', 'support', 'administrator', 'reader', 'node'] as const) {
    for (const [path, body] of [
      ['/v1/snapshots', { reason: 'x' }],
      ['/v1/snapshots/1/restore', { reason: 'x' }],
      ['/v1/positions', { reason: 'x' }],
      ['/v1/provisioning/participants/participant-a/end', { reason: 'x' }],
    ] as const) {
      const answer = await post(person, path, body);
      assert.equal(answer.json().code, 'control.not_permitted', `${person} at ${path}`);
    }
  }
});
