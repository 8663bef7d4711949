// Control and a gateway as an operator runs them: snapshots published while calls go on, none of which is lost; control away and back;
// and what the command line says of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parseControlConfig, type RunningControl, startControl } from '@headgate/control';
import { type GatewayNotice, type RunningGateway, startGateway } from '@headgate/gateway';
import {
  exampleCatalogue,
  fakeClock,
  openRawCaller,
  rawPost,
  soapRequest,
  startTestGateway,
  type TestGateway,
} from '@headgate/testkit';

/** The long form, tests/soak/snapshots-under-load.soak.ts, has 50. */
const changesMax = Number(process.env.HEADGATE_SNAPSHOT_CHANGES ?? 12);
const run = promisify(execFile);

let kit: TestGateway;
let control: RunningControl;
let gateway: RunningGateway;
let agent: Agent;
const notices: GatewayNotice[] = [];
let news = Promise.withResolvers<void>();

/** The policy of a round: a rule that never refuses, so that what is lost is lost by the change. */
const policyOf = (round: number): string => `limits:
  - name: roomy
    layer: global
    where: {}
    key: [source]
    unit: requests
    quota: ${1_000_000 + round}
    windowMs: 1000
    refusal: { text: Wait <n> seconds. }
    evidence: assumed
    source: this test
`;

const retrieve = rawPost(soapRequest, { path: '/v2/offers/ReadOffers', fields: { Host: 'api.grid.example.net' } });
const callerOptions = { serverName: 'api.grid.example.net' };

const writePolicy = (round: number): void => writeFileSync(join(kit.folder, 'sources', 'policy.yaml'), policyOf(round));

async function startControlAt(port: number): Promise<RunningControl> {
  const text = `listen: { port: ${port} }
tls: { certificate: control.pem, key: control.key }
trust: { anchors: anchors.pem, intermediates: intermediates.pem }
store: { folder: control }
accounts: [{ name: desk, roles: [operator], fingerprints: ['${operator.fingerprint256}'] }]
nodes:
  - { name: served, fingerprints: ['${node.fingerprint256}'] }
  - { name: asleep, fingerprints: ['${'ab'.repeat(32)}'] }
snapshot:
  catalogue: sources
  trustBundles: [{ name: users, anchors: anchors.pem, intermediates: intermediates.pem }]
`;
  const parsed = parseControlConfig('control.yaml', text);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.findings));
  const { config } = parsed;
  const readConfig = () => Promise.resolve(config);
  const told = (): void => undefined;
  return startControl({ config, base: kit.folder, databaseUrl: null, readConfig, clock: Date.now, notice: told });
}

let operator: TestGateway['user'];
let node: TestGateway['user'];

async function ask<Value>(method: 'GET' | 'POST', path: string, body?: object): Promise<Value> {
  const sent = request({
    host: '127.0.0.1',
    port: control.port,
    agent,
    method,
    path,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' } }),
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await answer.setEncoding('utf8').toArray()).join('');
  assert.ok((answer.statusCode ?? 500) < 300, `${path}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as Value;
}

/** Every thread has it, and control was told. */
async function inForceAt(number: number): Promise<void> {
  const isTaken = (notice: GatewayNotice): boolean => notice.kind === 'snapshot-taken' && notice.number === number;
  while (number > 1 && !notices.some(isTaken)) await news.promise;
  for (;;) {
    const { nodes } = await ask<{ nodes: { node: string; number: number | null }[] }>('GET', '/v1/snapshots/in-force');
    if (nodes.find((each) => each.node === 'served')?.number === number) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function headgate(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return run(process.execPath, [
    'packages/cli/src/main.ts',
    'snapshot',
    ...args,
    '--control',
    join(kit.folder, 'desk.yaml'),
  ]);
}

before(async () => {
  kit = await startTestGateway({
    clock: fakeClock(Date.now()),
    catalogue: exampleCatalogue,
    hosts: ['api.grid.example.net', 'gate.grid.example.net'],
    plainHosts: ['plain.example.net'],
  });
  const { authority, folder } = kit;
  operator = await authority.user('current', { name: 'DESKx0001', organisation: 'CAISO', keyType: 'ec-p256' });
  node = await authority.user('current', { name: 'NODEx0001', organisation: 'CAISO', keyType: 'ec-p256' });
  const chain = await authority.serverChain('current', ['control.test']);
  const roots = authority.trustBundlePem('current', 'server').anchorsPem;
  const files = {
    'control.pem': chain.certificatePem,
    'control.key': chain.keyPem,
    'roots.pem': roots,
    'desk.pem': operator.certificatePem,
    'desk.key': operator.keyPem,
    'node.pem': node.certificatePem,
    'node.key': node.keyPem,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  cpSync(kit.config.catalogue, join(folder, 'sources'), { recursive: true });
  writePolicy(0);
  control = await startControlAt(0);
  agent = new Agent({
    keepAlive: true,
    ca: roots,
    cert: operator.certificatePem,
    key: operator.keyPem,
    servername: 'control.test',
  });
  writeFileSync(
    join(folder, 'desk.yaml'),
    `control: https://127.0.0.1:${control.port}\ncertificate: desk.pem\nkey: desk.key\ntrust: roots.pem\nserverName: control.test\n`,
  );
  await ask('POST', '/v1/snapshots', { reason: 'the first' });
  const { trust: _trust, ...own } = kit.config;
  gateway = await startGateway({
    config: {
      ...own,
      node: 'served',
      threads: 2,
      snapshot: 'control',
      catalogue: '.',
      trustBundles: [],
      evidence: { ...own.evidence, folder: 'evidence-served' },
      control: {
        url: `https://127.0.0.1:${control.port}`,
        certificate: 'node.pem',
        key: 'node.key',
        trust: 'roots.pem',
        serverName: 'control.test',
      },
    },
    base: folder,
    followWaits: { againMsMin: 20, againMsMax: 50 },
    notice(notice) {
      notices.push(notice);
      news.resolve();
      news = Promise.withResolvers();
    },
  });
  await inForceAt(1);
});

after(async () => {
  await gateway.close();
  await control.close();
  agent.destroy();
  await kit.close();
});

test(`under load ${changesMax} snapshots are published and taken, and no call is lost`, async (t) => {
  const port = gateway.listeners.find(({ name }) => name === 'secure')?.port ?? 0;
  const statuses = new Map<number, number>();
  let isOver = false;
  const calling = async (): Promise<void> => {
    const caller = await openRawCaller({ ...kit, port }, callerOptions);
    while (!isOver) {
      caller.write(retrieve);
      const { status } = await caller.answer();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    caller.destroy();
  };
  const callers = Array.from({ length: 3 }, calling);
  for (let round = 1; round <= changesMax; round += 1) {
    writePolicy(round);
    if (round % 5 === 0) {
      const to = round % 10 === 0 ? null : 'east-hall';
      await ask('POST', '/v1/positions', { reason: 'to and fro', positions: { 'gate.grid.example.net': to } });
    }
    const { number } = await ask<{ number: number }>('POST', '/v1/snapshots', { reason: `round ${round}` });
    assert.equal(number, round + 1);
    await inForceAt(number);
  }
  isOver = true;
  await Promise.all(callers);
  assert.deepEqual([...statuses.keys()], [200]);
  t.diagnostic(`${statuses.get(200)} calls over ${changesMax} changes`);
  assert.equal(notices.filter(({ kind }) => kind === 'snapshot-taken').length, changesMax);
  assert.equal(notices.filter(({ kind }) => kind === 'snapshot-refused').length, 0);
});

test('the command line shows who serves by what, what differs and what was published, and goes back', async () => {
  const last = changesMax + 1;
  const shown = await headgate('show');
  assert.match(shown.stdout, new RegExp(`^latest: ${last} [0-9a-f]{12}, .* by account:desk: round ${changesMax}`));
  assert.match(shown.stdout, new RegExp(`served +${last} +\\S+Z +2 `));
  assert.match(shown.stderr, /asleep never said that it serves by a snapshot/);
  assert.match((await headgate('show', '1')).stdout, /in force at no gateway\n[\s\S]*policy\.yaml +\d+/);
  assert.equal((await headgate('show', '1', '--text', 'policy.yaml')).stdout, policyOf(0));
  assert.match((await headgate('diff', '1', '2')).stdout, /^1 → 2\n {2}limit roomy: quota 1000000 → 1000001\n$/);
  assert.match((await headgate('diff')).stdout, new RegExp(`^${last - 1} → ${last}\n`));
  const { snapshots } = JSON.parse((await headgate('history', '--limit', '2', '--json')).stdout) as {
    snapshots: { number: number }[];
  };
  assert.deepEqual(
    snapshots.map(({ number }) => number),
    [last, last - 1],
  );
  const dry = await headgate('adopt', '1', '--reason', 'to see', '--dry-run');
  assert.match(
    dry.stdout,
    new RegExp(`^nothing was published; this would differ from ${last}:\n {2}limit roomy: quota`),
  );
  const back = await headgate('adopt', '1', '--reason', 'it hurts');
  assert.match(back.stdout, new RegExp(`^snapshot ${last + 1} [0-9a-f]{12} is published\n`));
  await inForceAt(last + 1);
  assert.match((await headgate('history')).stdout, /snapshot 1 again: it hurts/);
  const same = await headgate('adopt', '1', '--reason', 'again');
  assert.match(same.stdout, new RegExp(`^nothing differs: snapshot ${last + 1} stays the latest`));
});

test('control that is away takes nothing from the gateway, and is followed again when it is back', async () => {
  const { port } = control;
  const before = await gateway.inForce();
  await control.close();
  const own = gateway.listeners.find(({ name }) => name === 'secure')?.port ?? 0;
  const caller = await openRawCaller({ ...kit, port: own }, callerOptions);
  caller.write(retrieve);
  assert.equal((await caller.answer()).status, 200);
  caller.destroy();
  control = await startControlAt(port);
  assert.equal((await gateway.inForce()).published?.number, before.published?.number);
  writePolicy(99);
  const { number } = await ask<{ number: number }>('POST', '/v1/snapshots', { reason: 'after the outage' });
  assert.equal(number, (before.published?.number ?? 0) + 1);
  await inForceAt(number);
});
