import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { missing, startValkey, type Valkey } from '@headgate/testkit';
import { monotonic } from '../deadlines.ts';
import { chargeTo, countOf, openNode, openTimedLink, ruleWith, type TestNode, until } from './counters.fixture.ts';
import type { DomainOptions } from './domain-counters.ts';

const skip = missing('valkey-server');
const hourMs = 3_600_000;
const hourly = ruleWith({ name: 'hourly', quota: 2, windowMs: hourMs, degraded: 'refuse' });

async function startStore(t: TestContext): Promise<Valkey> {
  const valkey = await startValkey();
  t.after(() => valkey.close());
  return valkey;
}

/** A store and nodes whose time a test sets; both clocks go together unless the store's is set ahead. */
interface TimedNodes {
  readonly valkey: Valkey;
  readonly nodes: readonly TestNode[];
  readonly advanceMs: (ms: number) => void;
  readonly setStoreAheadMs: (ms: number) => void;
}

async function startTimed(
  t: TestContext,
  names: readonly string[],
  options: Partial<DomainOptions> = {},
): Promise<TimedNodes> {
  const valkey = await startStore(t);
  let nowMs = Date.UTC(2100, 0, 1);
  let aheadMs = 0;
  const link = openTimedLink(valkey.port, () => (nowMs + aheadMs) * 1_000);
  const shared = { link, elapsed: () => nowMs, leaseMs: 1_000_000_000, longWindowMs: 10_000, nodes: ['a', 'b'] };
  const nodes = names.map((node) => openNode(0, { ...shared, node, ...options }));
  t.after(() => Promise.all(nodes.map((node) => node.close())));
  for (const node of nodes) await node.decide([chargeTo(ruleWith({ name: 'first' }))]);
  nowMs += 2 * hourMs;
  const advanceMs = (ms: number): void => {
    nowMs += ms;
  };
  const setStoreAheadMs = (ms: number): void => {
    aheadMs = ms;
  };
  return { valkey, nodes, advanceMs, setStoreAheadMs };
}

// Together: they wait for the store, and not for the machine.
describe('a store that forgets, and nodes that remember', { concurrency: 6 }, () => {
  test('a store that forgot is told by every node what it admitted under long windows, and nothing is held for an hour', {
    skip,
  }, async (t) => {
    const { valkey, nodes } = await startTimed(t, ['a', 'b']);
    for (const node of nodes) assert.ok((await node.decide([chargeTo(hourly)])).admitted);
    await valkey.command('FLUSHALL');
    for (const node of nodes) await node.decide([chargeTo(hourly)]);
    for (const node of nodes) {
      const third = await node.counted([chargeTo(hourly)]);
      assert.ok(!third.admitted && third.uncounted !== true, 'the two of before are known');
      assert.ok((await node.counted([chargeTo(hourly, 'other')])).admitted, 'others are free at once');
    }
  });

  test('as long as one node has not told a store that forgot, a long window is held whole', { skip }, async (t) => {
    const { valkey, nodes, advanceMs } = await startTimed(t, ['a']);
    const [node] = nodes;
    assert.ok(node !== undefined);
    await valkey.command('FLUSHALL');
    const held = await node.decide([chargeTo(hourly)]);
    assert.ok(!held.admitted && held.uncounted === true);
    advanceMs(hourMs - 1);
    assert.equal((await node.decide([chargeTo(hourly)])).admitted, false);
    advanceMs(1);
    assert.ok((await node.decide([chargeTo(hourly)])).admitted);
  });

  test('no rule is held for longer than the operator said', { skip }, async (t) => {
    const { valkey, nodes, advanceMs } = await startTimed(t, ['a'], { holdOffMsMax: 60_000 });
    const [node] = nodes;
    assert.ok(node !== undefined);
    await valkey.command('FLUSHALL');
    const held = await node.decide([chargeTo(hourly)]);
    assert.ok(!held.admitted && held.uncounted === true);
    advanceMs(60_000);
    assert.ok((await node.decide([chargeTo(hourly)])).admitted);
  });

  test('a node that crashed while it was alone leaves its part of a long window kept, and one that crashed within its lease does not', {
    skip,
  }, async (t) => {
    const valkey = await startStore(t);
    let nowUs = Date.UTC(2100, 0, 1) * 1_000;
    const link = openTimedLink(valkey.port, () => nowUs);
    t.after(() => link.close());
    const hourUs = hourMs * 1_000;
    const state = 'headgate:1:{long}';
    const [, , epoch] = (await link.call('probe', [state], [''], 0)) as [number, number, string];
    const present = (node: string, boot: string, leaseUs: number, aliveUs: number) =>
      link.call('present', [state], [epoch, nowUs + 1, node, boot, leaseUs, aliveUs, aliveUs, 'a,b', 'a', 'b'], 0);
    /** How many more calls a rule of four over an hour would admit. */
    const room = async (): Promise<unknown> => {
      const bounds = [epoch, nowUs + 1, 10_000_000, 24 * hourUs, 2, 2, 'a', 'b'];
      const reply = await link.call('stand', [state, `${state}:log`], [...bounds, 4, hourUs, 4, 1], 0);
      return reply[4];
    };
    const leaseUs = 1_000_000;
    nowUs += 3 * hourUs;
    await present('b', 'b1', 10 * hourUs, 2 * hourUs);
    await present('a', 'a1', leaseUs, 2 * hourUs);
    assert.equal(await room(), 4);
    nowUs += leaseUs / 2;
    await present('a', 'a2', leaseUs, 0);
    assert.equal(await room(), 4);
    nowUs += leaseUs * 2;
    await present('a', 'a3', 10 * hourUs, 0);
    assert.equal(await room(), 2);
    nowUs += hourUs;
    assert.equal(await room(), 4);
  });

  for (const [way, stepMs] of [
    ['ahead', 700],
    ['back', -700],
  ] as const)
    test(`a clock of the store that is set ${way} admits nothing that is not due by any other clock`, {
      skip,
    }, async (t) => {
      const { nodes, advanceMs, setStoreAheadMs } = await startTimed(t, ['a']);
      const [node] = nodes;
      assert.ok(node !== undefined);
      const charges = [chargeTo(ruleWith({ name: 'step', quota: 1, windowMs: 1_000 }))];
      assert.ok((await node.decide(charges)).admitted);
      advanceMs(400);
      setStoreAheadMs(stepMs);
      for (let passedMs = 400; passedMs < 1_000; passedMs += 100) {
        // Another caller, too: what is known of the first is not asked again.
        for (const owner of ['a', `b${passedMs}`])
          assert.equal((await node.decide([chargeTo(ruleWith({ name: 'step', quota: 1 }), owner)])).admitted, false);
        advanceMs(100);
      }
      assert.equal(countOf(node, 'counters-began-anew'), 1);
      advanceMs(1_000);
      assert.ok((await node.counted(charges)).admitted);
    });

  test('a caller that goes on after its refusal asks the store nothing until it is due', { skip }, async (t) => {
    const valkey = await startStore(t);
    const node = openNode(valkey.port);
    t.after(() => node.close());
    const charges = [chargeTo(ruleWith({ name: 'due', quota: 1, windowMs: 2_000 }))];
    await node.counted(charges);
    const decisions = async () =>
      Number(/cmdstat_fcall:calls=(\d+)/.exec(await valkey.command('INFO', 'commandstats'))?.[1]);
    const before = await decisions();
    for (let call = 0; call < 10_000; call += 1) assert.equal((await node.decide(charges)).admitted, false);
    // The first of them, and what renews the lease meanwhile.
    assert.ok((await decisions()) - before < 20);
  });

  test('a caller that comes when it was told is admitted by a real store too', { skip }, async (t) => {
    const valkey = await startStore(t);
    const node = openNode(valkey.port);
    t.after(() => node.close());
    const charges = [chargeTo(ruleWith({ name: 'promise', quota: 1, windowMs: 100 }))];
    await node.counted(charges);
    for (let trial = 0; trial < 25; trial += 1) {
      const askedMs = Date.now();
      const refused = await node.counters.decide(charges, askedMs);
      // It may have become due between the answer before and this call.
      if (refused.admitted) continue;
      const dueMs = monotonic() + (refused.retryAtMs - askedMs);
      await until(() => monotonic() >= dueMs);
      assert.ok((await node.decide(charges)).admitted, `trial ${trial}`);
    }
  });

  test('a store that may drop counters to make room is not used', { skip }, async (t) => {
    const valkey = await startStore(t);
    await valkey.command('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    const node = openNode(valkey.port);
    t.after(() => node.close());
    const decision = await node.decide([chargeTo(hourly)]);
    assert.ok(!decision.admitted && decision.uncounted === true);
    assert.match(node.notices[0]?.sentence ?? '', /maxmemory-policy allkeys-lru/);
  });

  test('a node that stopped leaves its part to the others, and one that is just gone does not', { skip }, async (t) => {
    const valkey = await startStore(t);
    const options = { nodes: ['a', 'b'], leaseMs: 1_000 };
    const rule = ruleWith({ name: 'parts', quota: 4, windowMs: 200 });
    const staying = openNode(valkey.port, { ...options, node: 'a' });
    const leaving = openNode(valkey.port, { ...options, node: 'b' });
    t.after(() => staying.close());
    let owners = 0;
    /** How many calls of a new caller are admitted at once. */
    const room = async (): Promise<number> => {
      owners += 1;
      let admitted = 0;
      while ((await staying.decide([chargeTo(rule, `${owners}`)])).admitted) admitted += 1;
      return admitted;
    };
    await leaving.counted([chargeTo(rule)]);
    await until(async () => (await room()) === 4);
    await leaving.close();
    const leftMs = monotonic();
    await until(() => monotonic() > leftMs + 1_500);
    assert.equal(await room(), 4);
    // Another of its name that is cut off for longer than its lease.
    const gone = openNode(valkey.port, { ...options, node: 'b' });
    await gone.counted([chargeTo(rule)]);
    assert.equal(await room(), 4);
    gone.sever();
    await until(async () => (await room()) === 2);
  });

  test('nodes that do not agree who they are, or who are called the same, say so and admit nothing alone', {
    skip,
  }, async (t) => {
    const valkey = await startStore(t);
    const rule = ruleWith({ name: 'alone', quota: 6, windowMs: 100 });
    const nodes = [
      openNode(valkey.port, { node: 'a', nodes: ['a', 'b'] }),
      openNode(valkey.port, { node: 'b', nodes: ['a', 'b', 'c'] }),
      openNode(valkey.port, { node: 'c', nodes: ['c'], domain: 'other' }),
      openNode(valkey.port, { node: 'c', nodes: ['c'], domain: 'other' }),
    ];
    t.after(() => Promise.all(nodes.map((node) => node.close())));
    for (const node of nodes) await node.counted([chargeTo(rule)]);
    await until(() => nodes.every((node) => countOf(node, 'counters-nodes-differ') > 0));
    await valkey.kill();
    await until(() => nodes.every((node) => countOf(node, 'counters-away') > 0));
    const awayMs = monotonic();
    await until(async () => {
      for (const node of nodes) assert.equal((await node.decide([chargeTo(rule)])).admitted, false);
      return monotonic() > awayMs + 4_000;
    });
  });
});
