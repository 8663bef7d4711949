// Puts a rollup into the store: each call into the rows it belongs to, once, in one transaction with the mark that says so.
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { fromStoredBag, mergeBags, type StoredBag } from './bag.ts';
import {
  forms,
  fromBagsText,
  type PairSum,
  pairPeriodRows,
  pairRow,
  pairSums,
  partyPeriodRows,
  refusalPeriodRows,
  useRow,
} from './fold-rows.ts';
import { otherAddresses, otherCallers } from './ledger-call.ts';
import { type Bags, bagBounds, bagNames, putUse, type Rollup, type Use, useKey, withOthers } from './rollup.ts';
import type { LedgerUse } from './tables.ts';
import { unnested, upsertRows } from './upsert-rows.ts';

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

/**
 * What whoever folds remembers of the store, so that a slice need not ask: it alone puts callers and addresses in. It is forgotten where
 * a transaction failed, and where some were let go.
 */
export interface StoreRoom {
  readonly callers: Set<string>;
  readonly addresses: Set<string>;
  /** Rows of hours. */
  readonly uses: Map<number, number>;
  counts: { vouched: number; strangers: number; addresses: number } | null;
}

/** Nothing is known yet. */
export function createRoom(): StoreRoom {
  return { callers: new Set(), addresses: new Set(), uses: new Map(), counts: null };
}

/** Hours that are remembered at most. */
const hoursMax = 10_000;

/** Puts a rollup in. The caller has begun the transaction, and takes away in it what it folds from. */
export async function foldRollup(
  db: Kysely<Schema>,
  rolledUp: Rollup,
  bounds: StoreBounds,
  room: StoreRoom,
): Promise<void> {
  const { fitting, stored } = await withinHours(db, await withinStore(db, rolledUp, bounds, room), bounds, room);
  const uses = [...fitting.uses.values()];
  const addresses = addressRows(fitting).filter(({ id }) => !room.addresses.has(id));
  await upsertRows(db, forms.address, addresses);
  for (const { id } of addresses) room.addresses.add(id);
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
async function withinStore(
  db: Kysely<Schema>,
  rolledUp: Rollup,
  bounds: StoreBounds,
  room: StoreRoom,
): Promise<Rollup> {
  const callers = await strangeOf(db, 'ledger_caller', [...rolledUp.callers.keys()], room.callers);
  const addresses = await strangeOf(db, 'ledger_address', [...rolledUp.addresses.keys()], room.addresses);
  if (callers.length === 0 && addresses.length === 0) return rolledUp;
  room.counts ??= await countKnown(db);
  const known = room.counts;
  const isVouched = (id: string) => rolledUp.callers.get(id)?.vouched === true;
  const vouched = callers.filter(isVouched);
  const strangers = callers.filter((id) => !isVouched(id) && id !== otherCallers.id);
  const plain = addresses.filter((id) => rolledUp.addresses.get(id)?.kind === 'address');
  const fits = {
    vouched: Math.max(0, bounds.callersMax - known.vouched),
    strangers: Math.max(0, bounds.strangersMax - known.strangers),
    addresses: Math.max(0, bounds.addressesMax - known.addresses),
  };
  known.vouched += Math.min(fits.vouched, vouched.length);
  known.strangers += Math.min(fits.strangers, strangers.length);
  known.addresses += Math.min(fits.addresses, plain.length);
  const tooMany = new Set([...vouched.slice(fits.vouched), ...strangers.slice(fits.strangers)]);
  for (const id of callers) if (!tooMany.has(id)) room.callers.add(id);
  return withOthers(rolledUp, tooMany, new Set(plain.slice(fits.addresses)));
}

async function countKnown(db: Kysely<Schema>): Promise<NonNullable<StoreRoom['counts']>> {
  const { rows } = await sql<{ vouched: number; strangers: number; addresses: number }>`
    select count(*) filter (where vouched) as vouched,
      count(*) filter (where not vouched and kind <> 'others') as strangers,
      (select count(*) from ledger_address where kind = 'address') as addresses
    from ledger_caller`.execute(db);
  return rows[0] ?? { vouched: 0, strangers: 0, addresses: 0 };
}

async function strangeOf(
  db: Kysely<Schema>,
  table: 'ledger_caller' | 'ledger_address',
  ids: readonly string[],
  known: Set<string>,
): Promise<readonly string[]> {
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.raw(table)} where id = any(${unknown}::text[])`.execute(db);
  for (const { id } of rows) known.add(id);
  return unknown.filter((id) => !known.has(id));
}

/** Rows of an hour that are one too many become the others of the hour. */
async function withinHours(
  db: Kysely<Schema>,
  rolledUp: Rollup,
  bounds: StoreBounds,
  room: StoreRoom,
): Promise<{ readonly fitting: Rollup; readonly stored: ReadonlyMap<string, Bags> }> {
  const uses = [...rolledUp.uses.values()];
  if (uses.length === 0) return { fitting: rolledUp, stored: new Map() };
  const stored = await storedUses(db, 'h', uses);
  await countHours(db, new Set(uses.map(({ periodMs }) => periodMs)), room);
  const added = new Map<number, number>();
  const kept = new Map<string, Use>();
  for (const [key, use] of rolledUp.uses) {
    const isKnown = stored.has(key);
    const isOthers = use.caller === otherCallers.id && use.address === otherAddresses.id;
    const count = (room.uses.get(use.periodMs) ?? 0) + (added.get(use.periodMs) ?? 0);
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
  for (const [hour, count] of added) room.uses.set(hour, (room.uses.get(hour) ?? 0) + count);
  const others = [...kept.values()].filter(({ caller }) => caller === otherCallers.id);
  if (others.length === 0) return { fitting: { ...rolledUp, uses: kept }, stored };
  const callers = new Map(rolledUp.callers).set(otherCallers.id, otherCallers);
  const addresses = new Map(rolledUp.addresses).set(otherAddresses.id, otherAddresses);
  const fitting = { ...rolledUp, uses: kept, callers, addresses };
  return { fitting, stored: new Map([...stored, ...(await storedUses(db, 'h', others))]) };
}

async function countHours(db: Kysely<Schema>, hours: ReadonlySet<number>, { uses }: StoreRoom): Promise<void> {
  if (uses.size > hoursMax) uses.clear();
  const unknown = [...hours].filter((hour) => !uses.has(hour));
  if (unknown.length === 0) return;
  const rows = await db
    .selectFrom('ledger_use_count')
    .select(['period_ms', 'uses'])
    .where('grain', '=', 'h')
    .where('period_ms', 'in', unknown)
    .execute();
  for (const hour of unknown) uses.set(hour, 0);
  for (const { period_ms: hour, uses: count } of rows) uses.set(hour, count);
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
    const { rows } = await sql<StoredUse>`select u.period_ms, u.caller, u.address, u.service, u.operation, u.bags
      from ${unnested(useKeys, keys)} as k(period_ms, caller, address, service, operation)
      join ledger_use u on u.grain = ${grain} and u.period_ms = k.period_ms and u.caller = k.caller
        and u.address = k.address and u.service = k.service and u.operation = k.operation`.execute(db);
    for (const row of rows) found.set(useKey({ ...row, periodMs: row.period_ms }), fromBagsText(row.bags));
  }
  return found;
}

const keysPerQuestion = 2_000;

const useKeys = [
  ['period_ms', 'bigint'],
  ['caller', 'text'],
  ['address', 'text'],
  ['service', 'text'],
  ['operation', 'text'],
] as const;

type StoredUse = Pick<Selectable<LedgerUse>, 'period_ms' | 'caller' | 'address' | 'service' | 'operation' | 'bags'>;

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
      from ${unnested(pairKeys, keys)} as k(caller, address)
      join ledger_pair p on p.caller = k.caller and p.address = k.address`.execute(db);
    for (const row of rows) mergePair(pairs.get(`${row.caller} ${row.address}`), row);
  }
  await upsertRows(db, forms.pair, all.map(pairRow));
}

const pairKeys = [
  ['caller', 'text'],
  ['address', 'text'],
] as const;

interface StoredPair {
  readonly caller: string;
  readonly address: string;
  readonly last_ms: number;
  readonly last_service: string;
  readonly sources: string;
  readonly agents: string;
}

function mergePair(sum: PairSum | undefined, stored: StoredPair): void {
  if (sum === undefined) return;
  mergeBags(sum.bags.sources, fromStoredBag(JSON.parse(stored.sources) as StoredBag), bagBounds.sources);
  mergeBags(sum.bags.agents, fromStoredBag(JSON.parse(stored.agents) as StoredBag), bagBounds.agents);
  if (stored.last_ms > sum.lastMs) sum.lastService = stored.last_service;
}
