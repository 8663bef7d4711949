// Allowances that are summed by parts of their window (buckets): for quotas too large to remember each event, and for bytes. What
// was charged within one part leaves the window together with the last of it, so that room may come back late by the length of a
// part, and never early. Each key takes the same space.
import { bucketMs, type LimitRule, windowBuckets } from '@headgate/contract';
import { type AllowanceTable, type ChargedAt, looksPerTurn } from './allowance-table.ts';
import { dealDueQueue } from './due-queue.ts';
import { dealKeyTable } from './key-table.ts';
import type { MemoryParts } from './memory.ts';

/** Sums that are kept of a key: as many as can lie within one window, and room for one more. A power of two. */
const sumsPerKey = 128;
const sumMask = sumsPerKey - 1;

/** A table whose charges can be taken back in part. */
export interface BucketAllowances extends AllowanceTable {
  /** Takes back what was charged too much at `chargedMs`, or a little earlier. What has left its window stays as it is. */
  refund(hash: Int32Array, rule: LimitRule, amount: number, chargedMs: number): void;
}

/** Deals out a table of so many keys. */
export function dealBucketAllowances(parts: MemoryParts, keysMax: number): BucketAllowances {
  if (windowBuckets + 2 > sumsPerKey) throw new RangeError('a key has too few sums for the parts of a window');
  const keys = dealKeyTable(parts, keysMax);
  const queue = dealDueQueue(parts, keysMax);
  const expiresAtMs = parts.numbers(keysMax);
  /** The last instant of each sum, and the sum. A sum has the place of its number, by `sumMask`. */
  const lastMs = parts.numbers(keysMax * sumsPerKey);
  const sums = parts.numbers(keysMax * sumsPerKey);
  /** Number of the oldest sum, and of the one behind the newest. One word each, so that a change of either is whole. */
  const first = parts.words(keysMax);
  const behind = parts.words(keysMax);
  const totals = parts.numbers(keysMax);
  const word = (of: Int32Array, at: number): number => of[at] ?? 0;
  const number = (of: Float64Array, at: number): number => of[at] ?? 0;
  const placeOf = (slot: number, sumNumber: number): number => slot * sumsPerKey + (sumNumber & sumMask);
  const isEmpty = (slot: number): boolean => word(first, slot) === word(behind, slot);

  function forget(slot: number): void {
    queue.removeFirst();
    keys.remove(slot);
  }

  function lookAtFirst(atMs: number): 'forgotten' | 'kept' | 'none' {
    if (queue.firstDueMs() > atMs) return 'none';
    const slot = queue.first();
    if (slot < 0) return 'none';
    const expires = number(expiresAtMs, slot);
    if (expires > atMs) {
      queue.postponeFirst(expires);
      return 'kept';
    }
    forget(slot);
    return 'forgotten';
  }

  function hasSpaceFor(keyCount: number, atMs: number): boolean {
    while (keys.keyCount + keyCount > keysMax) if (lookAtFirst(atMs) === 'none') return false;
    return true;
  }

  /** Forgets the sums whose window is over. */
  function trim(slot: number, windowMs: number, atMs: number): void {
    while (!isEmpty(slot)) {
      const place = placeOf(slot, word(first, slot));
      if (number(lastMs, place) + windowMs > atMs) return;
      first[slot] = word(first, slot) + 1;
      totals[slot] = number(totals, slot) - number(sums, place);
    }
    totals[slot] = 0;
  }

  function charge(slot: number, rule: LimitRule, amount: number, atMs: number): void {
    expiresAtMs[slot] = atMs + rule.windowMs;
    if (amount === 0) return; // Else a call without a body would keep what was charged before it.
    const widthMs = bucketMs(rule.windowMs);
    const newest = placeOf(slot, word(behind, slot) - 1);
    const isSamePart = !isEmpty(slot) && Math.floor(number(lastMs, newest) / widthMs) === Math.floor(atMs / widthMs);
    // Full only where a rule's window was made longer while its events were counted by the shorter one.
    if (isSamePart || ((word(behind, slot) - word(first, slot)) | 0) >= sumsPerKey) {
      sums[newest] = number(sums, newest) + amount;
      lastMs[newest] = atMs;
    } else {
      const place = placeOf(slot, word(behind, slot));
      sums[place] = amount;
      lastMs[place] = atMs;
      behind[slot] = word(behind, slot) + 1;
    }
    totals[slot] = number(totals, slot) + amount;
  }

  return {
    get keyCount() {
      return keys.keyCount;
    },
    slotCount: 0,
    turnTo(atMs) {
      for (let looks = 0; looks < looksPerTurn; looks += 1) if (lookAtFirst(atMs) === 'none') break;
    },
    find: (hash) => keys.find(hash, 0),
    hold(hash, atMs, lastSlot) {
      const slot = keys.findAgain(hash, lastSlot);
      if (slot >= 0 && number(expiresAtMs, slot) <= atMs) expiresAtMs[slot] = atMs + 1;
      return slot;
    },
    hasSpaceFor,
    roomAtMs(slot, rule, amount, atMs) {
      if (amount > rule.quota) return Number.POSITIVE_INFINITY;
      trim(slot, rule.windowMs, atMs);
      let total = number(totals, slot);
      if (total + amount <= rule.quota) return Number.NEGATIVE_INFINITY;
      for (let at = word(first, slot); at !== word(behind, slot); at = (at + 1) | 0) {
        const place = placeOf(slot, at);
        total -= number(sums, place);
        if (total + amount <= rule.quota) return number(lastMs, place) + rule.windowMs;
      }
      return atMs;
    },
    record: charge,
    add(hash, rule, amount, atMs) {
      if (!hasSpaceFor(1, atMs)) return -1;
      const slot = keys.free();
      if (slot < 0) return -1;
      first[slot] = 0;
      behind[slot] = 0;
      totals[slot] = 0;
      charge(slot, rule, amount, atMs);
      keys.use(slot, hash, 0);
      queue.add(slot, atMs + rule.windowMs);
      return slot;
    },
    left: (slot, rule) => rule.quota - number(totals, slot),
    remaining(slot, rule, atMs) {
      trim(slot, rule.windowMs, atMs);
      return Math.max(0, rule.quota - number(totals, slot));
    },
    moreAtMs(slot, rule, atMs) {
      return isEmpty(slot) ? atMs : number(lastMs, placeOf(slot, word(first, slot))) + rule.windowMs;
    },
    refund(hash, rule, amount, chargedMs) {
      const slot = keys.find(hash, 0);
      if (slot < 0) return;
      const part = Math.floor(chargedMs / bucketMs(rule.windowMs));
      for (let at = word(first, slot); at !== word(behind, slot); at = (at + 1) | 0) {
        const place = placeOf(slot, at);
        // Never from a later part: it would leave its window with less than was charged in it.
        if (Math.floor(number(lastMs, place) / bucketMs(rule.windowMs)) !== part) continue;
        const back = Math.min(amount, number(sums, place));
        sums[place] = number(sums, place) - back;
        totals[slot] = number(totals, slot) - back;
        return;
      }
    },
    newestMs: (slot) =>
      isEmpty(slot) ? Number.NEGATIVE_INFINITY : number(lastMs, placeOf(slot, word(behind, slot) - 1)),
    chargedSince(slot, afterMs) {
      const charged: ChargedAt[] = [];
      for (let at = word(first, slot); at !== word(behind, slot); at = (at + 1) | 0) {
        const place = placeOf(slot, at);
        if (number(lastMs, place) > afterMs) charged.push({ atMs: number(lastMs, place), amount: number(sums, place) });
      }
      return charged;
    },
    repair() {
      keys.rebuild();
      queue.clear();
      for (let slot = 0; slot < keysMax; slot += 1) {
        if (!keys.isUsed(slot)) continue;
        queue.add(slot, number(expiresAtMs, slot));
        let total = 0;
        for (let at = word(first, slot); at !== word(behind, slot); at = (at + 1) | 0)
          total += number(sums, placeOf(slot, at));
        totals[slot] = total;
      }
    },
  };
}
