import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestGateway } from '@headgate/testkit';

test('a call with an accepted certificate reaches the system and comes back', async (t) => {
  const gateway = await startTestGateway();
  t.after(() => gateway.close());
  const answer = await gateway.call();
  console.log(answer, JSON.stringify(await gateway.recordOf(answer), null, 1));
  assert.equal(answer.status, 200);
  console.log(gateway.upstream.received[0]?.rawFields);
});
