// What PostgreSQL does in processes of its own and PGlite, which has one, never does: checkpoints, so that its log stays short, and
// vacuuming, so that rows which changed give their room back and plans know what is in a table.
import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

/** When there is something to do. */
export interface HouseLimits {
  /** So much of the log may be read again after a crash before a checkpoint is made. */
  readonly logBytesMax: number;
  /** Tables vacuumed in one round: each holds everyone up for as long as it takes. */
  readonly tablesMax: number;
}

/** Begins statements that may take long: see `isUpkeep`. */
const mark = '/* upkeep */';

/** Whether a message to PGlite is one of these statements (Query, which has five bytes before its text). */
export function isUpkeep(message: Uint8Array): boolean {
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('latin1', 5, 17) === mark;
}

/** Does what is due; other statements run in between. */
export async function keepHouse(db: Kysely<Schema>, { logBytesMax, tablesMax }: HouseLimits): Promise<void> {
  await sql`select pg_stat_force_next_flush()`.execute(db);
  for (const table of await dueTables(db, tablesMax)) {
    await sql.raw(`${mark} vacuum (analyze) ${table}`).execute(db);
  }
  const { rows } = await sql<{ bytes: number }>`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) as bytes from pg_control_checkpoint()`.execute(db);
  if ((rows[0]?.bytes ?? 0) > logBytesMax) await sql.raw(`${mark} checkpoint`).execute(db);
}

// Thresholds as PostgreSQL's own (autovacuum_vacuum_threshold and _scale_factor, …_insert_…, autovacuum_analyze_…).
async function dueTables(db: Kysely<Schema>, tablesMax: number): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', stat.schemaname, stat.relname) as name
    from pg_stat_user_tables stat join pg_class class on class.oid = stat.relid
    where stat.n_dead_tup > 50 + 0.2 * greatest(class.reltuples, 0)
       or stat.n_ins_since_vacuum > 1000 + 0.2 * greatest(class.reltuples, 0)
       or stat.n_mod_since_analyze > 50 + 0.1 * greatest(class.reltuples, 0)
    order by stat.n_dead_tup + stat.n_ins_since_vacuum desc
    limit ${tablesMax}`.execute(db);
  return rows.map(({ name }) => name);
}
