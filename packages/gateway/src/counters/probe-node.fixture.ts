// One probed node in a process of its own: counters that it shares with others, and threads that ask them.
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Charge } from '@headgate/contract';
import { Deadlines, monotonic } from '../deadlines.ts';
import type { DomainNotice } from './domain-counters.ts';
import { answerCounters } from './port-counters.ts';
import { machineMs, type ThreadOrders } from './probe-thread.fixture.ts';
import { createSharedCounters } from './shared-counters.ts';
import { openStoreLink, type StoreAddress } from './store-link.ts';

/** What a node is told to do, as the first message of its parent; any other ends it. */
export interface NodeOrders {
  readonly address: StoreAddress;
  readonly node: string;
  readonly nodes: readonly string[];
  readonly threads: number;
  readonly charges: readonly (readonly Charge[])[];
  readonly callsPerSecond: number;
  readonly timeoutMs: number;
}

/** What it tells of itself. */
export type NodeWord =
  | { readonly kind: 'notice'; readonly notice: DomainNotice; readonly atMs: number }
  /** Every thread was admitted once. */
  | { readonly kind: 'counting' }
  | { readonly kind: 'seen'; readonly calls: readonly Float64Array[] };

const tell = (word: NodeWord): void => void process.send?.(word);

if (process.send !== undefined) process.once('message', (orders: NodeOrders) => run(orders));

function run({ address, node, nodes, threads, charges, callsPerSecond, timeoutMs }: NodeOrders): void {
  const link = openStoreLink(address, new Deadlines(monotonic));
  const counters = createSharedCounters({
    link,
    closeLink: () => link.close(),
    decided: () => undefined,
    node,
    nodes,
    timeoutMs,
    leaseMs: 3_000,
    longWindowMs: 10_000,
    holdOffMsMax: 86_400_000,
    rememberedMax: 100_000,
    elapsed: monotonic,
    notice: (notice) => tell({ kind: 'notice', notice, atMs: machineMs() }),
  });
  const workers = Array.from({ length: threads }, () => {
    const { port1, port2 } = new MessageChannel();
    answerCounters(port1, counters, counters.defect);
    const workerData: ThreadOrders = { port: port2, charges, callsPerSecond: callsPerSecond / threads };
    return new Worker(new URL('./probe-thread.fixture.ts', import.meta.url), { workerData, transferList: [port2] });
  });
  const counting = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
  void Promise.all(counting).then(() => tell({ kind: 'counting' }));
  process.once('message', () => {
    const calls = workers.map(
      (worker) =>
        new Promise<Float64Array>((resolve) => {
          worker.once('message', resolve);
          worker.postMessage('end');
        }),
    );
    void Promise.all(calls).then(async (all) => {
      await new Promise<void>((told) => process.send?.({ kind: 'seen', calls: all } satisfies NodeWord, () => told()));
      await Promise.all(workers.map((worker) => worker.terminate()));
      await counters.close();
      process.disconnect();
    });
  });
}
