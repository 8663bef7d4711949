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
  /** The library of the store. */
  readonly source: string;
  /** Begins the names of the files of its threads. */
  readonly file: string;
}

/** What it tells of itself. */
export type NodeWord =
  | { readonly kind: 'notice'; readonly notice: DomainNotice; readonly atMs: number }
  /** Every thread was admitted once. */
  | { readonly kind: 'counting' }
  | { readonly kind: 'ended' }
  /** Said of it, once it is gone. */
  | { readonly kind: 'killed' };

const tell = (word: NodeWord): void => void process.send?.(word);

if (process.send !== undefined) process.once('message', (orders: NodeOrders) => run(orders));

function run(orders: NodeOrders): void {
  const { address, node, nodes, threads, charges, callsPerSecond, timeoutMs, source, file } = orders;
  const link = openStoreLink(address, new Deadlines(monotonic), source);
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
  const workers = Array.from({ length: threads }, (_, thread) => {
    const { port1, port2 } = new MessageChannel();
    answerCounters(port1, counters, { defect: counters.defect, elapsed: monotonic });
    const workerData: ThreadOrders = {
      port: port2,
      charges,
      callsPerSecond: callsPerSecond / threads,
      file: `${file}-${thread}`,
    };
    return new Worker(new URL('./probe-thread.fixture.ts', import.meta.url), { workerData, transferList: [port2] });
  });
  const counting = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
  void Promise.all(counting).then(() => tell({ kind: 'counting' }));
  process.once('message', () => {
    const ended = workers.map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker.once('message', () => resolve());
          worker.postMessage('end');
        }),
    );
    void Promise.all(ended).then(async () => {
      await new Promise<void>((told) => process.send?.({ kind: 'ended' } satisfies NodeWord, () => told()));
      await Promise.all(workers.map((worker) => worker.terminate()));
      await counters.close();
      process.disconnect();
    });
  });
}
