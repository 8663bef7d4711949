import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Charge } from '@headgate/contract';
import { missing, startTcpProxy, startValkey, startValkeyCluster } from '@headgate/testkit';
import { monotonic } from '../deadlines.ts';
import {
  breathe,
  chargeTo,
  countOf,
  openNode,
  openTimedLink,
  ruleWith,
  type TestNode,
  until,
} from './counters.fixture.ts';
import { mostInAnyWindow, type ProbedLimit, type Seen } from './probe.fixture.ts';

const skip = missing('valkey-server');
const limit = { quota: 5, windowMs: 300 };
const refusing = [chargeTo(ruleWith({ ...limit, name: 'refusing', degraded: 'refuse' }))];
/** Longer than a restart takes. */
const long = { quota: 5, windowMs: 2_000 };
const patient = [chargeTo(ruleWith({ ...long, name: 'patient', degraded: 'refuse' }))];
const dividing = [chargeTo(ruleWith({ ...limit, name: 'dividing', quota: 6 }))];

/** Calls at several nodes as fast as one thread can, while a test does something to the store. */
async function underLoad(
  nodes: readonly TestNode[],
  charges: readonly Charge[],
  during: () => Promise<void>,
): Promise<Seen[]> {
  const calls: Seen[] = [];
  let isOver = false;
  const loads = nodes.map(async (node) => {
    while (!isOver) {
      const sentMs = monotonic();
      const decision = await node.decide(charges);
      const outcome = decision.admitted ? 'admitted' : decision.uncounted === true ? 'uncounted' : 'refused';
      calls.push({ sentMs, gotMs: monotonic(), outcome });
      await breathe();
    }
  });
  await during();
  isOver = true;
  await Promise.all(loads);
  return calls;
}

/** Load over a time in which the store is hurt once and heals; then until every node has counted again for some windows. */
async function throughFault(
  nodes: readonly TestNode[],
  charges: readonly Charge[],
  hurt: () => Promise<void>,
): Promise<Seen[]> {
  await Promise.all(nodes.map((node) => node.counted(charges)));
  return underLoad(nodes, charges, async () => {
    await hurt();
    for (const node of nodes) await node.counted(charges);
    const healedMs = monotonic();
    await until(() => monotonic() > healedMs + 3 * limit.windowMs);
  });
}

async function startPair(t: TestContext, ports: readonly number[], nodes = ['a', 'b']): Promise<TestNode[]> {
  const pair = ports.map((port, at) => openNode(port, { node: nodes[at] ?? '', nodes }));
  t.after(() => Promise.all(pair.map((node) => node.close())));
  return pair;
}

/** No window holds more than the quota, the fault was felt, and it is over. */
function assertWithin(calls: readonly Seen[], probed: ProbedLimit): void {
  const most = mostInAnyWindow(calls, probed);
  assert.ok(most <= probed.quota, `${most} in one window`);
  assert.ok(calls.some(({ outcome }) => outcome === 'uncounted') && calls.at(-1)?.outcome !== 'uncounted');
}

// Together: they wait for the store, and not for the machine.
describe('a store that is hurt', { concurrency: 4 }, () => {
  test('two nodes admit one quota together, and not one call more', { skip }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    const pair = await startPair(t, [valkey.port, valkey.port]);
    await Promise.all(pair.map((node) => node.counted(refusing)));
    const fromMs = monotonic();
    const calls = await underLoad(pair, refusing, () => until(() => monotonic() > fromMs + 5 * limit.windowMs));
    assert.equal(mostInAnyWindow(calls, limit), limit.quota);
  });

  test('a store that is killed and comes back empty admits no more than the quota in any window', {
    skip,
  }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    const pair = await startPair(t, [valkey.port, valkey.port]);
    const calls = await throughFault(pair, patient, async () => {
      await valkey.kill();
      await valkey.startAgain();
      await until(() => pair.every((node) => countOf(node, 'counters-began-anew') > 0));
    });
    assertWithin(calls, long);
  });

  test('a store that was restarted so fast that no call failed is known to be another', { skip }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    const [node] = await startPair(t, [valkey.port], ['a']);
    assert.ok(node !== undefined);
    await node.counted(refusing);
    await valkey.kill();
    await valkey.startAgain();
    const decision = await node.counted(refusing);
    assert.ok(decision.admitted);
    assert.equal(countOf(node, 'counters-began-anew'), 1);
  });

  test('what reached a store that was stopped and goes on is not counted late, and costs no room', {
    skip,
  }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    const node = openNode(valkey.port, { timeoutMs: 200 });
    t.after(() => node.close());
    const once = [chargeTo(ruleWith({ name: 'once', quota: 1, windowMs: 100, degraded: 'refuse' }))];
    await node.counted(once);
    const logs = async () => (await valkey.command('KEYS', '*once*')).split('\n').filter((name) => name !== '');
    await until(async () => (await logs()).length === 0);
    valkey.pause();
    const sentMs = monotonic();
    const decision = await node.decide(once);
    assert.equal(decision.admitted, false);
    await until(() => monotonic() > sentMs + 300);
    assert.equal(countOf(node, 'counters-away'), 1);
    valkey.resume();
    await until(() => countOf(node, 'counters-back') === 1);
    assert.deepEqual(await logs(), []);
  });

  test('a store that is stopped for longer than a lease and goes on admits no more than the quota', {
    skip,
  }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    const options = { nodes: ['a', 'b'], timeoutMs: 200 };
    const pair = ['a', 'b'].map((node) => openNode(valkey.port, { ...options, node }));
    t.after(() => Promise.all(pair.map((node) => node.close())));
    const parts: number[] = [];
    const calls = await throughFault(pair, dividing, async () => {
      valkey.pause();
      // Each admits its part while nobody can be asked: three of six.
      await until(async () => {
        const decision = await pair[0]?.decide(dividing);
        if (decision?.admitted === true) parts.push(monotonic());
        return parts.length > 3;
      });
      valkey.resume();
      await until(() => pair.every((node) => countOf(node, 'counters-back') > 0));
    });
    assertWithin(calls, { ...limit, quota: 6 });
  });

  test('of a node that is cut off the others keep its part free, and it admits that and no more', {
    skip,
  }, async (t) => {
    const valkey = await startValkey();
    const proxy = await startTcpProxy(valkey.port);
    t.after(async () => {
      await proxy.close();
      await valkey.close();
    });
    const options = { nodes: ['a', 'b'], timeoutMs: 200 };
    const cutOff = openNode(proxy.port, { ...options, node: 'a' });
    const other = openNode(valkey.port, { ...options, node: 'b', timeoutMs: 5_000 });
    t.after(() => Promise.all([cutOff.close(), other.close()]));
    let [alone, together] = [0, 0];
    const calls = await throughFault([cutOff, other], dividing, async () => {
      proxy.cut();
      await until(() => countOf(cutOff, 'counters-away') > 0);
      await until(async () => {
        if ((await cutOff.decide(dividing)).admitted) alone += 1;
        if ((await other.decide(dividing)).admitted) together += 1;
        return alone > 6 && together > 6;
      });
      proxy.mend();
      await until(() => countOf(cutOff, 'counters-back') > 0);
    });
    assert.equal(countOf(other, 'counters-away'), 0);
    assertWithin(calls, { ...limit, quota: 6 });
  });

  test('a replica that is promoted although it is behind admits no more than the quota', { skip }, async (t) => {
    const primary = await startValkey();
    const replica = await startValkey(['--replicaof', `127.0.0.1 ${primary.port}`]);
    const proxy = await startTcpProxy(primary.port);
    t.after(async () => {
      await proxy.close();
      await Promise.all([primary.close(), replica.close()]);
    });
    await until(async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'));
    const pair = await startPair(t, [proxy.port, proxy.port]);
    const calls = await throughFault(pair, refusing, async () => {
      // It hears nothing of what is admitted from here on.
      replica.pause();
      await Promise.all(pair.map((node) => node.counted(refusing)));
      await primary.kill();
      replica.resume();
      await replica.command('REPLICAOF', 'NO', 'ONE');
      proxy.moveTo(replica.port);
      await until(() => pair.every((node) => countOf(node, 'counters-began-anew') > 0));
    });
    assertWithin(calls, limit);
  });

  test('a cluster whose primary is killed goes on with its replica, and admits no more than the quota', {
    skip,
  }, async (t) => {
    const cluster = await startValkeyCluster(3, 1);
    t.after(() => cluster.close());
    const endpoints = cluster.members.slice(0, 3).map(({ host, port }) => ({ host, port }));
    const pair = ['a', 'b'].map((node) => openNode({ endpoints, cluster: true }, { node, nodes: ['a', 'b'] }));
    t.after(() => Promise.all(pair.map((node) => node.close())));
    const calls = await throughFault(pair, refusing, async () => {
      const primary = await cluster.primaryOf('headgate:1:{test}');
      await primary.kill();
      await until(() => pair.every((node) => countOf(node, 'counters-began-anew') > 0));
    });
    assertWithin(calls, limit);
  });

  test('a primary that is stopped until its replica took over, and then goes on, admits nothing beside it', {
    skip,
  }, async (t) => {
    const cluster = await startValkeyCluster(3, 1);
    t.after(() => cluster.close());
    const endpoints = cluster.members.map(({ host, port }) => ({ host, port }));
    const options = { nodes: ['a', 'b'], timeoutMs: 300 };
    const pair = ['a', 'b'].map((node) => openNode({ endpoints, cluster: true }, { ...options, node }));
    t.after(() => Promise.all(pair.map((node) => node.close())));
    const calls = await throughFault(pair, refusing, async () => {
      const primary = await cluster.primaryOf('headgate:1:{test}');
      primary.pause();
      await until(() => pair.some((node) => countOf(node, 'counters-began-anew') > 0));
      primary.resume();
      await until(() => pair.every((node) => countOf(node, 'counters-began-anew') > 0));
    });
    assertWithin(calls, limit);
  });

  test('calls whose rules are all in shadow are admitted also while the store is not trusted', { skip }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    let nowMs = Date.now();
    const node = openNode(valkey.port, { link: openTimedLink(valkey.port, () => nowMs * 1_000), elapsed: () => nowMs });
    t.after(() => node.close());
    const shadowed = [chargeTo(ruleWith({ ...limit, name: 'shadowed', mode: 'shadow' }))];
    assert.ok((await node.decide(shadowed)).admitted);
    // Silent for longer than a lease.
    nowMs += 10_000;
    assert.ok((await node.decide(shadowed)).admitted);
    const enforced = await node.decide(refusing);
    assert.ok(!enforced.admitted && enforced.uncounted === true, 'an enforced rule is not counted yet');
  });

  test('a node that is alone divides the quota that holds now, not the one of before a reload', { skip }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    let skippedMs = 0;
    const node = openNode(valkey.port, { nodes: ['a', 'b'], elapsed: () => monotonic() + skippedMs });
    t.after(() => node.close());
    await node.counted(dividing);
    node.sever();
    await until(async () => (await node.decide(dividing)).admitted === false);
    const admittedOf = async (charges: readonly Charge[]): Promise<number> => {
      skippedMs += 100_000;
      let count = 0;
      while (count < 100 && (await node.decide(charges)).admitted) count += 1;
      return count;
    };
    const withQuota = (quota: number) => [chargeTo(ruleWith({ windowMs: 50_000, name: 'dividing', quota }))];
    assert.equal(await admittedOf(withQuota(60)), 30);
    assert.equal(await admittedOf(withQuota(6)), 3);
    assert.equal(await admittedOf(withQuota(20)), 10);
  });

  test('of a node that is alone callers are told what is left of its part, and not what the store said last', {
    skip,
  }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    let skippedMs = 0;
    const node = openNode(valkey.port, { nodes: ['a', 'b'], elapsed: () => monotonic() + skippedMs });
    t.after(() => node.close());
    const charges = [chargeTo(ruleWith({ name: 'told', quota: 21, windowMs: 50 }))];
    const left = () => charges[0]?.standing?.remaining;
    await node.counted(charges);
    assert.equal(left(), 10, 'the part of the other, who never came, is kept free');
    node.sever();
    await until(async () => (await node.decide(charges)).admitted === false);
    assert.equal(left(), 0, 'nothing, while nobody counts');
    skippedMs += 100_000;
    assert.ok((await node.decide(charges)).admitted);
    assert.equal(left(), 9);
  });

  test('a node that is alone admits nothing before its lease and then a whole window are over', { skip }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    let nowMs = Date.now();
    const link = openTimedLink(valkey.port, () => nowMs * 1_000);
    const node = openNode(valkey.port, {
      link,
      elapsed: () => nowMs,
      nodes: ['a', 'b'],
      timeoutMs: 100,
      leaseMs: 1_000,
    });
    t.after(() => node.close());
    const charges = [chargeTo(ruleWith({ name: 'slow', quota: 4, windowMs: 60_000 }))];
    const first = await node.decide(charges);
    assert.equal(first.admitted, false);
    node.sever();
    await until(() => countOf(node, 'counters-away') > 0 || node.decide(charges).then(() => false));
    // The lease has ended, and what was admitted within it may count for a window still.
    nowMs += 5_000;
    assert.equal((await node.decide(charges)).admitted, false);
    nowMs += 54_000;
    assert.equal((await node.decide(charges)).admitted, false);
    nowMs += 10_000;
    assert.ok((await node.decide(charges)).admitted);
  });

  test('of more rules than a word has bits each refuses by its own name', { skip }, async (t) => {
    const valkey = await startValkey();
    t.after(() => valkey.close());
    const node = openNode(valkey.port);
    t.after(() => node.close());
    const named = (number: number, quota: number) => chargeTo(ruleWith({ name: `r${number}`, quota, windowMs: 1_000 }));
    const charges = Array.from({ length: 70 }, (_, number) => named(number, number === 60 || number === 40 ? 1 : 100));
    while (!(await node.counted(charges)).admitted) await breathe();
    const refused = await node.decide(charges);
    assert.ok(!refused.admitted);
    assert.deepEqual(
      refused.refusals.map(({ rule }) => rule),
      ['r40', 'r60'],
    );
  });
});
