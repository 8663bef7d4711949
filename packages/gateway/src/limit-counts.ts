// What limits did since the start, over all threads: for metrics, whose labels are the rules of the policy and a fixed number of keys.
import type { Policy } from '@headgate/contract';
import type { Counters, RefusedKey, RuleCounts } from '@headgate/rules';

/** Numbers of limits. */
export interface LimitCounts {
  /** By the name of a rule of the policy in force; at most 500. */
  readonly rules: ReadonlyMap<string, RuleCounts>;
  /** The keys that were refused most, as the counters know them: for the operator alone. */
  readonly topRefusedKeys: readonly RefusedKey[];
}

/** Keys that are told. */
const topKeysMax = 20;

/** Reads the numbers. */
export function limitCountsOf(counters: Counters, { limits }: Policy): LimitCounts {
  const names = limits.map(({ name }) => name);
  return { rules: counters.ruleCounts(names), topRefusedKeys: counters.topRefusedKeys(topKeysMax) };
}
