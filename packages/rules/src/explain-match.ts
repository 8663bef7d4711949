// Why each rule of a policy counts a call, or does not: the conditions of the rule one by one, by the code that charges calls.
import type { LimitRule, LimitSubject, Policy } from '@headgate/contract';
import { toAllowanceKey } from './allowance-key.ts';
import { allHold, conditionsOf } from './match.ts';

/** A condition that a call does not fit. */
export interface UnmetCondition {
  readonly part: string;
  /** What the rule asks for. */
  readonly wanted: readonly string[];
  /** What the call has; null where it is unknown, and then no condition on it holds. */
  readonly found: string | null;
}

/** What becomes of a call by one rule. */
export interface RuleMatch {
  readonly rule: LimitRule;
  /** Whether the call is charged to it. A rule that is off charges nobody. */
  readonly counts: boolean;
  /** The key of the allowance; null where the rule does not count the call. */
  readonly key: string | null;
  readonly unmet: readonly UnmetCondition[];
}

/** Every rule of a policy in file order, with what it makes of a call. */
export function explainMatch(policy: Policy, subject: LimitSubject): readonly RuleMatch[] {
  return policy.limits.map((rule) => {
    const unmet = conditionsOf(rule.where).flatMap((condition): UnmetCondition[] => {
      if (allHold([condition], subject)) return [];
      const wanted = rule.where[condition.part] ?? [];
      return [{ part: condition.part, wanted: [wanted].flat(), found: subject[condition.part] ?? null }];
    });
    const counts = rule.mode !== 'off' && unmet.length === 0;
    return { rule, counts, key: counts ? toAllowanceKey(rule, subject) : null, unmet };
  });
}
