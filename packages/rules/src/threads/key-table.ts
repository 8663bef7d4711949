// Keys in shared memory: each has a slot of its own, found by the 128 bits of its hash. What is in use stands in the slots
// alone; index and free slots are made anew from them when a thread died half way.
import type { MemoryParts } from './memory.ts';

/** A table of keys. Slots are numbered from 0; the caller keeps what belongs to a key in arrays of its own. */
export interface KeyTable {
  readonly keyCount: number;
  readonly slotCount: number;
  /** The slot of a hash, or -1. The hash is four words from `at`. */
  find(hash: Int32Array, at: number): number;
  /** As `find`, where the slot was `lastSlot` when the key was found before: mostly it still is. */
  findAgain(hash: Int32Array, lastSlot: number): number;
  /** A free slot that nothing finds before `use`; -1 if there is none. */
  free(): number;
  /** From now on the hash has this slot. What belongs to the key must be complete: a thread may die right here. */
  use(slot: number, hash: Int32Array, at: number): void;
  /** Gives a slot back. */
  remove(slot: number): void;
  isUsed(slot: number): boolean;
  /** The hashes of all slots, four words each. */
  readonly hashes: Int32Array;
  /** Makes index and free slots anew. */
  rebuild(): void;
}

/** Deals out a table of so many keys at most. */
export function dealKeyTable(parts: MemoryParts, keysMax: number): KeyTable {
  // At most half full, so that a search ends after a look or two.
  const indexSize = 2 ** Math.ceil(Math.log2(keysMax * 2));
  const mask = indexSize - 1;
  const used = parts.words(keysMax);
  const hashes = parts.words(keysMax * 4);
  /** Slot + 1 at the first free place at or after its hash; 0 is a free place. */
  const index = parts.words(indexSize);
  /** For a slot that was given back: the one given back before it, + 1. */
  const freeBefore = parts.words(keysMax);
  const counts = parts.words(3);
  const [keys, everUsed, lastFree] = [0, 1, 2];
  const word = (of: Int32Array, at: number): number => of[at] ?? 0;

  function placeFor(slot: number): void {
    let place = word(hashes, slot * 4) & mask;
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = slot + 1;
  }

  /** Closes the hole that a removed key leaves, so that a search may end at the first free place. */
  function leavePlace(slot: number): void {
    let hole = word(hashes, slot * 4) & mask;
    while (index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; index[place] !== 0; place = (place + 1) & mask) {
      const home = word(hashes, (word(index, place) - 1) * 4) & mask;
      // It may move to the hole only if that does not come before its home.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      index[hole] = word(index, place);
      hole = place;
    }
    index[hole] = 0;
  }

  function isOf(slot: number, hash: Int32Array, at: number): boolean {
    const from = slot * 4;
    return (
      hashes[from] === hash[at] &&
      hashes[from + 1] === hash[at + 1] &&
      hashes[from + 2] === hash[at + 2] &&
      hashes[from + 3] === hash[at + 3]
    );
  }

  function find(hash: Int32Array, at: number): number {
    for (let place = word(hash, at) & mask; ; place = (place + 1) & mask) {
      const slot = word(index, place) - 1;
      if (slot < 0 || isOf(slot, hash, at)) return slot;
    }
  }

  return {
    get keyCount() {
      return word(counts, keys);
    },
    slotCount: keysMax,
    hashes,
    find,
    findAgain(hash, lastSlot) {
      return lastSlot >= 0 && used[lastSlot] === 1 && isOf(lastSlot, hash, 0) ? lastSlot : find(hash, 0);
    },
    free() {
      const given = word(counts, lastFree) - 1;
      if (given >= 0) return given;
      const fresh = word(counts, everUsed);
      return fresh < keysMax ? fresh : -1;
    },
    use(slot, hash, at) {
      if (slot === word(counts, lastFree) - 1) counts[lastFree] = word(freeBefore, slot);
      else counts[everUsed] = slot + 1;
      for (let each = 0; each < 4; each += 1) hashes[slot * 4 + each] = word(hash, at + each);
      used[slot] = 1;
      placeFor(slot);
      counts[keys] = word(counts, keys) + 1;
    },
    remove(slot) {
      used[slot] = 0;
      leavePlace(slot);
      freeBefore[slot] = word(counts, lastFree);
      counts[lastFree] = slot + 1;
      counts[keys] = word(counts, keys) - 1;
    },
    isUsed: (slot) => used[slot] === 1,
    rebuild() {
      index.fill(0);
      counts.fill(0);
      const end = used.lastIndexOf(1) + 1;
      counts[everUsed] = end;
      for (let slot = 0; slot < end; slot += 1) {
        if (used[slot] === 1) {
          placeFor(slot);
          counts[keys] = word(counts, keys) + 1;
        } else {
          freeBefore[slot] = word(counts, lastFree);
          counts[lastFree] = slot + 1;
        }
      }
    },
  };
}
