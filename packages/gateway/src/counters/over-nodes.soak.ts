// The long form of over-nodes.test.ts: minutes, both kinds of rules. HEADGATE_SOAK_ROUNDS: default 5, two minutes each.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { missing, type StoreToHurt, startStoreToHurt } from '@headgate/testkit';
import { nodeCount, undergo } from './store-ordeal.fixture.ts';

const limit = { quota: 10, windowMs: 1_000 };
const rounds = Number(process.env.HEADGATE_SOAK_ROUNDS ?? '5');
const skip = missing('valkey-server');

async function startStore(t: TestContext): Promise<StoreToHurt> {
  const store = await startStoreToHurt(nodeCount);
  t.after(() => store.close());
  return store;
}

test('over many faults no window holds more than the quota, no call is refused that was due, and 99 % is used', {
  skip,
}, async (t) => {
  const judged = await undergo(await startStore(t), {
    limit,
    degraded: 'refuse',
    warmUpMs: 15_000,
    workMs: 10_000,
    faultMs: 4_000,
    rounds,
  });
  t.diagnostic(JSON.stringify(judged));
  assert.equal(judged.mostInAnyWindow, limit.quota);
  assert.equal(judged.deniedWrongly, 0);
  assert.ok(judged.epochsBegun >= 3 * rounds, 'it was restarted, replaced, and its clock was set');
  assert.ok(judged.shareUsed >= 0.99, `${judged.shareUsed} of the quota used`);
});

test('nodes that go on with their parts while the store is away admit no more than the quota either', {
  skip,
}, async (t) => {
  // Longer than a lease and a window, so that every fault is one that they go through alone.
  const judged = await undergo(await startStore(t), {
    limit: { ...limit, quota: 12 },
    degraded: 'divide',
    warmUpMs: 0,
    workMs: 5_000,
    faultMs: 8_000,
    rounds,
  });
  t.diagnostic(JSON.stringify(judged));
  assert.ok(judged.mostInAnyWindow <= 12);
});
