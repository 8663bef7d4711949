import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { missing, startTcpProxy, startValkey } from '@headgate/testkit';
import { undergo } from './store-ordeal.fixture.ts';

const limit = { quota: 5, windowMs: 500 };

async function startStore(t: TestContext) {
  const valkey = await startValkey();
  const proxy = await startTcpProxy(valkey.port);
  t.after(async () => {
    await proxy.close();
    await valkey.close();
  });
  return { valkey, proxy };
}

test('three nodes of four threads admit what is due and nothing else at a hundred times the quota, whatever befalls the store', {
  skip: missing('valkey-server'),
}, async (t) => {
  const judged = await undergo(await startStore(t), {
    limit,
    degraded: 'refuse',
    workMs: 1_500,
    faultMs: 2_000,
    rounds: 1,
  });
  t.diagnostic(JSON.stringify(judged));
  assert.equal(judged.mostInAnyWindow, limit.quota);
  assert.equal(judged.deniedWrongly, 0);
  // How much of it a busy machine uses is for the soak to say.
  assert.ok(judged.shareUsed > 0.5, `${judged.shareUsed} of the quota used`);
});
