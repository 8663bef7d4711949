// Counters for tests: with little space, since each has a memory of its own.
import { type Counters, type CountersOptions, createCounters as createAny } from './counters.ts';

/** Empty counters, with little space unless said otherwise. */
export function createCounters(options: CountersOptions = {}): Counters {
  return createAny({ keysMax: 100, instantsMax: 400, bucketKeysMax: 4, heldMax: 16, rulesMax: 8, ...options });
}
