import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { missing, type StoreToHurt, startStoreToHurt } from '@headgate/testkit';
import { nodeCount, undergo } from './store-ordeal.fixture.ts';

const limit = { quota: 5, windowMs: 500 };

async function startStore(t: TestContext): Promise<StoreToHurt> {
  const store = await startStoreToHurt(nodeCount);
  t.after(() => store.close());
  return store;
}

test('three nodes of four threads admit what is due and nothing else at a hundred times the quota, whatever befalls the store, its clock or a node', {
  skip: missing('valkey-server'),
}, async (t) => {
  const judged = await undergo(await startStore(t), {
    limit,
    degraded: 'refuse',
    warmUpMs: 0,
    workMs: 800,
    faultMs: 1_600,
    rounds: 1,
  });
  t.diagnostic(JSON.stringify(judged));
  assert.equal(judged.mostInAnyWindow, limit.quota);
  assert.equal(judged.deniedWrongly, 0);
  assert.ok(judged.epochsBegun >= 3, 'it was restarted, replaced, and its clock was set');
  // How much of it a busy machine uses is for the soak to say.
  assert.ok(judged.shareUsed > 0.5, `${judged.shareUsed} of the quota used`);
});
