// A thread of the tests that calls in phases: within a phase the clock stands still, and all threads call at once.
import { workerData } from 'node:worker_threads';
import type { Charge } from '@headgate/contract';
import { openThreadMemory, type ThreadMemory } from './thread-memory.ts';

/** What such a thread is given. */
export interface PhaseOrders {
  readonly memory: ThreadMemory;
  readonly owner: number;
  /** Charges of each kind of call; in each phase every kind is called `rounds` times. */
  readonly calls: readonly (readonly Charge[])[];
  readonly rounds: number;
  /** The instant of the phase, its number (-1 ends the thread), and how many threads are through with it. */
  readonly phase: Int32Array;
  /** How far the clock of this thread is behind, in milliseconds. */
  readonly behindMs: number;
  /** Calls admitted in the phase, by kind. */
  readonly admitted: Int32Array;
}

const { memory, owner, calls, rounds, phase, behindMs, admitted } = workerData as PhaseOrders;
const { counters } = openThreadMemory(memory, owner);
for (let last = 0; ; ) {
  Atomics.wait(phase, 1, last);
  last = Atomics.load(phase, 1);
  if (last === -1) break;
  const nowMs = Math.max(0, Atomics.load(phase, 0) - behindMs);
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, charges] of calls.entries()) {
      if (counters.decide(charges, nowMs).admitted) Atomics.add(admitted, kind, 1);
    }
  }
  Atomics.add(phase, 2, 1);
  Atomics.notify(phase, 2);
}
