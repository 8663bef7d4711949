// Places over threads (`places.ts`). What each thread holds is counted beside the total, so that the places of a thread that
// died are given back: the totals are then counted anew.
import type { Place, Places } from '../places.ts';
import { dealKeyTable, type KeyTable } from './key-table.ts';
import { createKeyHashes, hashWords } from './keyed-hash.ts';
import { createThreadLock } from './lock.ts';
import type { MemoryParts } from './memory.ts';

/** Memory of places. */
export interface PlacesParts {
  readonly lock: Int32Array;
  readonly keys: KeyTable;
  /** Places taken, per slot. */
  readonly taken: Int32Array;
  /** Whose a slot is; 0 for the total of all threads. */
  readonly ownerOf: Int32Array;
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
  const slotsMax = placesMax * 2; // One that is taken is in the total of its key and in its thread's own.
  return {
    lock: parts.words(1),
    keys: dealKeyTable(parts, slotsMax),
    taken: parts.words(slotsMax),
    ownerOf: parts.words(slotsMax),
  };
}

/** Tells a thread's own count from the total of the same key: odd, so that no two owners fall together. */
const ownerSpread = 0x9e37_79b1;

/** The places as one thread uses them. `owner` is a number above 0 that no other thread has or had. */
export function openPlaces(parts: PlacesParts, seed: Int32Array, owner: number): ThreadPlaces {
  const { keys, taken, ownerOf } = parts;
  const lock = createThreadLock(parts.lock, owner);
  const hashes = createKeyHashes(seed);
  const hash = new Int32Array(hashWords);
  const countOf = (slot: number): number => (slot < 0 ? 0 : (taken[slot] ?? 0));

  function slotOf(words: Int32Array, at: number, whose: number): number {
    for (let each = 0; each < hashWords; each += 1) hash[each] = words[at + each] ?? 0;
    hash[3] = (hash[3] ?? 0) ^ Math.imul(whose, ownerSpread);
    return keys.find(hash, 0);
  }

  function change(words: Int32Array, at: number, whose: number, by: number): void {
    const known = slotOf(words, at, whose);
    if (known < 0) {
      if (by <= 0) return;
      const slot = keys.free();
      taken[slot] = by;
      ownerOf[slot] = whose;
      keys.use(slot, hash, 0);
    } else {
      taken[known] = countOf(known) + by;
      if (taken[known] === 0) keys.remove(known);
    }
  }

  /** Own before total, so that a thread that dies in between has its own taken off, and the total is counted anew. */
  function changeAll(places: readonly Place[], by: number): void {
    for (const { key } of places) {
      const at = hashes.of(key);
      change(hashes.words, at, owner, by);
      change(hashes.words, at, 0, by);
    }
  }

  function eachUsed(see: (slot: number, whose: number) => void): void {
    for (let slot = 0; slot < keys.slotCount; slot += 1) if (keys.isUsed(slot)) see(slot, ownerOf[slot] ?? 0);
  }

  function repair(goneOwner: number): number {
    let placeCount = 0;
    eachUsed((slot, whose) => {
      if (whose === goneOwner) placeCount += countOf(slot);
    });
    keys.rebuild();
    eachUsed((slot, whose) => {
      if (whose === goneOwner || whose === 0) keys.remove(slot);
    });
    eachUsed((slot, whose) => {
      if (whose !== 0) addToTotal(slot, whose);
    });
    return placeCount;
  }

  function addToTotal(slot: number, whose: number): void {
    const words = keys.hashes.slice(slot * hashWords, (slot + 1) * hashWords);
    words[3] = (words[3] ?? 0) ^ Math.imul(whose, ownerSpread);
    change(words, 0, 0, countOf(slot));
  }

  return {
    enter(places) {
      hashes.makeSpaceFor(places.length);
      lock.take();
      try {
        if (keys.keyCount + places.length * 2 > keys.slotCount) return false;
        for (const { key, max } of places) {
          if (countOf(slotOf(hashes.words, hashes.of(key), 0)) >= max) return false;
        }
        changeAll(places, 1);
        return true;
      } finally {
        lock.give();
      }
    },
    leave(places) {
      hashes.makeSpaceFor(places.length);
      lock.take();
      try {
        changeAll(places, -1);
      } finally {
        lock.give();
      }
    },
    repairAfter(goneOwner) {
      if (!lock.takeFrom(goneOwner) && !lock.takeSoon()) return null;
      const placeCount = repair(goneOwner);
      lock.give();
      return placeCount;
    },
  };
}
