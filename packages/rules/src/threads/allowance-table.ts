// What every table of allowances in shared memory offers: one remembers each event, one sums by parts of the window, one counts
// what is held. It is only touched under the lock of its counters.
import type { LimitRule } from '@headgate/contract';

/** Counts per slot of a key. Hashes are four words. Instants must be no earlier than those before them; the caller sees to that. */
export interface AllowanceTable {
  readonly keyCount: number;
  /** Slots held for instants, 8 bytes each; 0 where a key takes the same space whatever it holds. */
  readonly slotCount: number;
  /** Begins a decision: forgets a few of the keys that are over, and settles for its length whether there is memory for more. */
  turnTo(atMs: number): void;
  /** The slot of a hash, or -1. */
  find(hash: Int32Array): number;
  /**
   * As `find`, and keeps the key for the length of the decision at `atMs`, also if its events are over. `lastSlot` is the one that
   * it had when it was held before, or -1.
   */
  hold(hash: Int32Array, atMs: number, lastSlot: number): number;
  /** True if this many more keys fit, after forgetting as many as that takes. */
  hasSpaceFor(keyCount: number, atMs: number): boolean;
  /** The first instant at which so much more fits: −Infinity if it always did, Infinity if it never will. */
  roomAtMs(slot: number, rule: LimitRule, amount: number, atMs: number): number;
  /** Charges a key found in this decision. */
  record(slot: number, rule: LimitRule, amount: number, atMs: number): void;
  /** Charges an unknown key; -1, and nothing charged, if the table is full. */
  add(hash: Int32Array, rule: LimitRule, amount: number, atMs: number): number;
  /** How much more fits right after a charge. */
  left(slot: number, rule: LimitRule): number;
  /** How much more fits. */
  remaining(slot: number, rule: LimitRule, atMs: number): number;
  /** When the oldest charge leaves its window, right after `left` or `remaining`; `atMs` where there is none, or nobody knows. */
  moreAtMs(slot: number, rule: LimitRule, atMs: number): number;
  /** When the slot was charged last; −Infinity where nothing is known to have been. */
  newestMs(slot: number): number;
  /** What was charged after an instant, oldest first. */
  chargedSince(slot: number, afterMs: number): readonly ChargedAt[];
  /** Makes everything right after a thread that died in a decision. */
  repair(): void;
}

/** What was charged at an instant, or by then. */
export interface ChargedAt {
  readonly atMs: number;
  readonly amount: number;
}

/** Keys that are due and looked at on each decision: more than a call usually adds, so that forgetting keeps up. */
export const looksPerTurn = 8;
