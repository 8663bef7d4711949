// A ledger over a store of a test: records go in as a node sends them, and sums come out as the tables have them.
import { sql } from 'kysely';
import type { Store } from '../store/open-store.ts';
import { bodyOf, generatedStartMs } from './generated-records.fixture.ts';
import { type Ledger, type LedgerOptions, openLedger, type TakeOutcome } from './ledger.ts';
import { defaultRetention } from './retention.ts';

/** A clock that stands until it is turned. */
export interface TestClock {
  nowMs: number;
}

/** Takes everything out of a store that a ledger put in, so that the next test begins anew: opening one takes seconds. */
async function emptyLedger(store: Store): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename like 'ledger\\_%'`.execute(
    store.db,
  );
  await sql`truncate ${sql.raw(rows.map(({ name }) => name).join(', '))}`.execute(store.db);
  await sql`insert into ledger_state (id, rolled_up_to, last_arrival) values (1, 0, 0)`.execute(store.db);
}

/** One store for all tests of a file, emptied each time it is asked for. */
export function oneStore(openNew: () => Promise<Store>): () => Promise<Store> {
  let opened: Promise<Store> | undefined;
  return async () => {
    opened ??= openNew();
    await emptyLedger(await opened);
    return opened;
  };
}

/** Opens a ledger that folds only when it is asked to. */
export function openTestLedger(
  store: Store,
  options: Partial<LedgerOptions> & { readonly at?: TestClock } = {},
): Promise<Ledger> {
  const { at = { nowMs: generatedStartMs + 86_400_000 }, ...rest } = options;
  return openLedger({
    store,
    clock: () => at.nowMs,
    retention: defaultRetention,
    notice: () => undefined,
    ...rest,
    bounds: { foldSoonMs: 3_600_000, ...rest.bounds },
  });
}

/** Sends records as a node does. */
export function send(ledger: Ledger, node: string, records: readonly unknown[]): Promise<TakeOutcome> {
  return ledger.take({ node, body: bodyOf(records), encoding: 'identity' });
}

/** Sums of one table, as one row. */
export interface TableSums {
  readonly calls: number;
  readonly refused: number;
  readonly chunked: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly last_ms: number;
}

/** Sums over a table; `by` names the columns that make a key. */
export async function tableSums(
  store: Store,
  table: string,
  by: readonly string[],
  where = 'true',
): Promise<ReadonlyMap<string, TableSums>> {
  const columns = by.join(', ');
  const { rows } = await sql<TableSums & { readonly key: string }>`
    select concat_ws(' ', ${sql.raw(columns)}) as key, sum(calls)::bigint as calls, sum(refused)::bigint as refused,
      sum(chunked)::bigint as chunked, sum(request_bytes)::bigint as request_bytes,
      sum(response_bytes)::bigint as response_bytes, max(last_ms) as last_ms
    from ${sql.raw(table)} where ${sql.raw(where)} group by ${sql.raw(columns)}`.execute(store.db);
  return new Map(rows.map(({ key, ...sums }) => [key, sums]));
}
