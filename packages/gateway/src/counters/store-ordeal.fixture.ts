// What is done to nodes and their store while they are overloaded: each fault once.
import type { StoreToHurt } from '@headgate/testkit';
import { breathe } from './counters.fixture.ts';
import type { ProbedLimit } from './probe.fixture.ts';
import { aheadKey, type Judgement, type Probe, startProbe } from './probe-nodes.fixture.ts';
import { machineMs } from './probe-thread.fixture.ts';

/** How long nodes work unharmed between faults, and how long a fault lasts. */
export interface Ordeal {
  readonly limit: ProbedLimit;
  readonly degraded: 'divide' | 'refuse';
  readonly warmUpMs: number;
  readonly workMs: number;
  readonly faultMs: number;
  readonly rounds: number;
}

/** Nodes that are probed. */
export const nodeCount = 3;

/**
 * Three nodes of four threads each, twenty sources, a hundred times the quota: the store is killed, stopped, replaced by its replica and
 * its clock set, a node is cut off and another killed.
 */
export async function undergo(store: StoreToHurt, ordeal: Ordeal): Promise<Judgement> {
  const { limit, degraded, workMs, rounds } = ordeal;
  const addresses = store.ports.map((port) => ({ endpoints: [{ host: '127.0.0.1', port }], cluster: false }));
  let probe: Probe | null = null;
  try {
    probe = await startProbe({ addresses, threads: 4, sourceCount: 20, limit, overload: 100, degraded });
    await probe.warmUp(ordeal.warmUpMs);
    for (let round = 0; round < rounds; round += 1)
      for (const hurt of faultsOf(store, probe, ordeal, round)) {
        await probe.work(workMs);
        await probe.fault(hurt);
      }
    await probe.work(workMs);
    return await probe.judge();
  } finally {
    await probe?.close();
  }
}

function faultsOf(
  store: StoreToHurt,
  probe: Probe,
  { faultMs }: Ordeal,
  round: number,
): readonly (() => Promise<void>)[] {
  return [
    async () => {
      await store.restart();
      await passed(faultMs / 4);
    },
    async () => {
      store.pause();
      await passed(faultMs);
      store.resume();
      await passed(faultMs / 4);
    },
    async () => {
      store.cut(0);
      await passed(faultMs);
      store.mend(0);
      await passed(faultMs / 4);
    },
    () => store.failOver(),
    () => probe.restartNode(1),
    async () => {
      // Ahead in one round, back in the next; by more than a window either way.
      await store.command('SET', aheadKey, round % 2 === 0 ? '5000000' : '0');
      await passed(faultMs / 2);
    },
  ];
}

async function passed(ms: number): Promise<void> {
  const untilMs = machineMs() + ms;
  while (machineMs() < untilMs) await breathe();
}
