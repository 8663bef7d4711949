// Which rules of a policy may be charged to one call although they are counted in different limit domains. Where nodes share
// counters, a domain is one place: over two of them nothing is all or nothing.
import { domainOf, isCountedTogether, type LimitRule, type Policy } from '@headgate/contract';

/** Two rules that one call may be charged to, in domains that differ. */
export interface StackedDomains {
  readonly rule: LimitRule;
  readonly other: LimitRule;
}

/**
 * Every such pair, in file order. A call is known by its parts alone: two rules are apart only where both ask for the same part
 * and no name fits both. Rules that each node counts alone (concurrent requests and connections) have no place in a domain, and are
 * left out.
 */
export function rulesOverDomains(policy: Pick<Policy, 'limits'>): readonly StackedDomains[] {
  const counted = policy.limits.filter((rule) => rule.mode !== 'off' && isCountedTogether(rule));
  return counted.flatMap((rule, at) =>
    counted
      .slice(at + 1)
      .filter((other) => domainOf(rule) !== domainOf(other) && mayMeet(rule.where, other.where))
      .map((other) => ({ rule, other })),
  );
}

function mayMeet(one: LimitRule['where'], other: LimitRule['where']): boolean {
  return (Object.keys(one) as (keyof LimitRule['where'])[]).every((part) => {
    const [own, theirs] = [patternsOf(one[part]), patternsOf(other[part])];
    if (own === null || theirs === null) return true;
    return own.some((pattern) => theirs.some((another) => haveCommonName(pattern, another)));
  });
}

function patternsOf(written: string | readonly string[] | undefined): readonly string[] | null {
  if (written === undefined) return null;
  return (typeof written === 'string' ? [written] : written).map((pattern) => pattern.toLowerCase());
}

/** Whether some name fits both patterns. Takes the product of their lengths, 200 characters each at most. */
function haveCommonName(one: string, other: string): boolean {
  // For each rest of `other`: whether it and the rest of `one` have a common name. Built from the ends.
  let rests: readonly boolean[] = [];
  for (let at = one.length; at >= 0; at -= 1) {
    const row = Array.from({ length: other.length + 1 }, () => false);
    for (let place = other.length; place >= 0; place -= 1) {
      const [own, their] = [one[at], other[place]];
      if (own === undefined && their === undefined) row[place] = true;
      else if (own === '*') row[place] = (rests[place] ?? false) || (row[place + 1] ?? false);
      else if (their === '*') row[place] = (row[place + 1] ?? false) || (rests[place] ?? false);
      else row[place] = own === their && (rests[place + 1] ?? false);
    }
    rests = row;
  }
  return rests[0] ?? false;
}
