// The one memory that the threads of a gateway share: limit counters, places, and the number of the snapshot in force.
import { type CountersOptions, toCounterBounds } from '../counters.ts';
import { hashWords } from './keyed-hash.ts';
import { bytesOf, type MemoryParts, partsOf } from './memory.ts';
import { type CounterBounds, dealCounters, openCounters, type ThreadCounters } from './thread-counters.ts';
import { dealPlaces, openPlaces, type ThreadPlaces } from './thread-places.ts';
import { dealRecentRefusals, openRecentRefusals, type ThreadRecentRefusals } from './thread-recent-refusals.ts';

/** Bounds of a shared memory; those of the counters as in `createCounters`. */
export interface ThreadMemoryOptions extends CountersOptions {
  /** Most connections open at once, over all listeners. */
  readonly connectionsMax: number;
  /** Sets of refused calls that are remembered, 5 KiB each. Default 1,024. */
  readonly refusedSetsMax?: number;
}

type MemoryBounds = CounterBounds & Required<Pick<ThreadMemoryOptions, 'connectionsMax' | 'refusedSetsMax'>>;

/** A shared memory, made by one thread and handed to all. Plain, so that a message can carry it. */
export interface ThreadMemory {
  readonly memory: SharedArrayBuffer;
  /** Random words: no caller can foresee which keys fall together. */
  readonly seed: Int32Array;
  readonly bounds: MemoryBounds;
}

/** What the threads share, as one of them uses it. */
export interface ThreadState {
  readonly counters: ThreadCounters;
  /** Of a candidate policy in shadow, which never shares a key or a page with those that refuse. */
  readonly candidateCounters: ThreadCounters;
  /** Two places a connection: one of its listener, one of its source. */
  readonly connections: ThreadPlaces;
  readonly waitingBodies: ThreadPlaces;
  readonly tunnels: ThreadPlaces;
  readonly recentRefusals: ThreadRecentRefusals;
  /** One word: the number of the snapshot in force. */
  readonly inForce: Int32Array;
  /**
   * To be called once a thread is gone: puts right what it left, and says how many places of connections it held. Null
   * when it is to be called again, a little later: another thread that died has to be put right first.
   */
  repairAfter(goneOwner: number): number | null;
}

/** Makes a memory. `seed` is four random words. Pages are used only as they fill. Throws RangeError for a bound below 1. */
export function createThreadMemory(seed: Int32Array, options: ThreadMemoryOptions): ThreadMemory {
  const { connectionsMax, refusedSetsMax = 1_024 } = options;
  if (!(connectionsMax >= 1)) throw new RangeError(`connectionsMax must be at least 1, not ${connectionsMax}`);
  const bounds = { ...toCounterBounds(options), connectionsMax, refusedSetsMax };
  if (seed.length !== hashWords) throw new RangeError(`a seed has ${hashWords} words, not ${seed.length}`);
  return { memory: new SharedArrayBuffer(bytesOf((parts) => dealState(parts, bounds))), seed, bounds };
}

/** Opens a memory for one thread. `owner` is a number above 0 that no other thread has or had. */
export function openThreadMemory({ memory, seed, bounds }: ThreadMemory, owner: number): ThreadState {
  const parts = dealState(partsOf(memory), bounds);
  const counters = openCounters(parts.counters, seed, owner);
  const candidateCounters = openCounters(parts.candidateCounters, seed, owner);
  const connections = openPlaces(parts.connections, seed, owner);
  const openPlacesOf = new Map<number, number>();
  const waitingBodies = openPlaces(parts.waitingBodies, seed, owner);
  const tunnels = openPlaces(parts.tunnels, seed, owner);
  const recentRefusals = openRecentRefusals(parts.recentRefusals, seed, owner);
  return {
    counters,
    candidateCounters,
    connections,
    waitingBodies,
    tunnels,
    recentRefusals,
    inForce: parts.inForce,
    repairAfter(goneOwner) {
      recentRefusals.repairAfter(goneOwner);
      const isJudged = candidateCounters.repairAfter(goneOwner);
      const isCounted = counters.repairAfter(goneOwner) && isJudged;
      // All at each try: of one that is put right nothing is left to do.
      const waiting = waitingBodies.repairAfter(goneOwner);
      const joined = tunnels.repairAfter(goneOwner);
      const open = connections.repairAfter(goneOwner);
      if (open !== null) openPlacesOf.set(goneOwner, (openPlacesOf.get(goneOwner) ?? 0) + open);
      if (!isCounted || waiting === null || joined === null || open === null) return null;
      const placeCount = openPlacesOf.get(goneOwner) ?? 0;
      openPlacesOf.delete(goneOwner);
      return placeCount;
    },
  };
}

function dealState(parts: MemoryParts, bounds: MemoryBounds) {
  return {
    inForce: parts.words(1),
    counters: dealCounters(parts, bounds),
    candidateCounters: dealCounters(parts, bounds),
    connections: dealPlaces(parts, bounds.connectionsMax * 2),
    waitingBodies: dealPlaces(parts, bounds.connectionsMax),
    tunnels: dealPlaces(parts, bounds.connectionsMax),
    recentRefusals: dealRecentRefusals(parts, bounds.refusedSetsMax),
  };
}
