// Limits that several gateways count together, over their sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock, missing, startTestGateway, startValkey, type TestGateway } from '@headgate/testkit';

const quota = 20;
const windowMs = 3_000;
const policy = `limits:
  - name: together
    layer: global
    where: {}
    key: [source]
    unit: requests
    quota: ${quota}
    windowMs: ${windowMs}
    algorithm: exact-sliding-window
    refusal: { text: Please retry your request after <n> seconds }
    evidence: assumed
    source: test
`;
const twoNodes = ['one', 'two'];

function countersAt(port: number) {
  return { valkey: { endpoints: [{ host: '127.0.0.1', port }], nodes: twoNodes, timeoutMs: 2_000 } };
}

test('while nobody can be asked, a caller is told that limits cannot be counted, and not that it exceeded one', async (t) => {
  // Nothing listens at port 1.
  const gateway = await startTestGateway({ policy, node: 'one', counters: countersAt(1) });
  t.after(() => gateway.close());
  const answer = await gateway.call();
  assert.equal(answer.fields['retry-after'], '1');
  const record = await gateway.recordOf(answer);
  assert.equal(record.response?.refusal, 'admission.uncounted');
  assert.equal(gateway.upstream.received.length, 0);
  assert.ok(gateway.notices.some(({ kind }) => kind === 'counters-away'));
});

test('a policy whose rules one call may meet in two domains is not taken where gateways share counters', async () => {
  const other = policy.replace('limits:\n', '').replace('name: together', 'name: apart\n    domain: other');
  await assert.rejects(
    startTestGateway({ policy: `${policy}${other}`, node: 'one', counters: countersAt(1) }),
    /together and apart, which one call may meet, in different domains/,
  );
});

test('two gateways of two threads each admit one quota together', { skip: missing('valkey-server') }, async (t) => {
  const valkey = await startValkey();
  t.after(() => valkey.close());
  const start = (node: string): Promise<TestGateway> =>
    startTestGateway({ policy, node, threads: 2, counters: countersAt(valkey.port), clock: fakeClock(Date.now()) });
  const gateways = await Promise.all(twoNodes.map(start));
  t.after(() => Promise.all(gateways.map((gateway) => gateway.close())));
  // An empty store admits nothing for one window.
  const [first, second] = gateways;
  assert.ok(first !== undefined && second !== undefined);
  while ((await first.call()).status !== 200);
  const calls = Array.from({ length: 4 * quota }, (_, call) => (call % 2 === 0 ? first : second).call());
  const admitted = (await Promise.all(calls)).filter(({ status }) => status === 200).length;
  // The first call may have left the window by the end of the others.
  assert.ok(admitted === quota - 1 || admitted === quota, `${admitted} admitted`);
});
