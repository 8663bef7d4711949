// Counters of one node that shares them with others: each charge goes to its limit domain, and a call to all of them or to none.
import { randomUUID } from 'node:crypto';
import {
  type CallOutcome,
  type Charge,
  type CounterDecision,
  type CounterStore,
  domainOf,
  isCountedTogether,
  isHeld,
  type RuleRefusal,
  type Standing,
} from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import type { MaybePromise } from '../maybe-promise.ts';
import { DomainCounters, type DomainNotice, type DomainOptions, defectSentence } from './domain-counters.ts';
import { partOf } from './own-part.ts';
import { randomSeed } from './random-seed.ts';

/** What the counters of a node are made of. */
export type SharedCountersOptions = Omit<DomainOptions, 'domain' | 'boot'> & {
  readonly closeLink: () => void;
  /** Told of every decision. */
  readonly decided: (charges: readonly Charge[], decision: CounterDecision) => void;
  /** Before the name of each domain, so that other counters in the same store share nothing with these. Default: nothing. */
  readonly prefix?: string;
};

/** Counters over nodes. */
export interface SharedCounters extends CounterStore {
  /** Takes leases in these domains, so that the first call of each need not wait. */
  join(domains: Iterable<string>): void;
  /** Tells the operator that something threw. */
  readonly defect: (stack: string) => void;
  /** Gives the leases back. */
  close(): Promise<void>;
}

/** What is told of shared counters. */
export type CountersNotice = DomainNotice;

/** Opens counters over a link, which they close. */
export function createSharedCounters(all: SharedCountersOptions): SharedCounters {
  const { closeLink, decided, prefix = '', ...options } = all;
  const domains = new Map<string, DomainCounters>();
  const boot = randomUUID();
  const own = createCounters({}, randomSeed());
  const splits = new WeakMap<readonly Charge[], Split>();
  const domainNamed = (domain: string): DomainCounters => {
    let counters = domains.get(domain);
    if (counters === undefined) {
      counters = new DomainCounters({ ...options, domain: `${prefix}${domain}`, boot });
      domains.set(domain, counters);
    }
    return counters;
  };
  const splitOf = (charges: readonly Charge[]): Split => {
    let known = splits.get(charges);
    if (known === undefined) {
      known = split(charges, options.nodes.length);
      splits.set(charges, known);
    }
    return known;
  };
  const decide = (charges: readonly Charge[], nowMs: number): MaybePromise<CounterDecision> => {
    const called = splitOf(charges);
    const [first, ...others] = called.together;
    if (called.alone.length === 0 && first !== undefined && others.length === 0)
      return domainNamed(first.domain).decide(first.charges, nowMs);
    return decideEach(called, nowMs);
  };
  const told = (charges: readonly Charge[], decision: CounterDecision): CounterDecision => {
    decided(charges, decision);
    return decision;
  };
  return {
    decide(charges, nowMs) {
      const decision = decide(charges, nowMs);
      return decision instanceof Promise ? decision.then((each) => told(charges, each)) : told(charges, decision);
    },
    settle(charges, outcome) {
      const { parts, together } = splitOf(charges);
      if (parts.length > 0) own.settle(parts, outcome);
      for (const { domain, charges: of } of together) {
        const ofBytes = of.filter(({ rule }) => rule.unit === 'request-bytes');
        if (ofBytes.length > 0) domainNamed(domain).settle(ofBytes, outcome);
      }
    },
    async standings(charges, nowMs) {
      const { together, alone, parts } = splitOf(charges);
      const found = new Map<Charge, Standing>();
      const keep = (of: readonly Charge[], standings: readonly Standing[]): void => {
        for (const [at, charge] of of.entries()) {
          const standing = standings[at];
          if (standing !== undefined) found.set(charge, standing);
        }
      };
      keep(alone, own.standings(parts, nowMs));
      for (const { domain, charges: of } of together) keep(of, await domainNamed(domain).standings(of, nowMs));
      return charges.map((charge) => found.get(charge) ?? { remaining: 0, moreAtMs: nowMs });
    },
    join(names) {
      for (const domain of names) domainNamed(domain).join();
    },
    defect: (stack) => options.notice({ kind: 'counters-defect', domain: 'all', sentence: defectSentence(stack) }),
    async close() {
      await Promise.all([...domains.values()].map((domain) => domain.close()));
      closeLink();
    },
  };

  /**
   * What this node counts alone first, because it can be given back: places that are held. Where `policy check` was not asked and rules
   * stack over domains, what an earlier one counted of a call that a later one refuses is lost, never gained.
   */
  function decideEach({ together, alone, parts, without }: Split, nowMs: number): MaybePromise<CounterDecision> {
    if (without !== null) {
      const retryAtMs = nowMs + without.rule.windowMs;
      const refusals = [{ rule: without.rule.name, retryAtMs }];
      return { admitted: false, decidedBy: without, retryAtMs, refusals, shadowRefusals: [] };
    }
    const decision = own.decide(parts, nowMs);
    for (const [at, { standing }] of parts.entries()) {
      const charge = alone[at];
      if (charge !== undefined && standing !== undefined) charge.standing = standing;
    }
    if (!decision.admitted) {
      const decidedBy = alone[parts.indexOf(decision.decidedBy)] ?? decision.decidedBy;
      return { ...decision, decidedBy };
    }
    return together.length === 0 ? decision : decideInTurn(decision, parts, together, nowMs);
  }

  async function decideInTurn(
    before: CounterDecision,
    parts: readonly Charge[],
    together: readonly Together[],
    nowMs: number,
  ): Promise<CounterDecision> {
    let decision = before;
    for (const { domain, charges } of together) {
      const { shadowRefusals } = decision;
      let next: CounterDecision;
      try {
        next = await domainNamed(domain).decide(charges, nowMs);
      } catch (defect) {
        giveBack(parts, before);
        throw defect;
      }
      decision = withShadows(next, [...shadowRefusals, ...next.shadowRefusals]);
      if (decision.admitted) continue;
      giveBack(parts, before);
      return decision;
    }
    return decision;
  }

  /** What a call holds by an earlier decision; of a rule in shadow that had no room it holds nothing. */
  function giveBack(parts: readonly Charge[], before: CounterDecision): void {
    const { shadowRefusals } = before;
    const held = parts.filter((part) => isHeld(part) && !shadowRefusals.some(({ rule }) => rule === part.rule.name));
    if (held.length > 0) own.settle(held, { ...chargedBy(before), requestBytes: 0 });
  }
}

/** What is known of a refusal is of one domain: of a call that others count too it is left out. */
function withShadows(decision: CounterDecision, shadowRefusals: readonly RuleRefusal[]): CounterDecision {
  if (decision.admitted) return { ...decision, shadowRefusals };
  const { known: _ofOneDomain, ...rest } = decision;
  return { ...rest, shadowRefusals };
}

function chargedBy(decision: CounterDecision): Pick<CallOutcome, 'charged'> {
  return decision.admitted && decision.charged !== undefined ? { charged: decision.charged } : {};
}

/** The charges of a call in one domain. */
interface Together {
  readonly domain: string;
  readonly charges: readonly Charge[];
}

/** A call by who counts its charges. */
interface Split {
  readonly together: readonly Together[];
  readonly alone: readonly Charge[];
  /** This node's part of each that it counts alone. */
  readonly parts: readonly Charge[];
  /** One of which this node has no part, because there are more nodes than units; null where there is none. */
  readonly without: Charge | null;
}

function split(charges: readonly Charge[], nodeCount: number): Split {
  const shared = charges.filter(({ rule }) => isCountedTogether(rule));
  const byDomain = Map.groupBy(shared, ({ rule }) => domainOf(rule));
  // The very same list, where nothing else is in it: what is remembered of a call is found by it.
  const together = [...byDomain].map(([domain, of]) => ({
    domain,
    charges: of.length === charges.length ? charges : of,
  }));
  const alone = charges.filter(({ rule }) => !isCountedTogether(rule));
  const parts = alone.map((charge) => partOf(charge, nodeCount) ?? charge);
  const without = alone.find((charge) => partOf(charge, nodeCount) === null) ?? null;
  return { together, alone, parts, without };
}
