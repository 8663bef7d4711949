// A thread that serves until a test tells it how to die.
import { BroadcastChannel, workerData } from 'node:worker_threads';
import type { ThreadOrders } from './messages.ts';

/** A death: of which thread, and how. */
export interface Death {
  readonly thread: number;
  readonly how: 'throw' | 'fill the heap';
}

/** Where deaths are told. */
export const deathsChannel = 'headgate-deaths';

if (workerData !== null) awaitDeath((workerData as ThreadOrders).thread);

function awaitDeath(thread: number): void {
  const deaths = new BroadcastChannel(deathsChannel);
  deaths.unref();
  deaths.onmessage = ({ data }) => {
    const death = data as Death;
    if (death.thread !== thread) return;
    if (death.how === 'throw') throw new Error('a defect outside any connection');
    const held: number[][] = [];
    for (;;) held.push(Array.from({ length: 100_000 }, (_, at) => at + held.length));
  };
  void import('./thread.ts');
}
