import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakeClock, missing, startTestGateway, startValkey, type TestGateway } from '@headgate/testkit';
import { runLine } from '../cli.fixture.ts';
import { exitCodes } from '../exit-codes.ts';
import { registerGateway } from './gateway.ts';
import { registerPolicy } from './policy.ts';
import { registerTrust } from './trust.ts';

const hourMs = 3_600_000;

/** One call a day for each certificate, and two for each source. */
const policy = `limits:
  - { name: per-source, layer: global, where: {}, key: [source], unit: requests, quota: 50, windowMs: 86400000, algorithm: exact-sliding-window, refusal: { text: 'Source. <n>' }, evidence: assumed, source: test }
  - { name: aup, layer: acceptable-use, where: {}, key: [credential], unit: requests, quota: 1, windowMs: 86400000, algorithm: exact-sliding-window, refusal: { text: 'Once. <n>' }, evidence: assumed, source: test }
  - { name: quiet, layer: acceptable-use, where: {}, key: [credential], unit: requests, quota: 1, windowMs: 1000, mode: shadow, algorithm: exact-sliding-window, refusal: { text: 'Quiet. <n>' }, evidence: assumed, source: test }
`;

interface Kit {
  readonly gateway: TestGateway;
  readonly policy: (...args: readonly string[]) => ReturnType<typeof runLine>;
  readonly status: () => Promise<string>;
  readonly statusOfCall: () => Promise<number>;
}

async function startKit(t: TestContext, options: Parameters<typeof startTestGateway>[0] = {}): Promise<Kit> {
  const gateway = await startTestGateway({ clock: fakeClock(), policy, ...options });
  t.after(() => gateway.close());
  const config = join(gateway.folder, 'gateway.yaml');
  await writeFile(config, JSON.stringify(gateway.config));
  const run = (...args: readonly string[]) =>
    runLine([...args, '--config', config], {
      more: [registerPolicy, registerTrust, registerGateway],
      clock: () => gateway.clock.now(),
      env: { USER: 'anna' },
    });
  return {
    gateway,
    policy: (...args) => run('policy', ...args),
    status: async () => (await run('policy', 'status')).stdout,
    statusOfCall: async () => (await gateway.call()).status,
  };
}

const why = ['--reason', 'awards are late', '--for', '2h'] as const;

/** Waits for a notice; the gateway looks once a second. */
async function noticed(gateway: TestGateway, kind: string): Promise<string> {
  for (;;) {
    const found = gateway.notices.find((notice) => notice.kind === kind);
    if (found !== undefined) return JSON.stringify(found);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a rule in shadow refuses nobody from the moment the command returns, and again when its time is over', async (t) => {
  const { gateway, policy: run, status, statusOfCall } = await startKit(t);
  assert.deepEqual([await statusOfCall(), await statusOfCall()], [200, 500]);
  const begun = await run('break-glass', '--rule', 'aup', '--shadow', ...why);
  assert.equal(begun.code, 0, begun.stderr);
  const line =
    'break-glass bg-20240221T120000000Z: aup in shadow, refuses nobody until 2024-02-21T14:00:00Z, by anna: awards are late';
  assert.match(begun.stdout, /^test \(process \d+\): snapshot 2 [0-9a-f]{12} is in force in 1 of 1 thread\n/);
  assert.ok(begun.stdout.includes(line), begun.stdout);
  assert.deepEqual([await statusOfCall(), await statusOfCall(), await statusOfCall()], [200, 200, 200]);
  assert.ok((await status()).includes(line));
  assert.ok((await run('show')).stdout.includes(line));
  assert.match((await run('show')).stdout, /^aup +1 request per 24 h +for each credential +enforce, see below$/m);

  gateway.clock.advanceMs(2 * hourMs - 1);
  assert.equal(await statusOfCall(), 200);
  gateway.clock.advanceMs(1);
  assert.deepEqual([(await status()).includes('break-glass'), await statusOfCall()], [false, 500]);
  assert.match(await noticed(gateway, 'break-glass-ended'), /its time is over/);
  assert.deepEqual(JSON.parse(await readFile(join(gateway.folder, 'evidence', 'test.break-glass.json'), 'utf8')), {
    format: 1,
    overrides: [],
  });
});

test('records of the calls that it decided name it, and what the rule would have refused', async (t) => {
  const { gateway, policy: run } = await startKit(t);
  const before = await gateway.recordOf(await gateway.call());
  await run('break-glass', '--rule', 'aup', '--shadow', ...why);
  await gateway.call();
  const during = await gateway.recordOf(await gateway.call());
  assert.deepEqual(before.admission?.breakGlass, []);
  assert.deepEqual(during.admission?.breakGlass, ['bg-20240221T120000000Z']);
  assert.deepEqual(
    during.admission?.shadow.map(({ rule }) => rule),
    ['aup', 'quiet'],
  );
});

test('a quota is raised for one caller, whose earlier calls count, and for nobody else', async (t) => {
  const { gateway, policy: run } = await startKit(t);
  const other = await gateway.authority.user('current', { name: 'BRAVOx0002', organisation: 'CAISO' });
  const callsOf = async (user: typeof other, count: number) => {
    const statuses: number[] = [];
    for (let at = 0; at < count; at += 1) statuses.push((await gateway.call({ user })).status);
    return statuses;
  };
  assert.deepEqual(await callsOf(gateway.user, 2), [200, 500]);
  const raise = ['--rule', 'aup', '--quota', '3', '--credential', gateway.user.fingerprint256] as const;
  const { code, stdout, stderr } = await run('break-glass', ...raise, ...why);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /aup quota 3 for credential [0-9a-f]{64} until 2024-02-21T14:00:00Z, by anna: awards are late/);
  assert.deepEqual(await callsOf(gateway.user, 3), [200, 200, 500]);
  assert.deepEqual(await callsOf(other, 2), [200, 500]);
});

test('it is ended before its time by whoever says so, and that is told', async (t) => {
  const { gateway, policy: run, statusOfCall } = await startKit(t);
  await run('break-glass', '--rule', 'aup', '--shadow', ...why);
  assert.deepEqual([await statusOfCall(), await statusOfCall()], [200, 200]);
  const wrong = await run('break-glass', '--end', 'bg-1');
  assert.equal(wrong.code, exitCodes.failed);
  assert.match(wrong.stderr, /nothing holds with the id "bg-1"; what does: bg-20240221T120000000Z/);
  const ended = await run('break-glass', '--end', 'bg-20240221T120000000Z', '--author', 'bert');
  assert.equal(ended.code, 0, ended.stderr);
  assert.doesNotMatch(ended.stdout, /break-glass/);
  assert.match(await noticed(gateway, 'break-glass-ended'), /ended by bert/);
  assert.deepEqual([await statusOfCall(), await statusOfCall()], [200, 500]);
});

test('without a reason, an end, a change or a caller it is refused before anybody is asked', async (t) => {
  const { policy: run } = await startKit(t);
  const said = async (...args: readonly string[]) => {
    const { code, stderr } = await run('break-glass', ...args);
    assert.equal(code, exitCodes.usage);
    return stderr;
  };
  assert.match(await said('--shadow', ...why), /which rule\? Give --rule NAME/);
  assert.match(await said('--rule', 'aup', ...why), /Give --shadow, or --quota N/);
  assert.match(await said('--rule', 'aup', '--shadow', '--for', '2h'), /why\? Give --reason/);
  assert.match(await said('--rule', 'aup', '--shadow', '--reason', ' ', '--for', '2h'), /why\? Give --reason/);
  assert.match(await said('--rule', 'aup', '--shadow', '--reason', 'x'), /until when\? Give --for 2h/);
  assert.match(await said('--rule', 'aup', '--quota', '5', ...why), /for whom\? A quota is raised for one caller/);
  assert.match(
    await said('--rule', 'aup', '--quota', '5', '--source', 'a', '--participant', 'b', ...why),
    /one of them/,
  );
  await said('--rule', 'aup', '--shadow', '--reason', 'x', '--for', 'ever');
});

test('the gateway refuses what lasts too long, helps nobody, or is one too many, and nothing changes', async (t) => {
  const { gateway, policy: run, status } = await startKit(t);
  const refused = async (...args: readonly string[]) => {
    const { code, stderr } = await run('break-glass', '--reason', 'x', ...args);
    assert.equal(code, exitCodes.failed);
    return stderr;
  };
  assert.match(
    await refused('--rule', 'aup', '--shadow', '--for', '25h'),
    /longer than 24 h, the most that this gateway allows/,
  );
  assert.match(
    await refused('--rule', 'aup', '--shadow', '--until', '2024-02-21'),
    /2024-02-21T00:00:00\.000Z is past/,
  );
  assert.match(
    await refused('--rule', 'upa', '--shadow', '--for', '1h'),
    /no rule "upa"; it has per-source, aup, quiet/,
  );
  assert.match(
    await refused('--rule', 'quiet', '--shadow', '--for', '1h'),
    /quiet is in shadow mode: it refuses nobody/,
  );
  const raise = (quota: string) => ['--rule', 'per-source', '--source', '192.0.2.1', '--for', '1h', '--quota', quota];
  assert.match(await refused(...raise('50')), /has a quota of 50 already: an override only raises it/);
  assert.deepEqual(
    gateway.notices.filter(({ kind }) => kind === 'break-glass-holds'),
    [],
  );
  assert.equal((await run('break-glass', ...raise('51'), '--reason', 'x')).code, 0);
  assert.match(await refused(...raise('52')), /bg-\S+ is about the same rule and the same callers: end it first/);
  for (let at = 2; at <= 32; at += 1)
    await gateway.running.beginOverride({
      rule: 'per-source',
      change: { kind: 'quota', quota: 60 },
      scope: { source: `192.0.2.${at}` },
      reason: 'x',
      author: 'anna',
      untilMs: gateway.clock.now() + hourMs,
    });
  assert.match(await refused('--rule', 'aup', '--shadow', '--for', '1h'), /32 hold already, the most there may be/);
  assert.equal((await status()).split('\n').filter((line) => line.startsWith('break-glass')).length, 32);
});

test('a shorter bound of the configuration is obeyed', async (t) => {
  const { policy: run } = await startKit(t, { breakGlass: { msMax: hourMs } });
  const { code, stderr } = await run('break-glass', '--rule', 'aup', '--shadow', ...why);
  assert.equal(code, exitCodes.failed);
  assert.match(stderr, /longer than 1 h/);
});

test('a reload keeps it, and a rule that the new policy does not have any more is simply not there', async (t) => {
  const { gateway, policy: run, statusOfCall, status } = await startKit(t);
  await run('break-glass', '--rule', 'aup', '--shadow', ...why);
  await gateway.running.reload();
  assert.deepEqual([await statusOfCall(), await statusOfCall()], [200, 200]);
  await writeFile(join(gateway.folder, 'policy.yaml'), policy.replace('name: aup', 'name: renamed'));
  await gateway.running.reload();
  assert.deepEqual([await statusOfCall(), await statusOfCall()], [200, 500]);
  assert.match(await status(), /break-glass bg-\S+: aup in shadow/);
});

test('a file of overrides that says something else stops a start, with file and line', async (t) => {
  const { gateway, policy: run } = await startKit(t);
  await writeFile(
    join(gateway.folder, 'evidence', 'test.break-glass.json'),
    '{\n  "format": 2,\n  "overrides": []\n}\n',
  );
  const { code, stderr } = await run('show');
  assert.equal(code, exitCodes.unusable);
  assert.match(stderr, /test\.break-glass\.json:2:13 format: found 2; expected 1/);
  await assert.rejects(gateway.running.reload(), /test\.break-glass\.json:2:13/);
});

test('a rule over connections is put in shadow for everybody or raised for one source, and for no caller that is not known yet', async (t) => {
  const doors = `limits:
  - { name: doors, layer: global, where: {}, key: [source], unit: connections, quota: 2, windowMs: 86400000, evidence: assumed, source: test }
`;
  const { gateway, policy: run } = await startKit(t, { policy: doors });
  const callsFrom = async (source: string, count: number) => {
    const seen: string[] = [];
    for (let at = 0; at < count; at += 1)
      seen.push(
        await gateway.call({ source }).then(
          ({ status }) => String(status),
          () => 'closed',
        ),
      );
    return seen;
  };
  assert.deepEqual(await callsFrom('127.0.5.1', 3), ['200', '200', 'closed']);
  const unknown = await run('break-glass', '--rule', 'doors', '--shadow', '--participant', 'party', ...why);
  assert.equal(unknown.code, exitCodes.failed);
  assert.match(unknown.stderr, /doors counts connections, of which nothing is known but the source: name a source/);
  const raised = await run('break-glass', '--rule', 'doors', '--quota', '4', '--source', '127.0.5.1', ...why);
  assert.equal(raised.code, 0, raised.stderr);
  assert.deepEqual(await callsFrom('127.0.5.1', 3), ['200', '200', 'closed']);
  assert.deepEqual(await callsFrom('127.0.5.2', 3), ['200', '200', 'closed']);
  gateway.clock.advanceMs(1);
  assert.equal((await run('break-glass', '--rule', 'doors', '--shadow', ...why)).code, 0);
  assert.deepEqual(await callsFrom('127.0.5.2', 2), ['200', '200']);
});

test('it holds where gateways count together: what was used counts, and past its end the quota is the old one', {
  skip: missing('valkey-server'),
}, async (t) => {
  const valkey = await startValkey();
  t.after(() => valkey.close());
  const endpoints = [{ host: '127.0.0.1', port: valkey.port }];
  // A window that is over soon after the store began, and longer than the test takes.
  const together = policy
    .replaceAll('86400000', '3000')
    .replaceAll('algorithm:', 'degraded: refuse, algorithm:')
    .replaceAll('[credential]', '[source]');
  const kitOf = (node: string): Promise<Kit> =>
    startKit(t, { policy: together, node, counters: { valkey: { endpoints, nodes: ['one', 'two'] } } });
  const kits = [await kitOf('one'), await kitOf('two')];
  const [one, two] = kits;
  assert.ok(one && two);
  two.gateway.clock.advanceMs(1);
  // A busy machine may keep a node from its store for a while: a call that nobody counted is made again.
  const statusOf = async (gateway: TestGateway): Promise<number> => {
    for (;;) {
      const { status, fields } = await gateway.call();
      if (!/admission\.uncounted/.test(String(fields['proxy-status']))) return status;
    }
  };
  assert.equal(await statusOf(one.gateway), 200);
  const raise = ['--rule', 'aup', '--quota', '3', '--source', '127.0.0.1'] as const;
  for (const { policy: run } of kits) assert.equal((await run('break-glass', ...raise, ...why)).code, 0);
  const statuses: number[] = [];
  for (const { gateway } of [two, one, two]) statuses.push(await statusOf(gateway));
  assert.deepEqual(statuses, [200, 200, 500]);
  for (const { gateway, policy: run } of kits) {
    const id = /break-glass (bg-\w+): aup/.exec((await run('status')).stdout)?.[1] ?? '';
    assert.equal((await run('break-glass', '--end', id)).code, 0);
    assert.equal(await statusOf(gateway), 500);
  }
});
