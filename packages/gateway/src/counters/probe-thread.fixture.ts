// One thread of a probed node: calls for every source in turn, at a steady pace far above the quota, and notes what became of each.
import { openSync, writeSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Charge } from '@headgate/contract';
import { createPortCounters } from './port-counters.ts';

/** What such a thread is given. */
export interface ThreadOrders {
  readonly port: MessagePort;
  /** One list for each source. */
  readonly charges: readonly (readonly Charge[])[];
  readonly callsPerSecond: number;
  /** What it saw is written there at each tick, so that it outlives a thread that is killed. Null for nowhere. */
  readonly file: string | null;
}

/** Numbers noted of a call: source, sent, got, and an outcome. */
export const numbersPerCall = 4;

/** Outcomes by number. */
export const outcomes = ['admitted', 'refused', 'uncounted'] as const;

/** Calls that wait for an answer at once. */
const openMax = 500;

/** Milliseconds of the machine's monotonic clock, which all processes share. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

if (parentPort !== null) run(workerData as ThreadOrders);

function run({ port, charges, callsPerSecond, file }: ThreadOrders): void {
  const written = file === null ? null : openSync(file, 'w');
  const counters = createPortCounters(port, { elapsed: machineMs, repeated: () => undefined });
  let seen: number[] = [];
  const write = (): void => {
    if (written !== null && seen.length > 0) writeSync(written, Float64Array.from(seen));
    seen = [];
  };
  const startMs = machineMs();
  let sentCount = 0;
  let openCount = 0;
  let isCounting = false;
  const call = async (source: number): Promise<void> => {
    const sentMs = machineMs();
    openCount += 1;
    const decision = await counters.decide(charges[source] ?? [], Date.now());
    openCount -= 1;
    if (!isCounting && decision.admitted) {
      isCounting = true;
      parentPort?.postMessage('counting');
    }
    seen.push(source, sentMs, machineMs(), decision.admitted ? 0 : decision.uncounted === true ? 2 : 1);
  };
  const timer = setInterval(() => {
    write();
    const dueCount = Math.floor(((machineMs() - startMs) * callsPerSecond) / 1_000);
    // What a stall held up is left out, so that it is no burst afterwards.
    if (dueCount - sentCount > openMax) sentCount = dueCount - openMax;
    for (; sentCount < dueCount && openCount < openMax; sentCount += 1) void call(sentCount % charges.length);
  }, 1);
  parentPort?.once('message', () => {
    clearInterval(timer);
    write();
    parentPort?.postMessage('ended');
  });
}
