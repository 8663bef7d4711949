// What a domain of shared counters answers, in the caller's own clock.
import type { Charge, CounterDecision, KnownRefusal, RuleRefusal } from '@headgate/contract';
import type { StackedCall } from './stacked-call.ts';

const noShadows: readonly RuleRefusal[] = Object.freeze([]);

/** Admitted by every rule, and no shadowed one would have refused. */
export const plainAdmission: CounterDecision = Object.freeze({ admitted: true, shadowRefusals: noShadows });

/** Who refuses, and for how long from now. */
export interface Refusing {
  /** Of each rule, −Infinity where it has room. */
  readonly waitsMs: readonly number[];
  /** Of each rule, whether it is enforced and refuses. */
  readonly refusing: readonly boolean[];
  /** Until no enforced rule refuses. */
  readonly waitMs: number;
  readonly nowMs: number;
  /** How long it may be repeated; null where each call is to be asked for. */
  readonly known: KnownRefusal | null;
}

/** A refusal by rules that are full. */
export function refusal(
  { lines }: StackedCall,
  charges: readonly Charge[],
  { waitsMs, refusing, waitMs, nowMs, known }: Refusing,
): CounterDecision {
  const waitOf = (at: number): number => waitsMs[at] ?? Number.NEGATIVE_INFINITY;
  const refusalOf = (at: number): RuleRefusal => ({
    rule: lines[at]?.charge.rule.name ?? '',
    retryAtMs: nowMs + Math.ceil(waitOf(at)),
  });
  const all = lines.map((_, at) => at);
  const enforced = all.filter((at) => refusing[at] === true);
  const globals = enforced.filter((at) => lines[at]?.charge.rule.layer === 'global');
  // Of the refusing: the global layer before any other, then the one that frees last.
  const deciding = (globals.length > 0 ? globals : enforced).reduce((last, at) =>
    waitOf(at) > waitOf(last) ? at : last,
  );
  return {
    admitted: false,
    decidedBy: chargeAt(charges, deciding),
    retryAtMs: nowMs + waitMs,
    refusals: enforced.map(refusalOf),
    shadowRefusals: all.filter((at) => lines[at]?.isShadow === true && waitOf(at) > 0).map(refusalOf),
    ...(known === null ? {} : { known }),
  };
}

/** What the store would say again: it said so, and nothing has left its window since. `atMs` is of the clock of what is known. */
export function knownRefusal(
  call: StackedCall,
  charges: readonly Charge[],
  nowMs: number,
  atMs: number,
): CounterDecision | null {
  const known = call.refused;
  if (known === null || atMs >= known.untilMs) return null;
  const waitsMs = known.latestMs.map((latestMs) => latestMs - atMs);
  const refusing = call.lines.map(({ isShadow }, at) => !isShadow && atMs < (known.earliestMs[at] ?? 0));
  const enforced = waitsMs.filter((_, at) => call.lines[at]?.isShadow === false);
  return refusal(call, charges, { waitsMs, refusing, waitMs: Math.ceil(Math.max(...enforced)), nowMs, known });
}

/** What a caller is told to wait where nobody can say when the store is back, in milliseconds. Not a promise. */
export const awayRetryMs = 1_000;

/** Nobody can count, or may not yet: a refusal, unless all rules are in shadow. */
export function nobodyCounted(charges: readonly Charge[], waitMs: number, nowMs: number): CounterDecision {
  const decidedBy = charges.find(({ rule }) => rule.mode === 'enforce');
  // What was known of them before says nothing of now.
  for (const charge of charges) charge.standing = { remaining: 0, moreAtMs: nowMs + Math.ceil(waitMs) };
  if (decidedBy === undefined) return plainAdmission;
  return {
    admitted: false,
    decidedBy,
    retryAtMs: nowMs + Math.ceil(waitMs),
    refusals: [],
    shadowRefusals: noShadows,
    uncounted: true,
  };
}

function chargeAt(charges: readonly Charge[], at: number): Charge {
  const charge = charges[at];
  if (charge === undefined) throw new Error('a refusal without a rule that refuses');
  return charge;
}
