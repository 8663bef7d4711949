// One thread as the main thread sees it: what it was asked, what it answered, and how it ended.
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { fromPlainFault, type ThreadOrders, type ThreadRequest, type ThreadSaying } from './messages.ts';

/** What a thread says of its own accord. */
export type Remark = Extract<ThreadSaying, { kind: 'notice' | 'record' | 'shed' | 'candidate' }>;

/** What a thread says once it serves. */
export type Ready = Extract<ThreadSaying, { kind: 'ready' }>;

/** A thread that was started. */
export interface RunningThread {
  readonly orders: ThreadOrders;
  /** Resolves once it serves; rejects when it cannot, with the system's error for a taken port. */
  readonly ready: Promise<Ready>;
  /** Resolves when it is gone, with what ended it. */
  readonly ended: Promise<{ readonly defect: string }>;
  /**
   * Resolves when it has done so, with the number of the snapshot that its exchanges begin under; and also when it is gone, with
   * null, since nothing is left to be done then. Rejects with its fault.
   */
  ask(request: ThreadRequest): Promise<number | null>;
  /** Ends it at once; nothing it holds is waited for. */
  end(): Promise<void>;
}

/** Makes the worker of a thread. */
export type CreateWorker = (orders: ThreadOrders) => Worker;

/** Bytes in a mebibyte. */
const mebibyte = 1_048_576;

/**
 * Memory for what is young (12 MiB: two halves of 4, and 4 for large objects). A body of 1 MB comes in 64 buffers that lie outside
 * of the heap; where what is young has room for hundreds of calls, they pile up until the whole heap must be marked to be rid of
 * them, which doubles the CPU time of such a call.
 */
const youngMebibytes = 12;

/** A worker with the heap of a process of its own: past it this thread ends, and no other. */
export const createThreadWorker: CreateWorker = (orders) =>
  new Worker(new URL('./thread.ts', import.meta.url), {
    name: `headgate ${orders.thread}`,
    workerData: orders,
    transferList: [orders.counters, orders.candidateCounters].filter((port) => port !== null),
    resourceLimits: {
      maxYoungGenerationSizeMb: youngMebibytes,
      maxOldGenerationSizeMb: Math.floor(getHeapStatistics().heap_size_limit / mebibyte),
    },
  });

/** Starts a thread. */
export function startThread(
  orders: ThreadOrders,
  hear: (remark: Remark) => void,
  createWorker: CreateWorker,
): RunningThread {
  const worker = createWorker(orders);
  const ready = Promise.withResolvers<Ready>();
  const ended = Promise.withResolvers<{ readonly defect: string }>();
  const asked = new Map<number, PromiseWithResolvers<number | null>>();
  let askedCount = 0;
  let defect = 'it ended without a word';
  let isGone = false;
  ready.promise.catch(() => undefined); // Whoever waits for it hears of it; one that died later is told by `ended`.

  worker.on('message', (saying: ThreadSaying) => {
    switch (saying.kind) {
      case 'ready':
        ready.resolve(saying);
        return;
      case 'failed':
        defect = saying.fault.message;
        ready.reject(fromPlainFault(saying.fault));
        return;
      case 'done':
        if (saying.fault === null) asked.get(saying.id)?.resolve(saying.snapshot);
        else asked.get(saying.id)?.reject(fromPlainFault(saying.fault));
        asked.delete(saying.id);
        return;
      default:
        hear(saying);
    }
  });
  worker.on('error', (thrown) => {
    defect = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  });
  worker.on('exit', (code) => {
    isGone = true;
    ready.reject(new Error(`thread ${orders.thread} ended before it served: ${defect}`));
    for (const { resolve } of asked.values()) resolve(null);
    ended.resolve({ defect: code === 0 || code === 1 ? defect : `${defect} (exit code ${code})` });
  });
  return {
    orders,
    ready: ready.promise,
    ended: ended.promise,
    ask(request) {
      if (isGone) return Promise.resolve(null);
      askedCount += 1;
      const answer = Promise.withResolvers<number | null>();
      asked.set(askedCount, answer);
      worker.postMessage({ ...request, id: askedCount });
      return answer.promise;
    },
    async end() {
      await worker.terminate();
    },
  };
}
