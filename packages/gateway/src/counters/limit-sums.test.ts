// What the store counts by parts of a window: bytes, and more than is remembered one by one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charge } from '@headgate/contract';
import { breathe, chargeTo, domainOver, ruleWith } from './counters.fixture.ts';
import type { DomainOptions } from './domain-counters.ts';
import { timedStore } from './timed-store.fixture.ts';

const store = timedStore();
const { skip } = store;
const hourMs = 3_600_000;
let domainCount = 0;

/** Nodes of a domain whose store began so long ago that nothing is held. */
async function freshNodes(names: readonly string[], options: Partial<DomainOptions> = {}) {
  domainCount += 1;
  const shared = { domain: `sums-${domainCount}`, elapsed: () => store.nowMs, leaseMs: 1_000_000_000, nodes: names };
  const nodes = names.map((node) => domainOver(store.link(), { ...shared, node, ...options }));
  for (const node of nodes) await node.decide([chargeTo(ruleWith({ name: 'first' }))], store.nowMs);
  store.nowMs += 2 * 86_400_000;
  return nodes;
}

const bodies = ruleWith({ name: 'bodies', unit: 'request-bytes', quota: 1_000, windowMs: 1_000 });
const body = (amount: number): readonly Charge[] => [{ ...chargeTo(bodies), amount }];

test('two nodes admit one quota of bytes together, and what did not come is given back for both', {
  skip,
}, async () => {
  const [one, other] = await freshNodes(['a', 'b']);
  assert.ok(one && other);
  const first = await one.decide(body(700), store.nowMs);
  assert.ok(first.admitted && first.charged !== undefined);
  const second = await other.decide(body(301), store.nowMs + 5);
  assert.ok(!second.admitted);
  assert.equal(second.retryAtMs, store.nowMs + 5 + 1_000);
  one.settle(body(700), { charged: first.charged, requestBytes: 200 });
  assert.deepEqual(
    (await other.standings(body(1), store.nowMs)).map(({ remaining }) => remaining),
    [800],
  );
  assert.ok((await other.decide(body(800), store.nowMs)).admitted);
  assert.equal((await one.decide(body(1), store.nowMs)).admitted, false);
  store.nowMs += 1_000;
  assert.ok((await one.decide(body(1_000), store.nowMs)).admitted);
});

test('a body past the whole quota is refused for good by the store too', { skip }, async () => {
  const [node] = await freshNodes(['a']);
  const decision = await node?.decide(body(1_001), store.nowMs);
  assert.ok(decision?.admitted === false && decision.uncounted !== true);
  assert.equal(decision.retryAtMs, Number.POSITIVE_INFINITY);
});

test('what was charged under an epoch that is over is given back to nothing', { skip }, async () => {
  const [node] = await freshNodes(['a']);
  const decision = await node?.decide(body(600), store.nowMs);
  assert.ok(node && decision?.admitted && decision.charged !== undefined);
  node.settle(body(600), { charged: { ...decision.charged, epoch: 'another:1' }, requestBytes: 0 });
  assert.deepEqual(
    (await node.standings(body(1), store.nowMs)).map(({ remaining }) => remaining),
    [400],
  );
});

test('a quota past what is remembered one by one is counted over nodes to the last call', { skip }, async () => {
  const nodes = await freshNodes(['a', 'b']);
  const many = [chargeTo(ruleWith({ name: 'many', quota: 4_200, windowMs: 10_000 }))];
  let admitted = 0;
  for (let turn = 0; turn < 43; turn += 1) {
    store.nowMs += 100;
    const decided = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => nodes[at % 2]?.decide(many, store.nowMs)),
    );
    admitted += decided.filter((decision) => decision?.admitted).length;
  }
  assert.equal(admitted, 4_200);
});

test('a quota that is moved across what is remembered one by one and back goes on with all that was charged', {
  skip,
}, async () => {
  const [node] = await freshNodes(['a']);
  assert.ok(node);
  const admittedBy = async (quota: number, calls: number): Promise<number> => {
    const charges = [chargeTo(ruleWith({ name: `moved-${domainCount}`, quota, windowMs: hourMs }))];
    let admitted = 0;
    for (let call = 0; call < calls; call += 1) if ((await node.decide(charges, store.nowMs)).admitted) admitted += 1;
    return admitted;
  };
  assert.equal(await admittedBy(5_000, 100), 100);
  store.nowMs += 60_000;
  assert.equal(await admittedBy(4, 3), 0);
  assert.equal(await admittedBy(104, 10), 4);
  store.nowMs += 60_000;
  assert.equal(await admittedBy(4_099, 1), 1);
  assert.equal(await admittedBy(4_096, 1), 1);
  assert.equal(await admittedBy(106, 2), 0);
});

test('a store that forgot is told of bytes under long windows, each part of a window once', { skip }, async () => {
  const daily = ruleWith({
    name: 'daily',
    unit: 'request-bytes',
    quota: 1_000,
    windowMs: 24 * hourMs,
    degraded: 'refuse',
  });
  const upload = (amount: number): readonly Charge[] => [{ ...chargeTo(daily), amount }];
  const [one, other] = await freshNodes(['a', 'b'], { longWindowMs: 10_000 });
  assert.ok(one && other);
  for (const node of [one, one, other]) assert.ok((await node.decide(upload(200), store.nowMs)).admitted);
  store.nowMs += hourMs;
  assert.ok((await one.decide(upload(100), store.nowMs)).admitted);
  await store.valkey().command('DEL', `headgate:1:{sums-${domainCount}}`);
  for (const node of [one, other, one, other]) await node.decide(upload(1_000), store.nowMs);
  let decision = await one.decide(upload(301), store.nowMs);
  while (!decision.admitted && decision.uncounted === true) {
    await breathe();
    decision = await one.decide(upload(301), store.nowMs);
  }
  assert.ok(!decision.admitted, 'seven hundred of before are known');
  assert.equal(decision.retryAtMs, store.nowMs + 23 * hourMs);
  assert.ok((await one.decide(upload(300), store.nowMs)).admitted);
});
