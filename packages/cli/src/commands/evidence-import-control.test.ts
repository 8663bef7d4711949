// Logs of another tier into the ledger of a control that runs, in a process of its own.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTestAuthority, readCertificate } from '@headgate/pki';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { type AskedControl, askControl } from '../control/ask-control.ts';
import { readControlProfile } from '../control/control-profile.ts';
import { createChildren } from '../start/child.ts';
import { registerEvidence } from './evidence.ts';

const main = join(workspaceRoot, 'packages', 'cli', 'src', 'main.ts');

/** A control with one operator, and how it is asked. `stop` and `start` are of the process; its store stays. */
async function runningControl(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-cli-ledger-'));
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const server = await authority.serverChain('current', ['control.example.net']);
  const operator = await authority.user('current', { name: 'DESKx0001', organisation: 'CAISO', keyType: 'ec-p256' });
  const users = authority.trustBundlePem('current', 'user');
  const { fingerprint256 } = readCertificate(
    Buffer.from(operator.certificatePem.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
  );
  const files = {
    'control.pem': server.certificatePem,
    'control.key': server.keyPem,
    'users.pem': users.anchorsPem,
    'issuing.pem': users.intermediatesPem,
    'operator.pem': operator.certificatePem,
    'operator.key': operator.keyPem,
    'servers.pem': authority.trustBundlePem('current', 'server').anchorsPem,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  const config = join(folder, 'control.yaml');
  await writeFile(
    config,
    `listen: { port: 0 }\ntls: { certificate: control.pem, key: control.key }\ntrust: { anchors: users.pem, intermediates: issuing.pem }\nstore: { folder: store }\naccounts:\n  - { name: desk, roles: [operator], fingerprints: ['${fingerprint256}'] }\n`,
  );
  const profile = join(folder, 'operator.yaml');
  const children = createChildren();
  t.after(async () => {
    await children.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const child = await children.start('control', main, ['control', '--config', config, '--end-with-input']);
  const port = /listening on .*:(\d+)/.exec(child.lines.join('\n'))?.[1];
  await writeFile(
    profile,
    `control: https://127.0.0.1:${port}\ncertificate: operator.pem\nkey: operator.key\ntrust: servers.pem\nserverName: control.example.net\n`,
  );
  const asked = askControl(await readControlProfile({ control: profile }, { env: {}, workspaceRoot: '/nowhere' }));
  t.after(() => asked.close());
  return { folder, profile, asked };
}

/** What control answers of old addresses, as far as it is looked at. */
interface OldAddresses {
  readonly rows: readonly {
    readonly caller: { readonly subject: string | null };
    readonly address: { readonly address: string; readonly generation: string };
    readonly calls: number;
    readonly onNew: boolean;
  }[];
  readonly known: readonly { readonly node: string; readonly records: number; readonly gaps: readonly unknown[] }[];
}

/** The answer once it tells of so many records of a node: they are rolled up soon after they are taken, not before. */
async function onceKnown(asked: AskedControl, node: string, records: number): Promise<OldAddresses> {
  for (;;) {
    const answer = await asked.get<OldAddresses>('/v1/evidence/old-addresses');
    if ((answer.known.find((each) => each.node === node)?.records ?? 0) >= records) return answer;
  }
}

test('a log is in the ledger once, whoever asks finds who calls old addresses, and what control has it takes from nobody again', async (t) => {
  const { folder, profile, asked } = await runningControl(t);
  const template = '$remote_addr [$time_iso8601] $host "$request" $status "$ssl_client_s_dn"';
  const nowMs = Date.now();
  const line = (at: number) =>
    `192.0.2.${at % 5} [${new Date(nowMs - 3_600_000 + at * 100).toISOString()}] ws.${at % 2 === 0 ? '' : 'prod.'}caiso.com "POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1" 200 "CN=A${at % 5},O=B"`;
  const log = join(folder, 'access');
  const count = 4_000;
  await writeFile(log, Array.from({ length: count }, (_, at) => `${line(at)}\n`).join(''));
  const name = 'old-tier';
  const memory = join(folder, 'sent.json');
  const words = [
    '--format',
    'nginx-combined',
    '--template',
    template,
    '--name',
    name,
    '--control',
    profile,
    '--memory',
    memory,
    '--json',
  ];
  const run = async () => {
    const { code, stdout, stderr } = await runLine(['evidence', 'import', log, ...words], {
      more: [registerEvidence],
      clock: Date.now,
    });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { records: number; known: number };
  };
  assert.deepEqual([(await run()).records, (await run()).known], [count, count]);
  // Whoever forgets what was sent sends it again; control takes none of it.
  await rm(memory);
  assert.equal((await run()).records, count);
  const { rows, known } = await onceKnown(asked, `import:${name}`, count);
  const node = known.find((each) => each.node === `import:${name}`);
  assert.deepEqual([node?.records, node?.gaps], [count, []]);
  const told = rows.map(({ caller, address, calls, onNew }) => [caller.subject, address.address, calls, onNew]);
  assert.deepEqual(
    told.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
    [0, 1, 2, 3, 4].map((each) => [`CN=A${each},O=B`, 'https://ws.caiso.com/sst/cmri', count / 10, true]),
  );
});
