// What calls hold while they last (concurrent requests), as a table of allowances: places per key that are given back.
import type { AllowanceTable } from './allowance-table.ts';
import type { PlaceCounts } from './place-counts.ts';

/** Places that are held under the keys of one decision. */
export interface HeldPlaces extends AllowanceTable {
  /** Gives one place back. */
  release(hash: Int32Array): void;
  /** Gives back what a thread held that is gone. */
  repairAfter(goneOwner: number): void;
}

/** The table of one thread. */
export function createHeldPlaces(counts: PlaceCounts): HeldPlaces {
  // A slot is only meant for the decision under way, whose keys are few: it is the index of the hash among those asked for last.
  const asked: Int32Array[] = [];
  let next = 0;
  const slotFor = (hash: Int32Array): number => {
    const slot = next % slotsMax;
    next += 1;
    asked[slot] = hash;
    return slot;
  };
  const heldAt = (slot: number): number => counts.countOf(asked[slot] ?? noHash, 0);
  return {
    get keyCount() {
      return counts.keyCount;
    },
    slotCount: 0,
    turnTo: () => undefined,
    find: slotFor,
    hold: slotFor,
    hasSpaceFor: (keyCount) => counts.hasSpaceFor(keyCount),
    roomAtMs(slot, rule, _amount, atMs) {
      // Nobody knows when a call ends: the caller is told to wait what the rule says.
      return heldAt(slot) < rule.quota ? Number.NEGATIVE_INFINITY : atMs + rule.windowMs;
    },
    record: (slot) => counts.change(asked[slot] ?? noHash, 0, 1),
    add(hash) {
      counts.change(hash, 0, 1);
      return slotFor(hash);
    },
    left: (slot, rule) => rule.quota - heldAt(slot),
    remaining: (slot, rule) => Math.max(0, rule.quota - heldAt(slot)),
    moreAtMs: (_slot, _rule, atMs) => atMs,
    newestMs: () => Number.NEGATIVE_INFINITY,
    chargedSince: () => [],
    release: (hash) => counts.change(hash, 0, -1),
    repair: () => void counts.repair(0),
    repairAfter: (goneOwner) => void counts.repair(goneOwner),
  };
}

/** More than one decision asks for: the most rules of a policy, twice. */
const slotsMax = 1_024;
const noHash = new Int32Array(4);
