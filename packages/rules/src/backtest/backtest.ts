// What another policy would have decided of calls that came: the policy in force and a candidate, each by the code of the gateway,
// in virtual time. Calls come in the order of their instants; nobody comes again because the candidate refused.
import type { Charge, CounterDecision, LimitRule, LimitSubject, Policy } from '@headgate/contract';
import { type Counters, createCounters } from '../counters.ts';
import { chargesFor, compilePolicy } from '../match.ts';
import type { Arrival } from './arrival.ts';

import { createFlipTally, type FlipTotals } from './flip-tally.ts';
import { createHeldCalls } from './held-calls.ts';

/** What is compared, and from when on it is counted. */
export interface BacktestOptions {
  readonly inForce: Policy;
  readonly candidate: Policy;
  /** Calls before it only fill the windows. Default: all count. */
  readonly fromMs?: number;
}

/** How one policy decided all of the calls. */
export interface PolicyTotals {
  readonly admitted: number;
  readonly refused: number;
  /** Of those refused: for want of space in the counters, and no rule of the policy. Above 0 nothing that is told is exact. */
  readonly refusedForSpace: number;
  /** What its rules in shadow mode would have refused, by rule. */
  readonly shadowRefused: Readonly<Record<string, number>>;
  /** Rules that decided nothing here, because no recording of calls says what they count. */
  readonly notJudged: readonly NotJudged[];
  /** Of rules over bytes and calls at once: calls of which the recording does not say that. They were counted as nothing. */
  readonly untold: Readonly<Record<string, number>>;
}

/** A rule that was left out, and why. */
export interface NotJudged {
  readonly rule: string;
  readonly reason: string;
}

/** How the replay of the policy in force compares with what was recorded. */
export interface RecordedTotals {
  /** Calls of which the recording says how they were decided. */
  readonly told: number;
  readonly alike: number;
  readonly refusedThenAdmittedNow: number;
  readonly admittedThenRefusedNow: number;
}

/** What a backtest found. */
export interface BacktestReport extends FlipTotals {
  /** Calls that count. */
  readonly arrivals: number;
  /** Calls before `fromMs`. */
  readonly warmUp: number;
  /** Of the calls that count; null without any. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly inForce: PolicyTotals;
  readonly candidate: PolicyTotals;
  readonly recorded: RecordedTotals;
}

/** A backtest under way. */
export interface Backtest {
  /** Takes the next call; its instant must be no earlier than that before it. */
  take(arrival: Arrival): void;
  report(): BacktestReport;
}

/** The longest window of both policies, in milliseconds: how long before `fromMs` calls still matter. */
export function warmUpMs({ inForce, candidate }: Pick<BacktestOptions, 'inForce' | 'candidate'>): number {
  const windows = [...inForce.limits, ...candidate.limits].flatMap(({ mode, windowMs }) =>
    mode === 'off' ? [] : [windowMs],
  );
  return Math.max(0, ...windows);
}

/** Begins a backtest with empty windows. */
export function createBacktest({ inForce, candidate, fromMs }: BacktestOptions): Backtest {
  const countsFromMs = fromMs ?? Number.NEGATIVE_INFINITY;
  const [before, after] = [createSide(inForce), createSide(candidate)];
  const tally = createFlipTally();
  const recorded = { told: 0, alike: 0, refusedThenAdmittedNow: 0, admittedThenRefusedNow: 0 };
  let arrivals = 0;
  let warmUp = 0;
  let firstMs: number | null = null;
  let lastMs: number | null = null;
  return {
    take(arrival) {
      const counts = arrival.atMs >= countsFromMs;
      const then = before.decide(arrival, counts);
      const now = after.decide(arrival, counts);
      if (!counts) {
        warmUp += 1;
        return;
      }
      arrivals += 1;
      firstMs ??= arrival.atMs;
      lastMs = arrival.atMs;
      note(recorded, arrival.wasAdmitted, then.admitted);
      tally.take(arrival, ruleOf(then), ruleOf(now));
    },
    report: () => ({
      arrivals,
      warmUp,
      firstMs,
      lastMs,
      inForce: before.totals(),
      candidate: after.totals(),
      recorded: { ...recorded },
      ...tally.totals(),
    }),
  };
}

function ruleOf(decision: CounterDecision): LimitRule | null {
  return decision.admitted ? null : decision.decidedBy.rule;
}

type Recorded = { -readonly [Key in keyof RecordedTotals]: number };

function note(recorded: Recorded, wasAdmitted: boolean | null, isAdmitted: boolean): void {
  if (wasAdmitted === null) return;
  recorded.told += 1;
  if (wasAdmitted === isAdmitted) recorded.alike += 1;
  else if (isAdmitted) recorded.refusedThenAdmittedNow += 1;
  else recorded.admittedThenRefusedNow += 1;
}

/** One policy with counters of its own, as though it alone had been enforced. */
interface Side {
  decide(arrival: Arrival, counts: boolean): CounterDecision;
  totals(): PolicyTotals;
}

/** Kinds of calls whose charges are remembered; past it they are worked out anew. */
const subjectsMax = 100_000;

function createSide(policy: Policy): Side {
  const notJudged = policy.limits
    .filter(({ mode, unit }) => mode !== 'off' && unit === 'connections')
    .map(({ name }) => ({ rule: name, reason: 'evidence does not say connections' }));
  const compiled = compilePolicy(policy); // Of it only the rules over calls are asked.
  // The bounds of a gateway: what it would refuse for want of space is refused here, and told.
  const counters: Counters = createCounters();
  const held = createHeldCalls(counters);
  let known = new Map<LimitSubject, readonly Charge[]>();
  let admitted = 0;
  let refused = 0;
  const shadowRefused = new Map<string, number>();

  function chargesOf(subject: LimitSubject): readonly Charge[] {
    const found = known.get(subject);
    if (found !== undefined) return found;
    const charges = chargesFor(compiled, subject);
    if (known.size >= subjectsMax) known = new Map();
    known.set(subject, charges);
    return charges;
  }

  return {
    decide(arrival, counts) {
      const { atMs } = arrival;
      held.endBy(atMs);
      const charges = held.weigh(chargesOf(arrival.subject), arrival);
      const decision = counters.decide(charges, atMs);
      held.begin(charges, decision, arrival);
      if (!counts) return decision;
      if (decision.admitted) admitted += 1;
      else refused += 1;
      for (const { rule } of decision.shadowRefusals) shadowRefused.set(rule, (shadowRefused.get(rule) ?? 0) + 1);
      return decision;
    },
    totals: () => ({
      admitted,
      refused,
      refusedForSpace: counters.stats().refusedForSpaceCount,
      shadowRefused: Object.fromEntries(shadowRefused),
      notJudged,
      untold: held.untold(),
    }),
  };
}
