// Gateway and control under traffic, killed at moments that a seed chooses; in the end the ledger is held against what callers know.
import { seededRandom } from '@headgate/testkit';
import { startControlLives } from './control-lives.ts';
import { prepareLives, startOrdealKit, threads } from './gateway-lives.ts';
import { type Comparison, compare } from './truth.ts';

/** How hard it is. */
export interface OrdealOptions {
  readonly seed: number;
  readonly gatewayKills: number;
  /** Calls that are answered in each life of the gateway, at least and at most. */
  readonly calls: readonly [least: number, most: number];
}

/** Runs it: in each life of the gateway but the last, control is killed too. Rejects where the ledger is not the truth. */
export async function runOrdeal({ seed, gatewayKills, calls: [least, most] }: OrdealOptions): Promise<Comparison> {
  const random = seededRandom(seed);
  const count = () => least + Math.floor(random() * (most - least));
  const kit = await startOrdealKit();
  const control = await startControlLives(kit, 'ordeal');
  try {
    const gateway = await prepareLives(kit, control.port);
    for (let kill = 0; kill < gatewayKills; kill += 1)
      await gateway.liveAndBeKilled(count(), () => control.killAndStart());
    await gateway.liveAndStop(least, (answered) => control.has(answered));
    return compare(await control.kept(), gateway.lives, threads);
  } finally {
    await control.stop();
    await kit.close();
  }
}
