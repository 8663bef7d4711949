// What is kept for how long. Hours become days, days are let go, and records as they came go by age and by room; sums stay right
// throughout, for a call stands in one row of each table, and moves with it.
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { addToDays } from './fold.ts';
import { fromBagsText } from './fold-rows.ts';
import type { Measures } from './measures.ts';
import { dayMs, startOf, type Use } from './rollup.ts';
import type { LedgerUse } from './tables.ts';
import type { Turn } from './turn.ts';

/** How long the ledger keeps what. */
export interface Retention {
  /** Sums by hours; then they are put together by days. */
  readonly hoursDays: number;
  /** Sums by days; months stay for ten years. */
  readonly daysDays: number;
  /** Records as they came. */
  readonly recordsDays: number;
  /** And at most so many bytes of them, packed. */
  readonly recordsBytesMax: number;
  /** Callers that nobody vouches for, from their last call on. */
  readonly strangersDays: number;
}

/** What is kept unless the configuration says otherwise. */
export const defaultRetention: Retention = {
  hoursDays: 35,
  daysDays: 800,
  recordsDays: 92,
  recordsBytesMax: 8_589_934_592,
  strangersDays: 30,
};

/** Months are kept this long. */
const monthsDays = 3_660;

/** Callers whose hours become days in one turn: some hundred rows of each. */
const callersPerTurn = 4;

/** Does everything that is due, a turn for each part of it. Of records as they came, none goes behind the chunk that is rolled up. */
export async function letGo(
  db: Kysely<Schema>,
  retention: Retention,
  nowMs: number,
  rolledUpTo: () => number,
  turn: Turn,
): Promise<void> {
  const daysBack = (days: number) => startOf(nowMs - days * dayMs, dayMs);
  while (await turn(() => foldHours(db, daysBack(retention.hoursDays))));
  await turn(() => dropPeriods(db, 'd', daysBack(retention.daysDays)));
  await turn(() => dropPeriods(db, 't', daysBack(retention.daysDays)));
  await turn(() => dropPeriods(db, 'm', daysBack(monthsDays)));
  await turn(() => dropArrivals(db, retention, nowMs, rolledUpTo()));
  await turn(() => dropStrangers(db, nowMs - retention.strangersDays * dayMs));
  await turn(async () => {
    const beforeMs = daysBack(retention.daysDays);
    await db.deleteFrom('ledger_gap').where('to_ms', '<', beforeMs).execute();
    await db.deleteFrom('ledger_mark').where('first_ms', '<', beforeMs).where('known_ms', '<', beforeMs).execute();
  });
}

/** Hours of some callers before a day become rows of their days; gives whether there may be more. */
async function foldHours(db: Kysely<Schema>, beforeMs: number): Promise<boolean> {
  const oldest = await db
    .selectFrom('ledger_use')
    .select('period_ms')
    .where('grain', '=', 'h')
    .orderBy('period_ms')
    .limit(1)
    .executeTakeFirst();
  if (oldest !== undefined && oldest.period_ms < beforeMs) {
    const day = startOf(oldest.period_ms, dayMs);
    await db.transaction().execute((trx) => foldDay(trx, day));
    return true;
  }
  await db.deleteFrom('ledger_use_count').where('grain', '=', 'h').where('period_ms', '<', beforeMs).execute();
  return false;
}

/** Some callers' hours of a day: taken out, put together and put in, at once or not at all. */
async function foldDay(trx: Kysely<Schema>, day: number): Promise<void> {
  const { rows } = await sql<Selectable<LedgerUse>>`
    delete from ledger_use where grain = 'h' and period_ms >= ${day} and period_ms < ${day + dayMs} and caller in (
      select distinct caller from (
        select caller from ledger_use where grain = 'h' and period_ms >= ${day} and period_ms < ${day + dayMs}
        order by period_ms, caller limit ${callersPerTurn}) as first)
    returning *`.execute(trx);
  await addToDays(
    trx,
    rows.map((row): Use => {
      const { caller, address, service, operation, bags } = row;
      return {
        periodMs: day,
        caller,
        address,
        service,
        operation,
        measures: measuresOfRow(row),
        bags: fromBagsText(bags),
      };
    }),
  );
}

function measuresOfRow(row: Selectable<LedgerUse>): Measures {
  return {
    calls: row.calls,
    answered: row.answered,
    failed: row.failed,
    refused: row.refused,
    broken: row.broken,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    durationMs: row.duration_ms,
    chunked: row.chunked,
    large: row.large,
    unencoded: row.unencoded,
    withCookies: row.with_cookies,
    reusedCookies: row.reused_cookies,
    firstMs: row.first_ms,
    lastMs: row.last_ms,
    refusedLastMs: row.refused_last_ms,
    chunkedLastMs: row.chunked_last_ms,
    unencodedLastMs: row.unencoded_last_ms,
    cookiesLastMs: row.cookies_last_ms,
    largestBytes: row.largest_bytes,
  };
}

async function dropPeriods(db: Kysely<Schema>, grain: 'd' | 't' | 'm', beforeMs: number): Promise<void> {
  const tables = ['ledger_pair_period', 'ledger_refusal_period', 'ledger_party_period'] as const;
  for (const table of tables)
    await db.deleteFrom(table).where('grain', '=', grain).where('period_ms', '<', beforeMs).execute();
  if (grain === 'd')
    await db.deleteFrom('ledger_use').where('grain', '=', 'd').where('period_ms', '<', beforeMs).execute();
}

/** The oldest first: by age, and as many as are past the room for them. */
async function dropArrivals(
  db: Kysely<Schema>,
  { recordsDays, recordsBytesMax }: Retention,
  nowMs: number,
  folded: number,
): Promise<void> {
  await sql`
    delete from ledger_arrival where id <= ${folded} and (
      (to_ms < ${nowMs - recordsDays * dayMs} and taken_ms < ${nowMs - recordsDays * dayMs})
      or id in (select id from (
        select id, sum(packed_bytes) over (order by id desc) as bytes from ledger_arrival) as sums
        where bytes > ${recordsBytesMax}))`.execute(db);
  await sql`
    delete from ledger_segment s where not exists (
      select 1 from ledger_arrival a where a.segment = s.id)`.execute(db);
  await sql`
    delete from ledger_segment_list l where not exists (
      select 1 from ledger_segment s where s.id = l.segment)`.execute(db);
}

/** Strangers make room for others. Their sums by period stay, and are then those of nobody who is named. */
async function dropStrangers(db: Kysely<Schema>, beforeMs: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const gone = await trx
      .deleteFrom('ledger_caller')
      .where('vouched', '=', false)
      .where('kind', '!=', 'others')
      .where('last_ms', '<', beforeMs)
      .returning('id')
      .execute();
    const ids = gone.map(({ id }) => id);
    if (ids.length > 0) await trx.deleteFrom('ledger_pair').where('caller', 'in', ids).execute();
  });
}
