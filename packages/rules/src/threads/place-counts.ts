// How many places are taken per key, over threads: what each thread holds is counted beside the total, so that the places of a
// thread that died are given back, and the totals counted anew. It is only touched under a lock of its owner's.
import { dealKeyTable, type KeyTable } from './key-table.ts';
import { hashWords } from './keyed-hash.ts';
import type { MemoryParts } from './memory.ts';

/** Memory of places. */
export interface PlaceParts {
  readonly keys: KeyTable;
  /** Places taken, per slot. */
  readonly taken: Int32Array;
  /** Whose a slot is; 0 for the total of all threads. */
  readonly ownerOf: Int32Array;
}

/** Places as one thread counts them. Hashes are four words. */
export interface PlaceCounts {
  /** Whether so many keys more can have a place taken. */
  hasSpaceFor(keyCount: number): boolean;
  /** Places taken under a key by all threads, from its hash at `at`. */
  countOf(words: Int32Array, at: number): number;
  /** Takes places, or gives them back. */
  change(words: Int32Array, at: number, by: number): void;
  /** Keys with a place taken: of all threads, and of each. */
  readonly keyCount: number;
  /** Gives back all that a thread held that is gone, and says how many places that was. 0 for no thread counts the totals anew. */
  repair(goneOwner: number): number;
}

/** Deals out memory for so many places taken at once. */
export function dealPlaceCounts(parts: MemoryParts, placesMax: number): PlaceParts {
  const slotsMax = placesMax * 2; // One that is taken is in the total of its key and in its thread's own.
  return {
    keys: dealKeyTable(parts, slotsMax),
    taken: parts.words(slotsMax),
    ownerOf: parts.words(slotsMax),
  };
}

/** Tells a thread's own count from the total of the same key: odd, so that no two owners fall together. */
const ownerSpread = 0x9e37_79b1;

/** The places as one thread uses them. `owner` is a number above 0 that no other thread has or had. */
export function openPlaceCounts({ keys, taken, ownerOf }: PlaceParts, owner: number): PlaceCounts {
  const hash = new Int32Array(hashWords);
  const takenIn = (slot: number): number => (slot < 0 ? 0 : (taken[slot] ?? 0));

  function slotOf(words: Int32Array, at: number, whose: number): number {
    for (let each = 0; each < hashWords; each += 1) hash[each] = words[at + each] ?? 0;
    hash[3] = (hash[3] ?? 0) ^ Math.imul(whose, ownerSpread);
    return keys.find(hash, 0);
  }

  function changeOf(words: Int32Array, at: number, whose: number, by: number): void {
    const known = slotOf(words, at, whose);
    if (known < 0) {
      if (by <= 0) return;
      const slot = keys.free();
      taken[slot] = by;
      ownerOf[slot] = whose;
      keys.use(slot, hash, 0);
    } else {
      taken[known] = takenIn(known) + by;
      if (takenIn(known) <= 0) keys.remove(known);
    }
  }

  function eachUsed(see: (slot: number, whose: number) => void): void {
    for (let slot = 0; slot < keys.slotCount; slot += 1) if (keys.isUsed(slot)) see(slot, ownerOf[slot] ?? 0);
  }

  function addToTotal(slot: number, whose: number): void {
    const words = keys.hashes.slice(slot * hashWords, (slot + 1) * hashWords);
    words[3] = (words[3] ?? 0) ^ Math.imul(whose, ownerSpread);
    changeOf(words, 0, 0, takenIn(slot));
  }

  return {
    get keyCount() {
      return keys.keyCount;
    },
    hasSpaceFor: (keyCount) => keys.keyCount + keyCount * 2 <= keys.slotCount,
    countOf: (words, at) => takenIn(slotOf(words, at, 0)),
    change(words, at, by) {
      // Own before total, so that a thread that dies in between has its own taken off, and the total is counted anew.
      changeOf(words, at, owner, by);
      changeOf(words, at, 0, by);
    },
    repair(goneOwner) {
      let placeCount = 0;
      eachUsed((slot, whose) => {
        if (whose !== 0 && whose === goneOwner) placeCount += takenIn(slot);
      });
      keys.rebuild();
      eachUsed((slot, whose) => {
        if (whose === goneOwner || whose === 0) keys.remove(slot);
      });
      eachUsed((slot, whose) => {
        if (whose !== 0) addToTotal(slot, whose);
      });
      return placeCount;
    },
  };
}
