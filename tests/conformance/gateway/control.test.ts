// The local door of a running gateway: who may ask, what is answered, and that what was applied is in force when it is.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { askGateway, type ControlAnswer, GatewayNotAsked } from '@headgate/gateway';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '@headgate/testkit';
import { noLimits } from './calls.ts';

const start = (options: TestGatewayOptions = {}) => startTestGateway({ policy: noLimits, ...options });
const socketOf = ({ folder, config }: TestGateway) => join(folder, config.evidence.folder, `${config.node}.control`);

/** What comes back for bytes as they are. */
async function told(gateway: TestGateway, bytes: string): Promise<string> {
  const connection = connect(socketOf(gateway));
  connection.setEncoding('utf8');
  let text = '';
  connection.on('data', (piece: string) => {
    text += piece;
  });
  connection.on('error', () => undefined); // It closes on bytes that it does not read to their end.
  connection.end(bytes);
  await new Promise((resolve) => connection.once('close', resolve));
  return text;
}

test('a running gateway tells which snapshot is in force, in which threads, and who it is', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  assert.deepEqual(await askGateway(gateway.config, gateway.folder, 'status'), {
    ok: true,
    node: 'test',
    pid: process.pid,
    ...gateway.running.snapshot(),
    threads: [{ thread: 0, snapshot: 1 }],
    lists: [],
    listFaults: [],
    overrides: [],
    candidate: null,
    spoolLag: null,
    published: null,
  } satisfies ControlAnswer);
});

test('its socket is open to its own user alone, and gone when it stops', async () => {
  const gateway = await start();
  assert.equal((await stat(socketOf(gateway))).mode & 0o777, 0o600);
  await gateway.running.close();
  await assert.rejects(askGateway(gateway.config, gateway.folder, 'status'), (fault: Error) => {
    assert.ok(fault instanceof GatewayNotAsked);
    assert.match(fault.message, /no gateway "test" runs here: there is no .*test\.control\. Start it/);
    return true;
  });
  await gateway.upstream.close();
  await rm(gateway.folder, { recursive: true });
});

test('a socket that a gateway left when it died is told, and the next gateway takes its place', async (t) => {
  const dead = await start();
  const left = socketOf(dead);
  await dead.running.close();
  await dead.upstream.close();
  await writeFile(left, ''); // Nobody listens there.
  await assert.rejects(
    askGateway(dead.config, dead.folder, 'status'),
    /no gateway "test" runs here any more: nobody listens at/,
  );
  const { startGateway } = await import('@headgate/gateway');
  const next = await startGateway({ config: dead.config, base: dead.folder, clock: () => dead.clock.now() });
  t.after(() => next.close().then(() => rm(dead.folder, { recursive: true })));
  assert.equal((await askGateway(dead.config, dead.folder, 'status')).ok, true);
});

test('what was applied is told by name and is in force; what did not change is told too', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  const same = await askGateway(gateway.config, gateway.folder, 'apply');
  assert.deepEqual(same.ok && same.changes, []);
  await writeFile(join(gateway.folder, 'policy.yaml'), '# none\nlimits: []\n');
  await writeFile(join(gateway.folder, 'anchors.pem'), gateway.authority.trustBundlePem('current', 'user').anchorsPem);
  gateway.rewrite({ threads: 2, positions: { 'ws.caiso.com': 'current' } });
  const applied = await askGateway(gateway.config, gateway.folder, 'apply');
  assert.ok(applied.ok);
  assert.equal(applied.number, 3);
  assert.equal(applied.changes?.[0], 'trust bundle users');
  assert.match(applied.changes[1] ?? '', /^position of \S+: as the catalogue says → current$/);
  assert.deepEqual(applied.needRestart, ['threads']);
  const old = await gateway.authority.user('legacy', { name: 'BRAVOx0002', organisation: 'CAISO' });
  const refused = await gateway.call({ user: old });
  assert.match(refused.body, /identity\.issuer_unknown/);
  assert.equal((await gateway.recordOf(refused)).snapshot, 3);
});

test('files that cannot be used are told with file and line, and what was in force stays', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  await writeFile(join(gateway.folder, 'policy.yaml'), 'limits:\n  - name: x\n    quota: 0\n');
  const answer = await askGateway(gateway.config, gateway.folder, 'apply');
  assert.ok(!answer.ok && answer.reason === 'files');
  assert.deepEqual([answer.findings[0]?.file, answer.findings[0]?.line], ['policy.yaml', 2]);
  assert.deepEqual([answer.number, answer.threads], [1, [{ thread: 0, snapshot: 1 }]]);
  assert.equal((await gateway.call()).status, 200);
});

test('a question that is none is refused, one without end is cut off, and the next is answered', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  for (const bytes of ['nonsense\n', '{}\n', '[]\n', '{"ask":"stop"}\n', 'null'])
    assert.match(
      await told(gateway, bytes),
      /^\{"ok":false,"reason":"request","detail":"expected .*status, trust, apply, apply-older-lists, break-glass, break-glass-end"\}\n$/,
    );
  assert.equal(await told(gateway, '{"ask":"'.padEnd(100_000, 'x')), '');
  assert.equal(await told(gateway, ''), '');
  assert.match(await told(gateway, '{"ask":"status"}'), /^\{"ok":true,"node":"test"/);
});

test('an evidence folder of any depth has its socket', async (t) => {
  const evidenceFolder = Array.from({ length: 8 }, () => 'a-folder-with-a-long-name').join('/');
  const gateway = await start({ evidenceFolder });
  t.after(() => gateway.close());
  assert.ok(socketOf(gateway).length > 200);
  assert.equal((await askGateway(gateway.config, gateway.folder, 'status')).ok, true);
  await gateway.running.close();
  await assert.rejects(stat(socketOf(gateway)), { code: 'ENOENT' });
});

test('a gateway whose socket cannot be made serves without it, and says so', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  const evidence = { ...gateway.config.evidence, folder: 'other' };
  await mkdir(join(gateway.folder, 'other', `two.control`), { recursive: true });
  const { startGateway } = await import('@headgate/gateway');
  const kinds: string[] = [];
  const running = await startGateway({
    config: { ...gateway.config, node: 'two', evidence },
    base: gateway.folder,
    clock: () => gateway.clock.now(),
    notice: ({ kind }) => kinds.push(kind),
  });
  assert.deepEqual(kinds, ['control-unavailable']);
  await running.close();
});

test('who may not open the socket is told which user may', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  await chmod(socketOf(gateway), 0);
  // Root opens every socket, so that it asks as nobody here.
  const isRoot = process.getuid?.() === 0;
  const nobody = 65_534;
  if (isRoot) process.seteuid?.(nobody);
  const asked = askGateway(gateway.config, gateway.folder, 'status').finally(() => {
    if (isRoot) process.seteuid?.(0);
  });
  await assert.rejects(asked, /this user may not ask .*run the command as the user that the gateway runs as/);
});

test('evidence is read past the socket', async (t) => {
  const gateway = await start();
  t.after(() => gateway.close());
  await gateway.recordOf(await gateway.call());
  await gateway.running.close();
  assert.match(await readFile(gateway.running.evidenceFile, 'utf8'), /"exchange"/);
});
