// Which rules of a policy a call is charged to, and under which keys.
import type { Charge, LimitRule, LimitSubject, Override, Policy } from '@headgate/contract';
import { toAllowanceKey } from './allowance-key.ts';
import { matchesName, type NamePattern, toNamePattern } from './name-pattern.ts';
import { overrideCharges } from './overrides.ts';

/** A policy made ready for matching, by `compilePolicy`: global rules first, then file order; rules that are off left out. */
export interface CompiledPolicy {
  /** Rules over calls. */
  readonly rules: readonly CompiledRule[];
  /** Rules over connections, which are judged before a byte is read. */
  readonly connections: readonly LimitRule[];
}

/** One rule and its conditions, patterns compiled. */
export interface CompiledRule {
  readonly rule: LimitRule;
  readonly conditions: readonly Condition[];
}

/** One condition of a `where`: the named part of the call fits at least one of the patterns. */
export interface Condition {
  readonly part: keyof LimitRule['where'];
  readonly anyOf: readonly NamePattern[];
}

/** Compiles every enforced and shadowed rule once. Cannot fail on a policy that `parsePolicy` accepted. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const live = policy.limits.filter((rule) => rule.mode !== 'off');
  const globalFirst = [
    ...live.filter((rule) => rule.layer === 'global'),
    ...live.filter((rule) => rule.layer !== 'global'),
  ];
  const ofCalls = globalFirst.filter(({ unit }) => unit !== 'connections');
  return {
    rules: ofCalls.map((rule) => ({ rule, conditions: conditionsOf(rule.where) })),
    connections: globalFirst.filter(({ unit }) => unit === 'connections'),
  };
}

/**
 * One charge for each rule whose `where` holds, global layer first, then file order. A condition on a part that is
 * unknown for this call does not hold, also not for the pattern "*". The keys are those of `toAllowanceKey`: a key part
 * that is unknown for this call is counted per source.
 */
export function chargesFor(compiled: CompiledPolicy, subject: LimitSubject): readonly Charge[] {
  const charges: Charge[] = [];
  for (const { rule, conditions } of compiled.rules) {
    if (allHold(conditions, subject)) charges.push({ rule, key: toAllowanceKey(rule, subject) });
  }
  return charges;
}

/** What a connection of a source is charged to. */
export function connectionCharges(
  { connections }: CompiledPolicy,
  source: string,
  overrides: readonly Override[] = [],
  nowMs = 0,
): readonly Charge[] {
  const subject = { ...nothingKnown, source };
  const charges = connections.map((rule) => ({ rule, key: toAllowanceKey(rule, subject) }));
  return overrideCharges(charges, subject, overrides, nowMs).charges;
}

/** Of a connection nothing is known but its source; a rule over connections asks for nothing else. */
const nothingKnown = { environment: '', infrastructure: '', namespace: '', channel: 'api', generation: 'new' } as const;

/** The conditions of a `where`, compiled. */
export function conditionsOf(where: LimitRule['where']): readonly Condition[] {
  const conditions: Condition[] = [];
  for (const [part, patterns] of Object.entries(where)) {
    if (patterns === undefined) continue;
    const anyOf = (Array.isArray(patterns) ? patterns : [patterns]).map(toNamePattern);
    conditions.push({ part: part as keyof LimitRule['where'], anyOf });
  }
  return conditions;
}

/** Whether a call fits every condition. */
export function allHold(conditions: readonly Condition[], subject: LimitSubject): boolean {
  for (const { part, anyOf } of conditions) {
    const name = subject[part]?.toLowerCase();
    if (name === undefined || !fitsAny(anyOf, name)) return false;
  }
  return true;
}

function fitsAny(patterns: readonly NamePattern[], lowerCaseName: string): boolean {
  for (const pattern of patterns) if (matchesName(pattern, lowerCaseName)) return true;
  return false;
}
