// Places over threads (`places.ts`), each decision under one lock.
import type { Places } from '../places.ts';
import { createKeyHashes } from './keyed-hash.ts';
import { createThreadLock } from './lock.ts';
import type { MemoryParts } from './memory.ts';
import { dealPlaceCounts, openPlaceCounts, type PlaceParts } from './place-counts.ts';

/** Memory of places. */
export interface PlacesParts {
  readonly lock: Int32Array;
  readonly counts: PlaceParts;
}

/** Places that threads share. */
export interface ThreadPlaces extends Places {
  /**
   * To be called once a thread is gone: gives back its places, and says how many they were. Null, and nothing done, while
   * another thread holds the lock, which may be gone too: to be called again when that is known.
   */
  repairAfter(goneOwner: number): number | null;
}

/** Deals out memory for so many places taken at once. */
export function dealPlaces(parts: MemoryParts, placesMax: number): PlacesParts {
  return { lock: parts.words(1), counts: dealPlaceCounts(parts, placesMax) };
}

/** The places as one thread uses them. `owner` is a number above 0 that no other thread has or had. */
export function openPlaces(parts: PlacesParts, seed: Int32Array, owner: number): ThreadPlaces {
  const lock = createThreadLock(parts.lock, owner);
  const counts = openPlaceCounts(parts.counts, owner);
  const hashes = createKeyHashes(seed);
  return {
    enter(places) {
      hashes.makeSpaceFor(places.length);
      lock.take();
      try {
        if (!counts.hasSpaceFor(places.length)) return false;
        for (const { key, max } of places) if (counts.countOf(hashes.words, hashes.of(key)) >= max) return false;
        for (const { key } of places) counts.change(hashes.words, hashes.of(key), 1);
        return true;
      } finally {
        lock.give();
      }
    },
    leave(places) {
      hashes.makeSpaceFor(places.length);
      lock.take();
      try {
        for (const { key } of places) counts.change(hashes.words, hashes.of(key), -1);
      } finally {
        lock.give();
      }
    },
    repairAfter(goneOwner) {
      if (!lock.takeFrom(goneOwner) && !lock.takeSoon()) return null;
      const placeCount = counts.repair(goneOwner);
      lock.give();
      return placeCount;
    },
  };
}
