// One all-or-nothing decision over every rule that matches a call. Time is passed in.
import type { Charge, CounterDecision, CounterStore, Standing } from '@headgate/contract';
import type { WindowVerdict } from './sliding-window.ts';
import { hashWords } from './threads/keyed-hash.ts';
import { bytesOf, partsOf } from './threads/memory.ts';
import type { RefusedKey } from './threads/refused-keys.ts';
import type { RuleCounts } from './threads/rule-counts.ts';
import { type CounterBounds, dealCounters, openCounters } from './threads/thread-counters.ts';

/** Bounds of counters. */
export interface CountersOptions {
  /**
   * Most keys with an event inside their window, for enforced rules and again for shadowed ones. Default 100,000; at
   * least 1. Past it a call with a key not seen before is refused and told to wait one whole window: forgetting a live
   * key instead would admit more than a quota. This refusal alone is not a promise that the retry is admitted.
   */
  readonly keysMax?: number;
  /**
   * Most remembered instants, 8 bytes each, for enforced rules and again for shadowed ones. Default 8,388,608
   * (64 MiB); at least 1. Past it new keys are refused and full rings do not grow, so their keys are refused early.
   */
  readonly instantsMax?: number;
  /**
   * Most keys of rules that are counted by parts of their window, 2 KiB each, for enforced rules and again for shadowed ones.
   * Default 16,384 (32 MiB); at least 1. Past it as with `keysMax`.
   */
  readonly bucketKeysMax?: number;
  /**
   * Most places that calls hold at once, for each rule over concurrent requests one a call. Default 65,536; at least 1. Past it a
   * call that needs one is refused.
   */
  readonly heldMax?: number;
  /** Most rules that one call is charged to. Default 500, the most that a policy has. */
  readonly rulesMax?: number;
}

/** How full the counters are, and how often that refused a call. */
export interface CountersStats {
  readonly keyCount: number;
  readonly shadowKeyCount: number;
  /** Slots held for instants, 8 bytes each, of enforced and shadowed rules together. */
  readonly slotCount: number;
  /** Calls refused, since the start, because an enforced rule had no space for a new key. */
  readonly refusedForSpaceCount: number;
}

/** Counters of one machine: `decide` answers at once, `peek` asks without charging. */
export interface Counters extends CounterStore {
  /**
   * Charges every rule or none. An event at t leaves room at exactly t + window. A rule with `counts: attempts` is
   * charged for refused calls too, so `retryAtMs` holds for a caller that stays quiet until then. `decidedBy` is a
   * refusing rule: global layer first, then the one that frees last. `retryAtMs` is the first instant at which no
   * enforced rule of the call would refuse. A shadowed rule counts as if it alone had been enforced: what it would
   * have refused is reported and not charged. A clock that steps back is read as the latest instant seen, and one before 1970 as
   * 1970. Keys within `charges` must differ. Throws RangeError if `nowMs` is not a whole number of milliseconds.
   */
  decide(charges: readonly Charge[], nowMs: number): CounterDecision;
  /** What `decide` would answer to the enforced rules at `nowMs`, and when they have room if nobody calls till then. */
  peek(charges: readonly Charge[], nowMs: number): WindowVerdict;
  standings(charges: readonly Charge[], nowMs: number): readonly Standing[];
  /** Counts a decision that other counters took, for `ruleCounts` and `topRefusedKeys`; charges nothing. */
  tally(charges: readonly Charge[], decision: CounterDecision): void;
  /** What became of the calls that each of these rules judged, since the start. */
  ruleCounts(names: readonly string[]): ReadonlyMap<string, RuleCounts>;
  /** The keys that were refused most, at most 64. */
  topRefusedKeys(countMax: number): readonly RefusedKey[];
  stats(): CountersStats;
}

/** Bounds with their defaults. Throws RangeError for a bound below 1. */
export function toCounterBounds(options: CountersOptions): CounterBounds {
  const { keysMax = 100_000, instantsMax = 8_388_608, bucketKeysMax = 16_384 } = options;
  const { heldMax = 65_536, rulesMax = 500 } = options;
  const bounds = { keysMax, instantsMax, bucketKeysMax, heldMax, rulesMax };
  for (const [name, bound] of Object.entries(bounds))
    if (!(bound >= 1)) throw new RangeError(`${name} must be at least 1, not ${bound}`);
  return bounds;
}

/**
 * Empty counters of one thread. They hold no timer and need no close; pages of their memory are used only as they fill. `seed` is
 * four random words where strangers bring the keys: without it they could choose keys that are found slowly.
 */
export function createCounters(options: CountersOptions = {}, seed: Int32Array = new Int32Array(hashWords)): Counters {
  const bounds = toCounterBounds(options);
  const memory = new SharedArrayBuffer(bytesOf((parts) => dealCounters(parts, bounds)));
  return openCounters(dealCounters(partsOf(memory), bounds), seed, 1);
}
