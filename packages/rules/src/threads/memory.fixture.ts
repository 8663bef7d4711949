// A memory for the tests of this folder.
import { createThreadMemory, type ThreadMemory, type ThreadMemoryOptions } from './thread-memory.ts';

/** A memory with a seed of its own, with little space unless said otherwise. */
export function memoryWith(bounds: Partial<ThreadMemoryOptions> = {}): ThreadMemory {
  const seed = crypto.getRandomValues(new Int32Array(4));
  return createThreadMemory(seed, {
    keysMax: 1_000,
    instantsMax: 40_000,
    connectionsMax: 100,
    bucketKeysMax: 64,
    heldMax: 64,
    rulesMax: 30,
    refusedSetsMax: 8,
    ...bounds,
  });
}
