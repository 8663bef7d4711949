// One gateway of two threads that sends to control, in a process that is killed again and again under traffic.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrittenConfig } from '@headgate/gateway';
import { fakeClock, startTestGateway, type TestGateway } from '@headgate/testkit';
import { startCommand } from './child-process.ts';
import { startTraffic } from './traffic.ts';
import type { Life } from './truth.ts';

/** How many threads it has. */
export const threads = 2;
const callers = 8;
const node = 'ordeal';

/** A gateway that lives more than once. */
export interface GatewayLives {
  readonly kit: TestGateway;
  readonly lives: readonly Life[];
  /** Lives under traffic until so many calls were answered, and is killed in the midst of the next. `meanwhile` begins with the traffic. */
  liveAndBeKilled(calls: number, meanwhile?: () => Promise<void>): Promise<void>;
  /** Lives under traffic, has everything that control lacks sent, and stops in order. */
  liveAndStop(calls: number, untilSent: (answered: readonly string[]) => Promise<void>): Promise<void>;
}

/** A kit whose certificates control and gateway are given, with files for both in its folder. */
export async function startOrdealKit(): Promise<TestGateway> {
  // Processes read the system's clock, and so must the certificates.
  const kit = await startTestGateway({ policy: 'limits: []\n', clock: fakeClock(Date.now()) });
  const { authority, user } = kit;
  const chain = await authority.serverChain('current', ['control.test']);
  const texts = {
    'control.pem': chain.certificatePem,
    'control.key': chain.keyPem,
    'control-anchors.pem': authority.trustBundlePem('current', 'server').anchorsPem,
    'nodes-anchors.pem': authority.trustBundlePem('current', 'user').anchorsPem,
    'nodes-intermediates.pem': authority.trustBundlePem('current', 'user').intermediatesPem,
    'node.pem': user.certificatePem + authority.trustBundlePem('current', 'user').intermediatesPem,
    'node.key': user.keyPem,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(kit.folder, name), text, { mode: 0o600 });
  return kit;
}

/** Prepares its configuration. Control is at a port of this machine. */
export async function prepareLives(kit: TestGateway, controlPort: number): Promise<GatewayLives> {
  const file = join(kit.folder, 'ordeal.yaml');
  const config = {
    ...kit.config,
    node,
    threads,
    control: {
      url: `https://127.0.0.1:${controlPort}`,
      certificate: 'node.pem',
      key: 'node.key',
      trust: 'control-anchors.pem',
      serverName: 'control.test',
    },
    evidence: { folder: 'ordeal' },
  } satisfies WrittenConfig;
  await writeFile(file, JSON.stringify(config));
  const lives: Life[] = [];
  return {
    kit,
    lives,
    async liveAndBeKilled(calls, meanwhile) {
      const gateway = await startCommand(['gateway', '--config', file]);
      const traffic = startTraffic(kit, gateway.port('listener secure'), callers);
      await Promise.all([traffic.more(calls), meanwhile?.()]);
      await gateway.kill();
      await traffic.end();
      lives.push({ answered: traffic.answered, end: 'killed' });
    },
    async liveAndStop(calls, untilSent) {
      const gateway = await startCommand(['gateway', '--config', file]);
      const traffic = startTraffic(kit, gateway.port('listener secure'), callers);
      await traffic.more(calls);
      await traffic.end();
      await untilSent(traffic.answered);
      await gateway.stop();
      lives.push({ answered: traffic.answered, end: 'stopped' });
    },
  };
}
