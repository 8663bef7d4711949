// Handshakes without end from one source, before a gateway with its default bounds: each costs a signature, and a bystander who
// opens new connections meanwhile waits for none of them. HEADGATE_STORM_S makes it shorter, HEADGATE_STORM_PARALLEL smaller.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bystanderMsMax, quantile, startBesiegedGateway, startBystander, watchMachine } from './besieged-gateway.ts';

const seconds = Number(process.env.HEADGATE_STORM_S ?? 60);
const parallel = Number(process.env.HEADGATE_STORM_PARALLEL ?? 400);

test(`${parallel} handshakes at once from one source for ${seconds} s keep no bystander waiting`, async (t) => {
  const gateway = await startBesiegedGateway();
  const words = [gateway.port, '127.0.0.3', parallel, seconds].map(String);
  const attacker = fork(fileURLToPath(new URL('handshake-attacker.ts', import.meta.url)), words);
  const machine = await watchMachine(gateway);
  const bystander = startBystander(gateway);
  const [answered] = (await once(attacker, 'message')) as [number];
  const { durationsMs, faults } = await bystander.stop();
  t.diagnostic(`attack: ${(answered / seconds).toFixed(0)} handshakes a second were begun and answered`);
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(durationsMs, share).toFixed(0));
  const worstMs = Math.max(...durationsMs);
  t.diagnostic(`bystander: ${durationsMs.length} calls, p50 ${p50} ms, p99 ${p99} ms, worst ${worstMs.toFixed(0)} ms`);
  t.diagnostic(machine.stop());
  const { shed, defects } = await gateway.stop();
  t.diagnostic(`shed: ${JSON.stringify(shed)}`);
  assert.ok(answered > seconds, 'hardly any handshake was begun');
  assert.deepEqual(faults, [], 'every call of the bystander is answered 200');
  assert.equal(defects, 0);
  assert.ok(worstMs < bystanderMsMax, `the worst call of the bystander took ${worstMs.toFixed(0)} ms`);
});
