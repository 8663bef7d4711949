// Slices of what is rolled up, in the store until they are in rows: whatever ends this process, the next one goes on with the next slice.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';

/** How many there are. */
export async function countSlices(db: Kysely<Schema>): Promise<number> {
  const { count } = await db
    .selectFrom('ledger_slice')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** Keeps the slices of everything up to a chunk. */
export async function keepSlices(trx: Kysely<Schema>, through: number, slices: readonly Uint8Array[]): Promise<void> {
  for (let from = 0; from < slices.length; from += slicesPerStatement)
    await trx
      .insertInto('ledger_slice')
      .values(
        slices
          .slice(from, from + slicesPerStatement)
          .map((rows, at) => ({ through, part: from + at, rows: Buffer.from(rows) })),
      )
      .execute();
}

const slicesPerStatement = 100;

/** Takes the oldest slice out; null where there is none. */
export async function takeSlice(trx: Kysely<Schema>): Promise<Buffer | null> {
  const { rows } = await sql<{ rows: Buffer }>`
    delete from ledger_slice where (through, part) in (
      select through, part from ledger_slice order by through, part limit 1)
    returning rows`.execute(trx);
  return rows[0]?.rows ?? null;
}
