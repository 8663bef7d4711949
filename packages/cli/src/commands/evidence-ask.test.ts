// Asked of a real control with a real ledger, by the command line as a person types it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, type TestContext, test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import { evidenceOfCall, generateMonth } from '@headgate/testkit';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { registerEvidence } from './evidence.ts';
import { registerPolicy } from './policy.ts';

const startMs = Date.UTC(2024, 1, 1);
const records = [...generateMonth({ seed: 5, startMs, days: 2, participants: 4, edgeMinutes: 2 })]
  .flat()
  .map((call, at) => {
    const record = evidenceOfCall(call, at + 1, at % 7 !== 0);
    const isOld = call.participant === 'party-1' || (call.participant === 'party-2' && at % 2 === 0);
    const { route } = record;
    if (!isOld || route === null) return record;
    return {
      ...record,
      route: {
        ...route,
        generation: 'old' as const,
        address: `https://ws.caiso.com/sst/${route.system.toLowerCase()}`,
      },
    };
  });
const oldCalls = records.filter(({ route }) => route?.generation === 'old').length;

let folder = '';
let control: ChildProcess;
let port = 0;
let profile = '';

const run = (...args: readonly string[]) =>
  runLine([...args, '--control', profile], { more: [registerEvidence, registerPolicy] });

/** Control in a process of its own, as it is run; gives its port. */
async function startControl(): Promise<number> {
  const { DATABASE_URL: _, ...env } = process.env;
  const words = ['packages/cli/src/main.ts', 'control', '--config', join(folder, 'control.yaml'), '--end-with-input'];
  const child = spawn(process.execPath, words, { cwd: workspaceRoot, env, stdio: ['pipe', 'pipe', 'inherit'] });
  control = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, listening] = /^listening on .*:(\d+)$/.exec(line) ?? [];
    if (listening === undefined) continue;
    child.stdout.resume();
    return Number(listening);
  }
  return assert.fail('control did not start');
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-cli-ledger-'));
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const server = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  const person = (name: string) => authority.user('current', { name, organisation: 'Example', keyType: 'ec-p256' });
  const [desk, node] = [await person('DESKx0001'), await person('GATEx0001')];
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  const config = {
    listen: { port: 0 },
    tls: { certificate: 'control.pem', key: 'control.key' },
    trust: { anchors: 'anchors.pem', intermediates: 'intermediates.pem' },
    store: { folder: 'state' },
    accounts: [{ name: 'desk', roles: ['operator'], fingerprints: [desk.fingerprint256] }],
    nodes: [{ name: 'generated', fingerprints: [node.fingerprint256] }],
  };
  const files = {
    'control.pem': server.certificatePem,
    'control.key': server.keyPem,
    'anchors.pem': anchorsPem,
    'intermediates.pem': intermediatesPem,
    'desk.pem': desk.certificatePem,
    'desk.key': desk.keyPem,
    'servers.pem': authority.trustBundlePem('current', 'server').anchorsPem,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await writeFile(join(folder, 'control.yaml'), JSON.stringify(config));
  port = await startControl();
  profile = join(folder, 'desk.yaml');
  await writeFile(
    profile,
    `control: https://127.0.0.1:${port}\ncertificate: desk.pem\nkey: desk.key\ntrust: servers.pem\nserverName: localhost\n`,
  );
  // Nothing yet: the first test says so.
  sendAll = async () => {
    const agent = new Agent({ cert: node.certificatePem, key: node.keyPem, rejectUnauthorized: false, maxSockets: 1 });
    for (let from = 0; from < records.length; from += 300) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      request(
        {
          host: '127.0.0.1',
          port,
          agent,
          method: 'POST',
          path: '/v1/nodes/generated/records',
          headers: { 'content-type': 'application/x-ndjson' },
        },
        (answer) => answer.resume().on('end', () => resolve(answer.statusCode ?? 0)),
      )
        .on('error', reject)
        .end(
          records
            .slice(from, from + 300)
            .map((record) => `${JSON.stringify(record)}\n`)
            .join(''),
        );
      assert.equal(await promise, 200);
    }
    agent.destroy();
    for (let calls = 0; calls < records.length; ) {
      const { rows } = JSON.parse((await run('evidence', 'senders', '--json')).stdout) as { rows: { calls: number }[] };
      calls = rows.reduce((sum, row) => sum + row.calls, 0);
    }
  };
});

let sendAll: () => Promise<void>;

after(async () => {
  control.stdin?.end();
  await once(control, 'exit');
  await rm(folder, { recursive: true });
});

test('without records, each word says so and what to do', async () => {
  for (const word of ['old-addresses', 'never-on-new', 'senders', 'refusals']) {
    const { code, stdout, stderr } = await run('evidence', word);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /as far as the nodes below are known\n$/);
    assert.match(stderr, /control knows no records yet: point gateways at it .*`headgate evidence import`/);
  }
  const backtest = await run(
    'policy',
    'backtest',
    '--policy',
    join(workspaceRoot, 'catalogues/caiso/policy.yaml'),
    '--from-control',
  );
  assert.match(backtest.stderr, /control knows no records yet/);
});

test('who still calls old addresses is a table with its last call, its source and its certificate, and JSON', async () => {
  await sendAll();
  const { code, stdout, stderr } = await run('evidence', 'old-addresses');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^caller +participant +old address +calls +last call +from +on the new one +certificate\n/);
  assert.match(stdout, /CN=PARTY1x0001.* party-1 +https:\/\/ws\.caiso\.com\/sst\/cmri .* never +[0-9a-f]{16}\n/);
  assert.match(stderr, /^generated: known until 2024-02-0\d \d\d:\d\d:\d\d UTC\.\n$/);
  const json = JSON.parse((await run('evidence', 'old-addresses', '--json', '--rows', '3')).stdout) as {
    rows: { calls: number }[];
    next: string | null;
  };
  assert.equal(json.rows.length, 3);
  assert.ok(json.next !== null);
  const all = JSON.parse((await run('evidence', 'old-addresses', '--json')).stdout) as typeof json;
  assert.equal(
    all.rows.reduce((sum, { calls }) => sum + calls, 0),
    oldCalls,
  );
  const early = await run('evidence', 'old-addresses', '--until', '2024-02-01');
  assert.match(early.stdout, /nobody calls an old address/);
  assert.match(early.stderr, /counted by whole days until before 2024-02-01 \(UTC\)/);
});

test('a date that is none is refused before control is asked, and an empty table says what it was asked of', async () => {
  for (const words of [
    ['old-addresses', '--since'],
    ['senders', '--until'],
    ['refusals', '--as-of'],
    ['export', '--since'],
  ]) {
    const { code, stderr } = await run('evidence', ...words, 'yesterday');
    assert.equal(code, 2);
    assert.match(stderr, /It must be a day, as 2024-02-21, or an instant/);
  }
  const mistyped = await run('evidence', 'old-addresses', '--participant', 'paty-1', '--system', 'CMRI');
  assert.match(mistyped.stderr, /^only asked of participant paty-1, system CMRI: see that it is written right\n/);
  assert.doesNotMatch((await run('evidence', 'old-addresses', '--participant', 'party-1')).stderr, /only asked of/);
});

test('who was never on the new one, who sends how, and who was refused', async () => {
  const never = await run('evidence', 'never-on-new');
  assert.match(never.stdout, /CN=PARTY1x0001/);
  assert.doesNotMatch(never.stdout, /CN=PARTY2x0001/);
  assert.match((await run('evidence', 'senders', '--chunked')).stdout, /nobody sends so/);
  const refused = await run('evidence', 'refusals', '--by', 'code');
  const count = records.filter(({ response }) => response.refusal !== null).length;
  assert.match(refused.stdout, new RegExp(`admission\\.global_limit +${count.toLocaleString('en-US')} `));
  assert.match(refused.stdout, /\nadmission\.global_limit: /);
  assert.match((await run('evidence', 'refusals', '--caller', '198.51.100.1')).stdout, /nobody was refused so/);
});

test('one exchange is told along the path with what to do, and one that is not kept is refused with a fix', async () => {
  const [refused] = records;
  const { stdout, code } = await run('evidence', 'exchange', refused?.exchange ?? '');
  assert.equal(code, 0);
  assert.match(stdout, /listener {3}198\.51\.100\.\d+ sent POST https:\/\/ws\.prod\.caiso\.com/);
  assert.match(stdout, /admission {2}The rule ws-global had no room for it/);
  assert.match(stdout, /admission\.global_limit\n(?:.*\n)? {2}fix: /);
  const unknown = await run('evidence', 'exchange', 'none');
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /control\.no_such_exchange(?:.*\n)+.*fix:/);
});

test('an export is every call, as CSV and NDJSON, and goes on behind a row', async () => {
  const file = join(folder, 'sums.csv');
  const { stderr } = await run('evidence', 'export', '--format', 'csv', '--out', file);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\r\n');
  const callsAt = lines[0]?.split(',').indexOf('calls') ?? -1;
  assert.equal(stderr, `${lines.length.toLocaleString('en-US')} rows\n`);
  const raw = (await run('evidence', 'export', '--of', 'records')).stdout.trimEnd().split('\n');
  assert.deepEqual(
    new Set(raw.map((line) => JSON.parse(line) as unknown)),
    new Set(records.map((record) => JSON.parse(JSON.stringify(record)) as unknown)),
  );
  const sums = (await run('evidence', 'export')).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { calls: number; cursor: string });
  assert.equal(sums.length, lines.length - 1);
  assert.equal(
    sums.reduce((sum, { calls }) => sum + calls, 0),
    records.length,
  );
  assert.ok(callsAt > 0);
  await run('evidence', 'export', '--format', 'csv', '--out', file, '--after', sums.at(-3)?.cursor ?? '');
  assert.equal((await readFile(file, 'utf8')).trimEnd().split('\r\n').length, lines.length + 2);
});

/** A way to control that breaks off each of its first connections after so many bytes of answers. */
async function breakingOff(t: TestContext, cuts: readonly number[]) {
  const left = [...cuts];
  const server = createServer((caller) => {
    let rest = left.shift() ?? Number.POSITIVE_INFINITY;
    const beyond = connect(port, '127.0.0.1');
    for (const socket of [caller, beyond]) socket.on('error', () => undefined);
    caller.pipe(beyond);
    caller.on('close', () => beyond.destroy());
    beyond.on('end', () => caller.end());
    beyond.on('data', (piece: Buffer) => {
      rest -= piece.byteLength;
      caller.write(rest < 0 ? piece.subarray(0, rest) : piece);
      if (rest >= 0) return;
      beyond.destroy();
      caller.destroySoon();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const file = join(folder, 'broken.yaml');
  const { port: own } = server.address() as AddressInfo;
  await writeFile(file, (await readFile(profile, 'utf8')).replace(`:${port}`, `:${own}`));
  return { file, cutsLeft: () => left.length };
}

test('an export that is cut off goes on where it was: no row is missing, and none of sums comes twice', async (t) => {
  for (const kind of ['sums', 'records']) {
    const whole = (await run('evidence', 'export', '--of', kind)).stdout;
    const third = Math.floor(whole.length / 3);
    const way = await breakingOff(t, [2 * third, Math.floor(third / 2)]);
    const words = ['evidence', 'export', '--of', kind, '--control', way.file];
    const cut = await runLine(words, { more: [registerEvidence, registerPolicy] });
    assert.equal(cut.code, 0, cut.stderr);
    assert.equal(way.cutsLeft(), 0, 'it was cut off twice');
    if (kind === 'sums') assert.equal(cut.stdout, whole);
    const [told, expected] = [cut.stdout, whole].map((text) => text.trimEnd().split('\n'));
    assert.deepEqual(new Set(told), new Set(expected));
    // A record comes again only where its piece was on its way.
    assert.ok((told?.length ?? 0) < 1.5 * (expected?.length ?? 0), `${told?.length} lines for ${expected?.length}`);
  }
});

test('an export that cannot be written, or that asks for what there is not, is refused and does not wait', async () => {
  const refused = async (words: RegExp, code: number, ...more: readonly string[]) => {
    const said = await run('evidence', 'export', ...more);
    assert.equal(said.code, code);
    assert.match(said.stderr, words);
    assert.equal(said.stdout, '');
  };
  await refused(/cannot be written \(ENOENT\): name another file/, 4, '--out', join(folder, 'nowhere', 'sums.csv'));
  if (process.platform === 'linux') await refused(/cannot be written \(ENOSPC\)/, 4, '--out', '/dev/full');
  await refused(/--node goes with --of records/, 2, '--node', 'generated');
  await refused(/--format csv goes with --of sums/, 2, '--of', 'records', '--format', 'csv');
  const none = await run('evidence', 'senders', '--rows', '0');
  assert.match(none.stderr, /It must be a whole number, 1 or more/);
});

test('a backtest over what control keeps finds what one over the same files finds', async () => {
  const file = join(folder, 'records.ndjson');
  await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const policy = join(workspaceRoot, 'catalogues/caiso/policy.yaml');
  const candidate = join(folder, 'candidate.yaml');
  await writeFile(candidate, (await readFile(policy, 'utf8')).replaceAll('quota: 1\n', 'quota: 2\n'));
  const found = async (...from: readonly string[]) => {
    const { stdout, stderr } = await run('policy', 'backtest', '--policy', candidate, '--json', ...from);
    assert.notEqual(stdout, '', stderr);
    const { arrivals, newlyRefused, newlyAdmitted, byCaller } = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    return { arrivals, newlyRefused, newlyAdmitted, byCaller };
  };
  const ofFile = await found('--evidence', file);
  assert.ok(Number(ofFile.arrivals) > 1_000 && Number(ofFile.newlyAdmitted) > 0, JSON.stringify(ofFile));
  assert.deepEqual(await found('--from-control'), ofFile);
});
