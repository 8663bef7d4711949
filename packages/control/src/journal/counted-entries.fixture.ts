// An area as the tests of the journal need one: each entry of kind `count` adds one row and one to a sum. Applied twice, the sum
// would show it; lost, both would.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import type { ApplyEntry } from './open-journal.ts';

/** Makes the tables where they are absent. Tests make them by hand: they are no part of the store. */
export async function createCounted(db: Kysely<Schema>): Promise<void> {
  await sql`create table if not exists counted (sequence bigint primary key, token text not null unique)`.execute(db);
  await sql`create table if not exists counted_sum (id int primary key, sum bigint not null)`.execute(db);
  await sql`insert into counted_sum values (1, 0) on conflict do nothing`.execute(db);
}

/** Appliers of this area. A token that is there already is refused, as an approval that was given already would be. */
export const countedAppliers: Readonly<Record<string, ApplyEntry>> = {
  async count({ sequence, body }, trx) {
    const { token } = body as { token: string };
    await sql`insert into counted values (${sequence}, ${token})`.execute(trx);
    await sql`update counted_sum set sum = sum + 1`.execute(trx);
  },
};

/** What the tables hold: tokens in the order of their entries, and the sum. */
export async function countedIn(
  db: Kysely<Schema>,
): Promise<{ readonly tokens: readonly string[]; readonly sum: number }> {
  const { rows } = await sql<{ token: string }>`select token from counted order by sequence`.execute(db);
  const { rows: sums } = await sql<{ sum: number }>`select sum from counted_sum`.execute(db);
  return { tokens: rows.map(({ token }) => token), sum: sums[0]?.sum ?? -1 };
}
