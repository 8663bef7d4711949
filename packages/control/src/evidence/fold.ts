// Puts a rollup into the store: each call into the rows it belongs to, once, in one transaction with the mark that says so.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { fromStoredBag, mergeBags, type StoredBag } from './bag.ts';
import {
  forms,
  type PairSum,
  pairPeriodRows,
  pairRow,
  pairSums,
  partyPeriodRows,
  refusalPeriodRows,
  useRow,
} from './fold-rows.ts';
import { otherAddresses, otherCallers } from './ledger-call.ts';
import { type Bags, bagBounds, bagNames, createBags, putUse, type Rollup, type Use, withOthers } from './rollup.ts';
import { upsertRows } from './upsert-rows.ts';

/** How many things the store tells apart. Past each bound calls are counted together as those of others. */
export interface StoreBounds {
  /** Callers that an accepted authority vouches for. */
  readonly callersMax: number;
  /** Callers that nobody vouches for: source addresses, and certificates of strangers. */
  readonly strangersMax: number;
  readonly addressesMax: number;
  /** Rows of one hour. */
  readonly usesPerHourMax: number;
}

/** Bounds unless a test says otherwise. */
export const storeBounds: StoreBounds = {
  callersMax: 100_000,
  strangersMax: 2_000,
  addressesMax: 2_000,
  usesPerHourMax: 50_000,
};

/** Puts a rollup in. The caller has begun the transaction and moves the mark in it. */
export async function foldRollup(db: Kysely<Schema>, rolledUp: Rollup, bounds: StoreBounds): Promise<void> {
  if (rolledUp.uses.size === 0) return;
  const { fitting, stored } = await withinHours(db, await withinStore(db, rolledUp, bounds), bounds);
  const uses = [...fitting.uses.values()];
  await upsertRows(db, forms.address, addressRows(fitting));
  await upsertRows(db, forms.caller, callerRows(fitting));
  await foldPairs(db, uses);
  await upsertRows(db, forms.pairPeriod, pairPeriodRows(uses));
  await upsertRows(db, forms.refusalPeriod, refusalPeriodRows([...fitting.refusals.values()]));
  await upsertRows(db, forms.partyPeriod, partyPeriodRows([...fitting.parties.values()]));
  // Last: the rows above count what is new, and bags of hours hold what was there before as well.
  mergeStored(fitting.uses, stored);
  await upsertUses(db, 'h', uses);
}

function addressRows({ addresses, uses }: Rollup) {
  const used = new Set([...uses.values()].map(({ address }) => address));
  return [...addresses.values()].filter(({ id }) => used.has(id)).map((address) => ({ ...address }));
}

function callerRows({ callers, uses }: Rollup) {
  const spans = new Map<string, { calls: number; first_ms: number; last_ms: number }>();
  for (const { caller, measures } of uses.values()) {
    const span = spans.get(caller) ?? { calls: 0, first_ms: measures.firstMs, last_ms: 0 };
    span.calls += measures.calls;
    span.first_ms = Math.min(span.first_ms, measures.firstMs);
    span.last_ms = Math.max(span.last_ms, measures.lastMs);
    spans.set(caller, span);
  }
  return [...callers.values()].flatMap(({ notAfter, issuedBy, ...caller }) => {
    const span = spans.get(caller.id);
    return span === undefined ? [] : [{ ...caller, not_after: notAfter, issued_by: issuedBy, ...span }];
  });
}

/** Callers and addresses that the store has no room for become others. */
async function withinStore(db: Kysely<Schema>, rolledUp: Rollup, bounds: StoreBounds): Promise<Rollup> {
  const callers = await strangeOf(db, 'ledger_caller', [...rolledUp.callers.keys()]);
  const addresses = await strangeOf(db, 'ledger_address', [...rolledUp.addresses.keys()]);
  const tooMany = new Set<string>();
  if (callers.length > 0) {
    const [known] = await db
      .selectFrom('ledger_caller')
      .select(({ fn }) => [
        fn.countAll<number>().filterWhere('vouched', '=', true).as('vouched'),
        fn.countAll<number>().filterWhere('vouched', '=', false).as('strangers'),
      ])
      .execute();
    const isVouched = (id: string) => rolledUp.callers.get(id)?.vouched === true;
    for (const id of callers.filter(isVouched).slice(Math.max(0, bounds.callersMax - (known?.vouched ?? 0))))
      tooMany.add(id);
    const strangers = callers.filter((id) => !isVouched(id) && id !== otherCallers.id);
    for (const id of strangers.slice(Math.max(0, bounds.strangersMax - (known?.strangers ?? 0)))) tooMany.add(id);
  }
  const room = addresses.length === 0 ? 0 : bounds.addressesMax - (await countOf(db, 'ledger_address'));
  const plain = addresses.filter((id) => rolledUp.addresses.get(id)?.kind === 'address');
  return withOthers(rolledUp, tooMany, new Set(plain.slice(Math.max(0, room))));
}

async function strangeOf(
  db: Kysely<Schema>,
  table: 'ledger_caller' | 'ledger_address',
  ids: readonly string[],
): Promise<readonly string[]> {
  const known = await sql<{ id: string }>`
    select id from ${sql.raw(table)} where id = any(${ids}::text[])`.execute(db);
  const there = new Set(known.rows.map(({ id }) => id));
  return ids.filter((id) => !there.has(id));
}

async function countOf(db: Kysely<Schema>, table: 'ledger_address'): Promise<number> {
  const row = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Rows of an hour that are one too many become the others of the hour. */
async function withinHours(
  db: Kysely<Schema>,
  rolledUp: Rollup,
  bounds: StoreBounds,
): Promise<{ readonly fitting: Rollup; readonly stored: ReadonlyMap<string, Bags> }> {
  const uses = [...rolledUp.uses.values()];
  const stored = await storedUses(db, 'h', uses);
  const hours = [...new Set(uses.map(({ periodMs }) => periodMs))];
  const counts = new Map(
    (
      await db
        .selectFrom('ledger_use_count')
        .select(['period_ms', 'uses'])
        .where('grain', '=', 'h')
        .where('period_ms', 'in', hours)
        .execute()
    ).map((row) => [row.period_ms, row.uses]),
  );
  const added = new Map<number, number>();
  const kept = new Map<string, Use>();
  for (const [key, use] of rolledUp.uses) {
    const isKnown = stored.has(key);
    const isOthers = use.caller === otherCallers.id && use.address === otherAddresses.id;
    const count = (counts.get(use.periodMs) ?? 0) + (added.get(use.periodMs) ?? 0);
    if (isKnown || isOthers || count < bounds.usesPerHourMax) {
      if (!isKnown) added.set(use.periodMs, (added.get(use.periodMs) ?? 0) + 1);
      putUse(kept, use);
    } else putUse(kept, { ...use, caller: otherCallers.id, address: otherAddresses.id, service: '', operation: '' });
  }
  await upsertRows(
    db,
    forms.useCount,
    [...added].map(([period_ms, count]) => ({ grain: 'h', period_ms, uses: count })),
  );
  const callers = new Map(rolledUp.callers).set(otherCallers.id, otherCallers);
  const addresses = new Map(rolledUp.addresses).set(otherAddresses.id, otherAddresses);
  const fitting = { ...rolledUp, uses: kept, callers, addresses };
  const others = [...kept.values()].filter(({ caller }) => caller === otherCallers.id);
  return { fitting, stored: new Map([...stored, ...(await storedUses(db, 'h', others))]) };
}

function mergeStored(uses: ReadonlyMap<string, Use>, stored: ReadonlyMap<string, Bags>): void {
  for (const [key, { bags }] of uses) {
    const before = stored.get(key);
    if (before !== undefined) for (const name of bagNames) mergeBags(bags[name], before[name], bagBounds[name]);
  }
}

/** Bags that the store has of these rows, by the keys of a rollup. */
async function storedUses(
  db: Kysely<Schema>,
  grain: 'h' | 'd',
  uses: readonly Use[],
): Promise<ReadonlyMap<string, Bags>> {
  const found = new Map<string, Bags>();
  for (let from = 0; from < uses.length; from += keysPerQuestion) {
    const keys = uses.slice(from, from + keysPerQuestion).map(({ periodMs, caller, address, service, operation }) => ({
      period_ms: periodMs,
      caller,
      address,
      service,
      operation,
    }));
    const { rows } = await sql<{
      period_ms: number;
      caller: string;
      address: string;
      service: string;
      operation: string;
      bags: Readonly<Record<string, StoredBag>>;
    }>`select u.period_ms, u.caller, u.address, u.service, u.operation, u.bags
      from jsonb_to_recordset(${JSON.stringify(keys)}::jsonb)
        as k(period_ms bigint, caller text, address text, service text, operation text)
      join ledger_use u on u.grain = ${grain} and u.period_ms = k.period_ms and u.caller = k.caller
        and u.address = k.address and u.service = k.service and u.operation = k.operation`.execute(db);
    for (const row of rows)
      found.set([row.period_ms, row.caller, row.address, row.operation, row.service].join('\0'), bagsOf(row.bags));
  }
  return found;
}

const keysPerQuestion = 5_000;

/** Bags as they were stored. */
export function bagsOf(stored: Readonly<Record<string, StoredBag>>): Bags {
  const bags = createBags();
  for (const name of bagNames) {
    const bag = stored[name];
    if (bag !== undefined) bags[name] = fromStoredBag(bag);
  }
  return bags;
}

async function upsertUses(db: Kysely<Schema>, grain: 'h' | 'd', uses: readonly Use[]): Promise<void> {
  await upsertRows(
    db,
    forms.use,
    uses.map((use) => useRow(grain, use)),
  );
}

/** Adds rows of hours to those of their days. */
export async function addToDays(db: Kysely<Schema>, days: readonly Use[]): Promise<void> {
  const byKey = new Map<string, Use>();
  for (const use of days) putUse(byKey, use);
  mergeStored(byKey, await storedUses(db, 'd', [...byKey.values()]));
  await upsertUses(db, 'd', [...byKey.values()]);
}

async function foldPairs(db: Kysely<Schema>, uses: readonly Use[]): Promise<void> {
  const pairs = pairSums(uses);
  const all = [...pairs.values()];
  for (let from = 0; from < all.length; from += keysPerQuestion) {
    const keys = all.slice(from, from + keysPerQuestion).map(({ caller, address }) => ({ caller, address }));
    const { rows } = await sql<StoredPair>`
      select p.caller, p.address, p.last_ms, p.last_service, p.sources, p.agents
      from jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) as k(caller text, address text)
      join ledger_pair p on p.caller = k.caller and p.address = k.address`.execute(db);
    for (const row of rows) mergePair(pairs.get(`${row.caller} ${row.address}`), row);
  }
  await upsertRows(db, forms.pair, all.map(pairRow));
}

interface StoredPair {
  readonly caller: string;
  readonly address: string;
  readonly last_ms: number;
  readonly last_service: string;
  readonly sources: StoredBag;
  readonly agents: StoredBag;
}

function mergePair(sum: PairSum | undefined, stored: StoredPair): void {
  if (sum === undefined) return;
  mergeBags(sum.bags.sources, fromStoredBag(stored.sources), bagBounds.sources);
  mergeBags(sum.bags.agents, fromStoredBag(stored.agents), bagBounds.agents);
  if (stored.last_ms > sum.lastMs) sum.lastService = stored.last_service;
}
