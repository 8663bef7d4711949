// The spool thread as the main thread sees it. One that dies is replaced, and the next goes on with the rings as they are.
import { Worker } from 'node:worker_threads';
import type { ControlAddress } from '../control-tls.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import { createRing } from '../record-ring.ts';
import type { SpoolOrders, SpoolRequest, SpoolSaying } from './messages.ts';
import type { SpoolRing } from './spool.ts';

/** Pause before a spool thread that died again is replaced, doubled with each death, and at most, in milliseconds. */
const firstWaitMs = 100;
const waitMsMax = 30_000;

/** One that lived this long begins anew, in milliseconds. */
const steadyMs = 60_000;

/** Memory for what a spool thread holds of its own, in mebibytes. */
const heapMebibytes = 256;

/** Evidence that control does not have yet. */
export interface SpoolLag {
  readonly records: number;
  /** How long the oldest of them waits, in seconds. */
  readonly seconds: number;
}

/** Makes the worker of the spool. */
export type CreateSpoolWorker = (orders: SpoolOrders) => Worker;

/** What a spool is started with. */
export interface RunningSpoolOptions extends Omit<SpoolOrders, 'rings'> {
  /** Memory of each ring, in bytes. */
  readonly ringBytes: number;
  readonly notice: (notice: GatewayNotice) => void;
  /** Default: the spool's own. Tests keep hold of it. */
  readonly createWorker?: CreateSpoolWorker;
}

/** A spool thread that is kept alive. */
export interface RunningSpool {
  readonly file: string;
  /** A ring for a thread that is about to start. */
  ring(boot: string, thread: number): SharedArrayBuffer;
  /** The thread that wrote to this ring is no more. */
  ended(ring: SharedArrayBuffer): void;
  /** Control is elsewhere, or is shown other certificates. */
  renewControl(control: ControlAddress | null): void;
  /** A second late at most; null without control. */
  lag(nowMs: number): SpoolLag | null;
  /** Keeps what the rings hold; nothing may be written to them any more. Rejects where the disk does not take it. */
  close(): Promise<void>;
}

const createOwnWorker: CreateSpoolWorker = (orders) =>
  new Worker(new URL('./spool-thread.ts', import.meta.url), {
    name: 'headgate spool',
    workerData: orders,
    resourceLimits: { maxOldGenerationSizeMb: heapMebibytes },
  });

/** Starts it; resolves once it takes rings. Rejects where its file cannot be used. */
export async function startSpool(options: RunningSpoolOptions): Promise<RunningSpool> {
  const { ringBytes, notice, createWorker = createOwnWorker, ...orders } = options;
  const rings = new Set<SpoolRing & { ended: boolean }>();
  const ready = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  closed.promise.catch(() => undefined); // Whoever closes hears of it.
  let { control, gaps } = orders;
  let unsent: { readonly records: number; readonly sinceMs: number | null } = { records: 0, sinceMs: null };
  let worker: Worker | null = null;
  let isClosing = false;
  let hasServed = false;
  let deaths = 0;

  const tell = (request: SpoolRequest): void => worker?.postMessage(request);
  const sit = (): void => {
    const startedMs = performance.now();
    let defect = 'it ended without a word';
    let isOver = false;
    const seated = createWorker({ ...orders, control, gaps, rings: [...rings] });
    worker = seated;
    seated.on('message', (saying: SpoolSaying) => {
      switch (saying.kind) {
        case 'ready':
          if (hasServed) notice({ kind: 'spool-replaced' });
          hasServed = true;
          gaps = []; // They are told.
          ready.resolve();
          if (isClosing) tell({ kind: 'close' });
          return;
        case 'failed':
          defect = saying.why;
          return;
        case 'notice':
          notice(saying.notice);
          return;
        case 'drained':
          for (const ring of rings) if (ring.boot === saying.boot && ring.thread === saying.thread) rings.delete(ring);
          return;
        case 'unsent':
          unsent = saying;
          return;
        case 'closed':
          isOver = true;
      }
    });
    seated.on('error', (thrown) => {
      defect = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    });
    seated.on('exit', () => {
      worker = null;
      if (isOver) closed.resolve();
      else if (!hasServed) ready.reject(new Error(defect));
      else if (isClosing) closed.reject(new Error(`evidence may be lost: ${defect}`));
      else replace(defect, performance.now() - startedMs);
    });
  };
  const replace = (defect: string, livedMs: number): void => {
    deaths = livedMs > steadyMs ? 1 : deaths + 1;
    const replacedInMs = deaths === 1 ? 0 : Math.min(waitMsMax, firstWaitMs * 2 ** (deaths - 2));
    notice({ kind: 'spool-ended', defect, replacedInMs });
    setTimeout(() => {
      if (worker === null) sit();
    }, replacedInMs);
  };
  sit();
  await ready.promise;

  return {
    file: orders.file,
    ring(boot, thread) {
      const ring = createRing(ringBytes);
      rings.add({ boot, thread, ring, ended: false });
      tell({ kind: 'attach', boot, thread, ring });
      return ring;
    },
    ended(ring) {
      for (const each of rings) {
        if (each.ring !== ring) continue;
        each.ended = true;
        tell({ kind: 'ended', boot: each.boot, thread: each.thread });
      }
    },
    renewControl(next) {
      control = next;
      tell({ kind: 'control', control });
    },
    lag(nowMs) {
      if (control === null) return null;
      const { records, sinceMs } = unsent;
      return { records, seconds: sinceMs === null ? 0 : Math.max(0, Math.round((nowMs - sinceMs) / 1_000)) };
    },
    close() {
      if (!isClosing) {
        isClosing = true;
        if (worker === null)
          sit(); // It died a moment ago; what the rings hold is still to be kept.
        else tell({ kind: 'close' });
      }
      return closed.promise;
    },
  };
}
