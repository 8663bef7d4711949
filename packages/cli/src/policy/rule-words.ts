// Rules in the words in which a person would say them.
import type { LimitRule } from '@headgate/contract';

/** A time as short as it can be said: 5 s, 250 ms, 10 min, 24 h. */
export function sayMs(ms: number): string {
  const units = [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  for (const [unitMs, unit] of units) if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs} ${unit}`;
  return `${ms} ms`;
}

/** What one allowance belongs to: "for each credential and service". */
export function sayKey({ key }: Pick<LimitRule, 'key'>): string {
  const parts: readonly string[] = key.map((part) => (part === 'scid' ? 'SCID' : part));
  return `for each ${listed(parts, 'and')}`;
}

/** To which calls a rule applies: "where system is cmri and operation is retrieve". */
function sayWhere(where: LimitRule['where']): string {
  const conditions = Object.entries(where).flatMap(([part, wanted]) =>
    wanted === undefined ? [] : [`${part} is ${listed([wanted].flat(), 'or')}`],
  );
  return conditions.length === 0 ? 'for every call' : `where ${listed(conditions, 'and')}`;
}

/** How much in which window: "2 requests per 5 s". */
export function sayQuota({ quota, windowMs, unit }: Pick<LimitRule, 'quota' | 'windowMs' | 'unit'>): string {
  return `${quota.toLocaleString('en-US')} ${sayUnit(unit, quota)} per ${sayMs(windowMs)}`;
}

/** A unit of so many. */
export function sayUnit(unit: string, quota: number): string {
  const words = unit.replaceAll('-', ' ');
  return quota === 1 ? words.replace(/s$/, '') : words;
}

/** A whole rule. */
export function sayRule(rule: LimitRule): string {
  return `${sayQuota(rule)}, ${sayKey(rule)}, ${sayWhere(rule.where)}`;
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[], word: 'and' | 'or'): string {
  if (words.length < 2) return words[0] ?? 'nothing';
  return `${words.slice(0, -1).join(', ')} ${word} ${words.at(-1)}`;
}
