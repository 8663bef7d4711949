import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { parsePolicy, parseProvisioning } from '@headgate/contract';
import { startSimulator } from '../start-simulator.ts';
import { reconcileSubmits } from './accounting.ts';
import { caiso, catalogueNamed, openTestFleet } from './fleet.fixture.ts';
import type { Attempt } from './member-caller.ts';
import { planFleet } from './plan-fleet.ts';
import { type ProfileName, profileNames } from './profiles.ts';
import { provisioningOf } from './provision-fleet.ts';
import type { FleetReport } from './start-fleet.ts';

function assertBalanced({ total, members }: FleetReport): void {
  for (const account of [total, ...members.map((member) => member.account)]) {
    const { accepted, limited, refused, lost, unsent } = account;
    assert.equal(account.attempts, accepted + limited + refused + lost + unsent);
    assert.equal(account.attempts, account.calls + account.repeated);
    assert.equal(account.attempts, account.onNew + account.onOld);
  }
}

const only = (profile: ProfileName, participants = 1) => ({ participants, mix: { [profile]: 1 } });

test('the same seed plans the same fleet, and another seed another one', () => {
  const options = { catalogue: caiso, participants: 200 };
  const plan = planFleet({ ...options, seed: 'a' });
  assert.deepEqual(planFleet({ ...options, seed: 'a' }), plan);
  assert.notDeepEqual(planFleet({ ...options, seed: 'b' }), plan);
});

test('three thousand participants have names, sources, SCIDs and credentials of their own, but for the clients of a vendor', () => {
  const { members, vendors } = planFleet({ seed: 'a', catalogue: caiso, participants: 3_000 });
  assert.equal(new Set(members.map(({ id }) => id)).size, 3_000);
  assert.equal(new Set(members.flatMap(({ scids }) => scids)).size, members.flatMap(({ scids }) => scids).length);
  const own = members.filter(({ vendor }) => vendor === null);
  assert.equal(new Set(own.map(({ source }) => source)).size, own.length);
  assert.equal(new Set(own.map(({ credential }) => credential)).size, own.length);
  assert.ok(vendors.length > 10);
  for (const { clients, source } of vendors) {
    const held = members.filter(({ id }) => clients.includes(id));
    assert.ok(held.length > 0 && held.every((member) => member.source === source && member.profile === 'vendor'));
  }
  assert.deepEqual(new Set(members.map(({ profile }) => profile)), new Set(profileNames));
});

test('the provisioning of a fleet is one that gateways take, for either catalogue', async () => {
  for (const catalogue of [caiso, await catalogueNamed('example')]) {
    const plan = planFleet({ seed: 'a', catalogue, participants: 60 });
    const parsed = parseProvisioning('provisioning.yaml', JSON.stringify(provisioningOf(plan)), catalogue.catalogue);
    assert.ok(parsed.ok, JSON.stringify(parsed).slice(0, 500));
  }
});

test('a fleet of no participant, of too many, or with nothing to call is refused', () => {
  for (const participants of [0, 3_001, 1.5]) {
    assert.throws(() => planFleet({ seed: 'a', catalogue: caiso, participants }), RangeError);
  }
  assert.throws(() => planFleet({ seed: 'a', catalogue: caiso, participants: 1, systems: ['plc'] }), RangeError);
  assert.throws(() => planFleet({ seed: 'a', catalogue: caiso, participants: 1, mix: { careful: 0 } }), RangeError);
});

test('careful members get an answer to every call, lose none, and every submit is carried out once', async (t) => {
  const { fleet, carriedOut } = await openTestFleet(t, { plan: { ...only('careful', 4), systems: ['sibr'] } });
  await fleet.round();
  await fleet.round();
  const report = await fleet.stop();
  assertBalanced(report);
  const { calls, accepted, refused, submits, confirmed } = report.total;
  assert.ok(calls >= 16 && submits === 8 && confirmed === 8);
  assert.equal(accepted + refused, calls);
  const sent = report.members.flatMap((member) => member.submits);
  assert.deepEqual(reconcileSubmits(sent, carriedOut), { lost: [], doubled: [], untold: [], strange: [] });
});

test('each member calls from its own loopback address, and the clients of a vendor from one', async (t) => {
  const sources = new Map<string, Set<string>>();
  const server = await startRawServer(t, (socket) => {
    socket.on('data', (bytes) => {
      const profile = /headgate-fleet \(([\w-]+)\)/.exec(bytes.toString('latin1'))?.[1] ?? '';
      sources.set(profile, (sources.get(profile) ?? new Set()).add(socket.remoteAddress ?? ''));
      if (bytes.toString('latin1').startsWith('POST')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  const plan = { participants: 6, mix: { careful: 1, vendor: 1 } };
  const { fleet } = await openTestFleet(t, { plan, fleet: { ...server, plain: true, signs: false } });
  await fleet.round();
  assert.equal(sources.get('careful')?.size, 3);
  assert.equal(sources.get('vendor')?.size, 1);
});

test('a member that trusts only the old authority sends nothing to a new chain, and calls the old one', async (t) => {
  const toNew = await openTestFleet(t, { plan: only('wrong-trust-store') });
  await toNew.fleet.round();
  const refused = (await toNew.fleet.stop()).total;
  assert.ok(refused.unsent > 0 && refused.unsent === refused.attempts);
  assert.equal(toNew.simulator.requestCount(), 0);
  const toOld = await openTestFleet(t, { plan: only('wrong-trust-store'), chain: 'legacy' });
  await toOld.fleet.round();
  assert.equal((await toOld.fleet.stop()).total.unsent, 0);
});

test('an expired certificate opens no door that asks for one', async (t) => {
  const limits = { policy: { limits: [], usernames: [] } };
  const { fleet } = await openTestFleet(t, { plan: only('expired-certificate'), limits });
  await fleet.round();
  const { statuses, total } = await fleet.stop();
  assert.deepEqual(Object.keys(statuses), ['403']);
  assert.equal(total.accepted, 0);
});

test('members are on the old address, on the new one, or move when their day has come or they are told', async (t) => {
  const dayMs = Date.now() + 3_600_000;
  const plan = {
    participants: 3,
    mix: { careful: 1, 'old-address': 1, mover: 1 },
    moves: { fromMs: dayMs, untilMs: dayMs },
  };
  const seen: Attempt[] = [];
  const attempted = (attempt: Attempt) => seen.push(attempt);
  const { fleet } = await openTestFleet(t, { plan, fleet: { attempted } });
  const generations = async () => {
    seen.length = 0;
    await fleet.round();
    return Object.fromEntries(seen.map(({ member, generation }) => [member.profile, generation]));
  };
  assert.deepEqual(await generations(), { careful: 'new', 'old-address': 'old', mover: 'old' });
  fleet.move(seen.filter(({ member }) => member.profile === 'old-address').map(({ member }) => member.id));
  assert.deepEqual(await generations(), { careful: 'new', 'old-address': 'new', mover: 'old' });
  const later = await openTestFleet(t, { plan, fleet: { attempted, startMs: dayMs } });
  seen.length = 0;
  await later.fleet.round();
  assert.ok(seen.some(({ member, generation }) => member.profile === 'mover' && generation === 'new'));
});

/** A server that speaks bytes, for what no simulator shows of a sender. */
async function startRawServer(t: TestContext, serve: (socket: Socket) => void) {
  const server: Server = createServer(serve);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { connectTo: { host: '127.0.0.1', port } };
}

const withoutBody =
  'HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 0\r\nset-cookie: MRHSession=1; path=/\r\n\r\n';

/** What arrives of one profile that makes its round twice before a server that answers every request with success. */
async function heard(t: TestContext, profile: ProfileName, answer = withoutBody) {
  let connections = 0;
  let text = '';
  const server = await startRawServer(t, (socket) => {
    connections += 1;
    let pending = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      pending += bytes.toString('latin1');
      for (let end = endOfRequest(pending); end > 0; end = endOfRequest(pending)) {
        pending = pending.slice(end);
        socket.write(answer);
      }
    });
  });
  const plan = { ...only(profile), systems: ['sibr'] };
  const { fleet } = await openTestFleet(t, { plan, fleet: { ...server, plain: true, signs: false } });
  await fleet.round();
  await fleet.round();
  return { connections, text, report: await fleet.stop() };
}

function endOfRequest(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = /content-length: (\d+)/.exec(text.slice(0, head))?.[1];
  if (length !== undefined) return text.length >= head + 4 + Number(length) ? head + 4 + Number(length) : 0;
  const last = text.indexOf('0\r\n\r\n', head + 4);
  return last < 0 ? 0 : last + 5;
}

test('a careful member keeps its connection and its cookies', async (t) => {
  const { connections, text } = await heard(t, 'careful');
  assert.equal(connections, 1);
  assert.match(text, /\r\ncookie: MRHSession=1\r\n/);
  assert.match(text, /content-length/);
});

test('a cookie dropper makes a connection for each call and shows no cookie', async (t) => {
  const { connections, text, report } = await heard(t, 'cookie-dropper');
  assert.equal(connections, report.total.calls);
  assert.doesNotMatch(text, /\r\ncookie:/);
});

test('a chunked sender says no length', async (t) => {
  const { text, report } = await heard(t, 'chunked-sender');
  assert.equal(text.match(/transfer-encoding: chunked/g)?.length, report.total.calls);
  assert.doesNotMatch(text, /content-length/);
});

test('a large sender submits more than 64 KiB, a careful one far less', async (t) => {
  const longest = (text: string) => Math.max(...[...text.matchAll(/content-length: (\d+)/g)].map(([, n]) => Number(n)));
  assert.ok(longest((await heard(t, 'large-sender')).text) > 65_536);
  assert.ok(longest((await heard(t, 'careful')).text) < 8_192);
});

const limited =
  'HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/xml\r\ncontent-length: 88\r\n\r\n' +
  '429: CAISO Acceptable Use Policy Violation. Please retry your request after 30 seconds. ';

test('a naive member sends the same submit again at once, up to four times, and a careful one does not', async (t) => {
  const naive = (await heard(t, 'naive-retry', limited)).report;
  assertBalanced(naive);
  assert.equal(naive.total.attempts, naive.total.calls * 5);
  assert.equal(naive.total.limited, naive.total.attempts);
  assert.ok(naive.members[0]?.submits.every(({ attempts }) => attempts === 5));
  const careful = (await heard(t, 'careful', limited)).report.total;
  assert.equal(careful.attempts, careful.calls);
});

test('an answer that never came is counted as lost, and a submit of which it is not known is no doubled one', async (t) => {
  const { fleet, simulator, carriedOut } = await openTestFleet(t, {
    plan: { ...only('careful', 2), systems: ['sibr'] },
  });
  await simulator.setFaults({ closeMidAnswer: true });
  await fleet.round();
  const report = await fleet.stop();
  assertBalanced(report);
  assert.equal(report.total.lost, report.total.attempts);
  const sent = report.members.flatMap((member) => member.submits);
  const { lost, doubled, untold } = reconcileSubmits(sent, carriedOut);
  assert.deepEqual([lost.length, doubled.length, untold.length], [0, 0, 2]);
});

test('a naive member doubles the submit whose answer it lost, and the reckoning names it', async (t) => {
  const { fleet, simulator, carriedOut } = await openTestFleet(t, {
    plan: { ...only('naive-retry'), systems: ['sibr'] },
  });
  await simulator.setFaults({ closeMidAnswer: true });
  await fleet.round();
  const report = await fleet.stop();
  const sent = report.members.flatMap((member) => member.submits);
  assert.deepEqual(
    reconcileSubmits(sent, carriedOut).doubled,
    sent.map(({ id }) => id),
  );
  assert.equal(report.total.repeated, report.total.calls * 4);
});

test('a fleet at work waits as it is told, and stops with everything counted', async (t) => {
  const rule =
    'name: one-an-hour, layer: global, where: {}, key: [credential], unit: requests, quota: 1, windowMs: 3600000, algorithm: exact-sliding-window';
  const refusal = "{ text: 'Please retry your request after <n> seconds.' }";
  const text = `limits:\n  - { ${rule}, refusal: ${refusal}, evidence: assumed, source: this test }\n`;
  const parsed = parsePolicy('policy.yaml', text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { policy } = parsed;
  const plan = { participants: 3, mix: { careful: 1 }, callsPerHour: 100_000 };
  const seen = Promise.withResolvers<void>();
  const waiting = new Set<string>();
  const attempted = ({ member, outcome }: Attempt) => {
    if (outcome === 'limited') waiting.add(member.id);
    if (waiting.size === 3) seen.resolve();
  };
  const { fleet } = await openTestFleet(t, { plan, limits: { policy }, fleet: { attempted } });
  fleet.start();
  await seen.promise;
  const report = await fleet.stop();
  assertBalanced(report);
  // Each of its habits is refused once, and then it waits an hour.
  assert.ok(report.total.limited <= 9 && report.total.accepted + report.total.refused === 3);
});

test('a sender that cannot connect has sent nothing, and says why', async (t) => {
  const gone = await startSimulator({ host: '127.0.0.1', port: 0, seed: 'x', clock: Date.now });
  await gone.close();
  const connectTo = { host: '127.0.0.1', port: gone.port };
  const { fleet } = await openTestFleet(t, { plan: only('careful'), fleet: { connectTo, plain: true, signs: false } });
  await fleet.round();
  const { total, reasons } = await fleet.stop();
  assert.equal(total.unsent, total.attempts);
  assert.deepEqual(Object.keys(reasons), ['ECONNREFUSED']);
});
