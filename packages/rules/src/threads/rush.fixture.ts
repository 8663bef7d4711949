// A thread of the tests that calls without pause until it is ended, at whatever step that may be.
import { workerData } from 'node:worker_threads';
import { chargeTo, ruleWith } from '../testdata.ts';
import { openThreadMemory, type ThreadMemory } from './thread-memory.ts';

/** What such a thread is given. */
export interface RushOrders {
  readonly memory: ThreadMemory;
  readonly owner: number;
  /** The next ticket, and how many threads have begun. Tickets of one key follow each other, and time goes by tickets. */
  readonly tickets: Int32Array;
  /** Calls admitted, by key. */
  readonly admitted: Int32Array;
}

/** Each key is called so often; of it, and of each pair of keys, so many calls are admitted. */
export const ticketsPerKey = 16;
export const single = ruleWith({ name: 'single', quota: 4, windowMs: 1_000 });
export const pair = ruleWith({ name: 'pair', quota: 6, windowMs: 1_000, counts: 'attempts' });

/** Tickets in a millisecond of the clock that goes by them. */
const ticketsPerMs = 160;

/** One place under a key that all threads share. */
export const place = { key: 'place', max: 4 };

/** Set by the thread that starts the rush; absent where only the constants are imported. */
const orders = workerData as RushOrders | null;
if (orders !== null && 'tickets' in orders) rush(orders);

function rush({ memory, owner, tickets, admitted }: RushOrders): void {
  const { counters, connections } = openThreadMemory(memory, owner);
  Atomics.add(tickets, 1, 1);
  Atomics.notify(tickets, 1);
  for (;;) {
    const ticket = Atomics.add(tickets, 0, 1);
    const key = Math.floor(ticket / ticketsPerKey);
    if (key >= admitted.length) return;
    const entered = connections.enter([place]);
    const charges = [chargeTo(single, String(key)), chargeTo(pair, String(key >> 1))];
    const decision = counters.decide(charges, Math.floor(ticket / ticketsPerMs));
    // A thread that was kept waiting for half a window may rightly be admitted to a key whose calls are over.
    const isLate = Atomics.load(tickets, 0) - ticket > (single.windowMs / 2) * ticketsPerMs;
    if (decision.admitted && !isLate) Atomics.add(admitted, key, 1);
    if (entered) connections.leave([place]);
  }
}
