// Break-glass on what a call is charged to: a rule in shadow, or a quota raised for one caller, for as long as the override holds.

import { type Charge, type LimitRule, type LimitSubject, type Override, overrideHolds } from '@headgate/contract';
import { escaped } from './allowance-key.ts';

/** Charges under overrides, and how long they stay as they are. */
export interface OverriddenCharges {
  readonly charges: readonly Charge[];
  /** Ids of the overrides that changed one of them. */
  readonly overrides: readonly string[];
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

const noOverrides: readonly string[] = Object.freeze([]);

/**
 * What becomes of the charges of a call at `nowMs`. A raised caller keeps its allowance where the rule counts it alone; where
 * others share that allowance, it has one of its own while the override holds, so that nobody is refused because it may do more.
 */
export function overrideCharges(
  charges: readonly Charge[],
  subject: LimitSubject,
  overrides: readonly Override[],
  nowMs: number,
): OverriddenCharges {
  const span = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
  if (overrides.length === 0) return { charges, overrides: noOverrides, ...span };
  const used: string[] = [];
  const changed = charges.map((charge) => {
    const override = strongest(
      overrides.filter((each) => isAbout(each, charge.rule, subject) && overrideHolds(each, nowMs)),
    );
    if (override === null) return charge;
    used.push(override.id);
    return overridden(charge, override);
  });
  for (const { fromMs, untilMs } of overrides)
    for (const borderMs of [fromMs, untilMs]) {
      if (borderMs <= nowMs) span.fromMs = Math.max(span.fromMs, borderMs);
      else span.untilMs = Math.min(span.untilMs, borderMs);
    }
  return { charges: changed, overrides: used.length === 0 ? noOverrides : used, ...span };
}

function isAbout({ rule: name, scope }: Override, rule: LimitRule, subject: LimitSubject): boolean {
  if (name !== rule.name || rule.mode !== 'enforce') return false;
  if (scope === null) return true;
  return Object.entries(scope).every(([part, value]) => subject[part as keyof LimitSubject] === value);
}

/** Shadow before any quota, then the greatest quota. */
function strongest(overrides: readonly Override[]): Override | null {
  const weight = ({ change }: Override) => (change.kind === 'shadow' ? Number.POSITIVE_INFINITY : change.quota);
  let found: Override | null = null;
  for (const override of overrides) if (found === null || weight(override) > weight(found)) found = override;
  return found;
}

function overridden(charge: Charge, { change, scope }: Override): Charge {
  const { rule } = charge;
  if (change.kind === 'shadow') return { ...withoutKept(charge), rule: { ...rule, mode: 'shadow' } };
  const parts = Object.entries(scope ?? {});
  const isAlone = parts.every(([part]) => (rule.key as readonly string[]).includes(part));
  // The same on every gateway that is told so, and again later: what gateways count together stays one allowance.
  const own = parts.map(([part, value]) => `${part}:${escaped(value)}`).join();
  const key = isAlone ? charge.key : `${charge.key}|break-glass=${own}`;
  return { ...withoutKept(charge), key, rule: { ...rule, quota: Math.max(rule.quota, change.quota) } };
}

/** What counters keep of a charge is of its key. */
function withoutKept({ kept: _kept, ...charge }: Charge): Charge {
  return charge;
}
