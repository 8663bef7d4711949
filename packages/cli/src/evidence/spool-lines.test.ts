import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from '@headgate/testkit';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { registerEvidence } from '../commands/evidence.ts';
import { registerPolicy } from '../commands/policy.ts';
import { registerTrust } from '../commands/trust.ts';
import { exitCodes } from '../exit-codes.ts';
import { followEvidence } from '../start/follow-evidence.ts';

const more = [registerEvidence, registerPolicy, registerTrust];
const calls = 5;
let gateway: TestGateway;
let folder: string;
let spool: string;

before(async () => {
  gateway = await startTestGateway({ evidence: { into: 'spool' }, policy: 'limits: []\n' });
  folder = join(gateway.folder, 'evidence');
  spool = gateway.running.evidenceFile;
});
after(() => gateway.close());

describe('where evidence goes into a spool', () => {
  test('the screen follows it while the gateway serves, each record once', async (t) => {
    const seen: string[] = [];
    const follower = followEvidence(folder, (record) => seen.push(record.exchange));
    t.after(() => follower.close());
    for (let made = 0; made < calls; made += 1) await gateway.call();
    while (seen.length < calls) {
      await follower.catchUp();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await follower.catchUp();
    assert.deepEqual(
      seen,
      gateway.records.map(({ exchange }) => exchange),
    );
  });

  for (const [when, prepare] of [
    ['of a gateway that serves', () => Promise.resolve()],
    ['of one that has stopped', () => gateway.running.close()],
  ] as const) {
    test(`evidence who counts the callers ${when}`, async () => {
      await prepare();
      const { code, stdout, stderr } = await runLine(['evidence', 'who', '--json', folder], { more });
      assert.equal(code, 0, stderr);
      const { read, senders } = JSON.parse(stdout) as { read: object; senders: { calls: number }[] };
      assert.deepEqual(read, { files: 1, records: calls, gaps: 0, unreadable: 0, uncounted: 0 });
      assert.deepEqual(
        senders.map((sender) => sender.calls),
        [calls],
      );
    });

    test(`evidence lines prints every record ${when}`, async () => {
      const { code, stdout, stderr } = await runLine(['evidence', 'lines', folder], { more });
      assert.equal(code, 0, stderr);
      const printed = stdout.trimEnd().split('\n');
      assert.deepEqual(
        printed.map((line) => JSON.parse(line) as object),
        gateway.records,
      );
    });

    test(`policy backtest decides the calls ${when} again`, async () => {
      const policy = join(workspaceRoot, 'catalogues', 'caiso', 'policy.yaml');
      const args = ['policy', 'backtest', '--json', '--policy', policy, '--evidence', spool];
      const { code, stdout, stderr } = await runLine(args, { more });
      assert.equal(code, 0, stderr);
      assert.equal((JSON.parse(stdout) as { read: { arrivals: number } }).read.arrivals, calls);
    });

    test(`policy explain takes a call ${when}`, async () => {
      const { code, stderr } = await runLine(['policy', 'explain', '--record', spool], { more });
      assert.equal(code, 0, stderr);
    });
  }

  test('trust plan knows who called', async () => {
    const config = join(gateway.folder, 'spool.yaml');
    await writeFile(config, JSON.stringify(gateway.config));
    const { code, stdout, stderr } = await runLine(['trust', 'plan', '--json', '--config', config], { more });
    assert.equal(code, 0, stderr);
    assert.deepEqual((JSON.parse(stdout) as { read: object }).read, { files: 1, records: calls, uncounted: 0 });
  });
});

test('while control is away the gateway serves, says so once, and tells what control lacks', async (t) => {
  const keys = await mkdtemp(join(tmpdir(), 'headgate-lag-'));
  t.after(() => rm(keys, { recursive: true, force: true }));
  const { user, authority } = gateway;
  const texts = {
    'node.pem': user.certificatePem,
    'node.key': user.keyPem,
    'control.pem': authority.trustBundlePem('current', 'server').anchorsPem,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(keys, name), text, { mode: 0o600 });
  const [certificate, key, trust] = Object.keys(texts).map((name) => join(keys, name)) as [string, string, string];
  const alone = await startTestGateway({
    policy: 'limits: []\n',
    control: { url: 'https://127.0.0.1:1', certificate, key, trust },
  });
  t.after(() => alone.close());
  for (let made = 0; made < 2; made += 1) assert.equal((await alone.call()).status, 200);
  const config = join(alone.folder, 'away.yaml');
  await writeFile(config, JSON.stringify(alone.config));
  const status = async (...args: readonly string[]) =>
    (await runLine(['trust', 'status', '--config', config, ...args], { more })).stdout;
  const lag = async () =>
    (JSON.parse(await status('--json')) as { spoolLag: { records: number; seconds: number } }).spoolLag;
  while ((await lag()).records < 2);
  assert.match(await status(), /^evidence: control lacks 2 records, the oldest of \d+ s ago$/m);
  const told = () => alone.notices.filter(({ kind }) => kind === 'evidence-not-sent');
  while (told().length === 0) await lag();
  assert.equal(told().length, 1);
});

test('a file that is no spool is refused by name', async () => {
  const other = join(gateway.folder, 'other');
  await mkdir(other);
  const file = join(other, 'x.spool.sqlite');
  await copyFile(join(gateway.folder, 'spool.yaml'), file);
  const { code, stderr } = await runLine(['evidence', 'who', other], { more });
  assert.equal(code, exitCodes.unusable);
  assert.match(stderr, /x\.spool\.sqlite is no spool/);
});
