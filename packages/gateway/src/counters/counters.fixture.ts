// What the tests of shared counters have in common: rules, charges, a domain over a real store, and a store whose time a test sets.
import type { Charge, CounterDecision, LimitRule } from '@headgate/contract';
import { Redis } from 'iovalkey';
import { Deadlines, monotonic } from '../deadlines.ts';
import { DomainCounters, type DomainNotice, type DomainOptions } from './domain-counters.ts';
import { libraryOf, librarySource, openStoreLink, type StoreAddress, StoreAway, type StoreLink } from './store-link.ts';

/** An enforced rule of two requests a second that divides, unless said otherwise. */
export function ruleWith(changes: Partial<LimitRule> = {}): LimitRule {
  return {
    name: 'example',
    layer: 'acceptable-use',
    where: {},
    key: ['source'],
    unit: 'requests',
    quota: 2,
    windowMs: 1_000,
    algorithm: 'exact-sliding-window',
    mode: 'enforce',
    counts: 'admitted',
    refusal: { status: 500, text: 'Please retry your request after <n> seconds', seconds: 'remaining' },
    evidence: 'assumed',
    source: 'test',
    ...changes,
  };
}

/** A charge to the allowance of this owner under this rule. */
export function chargeTo(rule: LimitRule, owner = 'a'): Charge {
  return { rule, key: `${rule.name}|source=${owner}` };
}

/** A moment in which the store and other nodes get their share of the machine. */
export function breathe(): Promise<void> {
  return new Promise((go) => setTimeout(go, 1));
}

/** Resolves once a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await breathe();
}

/** How often a node said something. */
export function countOf({ notices }: TestNode, kind: DomainNotice['kind']): number {
  return notices.filter((notice) => notice.kind === kind).length;
}

/** A node of a domain, and what it said. */
export interface TestNode {
  readonly counters: DomainCounters;
  readonly notices: readonly DomainNotice[];
  decide(charges: readonly Charge[]): Promise<CounterDecision>;
  /** Asks until it is counted again, one way or the other. */
  counted(charges: readonly Charge[]): Promise<CounterDecision>;
  /** Loses the store for good, without a word. */
  sever(): void;
  close(): Promise<void>;
}

/** Opens a node over a real store. */
export function openNode(address: StoreAddress | number, options: Partial<DomainOptions> = {}): TestNode {
  const at: StoreAddress =
    typeof address === 'number' ? { endpoints: [{ host: '127.0.0.1', port: address }], cluster: false } : address;
  const link = options.link ?? openStoreLink(at, new Deadlines(monotonic));
  const notices: DomainNotice[] = [];
  const counters = domainOver(link, { notice: (notice) => notices.push(notice), ...options });
  const decide = async (charges: readonly Charge[]): Promise<CounterDecision> => counters.decide(charges, Date.now());
  return {
    counters,
    notices,
    decide,
    async counted(charges) {
      for (;;) {
        const decision = await decide(charges);
        if (decision.admitted || decision.uncounted !== true) return decision;
        await breathe();
      }
    },
    sever: () => link.close(),
    async close() {
      await counters.close();
      link.close();
    },
  };
}

/** A domain with the options of most tests. */
export function domainOver(link: StoreLink, options: Partial<DomainOptions> = {}): DomainCounters {
  return new DomainCounters({
    domain: 'test',
    link,
    node: 'a',
    boot: `${Math.random()}`,
    nodes: ['a'],
    timeoutMs: 2_000,
    leaseMs: 1_000,
    longWindowMs: 86_400_000,
    holdOffMsMax: 86_400_000,
    rememberedMax: 10_000,
    elapsed: monotonic,
    notice: () => undefined,
    ...options,
  });
}

/** The library with time as the first argument of every function, for tests alone: no gateway may tell the store what time it is. */
const timedSource = librarySource.replace(
  'return body(keys, args, now_us())',
  'return body(keys, args, tonumber(table.remove(args, 1)))',
);

/** A link to a store whose clock is `nowUs`. */
export function openTimedLink(port: number, nowUs: () => number): StoreLink {
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined); // A test that is over has closed its store.
  const library = libraryOf(timedSource);
  const loaded = client.call('FUNCTION', 'LOAD', 'REPLACE', library.text);
  return {
    async call(name, keys, args) {
      await loaded;
      try {
        const answer = await client.call('FCALL', `${library.prefix}${name}`, keys.length, ...keys, nowUs(), ...args);
        return answer as readonly unknown[];
      } catch (fault) {
        throw new StoreAway(String(fault), true);
      }
    },
    assertKeepsKeys: () => Promise.resolve(),
    lookAnew: () => undefined,
    close: () => client.disconnect(),
  };
}
