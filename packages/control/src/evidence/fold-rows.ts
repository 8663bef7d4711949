// A rollup as rows of the tables: what was summed by hours, put together by days and months, and per caller and address. Pure.
import { type Bag, fromStoredBag, mergeBags, type StoredBag, toStoredBag } from './bag.ts';
import { addMeasures, type Measures } from './measures.ts';
import {
  type Bags,
  bagBounds,
  bagNames,
  createBags,
  dayMs,
  monthOf,
  noMeasures,
  type PartySum,
  type RefusalSum,
  startOf,
  thirdOf,
  type Use,
} from './rollup.ts';
import type { UpsertColumn, UpsertForm } from './upsert-rows.ts';

const add: UpsertColumn = { type: 'bigint', merge: 'add' };
const greatest: UpsertColumn = { type: 'bigint', merge: 'greatest' };
const least: UpsertColumn = { type: 'bigint', merge: 'least' };
const text: UpsertColumn = { type: 'text', merge: 'replace' };
const knownText: UpsertColumn = { type: 'text', merge: 'known' };
const keptText: UpsertColumn = { type: 'text', merge: 'keep' };

const spanColumns = { calls: add, first_ms: least, last_ms: greatest };

const periodColumns = {
  ...spanColumns,
  refused: add,
  request_bytes: add,
  response_bytes: add,
  chunked: add,
  unencoded: add,
  with_cookies: add,
  reused_cookies: add,
  largest_bytes: greatest,
};

const allColumns = {
  ...periodColumns,
  answered: add,
  failed: add,
  broken: add,
  duration_ms: add,
  large: add,
  refused_last_ms: greatest,
  chunked_last_ms: greatest,
  unencoded_last_ms: greatest,
  cookies_last_ms: greatest,
};

const period = { grain: 'text', period_ms: 'bigint' } as const;
const pair = { caller: 'text', address: 'text' } as const;

/** How rows of each table are put together. */
export const forms = {
  caller: {
    table: 'ledger_caller',
    keys: { id: 'text' },
    columns: {
      kind: keptText,
      name: keptText,
      vouched: { type: 'boolean', merge: 'either' },
      subject: knownText,
      issuer: knownText,
      serial: knownText,
      not_after: knownText,
      issued_by: knownText,
      participant: knownText,
      ...spanColumns,
    },
  },
  address: {
    table: 'ledger_address',
    keys: { id: 'text' },
    columns: {
      kind: keptText,
      environment: keptText,
      channel: keptText,
      generation: keptText,
      system: keptText,
      address: keptText,
    },
  },
  pair: {
    table: 'ledger_pair',
    keys: pair,
    columns: { ...allColumns, last_source: text, last_agent: text, last_service: text, sources: text, agents: text },
  },
  pairPeriod: { table: 'ledger_pair_period', keys: { ...period, ...pair }, columns: periodColumns },
  refusalPeriod: {
    table: 'ledger_refusal_period',
    keys: { ...period, ...pair, code: 'text', rule: 'text' },
    columns: spanColumns,
  },
  partyPeriod: {
    table: 'ledger_party_period',
    keys: { ...period, participant: 'text', scid: 'text' },
    columns: periodColumns,
  },
  use: {
    table: 'ledger_use',
    keys: { ...period, ...pair, service: 'text', operation: 'text' },
    columns: { ...allColumns, bags: text },
  },
  useCount: { table: 'ledger_use_count', keys: period, columns: { uses: add } },
} as const satisfies Readonly<Record<string, UpsertForm>>;

/** Sums as columns. */
function periodSumsOf(sums: Measures) {
  return {
    calls: sums.calls,
    refused: sums.refused,
    request_bytes: sums.requestBytes,
    response_bytes: sums.responseBytes,
    chunked: sums.chunked,
    unencoded: sums.unencoded,
    with_cookies: sums.withCookies,
    reused_cookies: sums.reusedCookies,
    largest_bytes: sums.largestBytes,
    first_ms: sums.firstMs,
    last_ms: sums.lastMs,
  };
}

/** All sums as columns. */
function allSumsOf(sums: Measures) {
  return {
    ...periodSumsOf(sums),
    answered: sums.answered,
    failed: sums.failed,
    broken: sums.broken,
    duration_ms: sums.durationMs,
    large: sums.large,
    refused_last_ms: sums.refusedLastMs,
    chunked_last_ms: sums.chunkedLastMs,
    unencoded_last_ms: sums.unencodedLastMs,
    cookies_last_ms: sums.cookiesLastMs,
  };
}

/** Days, thirds of months, and months: what questions over a span of time are answered from. */
const grains = [
  { grain: 'd', startMs: (atMs: number) => startOf(atMs, dayMs) },
  { grain: 't', startMs: thirdOf },
  { grain: 'm', startMs: monthOf },
] as const;

/** Calls of one caller at one address, over everything that is folded. */
export interface PairSum {
  readonly caller: string;
  readonly address: string;
  readonly measures: Measures;
  readonly bags: Pick<Bags, 'sources' | 'agents'>;
  lastService: string;
  lastMs: number;
}

/** Calls per caller and address. */
export function pairSums(uses: Iterable<Use>): ReadonlyMap<string, PairSum> {
  const pairs = new Map<string, PairSum>();
  for (const { caller, address, service, measures, bags } of uses) {
    const key = `${caller} ${address}`;
    let sum = pairs.get(key);
    if (sum === undefined) {
      const { sources, agents } = createBags();
      sum = { caller, address, measures: noMeasures(), bags: { sources, agents }, lastService: service, lastMs: 0 };
      pairs.set(key, sum);
    }
    addMeasures(sum.measures, measures);
    mergeBags(sum.bags.sources, bags.sources, bagBounds.sources);
    mergeBags(sum.bags.agents, bags.agents, bagBounds.agents);
    if (measures.lastMs >= sum.lastMs) {
      sum.lastMs = measures.lastMs;
      sum.lastService = service;
    }
  }
  return pairs;
}

/** Rows of `ledger_pair_period`. */
export function pairPeriodRows(uses: readonly Use[]) {
  return grains.flatMap(({ grain, startMs }) => {
    const sums = new Map<string, Pick<Use, 'periodMs' | 'caller' | 'address' | 'measures'>>();
    for (const { periodMs, caller, address, measures } of uses) {
      const startsMs = startMs(periodMs);
      const key = `${startsMs} ${caller} ${address}`;
      const known = sums.get(key);
      if (known === undefined) sums.set(key, { periodMs: startsMs, caller, address, measures: { ...measures } });
      else addMeasures(known.measures, measures);
    }
    return [...sums.values()].map(({ periodMs, caller, address, measures }) => ({
      grain,
      period_ms: periodMs,
      caller,
      address,
      ...periodSumsOf(measures),
    }));
  });
}

/** Rows of `ledger_refusal_period`. */
export function refusalPeriodRows(refusals: readonly RefusalSum[]) {
  return grains.flatMap(({ grain, startMs }) => {
    const sums = new Map<string, RefusalSum>();
    for (const sum of refusals) {
      const startsMs = startMs(sum.dayMs);
      const key = [startsMs, sum.caller, sum.address, sum.code, sum.rule].join('\0');
      const known = sums.get(key);
      if (known === undefined) sums.set(key, { ...sum, dayMs: startsMs });
      else {
        known.calls += sum.calls;
        known.firstMs = Math.min(known.firstMs, sum.firstMs);
        known.lastMs = Math.max(known.lastMs, sum.lastMs);
      }
    }
    return [...sums.values()].map(({ dayMs: periodMs, caller, address, code, rule, calls, firstMs, lastMs }) => ({
      grain,
      period_ms: periodMs,
      caller,
      address,
      code,
      rule,
      calls,
      first_ms: firstMs,
      last_ms: lastMs,
    }));
  });
}

/** Rows of `ledger_party_period`. */
export function partyPeriodRows(parties: readonly PartySum[]) {
  return grains.flatMap(({ grain, startMs }) => {
    const sums = new Map<string, PartySum>();
    for (const { dayMs: day, participant, scid, measures } of parties) {
      const startsMs = startMs(day);
      const key = [startsMs, scid, participant].join('\0');
      const known = sums.get(key);
      if (known === undefined) sums.set(key, { dayMs: startsMs, participant, scid, measures: { ...measures } });
      else addMeasures(known.measures, measures);
    }
    return [...sums.values()].map(({ dayMs: periodMs, participant, scid, measures }) => ({
      grain,
      period_ms: periodMs,
      participant,
      scid,
      ...periodSumsOf(measures),
    }));
  });
}

/** A row of `ledger_pair`, with bags that hold what the store had before. */
export function pairRow({ caller, address, measures, bags, lastService }: PairSum) {
  return {
    caller,
    address,
    ...allSumsOf(measures),
    last_source: latestOf(bags.sources),
    last_agent: latestOf(bags.agents),
    last_service: lastService,
    sources: JSON.stringify(toStoredBag(bags.sources)),
    agents: JSON.stringify(toStoredBag(bags.agents)),
  };
}

function latestOf({ values }: Bag): string {
  let latest = '';
  let latestMs = -1;
  for (const [value, { lastMs }] of values) {
    if (lastMs <= latestMs) continue;
    latest = value;
    latestMs = lastMs;
  }
  return latest;
}

/** Bags as they are stored, without the empty ones. */
export function toStoredBags(bags: Bags): Readonly<Record<string, StoredBag>> {
  const filled = bagNames.filter((name) => bags[name].values.size > 0 || bags[name].others > 0);
  return Object.fromEntries(filled.map((name) => [name, toStoredBag(bags[name])]));
}

/** Bags as a row has them. */
export function fromBagsText(text: string): Bags {
  return bagsOf(JSON.parse(text) as Readonly<Record<string, StoredBag>>);
}

/** Bags as they were stored. */
export function bagsOf(stored: Readonly<Record<string, StoredBag>>): Bags {
  const bags = createBags();
  for (const name of bagNames) {
    const bag = stored[name];
    if (bag !== undefined) bags[name] = fromStoredBag(bag);
  }
  return bags;
}

/** A row of `ledger_use`. */
export function useRow(grain: 'h' | 'd', { periodMs, caller, address, service, operation, measures, bags }: Use) {
  return {
    grain,
    period_ms: periodMs,
    caller,
    address,
    service,
    operation,
    ...allSumsOf(measures),
    bags: JSON.stringify(toStoredBags(bags)),
  };
}
