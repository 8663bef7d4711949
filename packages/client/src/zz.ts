import { test } from 'node:test';
import { startTestGateway } from '@headgate/testkit';
import { createSession, invoke, isClientProblem } from '@headgate/client';
import { startSimulator } from '@headgate/simulator';
test('x', async (t) => {
  const sim = await startSimulator({ host: '127.0.0.1', port: 0, seed: 'x', clock: Date.now });
  t.after(() => sim.close());
  const g: any = await (startTestGateway as any)(t, { upstreams: { legacy: { default: [sim.url] }, current: { default: [sim.url] } } }).catch((e: any) => { console.log(e); throw e; });
  console.log(Object.keys(g));
});
