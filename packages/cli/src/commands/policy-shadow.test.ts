import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  fakeClock,
  missing,
  seededRandom,
  soapAnswer,
  soapRequest,
  startTestGateway,
  startValkey,
  type TestGateway,
} from '@headgate/testkit';
import { runLine } from '../cli.fixture.ts';
import { registerPolicy } from './policy.ts';

/** A rule in one line of YAML; a test names only what it is about. */
function rule(name: string, layer: string, key: string, quota: number, windowMs: number, more = ''): string {
  return `  - { name: ${name}, layer: ${layer}, where: {}, key: [${key}], unit: requests, quota: ${quota}, windowMs: ${windowMs}, ${more}refusal: { text: 'No. <n>' }, evidence: assumed, source: test }\n`;
}

const inForce = `limits:\n${rule('per-source', 'global', 'source', 6, 1_000)}${rule('aup', 'acceptable-use', 'credential, service', 1, 5_000)}`;
/** Tighter over a source, and one allowance for two services where there were two. */
const candidate = `limits:\n${rule('per-source', 'global', 'source', 3, 1_000)}${rule('aup', 'acceptable-use', 'source, service', 2, 5_000)}${rule('later', 'acceptable-use', 'credential', 1, 60_000, 'mode: shadow, ')}`;

interface Kit {
  readonly gateway: TestGateway;
  readonly config: string;
  readonly policy: (...args: readonly string[]) => ReturnType<typeof runLine>;
}

async function startKit(t: TestContext, options: Parameters<typeof startTestGateway>[0] = {}): Promise<Kit> {
  const gateway = await startTestGateway({ clock: fakeClock(), policy: inForce, shadowPolicy: candidate, ...options });
  t.after(() => gateway.close());
  const config = join(gateway.folder, 'gateway.yaml');
  await writeFile(config, JSON.stringify(gateway.config));
  const policy = (...args: readonly string[]) =>
    runLine(['policy', ...args, '--config', config], { more: [registerPolicy], clock: () => gateway.clock.now() });
  return { gateway, config, policy };
}

/** What `status --json` and `backtest --json` print, as far as it is looked at. */
interface Counts {
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
}
interface Candidate extends Counts {
  readonly policy: string;
  readonly decided: number;
  readonly byRule: Readonly<Record<string, Counts>>;
}

/** Calls of two users from three addresses to three services, with pauses that a seed draws. */
async function makeTraffic(gateway: TestGateway, count: number): Promise<void> {
  const random = seededRandom(42);
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const other = await gateway.authority.user('current', { name: 'BRAVOx0002', organisation: 'CAISO' });
  for (let at = 0; at < count; at += 1) {
    // Each in a millisecond of its own: within one, a recording does not tell who was first.
    gateway.clock.advanceMs(1 + Math.floor(random() ** 6 * 4_000));
    const name = one(['MarketAwards', 'SchedulePrices', 'MarketResults']);
    await gateway.call({
      user: one([gateway.user, other]),
      source: one(['127.0.1.1', '127.0.1.2', '127.0.1.3']),
      path: `/sst/cmri/Retrieve${name}_CMRIv4_AP`,
    });
  }
}

test('a candidate in shadow, and a backtest of the evidence of the same traffic, find the same calls', async (t) => {
  const { gateway, policy } = await startKit(t);
  await makeTraffic(gateway, 250);
  const records = await gateway.recorded(250);
  const status = JSON.parse((await policy('status', '--json')).stdout) as { candidate: Candidate };
  await gateway.running.close();
  const flips = records.flatMap(({ admission, exchange }) => {
    if (admission === null || admission.candidate === null) return assert.fail(`no verdict on ${exchange}`);
    if (admission.admitted === admission.candidate.admitted) return [];
    return [admission.admitted ? 'newly-refused' : 'newly-admitted'];
  });
  const count = (kind: string) => flips.filter((flip) => flip === kind).length;
  assert.ok(count('newly-refused') > 10 && count('newly-admitted') > 10, flips.join());

  const { stdout, stderr } = await policy('backtest', '--policy', join(gateway.folder, 'shadow-policy.yaml'), '--json');
  const backtest = JSON.parse(stdout) as Counts & {
    arrivals: number;
    recorded: { told: number; alike: number };
    byRule: readonly (Counts & { rule: string })[];
    candidate: { shadowRefused: Record<string, number> };
  };
  assert.equal(backtest.arrivals, 250, stderr);
  assert.deepEqual([backtest.newlyRefused, backtest.newlyAdmitted], [count('newly-refused'), count('newly-admitted')]);
  assert.equal(backtest.recorded.alike, 250);
  assert.deepEqual(
    { ...status.candidate, policy: 0, byRule: 0 },
    {
      policy: 0,
      decided: 250,
      newlyRefused: count('newly-refused'),
      newlyAdmitted: count('newly-admitted'),
      byRule: 0,
      notJudged: [],
    },
  );
  const flipped = backtest.byRule.filter(({ newlyRefused, newlyAdmitted }) => newlyRefused + newlyAdmitted > 0);
  assert.deepEqual(
    status.candidate.byRule,
    Object.fromEntries(
      flipped.map(({ rule: name, newlyRefused, newlyAdmitted }) => [name, { newlyRefused, newlyAdmitted }]),
    ),
  );
  const later = records.filter(({ admission }) =>
    admission?.candidate?.shadow.some(({ rule: name }) => name === 'later'),
  );
  assert.deepEqual(backtest.candidate.shadowRefused, { later: later.length });
  assert.ok(later.length > 0);
});

test('what a candidate says changes nothing for a caller', async (t) => {
  const shadowed = await startKit(t, { shadowPolicy: `limits:\n${rule('never', 'global', 'source', 1, 86_400_000)}` });
  const statuses = [];
  for (let at = 0; at < 4; at += 1) {
    statuses.push((await shadowed.gateway.call()).status);
    shadowed.gateway.clock.advanceMs(5_000);
  }
  assert.deepEqual(statuses, [200, 200, 200, 200]);
  const { admission } = (await shadowed.gateway.recorded(4))[3] ?? assert.fail();
  assert.deepEqual(
    { ...admission?.candidate, policy: '' },
    { policy: '', admitted: false, decidedBy: 'never', retryAfterMs: 86_400_000 - 15_000, shadow: [] },
  );
  assert.match(
    (await shadowed.policy('status')).stdout,
    /^shadow policy [0-9a-f]{12}: of 4 calls 3 newly refused, 0 newly admitted \(never 3 and 0\)$/m,
  );
});

test('a candidate judges calls at once and bytes too, and gives back what a call held', async (t) => {
  const over = (name: string, quota: number, unit: string) =>
    rule(name, 'acceptable-use', 'credential', quota, 1_000).replace('unit: requests', `unit: ${unit}`);
  const doors = rule('doors', 'global', 'source', 1, 1_000).replace('unit: requests', 'unit: connections');
  const shadowPolicy = `limits:\n${over('at-once', 1, 'concurrent-requests')}${over('bytes', 4_000, 'request-bytes')}${doors}`;
  const wide = `limits:\n${rule('wide', 'global', 'source', 99, 1_000)}`;
  const { gateway, policy } = await startKit(t, { policy: wide, shadowPolicy });
  const judged = async (answer: Awaited<ReturnType<TestGateway['call']>>) =>
    (await gateway.recordOf(answer)).admission?.candidate?.decidedBy;
  for (let turn = 0; turn < 3; turn += 1) assert.equal(await judged(await gateway.call()), null);
  const [waiting, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  gateway.upstream.answerWith(async (...parts) => {
    waiting.resolve();
    await release.promise;
    void soapAnswer(...parts);
  });
  const first = gateway.call();
  await waiting.promise;
  gateway.upstream.answerWith(soapAnswer);
  assert.equal(await judged(await gateway.call()), 'at-once');
  release.resolve();
  assert.equal(await judged(await first), null);
  gateway.clock.advanceMs(1_000);
  const filled = `<RequestMarketAwards>${'x'.repeat(3_000)}</RequestMarketAwards>`;
  const body = soapRequest.replace('<RequestMarketAwards/>', filled);
  assert.equal(await judged(await gateway.call({ body })), null);
  assert.equal(await judged(await gateway.call({ body })), 'bytes');
  const said = (await policy('status')).stdout;
  assert.match(said, /2 newly refused, .*; not judged, because they count connections: doors$/m);
});

test('a candidate is counted over gateways that share counters as the policy in force is', {
  skip: missing('valkey-server'),
}, async (t) => {
  const valkey = await startValkey();
  t.after(() => valkey.close());
  const counters = { valkey: { endpoints: [{ host: '127.0.0.1', port: valkey.port }], nodes: ['one', 'two'] } };
  const limits = (name: string, quota: number, windowMs: number) =>
    `limits:\n${rule(name, 'global', 'source', quota, windowMs)}`;
  const policies = { policy: limits('wide', 90, 300), shadowPolicy: limits('narrow', 2, 1_500) };
  const kits = await Promise.all(['one', 'two'].map((node) => startKit(t, { ...policies, node, counters })));
  // What an empty store admits nothing of for one window, it compares nothing of either: such calls are not looked at.
  const admitted: { readonly sentMs: number; readonly gotMs: number }[] = [];
  let refusedCount = 0;
  while (admitted.length < 6)
    for (const { gateway } of kits) {
      const sentMs = performance.now();
      const answer = await gateway.call();
      const gotMs = performance.now();
      const { admission } = await gateway.recordOf(answer);
      if (admission?.admitted !== true || admission.candidate === null) continue;
      if (admission.candidate.decidedBy === null) admitted.push({ sentMs, gotMs });
      else refusedCount += 1;
    }
  assert.ok(refusedCount > 0);
  // Each was decided between the two instants. Two gateways that counted apart would admit four in one window.
  for (const [at, { sentMs }] of admitted.entries())
    assert.ok((admitted[at + 2]?.gotMs ?? Number.POSITIVE_INFINITY) - sentMs > 1_500, JSON.stringify(admitted));
  const { stdout } = (await kits[0]?.policy('status')) ?? assert.fail();
  assert.match(stdout, /of \d+ calls [1-9]\d* newly refused, 0 newly admitted/);
});

test('a call that is refused by what it would hold is none that a candidate would admit', async (t) => {
  const bytes = rule('bytes', 'acceptable-use', 'credential', 10, 1_000).replace(
    'unit: requests',
    'unit: request-bytes',
  );
  const { gateway, policy } = await startKit(t, { policy: `limits:\n${bytes}`, shadowPolicy: `limits:\n${bytes}` });
  assert.notEqual((await gateway.call()).status, 200);
  const { candidate: told } = JSON.parse((await policy('status', '--json')).stdout) as { candidate: Candidate };
  assert.deepEqual([told.decided, told.newlyAdmitted], [1, 0]);
});

test('a candidate is not asked about documents, which have a limit of their own', async (t) => {
  const { gateway, policy } = await startKit(t);
  assert.equal((await gateway.call()).status, 200);
  const read = () => gateway.call({ method: 'GET', path: '/.well-known/headgate/policy' });
  for (let turn = 0; turn < 10; turn += 1) assert.equal((await read()).status, 200);
  const refused = await read();
  assert.notEqual(refused.status, 200);
  assert.equal((await gateway.recordOf(refused)).admission?.candidate, null);
  const { candidate: told } = JSON.parse((await policy('status', '--json')).stdout) as { candidate: Candidate };
  assert.deepEqual([told.decided, told.newlyAdmitted], [1, 0]);
});

test('a reload takes up another candidate, which begins at nothing, and none', async (t) => {
  const { gateway, policy } = await startKit(t);
  await gateway.call();
  await writeFile(
    join(gateway.folder, 'shadow-policy.yaml'),
    `limits:\n${rule('other', 'global', 'source', 1, 1_000)}`,
  );
  assert.deepEqual((await gateway.running.reload()).changes, ['shadow policy']);
  assert.match(
    (await policy('status')).stdout,
    /^shadow policy [0-9a-f]{12}: of 0 calls 0 newly refused, 0 newly admitted$/m,
  );
  await gateway.call();
  assert.match((await policy('status')).stdout, /: of 1 calls /);
  const { shadowPolicy: _, ...without } = gateway.config;
  gateway.rewrite({ ...without, shadowPolicy: undefined });
  await gateway.running.reload();
  assert.doesNotMatch((await policy('status')).stdout, /shadow policy/);
  const record = await gateway.recordOf(await gateway.call());
  assert.equal(record.admission?.candidate, null);
});

test('a candidate that is no policy is told with file and line, and what was in force stays', async (t) => {
  const { gateway } = await startKit(t);
  await writeFile(join(gateway.folder, 'shadow-policy.yaml'), 'limits: none\n');
  await assert.rejects(gateway.running.reload(), /shadow-policy\.yaml:1:9 limits: found none/);
  assert.equal((await gateway.call()).status, 200);
});

test('several threads judge a candidate over one table', async (t) => {
  const { gateway, policy } = await startKit(t, {
    clock: fakeClock(Date.now()),
    threads: 2,
    policy: 'limits: []\n',
    shadowPolicy: `limits:\n${rule('five', 'global', 'credential', 5, 86_400_000)}`,
  });
  await Promise.all(Array.from({ length: 24 }, () => gateway.call()));
  await gateway.recorded(24);
  const { candidate: counted } = JSON.parse((await policy('status', '--json')).stdout) as { candidate: Candidate };
  assert.deepEqual(
    { ...counted, policy: '' },
    {
      policy: '',
      decided: 24,
      newlyRefused: 19,
      newlyAdmitted: 0,
      byRule: { five: { newlyRefused: 19, newlyAdmitted: 0 } },
      notJudged: [],
    },
  );
});
