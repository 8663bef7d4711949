// How often each rule admitted and refused, over threads: numbers for metrics, whose labels are bounded by the rules of the policy.
import { dealKeyTable, type KeyTable } from './key-table.ts';
import type { MemoryParts } from './memory.ts';

/** What became of the calls that a rule judged. Whole numbers since the start. */
export interface RuleCounts {
  /** Calls that were admitted, by this rule and by all others. */
  readonly admitted: number;
  /** Calls that this rule had no room for, whether or not it was the one that decided. */
  readonly refused: number;
  /** Calls that it would have had no room for, while in shadow mode. */
  readonly shadowRefused: number;
}

/** Memory of the numbers. */
export interface RuleCountsParts {
  readonly keys: KeyTable;
  readonly admitted: Float64Array;
  readonly refused: Float64Array;
  readonly shadowRefused: Float64Array;
}

/** Deals out the numbers of so many rules at once, and of those that reloads took away, which keep their place. */
export function dealRuleCounts(parts: MemoryParts, rulesMax: number): RuleCountsParts {
  const rulesCountedMax = rulesMax * 4;
  return {
    keys: dealKeyTable(parts, rulesCountedMax),
    admitted: parts.numbers(rulesCountedMax),
    refused: parts.numbers(rulesCountedMax),
    shadowRefused: parts.numbers(rulesCountedMax),
  };
}

/** The place of a rule by the hash of its name; -1 where more rules came and went than are counted. */
export function ruleSlot({ keys }: RuleCountsParts, hash: Int32Array): number {
  const known = keys.find(hash, 0);
  if (known >= 0) return known;
  const slot = keys.free();
  if (slot >= 0) keys.use(slot, hash, 0);
  return slot;
}

/** The numbers of a rule; zeros for one that judged no call. */
export function countsOf(parts: RuleCountsParts, hash: Int32Array): RuleCounts {
  const slot = parts.keys.find(hash, 0);
  const of = (numbers: Float64Array): number => (slot < 0 ? 0 : (numbers[slot] ?? 0));
  return { admitted: of(parts.admitted), refused: of(parts.refused), shadowRefused: of(parts.shadowRefused) };
}
