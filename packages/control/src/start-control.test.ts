import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { createTestAuthority, type TestAuthority, type TestUser } from '@headgate/pki';
import { missing, startPostgres } from '@headgate/testkit';
import { type ControlConfig, controlConfigSchema, type WrittenControlConfig } from './config/control-config.ts';
import { UnusableControlFiles } from './config/unusable-files.ts';
import { type RunningControl, startControl } from './start-control.ts';
import { createEmbeddedFolder } from './store/for-each-store.fixture.ts';
import { StoreRefused } from './store/store-refused.ts';

let base = '';
let state = '';
let user: TestUser;
let authority: TestAuthority;

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'headgate-control-'));
  state = await createEmbeddedFolder();
  authority = await createTestAuthority({ nowMs: Date.now() });
  const server = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  user = await authority.user('current', { name: 'PERSONx0001', organisation: 'Example', keyType: 'ec-p256' });
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  await writeFile(join(base, 'control.pem'), server.certificatePem);
  await writeFile(join(base, 'control.key'), server.keyPem, { mode: 0o600 });
  await writeFile(join(base, 'open.key'), server.keyPem);
  await chmod(join(base, 'open.key'), 0o644);
  await writeFile(join(base, 'user.key'), user.keyPem, { mode: 0o600 });
  await writeFile(join(base, 'anchors.pem'), anchorsPem);
  await writeFile(join(base, 'intermediates.pem'), intermediatesPem);
});

after(async () => {
  await rm(base, { recursive: true, force: true });
  await rm(state, { recursive: true, force: true });
});

function configWith(part: Partial<WrittenControlConfig> = {}): ControlConfig {
  return controlConfigSchema.parse({
    listen: { port: 0 },
    tls: { certificate: 'control.pem', key: 'control.key' },
    trust: { anchors: 'anchors.pem', intermediates: 'intermediates.pem' },
    store: { folder: state },
    accounts: [{ name: 'desk', roles: ['operator'], fingerprints: [user.fingerprint256] }],
    ...part,
  });
}

function started(
  config: ControlConfig,
  readConfig = () => Promise.resolve(config),
  databaseUrl: string | null = null,
): Promise<RunningControl> {
  return startControl({ config, base, databaseUrl, readConfig, clock: Date.now, notice: () => undefined });
}

function statusOfMe({ port }: RunningControl): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const identity = { cert: user.certificatePem, key: user.keyPem };
  request({ host: '127.0.0.1', port, path: '/v1/me', agent: false, rejectUnauthorized: false, ...identity })
    .on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
    .on('error', reject)
    .end();
  return promise;
}

test('control starts from its files, and accounts that are applied are in force at once', async () => {
  let next = configWith();
  const control = await started(next, () => Promise.resolve(next));
  assert.match(control.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(await statusOfMe(control), 200);
  next = configWith({ accounts: [] });
  assert.deepEqual(await control.apply(), { needRestart: [] });
  assert.equal(await statusOfMe(control), 403);
  next = configWith({ bounds: { connectionsMax: 9 } });
  assert.deepEqual(await control.apply(), { needRestart: ['bounds'] });
  assert.equal(await statusOfMe(control), 200);
  await control.close();
  await assert.rejects(statusOfMe(control), /ECONNREFUSED/);
});

test('a port that is taken is told before a store is opened, or that the one who has it runs on the same folder', async () => {
  const running = await started(configWith());
  const listen = { port: running.port };
  const untouched = join(base, 'never');
  await assert.rejects(started(configWith({ listen, store: { folder: untouched } })), { code: 'EADDRINUSE' });
  await assert.rejects(readdir(join(untouched, 'database')), { code: 'ENOENT' });
  await assert.rejects(
    started(configWith({ listen })),
    (fault) => fault instanceof StoreRefused && fault.code === 'store.in_use',
  );
  await running.close();
  const again = await started(configWith({ listen }));
  assert.equal(await statusOfMe(again), 200);
  await again.close();
});

test('a certificate of control that was renewed is shown from the next connection on', async () => {
  const config = configWith();
  const control = await started(config);
  const shown = async () => {
    const socket = connect({ port: control.port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const before = await shown();
  const renewed = await authority.serverChain('current', ['localhost']);
  await writeFile(join(base, 'control.pem'), renewed.certificatePem);
  await writeFile(join(base, 'control.key'), renewed.keyPem);
  assert.deepEqual(await control.apply(), { needRestart: [] });
  assert.notEqual(await shown(), before);
  assert.equal(await statusOfMe(control), 200);
  await control.close();
});

test('control runs on a PostgreSQL, and a second one on the same is refused', {
  skip: missing('postgresql'),
}, async () => {
  const server = await startPostgres();
  const url = `postgresql://${server.user}@localhost/${server.database}?host=${encodeURIComponent(server.host)}`;
  const config = configWith({ store: { folder: join(base, 'with-postgresql') } });
  const start = () => started(config, () => Promise.resolve(config), url);
  const control = await start();
  assert.equal(control.storeKind, 'postgresql');
  assert.equal(await statusOfMe(control), 200);
  await assert.rejects(start(), (fault) => fault instanceof StoreRefused && fault.code === 'store.in_use');
  assert.equal(await statusOfMe(control), 200);
  await control.close();
  await server.close();
});

test('a file that cannot be used is named, with what was expected', async () => {
  const faults: readonly (readonly [Partial<WrittenControlConfig>, RegExp])[] = [
    [{ tls: { certificate: 'control.pem', key: 'none.key' } }, /none\.key.*no such file/],
    [
      { tls: { certificate: 'none.pem', key: 'none.key' }, trust: { anchors: 'none-anchors.pem' } },
      /none\.pem.*no such file(?:.|\n)*none\.key.*no such file(?:.|\n)*none-anchors\.pem.*no such file/,
    ],
    [{ tls: { certificate: 'control.pem', key: 'open.key' } }, /open\.key.*mode 644.*chmod 600/],
    [{ tls: { certificate: 'control.pem', key: 'user.key' } }, /the key belongs to another certificate/],
    [{ tls: { certificate: 'control.key', key: 'control.key' } }, /no certificate in PEM/],
    [{ trust: { anchors: 'control.key' } }, /control\.key:1:1 .*private key/],
  ];
  for (const [part, words] of faults) {
    await assert.rejects(started(configWith(part)), (fault) => {
      assert.ok(fault instanceof UnusableControlFiles);
      assert.match(fault.message, words);
      return true;
    });
  }
});

test('a folder that cannot be one is named, with why and what to do', async () => {
  for (const folder of ['control.pem', 'control.pem/under-it']) {
    await assert.rejects(started(configWith({ store: { folder: join(base, folder) } })), (fault) => {
      assert.ok(fault instanceof StoreRefused);
      assert.match(fault.message, /control\.pem.* cannot be the folder of control: a file stands there/);
      assert.match(fault.fix, /`store\.folder`/);
      return true;
    });
  }
});
