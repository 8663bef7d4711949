// Calls that two policies decide differently, counted by who called, what, which rule decided, and when. Bounded, whatever comes.
import type { LimitRule } from '@headgate/contract';
import type { Arrival } from './arrival.ts';

/** Calls decided one way by the policy in force and the other way by the candidate. */
export interface FlipCount {
  /** All calls counted here, flipped or not. */
  readonly calls: number;
  /** Admitted by the policy in force, refused by the candidate. */
  readonly newlyRefused: number;
  /** Refused by the policy in force, admitted by the candidate. */
  readonly newlyAdmitted: number;
}

/** One hour. */
export interface HourCount extends FlipCount {
  /** Its beginning, in milliseconds since 1970 UTC. */
  readonly hourMs: number;
  readonly refusedInForce: number;
  readonly refusedByCandidate: number;
}

/** One rule name, which both policies may have. */
export interface RuleCount {
  readonly rule: string;
  /** Calls that it refused as a rule of the policy in force, and as one of the candidate. */
  readonly refusedInForce: number;
  readonly refusedByCandidate: number;
  /** Of the second, those that the policy in force admits; of the first, those that the candidate admits. */
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
}

/** One call that flipped. */
export interface Flip {
  readonly atMs: number;
  readonly kind: 'newly-refused' | 'newly-admitted';
  /** The rule that refuses: of the candidate, or of the policy in force. */
  readonly rule: string;
  readonly caller: string;
  readonly source: string;
  readonly system: string | null;
  readonly service: string | null;
}

/** What was counted. Lists stand in the order of most flips; hours in the order of time. */
export interface FlipTotals {
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
  readonly byCaller: readonly (FlipCount & { readonly caller: string })[];
  readonly bySystem: readonly (FlipCount & { readonly system: string | null })[];
  readonly byRule: readonly RuleCount[];
  readonly byHour: readonly HourCount[];
  /** The first flips, at most 20 of each kind. */
  readonly examples: readonly Flip[];
  /** Calls of callers, systems and hours past the bounds: counted in the sums and listed nowhere. */
  readonly unlisted: { readonly callers: number; readonly systems: number; readonly hours: number };
}

/** A count under way. */
export interface FlipTally {
  /** Takes a call with the rule that refuses it under each policy; null where it is admitted. */
  take(arrival: Arrival, inForce: LimitRule | null, candidate: LimitRule | null): void;
  totals(): FlipTotals;
}

/** Told apart at most. */
const tallyBounds = { callersMax: 50_000, systemsMax: 1_000, hoursMax: 10_000, examplesMax: 20 } as const;

const hourMs = 3_600_000;

type Counting<T> = { -readonly [Key in keyof T]: T[Key] };

/** Begins to count. */
export function createFlipTally(): FlipTally {
  const callers = new Map<string, Counting<FlipCount>>();
  const systems = new Map<string | null, Counting<FlipCount>>();
  const rules = new Map<string, Counting<RuleCount>>();
  const hours = new Map<number, Counting<HourCount>>();
  const examples: Record<Flip['kind'], Flip[]> = { 'newly-refused': [], 'newly-admitted': [] };
  const all = nothingYet();
  const unlisted = { callers: 0, systems: 0, hours: 0 };

  function hourOf(atMs: number): Counting<HourCount> | null {
    const startMs = Math.floor(atMs / hourMs) * hourMs;
    const fresh = (): Counting<HourCount> => ({
      hourMs: startMs,
      ...nothingYet(),
      refusedInForce: 0,
      refusedByCandidate: 0,
    });
    const hour = entryOf(hours, startMs, tallyBounds.hoursMax, fresh);
    if (hour === null) unlisted.hours += 1;
    return hour;
  }

  // A policy has at most 500 rules, so that these need no bound of their own.
  function ruleOf({ name }: LimitRule): Counting<RuleCount> {
    const found = rules.get(name);
    if (found !== undefined) return found;
    const entry = { rule: name, refusedInForce: 0, refusedByCandidate: 0, newlyRefused: 0, newlyAdmitted: 0 };
    rules.set(name, entry);
    return entry;
  }

  function takeRules(inForce: LimitRule | null, candidate: LimitRule | null): void {
    if (inForce !== null) {
      const entry = ruleOf(inForce);
      entry.refusedInForce += 1;
      if (candidate === null) entry.newlyAdmitted += 1;
    }
    if (candidate !== null) {
      const entry = ruleOf(candidate);
      entry.refusedByCandidate += 1;
      if (inForce === null) entry.newlyRefused += 1;
    }
  }

  return {
    take(arrival, inForce, candidate) {
      const flip = flipOf(inForce, candidate);
      const caller = entryOf(callers, arrival.caller, tallyBounds.callersMax, nothingYet);
      const system = entryOf(systems, arrival.subject.system ?? null, tallyBounds.systemsMax, nothingYet);
      const hour = hourOf(arrival.atMs);
      if (caller === null) unlisted.callers += 1;
      if (system === null) unlisted.systems += 1;
      if (hour !== null && inForce !== null) hour.refusedInForce += 1;
      if (hour !== null && candidate !== null) hour.refusedByCandidate += 1;
      for (const count of [all, caller, system, hour]) if (count !== null) tally(count, flip);
      takeRules(inForce, candidate);
      const rule = candidate ?? inForce;
      if (flip === null || rule === null || examples[flip].length >= tallyBounds.examplesMax) return;
      const { source, system: systemId = null, service = null } = arrival.subject;
      examples[flip].push({
        atMs: arrival.atMs,
        kind: flip,
        rule: rule.name,
        caller: arrival.caller,
        source,
        system: systemId,
        service,
      });
    },
    totals: () => ({
      newlyRefused: all.newlyRefused,
      newlyAdmitted: all.newlyAdmitted,
      byCaller: listed(callers, (caller) => ({ caller })),
      bySystem: listed(systems, (system) => ({ system })),
      byRule: [...rules.values()]
        .toSorted((a, b) => flipsOf(b) - flipsOf(a) || refusalsOf(b) - refusalsOf(a))
        .map((rule) => ({ ...rule })),
      byHour: [...hours.values()].toSorted((a, b) => a.hourMs - b.hourMs).map((hour) => ({ ...hour })),
      examples: [...examples['newly-refused'], ...examples['newly-admitted']],
      unlisted: { ...unlisted },
    }),
  };
}

function nothingYet(): Counting<FlipCount> {
  return { calls: 0, newlyRefused: 0, newlyAdmitted: 0 };
}

function entryOf<Key, Entry>(entries: Map<Key, Entry>, key: Key, max: number, fresh: () => Entry): Entry | null {
  const found = entries.get(key);
  if (found !== undefined) return found;
  if (entries.size >= max) return null;
  const entry = fresh();
  entries.set(key, entry);
  return entry;
}

function tally(count: Counting<FlipCount>, flip: Flip['kind'] | null): void {
  count.calls += 1;
  if (flip === 'newly-refused') count.newlyRefused += 1;
  if (flip === 'newly-admitted') count.newlyAdmitted += 1;
}

function flipOf(inForce: LimitRule | null, candidate: LimitRule | null): Flip['kind'] | null {
  if ((inForce === null) === (candidate === null)) return null;
  return inForce === null ? 'newly-refused' : 'newly-admitted';
}

function flipsOf({ newlyRefused, newlyAdmitted }: Pick<FlipCount, 'newlyRefused' | 'newlyAdmitted'>): number {
  return newlyRefused + newlyAdmitted;
}

function refusalsOf({ refusedInForce, refusedByCandidate }: RuleCount): number {
  return refusedInForce + refusedByCandidate;
}

function listed<Key, Named>(
  counts: ReadonlyMap<Key, FlipCount>,
  naming: (key: Key) => Named,
): readonly (Named & FlipCount)[] {
  return [...counts]
    .toSorted(([, a], [, b]) => flipsOf(b) - flipsOf(a) || b.calls - a.calls)
    .map(([key, count]) => ({ ...naming(key), ...count }));
}
