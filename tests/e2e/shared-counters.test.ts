// Limits that several gateways count together, over their sockets.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import {
  fakeClock,
  missing,
  startTestGateway,
  startValkey,
  startValkeyCluster,
  type TestGateway,
} from '@headgate/testkit';

const quota = 4;
const windowMs = 1_000;
const policy = `limits:
  - name: together
    layer: global
    where: {}
    key: [source]
    unit: requests
    quota: ${quota}
    windowMs: ${windowMs}
    algorithm: exact-sliding-window
    refusal: { text: Please retry your request after <n> seconds }
    evidence: assumed
    source: test
`;
const twoNodes = ['one', 'two'];

function countersAt(port: number) {
  return { valkey: { endpoints: [{ host: '127.0.0.1', port }], nodes: twoNodes, timeoutMs: 2_000 } };
}

test('while nobody can be asked, a caller is told that limits cannot be counted, and not that it exceeded one', async (t) => {
  // Nothing listens at port 1.
  const gateway = await startTestGateway({ policy, node: 'one', counters: countersAt(1) });
  t.after(() => gateway.close());
  const answer = await gateway.call();
  assert.equal(answer.fields['retry-after'], '1');
  const record = await gateway.recordOf(answer);
  assert.equal(record.response?.refusal, 'admission.uncounted');
  assert.equal(gateway.upstream.received.length, 0);
  assert.ok(gateway.notices.some(({ kind }) => kind === 'counters-away'));
});

test('a policy whose rules one call may meet in two domains is not taken where gateways share counters', async () => {
  const other = policy.replace('limits:\n', '').replace('name: together', 'name: apart\n    domain: other');
  await assert.rejects(
    startTestGateway({ policy: `${policy}${other}`, node: 'one', counters: countersAt(1) }),
    /together and apart, which one call may meet, in different domains/,
  );
});

/** Files of a store that shows a certificate and asks for one, and what a gateway says to reach it. */
async function provenStore(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-store-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const { certificatePem, keyPem } = await authority.serverChain('current', ['counters.example.net']);
  const shown = await authority.user('current', { name: 'GATEx0001', organisation: 'Operator' });
  const users = authority.trustBundlePem('current', 'user');
  const servers = authority.trustBundlePem('current', 'server');
  const files = {
    store: certificatePem,
    'store.key': keyPem,
    ca: servers.anchorsPem,
    gateway: shown.certificatePem,
    'gateway.key': shown.keyPem,
    // Members of a cluster are each other's callers.
    callers: users.anchorsPem + users.intermediatesPem + servers.anchorsPem + servers.intermediatesPem,
  };
  for (const [name, text] of Object.entries({ ...files, password: 'a secret of the store\n' }))
    await writeFile(at(name), text, { mode: 0o600 });
  const served = [
    '--tls-cert-file',
    at('store'),
    '--tls-key-file',
    at('store.key'),
    '--tls-ca-cert-file',
    at('callers'),
  ].concat(['--tls-client-cert-file', at('gateway'), '--tls-client-key-file', at('gateway.key')]);
  const asking = [
    '--tls',
    '--cacert',
    at('ca'),
    '--cert',
    at('gateway'),
    '--key',
    at('gateway.key'),
    '--sni',
    'counters.example.net',
  ];
  const own = { certificate: at('gateway'), key: at('gateway.key') };
  const tls = { authorities: at('ca'), serverName: 'counters.example.net', ...own };
  const settings = (port: number): string[] => ['--port', '0', '--tls-port', String(port), ...served];
  return { settings, asking, tls, password: at('password') };
}

async function assertCounts(t: TestContext, counters: NonNullable<Parameters<typeof startTestGateway>[0]>['counters']) {
  const gateway = await startTestGateway({ policy, node: 'one', ...(counters === undefined ? {} : { counters }) });
  t.after(() => gateway.close());
  const aways = () => gateway.notices.filter(({ kind }) => kind === 'counters-away');
  while ((await gateway.call()).status !== 200) assert.deepEqual(aways(), []);
}

test('a gateway reaches its store over TLS, shows its own certificate, and proves itself with a password from a file', {
  skip: missing('valkey-server'),
}, async (t) => {
  const { settings, tls, password } = await provenStore(t);
  const valkey = await startValkey((port) => [...settings(port), '--requirepass', 'a secret of the store']);
  t.after(() => valkey.close());
  await assertCounts(t, { valkey: { ...countersAt(valkey.port).valkey, tls, password } });
});

test('a gateway reaches every member of a cluster over TLS, and shows each its certificate', {
  skip: missing('valkey-server'),
}, async (t) => {
  const { settings, asking, tls } = await provenStore(t);
  const overTls = ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
  const cluster = await startValkeyCluster(3, 0, { settings: (port) => [...settings(port), ...overTls], asking });
  t.after(() => cluster.close());
  const { valkey } = countersAt(cluster.members[0]?.port ?? 0);
  await assertCounts(t, { valkey: { ...valkey, cluster: true, tls } });
});

test('two gateways of two threads each admit one quota together', { skip: missing('valkey-server') }, async (t) => {
  const valkey = await startValkey();
  t.after(() => valkey.close());
  const start = (node: string): Promise<TestGateway> =>
    startTestGateway({ policy, node, threads: 2, counters: countersAt(valkey.port), clock: fakeClock(Date.now()) });
  const gateways = await Promise.all(twoNodes.map(start));
  t.after(() => Promise.all(gateways.map((gateway) => gateway.close())));
  const admitted: { sentMs: number; gotMs: number }[] = [];
  const servedBy = [0, 0];
  // An empty store admits nothing for one window; from then on callers of both gateways share what is due.
  while (admitted.length < 3 * quota)
    for (const [at, gateway] of gateways.entries()) {
      const sentMs = performance.now();
      if ((await gateway.call()).status !== 200) continue;
      admitted.push({ sentMs, gotMs: performance.now() });
      servedBy[at] = (servedBy[at] ?? 0) + 1;
    }
  for (const [at, { sentMs }] of admitted.entries()) {
    const last = admitted[at + quota];
    assert.ok(last === undefined || last.gotMs - sentMs >= windowMs, `${quota + 1} calls in one window`);
  }
  assert.ok(servedBy.every((count) => count > 0));
  // Metrics count what was decided for all nodes by the node that asked.
  const counted = gateways.map((gateway) => gateway.running.limitCounts());
  const admittedBy = counted.map(({ rules }) => rules.get('together')?.admitted ?? 0);
  assert.deepEqual(admittedBy, servedBy);
  assert.ok(counted.some(({ rules }) => (rules.get('together')?.refused ?? 0) > 0));
  assert.match(counted.flatMap(({ topRefusedKeys }) => topRefusedKeys)[0]?.key ?? '', /^together\|source=127\./);
});
