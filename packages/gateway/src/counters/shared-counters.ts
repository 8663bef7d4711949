// Counters of one node that shares them with others: each charge goes to its limit domain, and a call to all of them or to none.
import { randomUUID } from 'node:crypto';
import type { Charge, CounterDecision, CounterStore } from '@headgate/contract';
import type { MaybePromise } from '../maybe-promise.ts';
import { DomainCounters, type DomainNotice, type DomainOptions } from './domain-counters.ts';
import { plainAdmission } from './shared-decision.ts';
import type { SharedRule } from './stacked-call.ts';

/** What the counters of a node are made of. */
export type SharedCountersOptions = Omit<DomainOptions, 'domain' | 'boot'> & { readonly closeLink: () => void };

/** Counters over nodes. */
export interface SharedCounters extends CounterStore {
  /** Takes leases in these domains, so that the first call of each need not wait. */
  join(domains: Iterable<string>): void;
  /** Gives the leases back. */
  close(): Promise<void>;
}

/** What is told of shared counters. */
export type CountersNotice = DomainNotice;

/** The limit domain of a rule that names none. */
const defaultDomain = 'default';

/** The domain that a rule is counted in. */
export function domainOf({ domain }: SharedRule): string {
  return domain ?? defaultDomain;
}

/** Opens counters over a link, which they close. */
export function createSharedCounters({ closeLink, ...options }: SharedCountersOptions): SharedCounters {
  const domains = new Map<string, DomainCounters>();
  const boot = randomUUID();
  const parts = new WeakMap<readonly Charge[], readonly Part[]>();
  const domainNamed = (domain: string): DomainCounters => {
    let counters = domains.get(domain);
    if (counters === undefined) {
      counters = new DomainCounters({ ...options, domain, boot });
      domains.set(domain, counters);
    }
    return counters;
  };
  const partsOf = (charges: readonly Charge[]): readonly Part[] => {
    let known = parts.get(charges);
    if (known === undefined) {
      known = divided(charges);
      parts.set(charges, known);
    }
    return known;
  };
  return {
    decide(charges, nowMs) {
      const [first, ...others] = partsOf(charges);
      if (first === undefined) return plainAdmission;
      const decided = domainNamed(first.domain).decide(first.charges, nowMs);
      return others.length === 0 ? decided : decideInTurn(decided, others, nowMs);
    },
    join(names) {
      for (const domain of names) domainNamed(domain).join();
    },
    async close() {
      await Promise.all([...domains.values()].map((domain) => domain.close()));
      closeLink();
    },
  };

  /** Where `policy check` was not asked: what an earlier domain counted of a call that a later one refuses is lost, never gained. */
  async function decideInTurn(
    decided: MaybePromise<CounterDecision>,
    others: readonly Part[],
    nowMs: number,
  ): Promise<CounterDecision> {
    let decision = await decided;
    for (const { domain, charges } of others) {
      if (!decision.admitted) return decision;
      const { shadowRefusals } = decision;
      decision = await domainNamed(domain).decide(charges, nowMs);
      decision = { ...decision, shadowRefusals: [...shadowRefusals, ...decision.shadowRefusals] };
    }
    return decision;
  }
}

/** The charges of a call in one domain. */
interface Part {
  readonly domain: string;
  readonly charges: readonly Charge[];
}

function divided(charges: readonly Charge[]): readonly Part[] {
  const byDomain = Map.groupBy(charges, ({ rule }) => domainOf(rule));
  const [only] = byDomain.keys();
  // The very same list, where there is one domain: what is remembered of it is found by it.
  if (byDomain.size === 1 && only !== undefined) return [{ domain: only, charges }];
  return [...byDomain].map(([domain, own]) => ({ domain, charges: own }));
}
