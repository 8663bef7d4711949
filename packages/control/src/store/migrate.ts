// Brings the tables of a store to what this version knows: forward only, one at a time over all who share the store.
import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { ControlRefusal } from '../api/control-refusal.ts';
import { storeMigrations } from './migrations.ts';
import type { Schema } from './schema.ts';
import { StoreRefused } from './store-refused.ts';

/** Runs what has not run yet, all of it or nothing. Refuses a store that a newer version wrote. */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  await refuseNewer(db);
  // Areas add migrations beside each other, so a new one may sort before one that has run.
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...storeMigrations }) },
    allowUnorderedMigrations: true,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  await refuseNewer(db); // Another process may have brought it further since.
  if (error instanceof StoreRefused || error instanceof ControlRefusal) throw error;
  const failed = results.find(({ status }) => status === 'Error')?.migrationName ?? 'before the first';
  throw new StoreRefused(
    'store.unusable',
    `the tables of the store cannot be brought up to date (${failed}): ${(error as Error).message}`,
    'Nothing was changed. Start the version that ran before, and report this.',
    error,
  );
}

/** Refuses a store whose tables are not what this version knows, and changes nothing. */
export async function refuseOther(db: Kysely<Schema>): Promise<void> {
  await refuseNewer(db);
  const done = new Set(await doneMigrations(db));
  const missing = Object.keys(storeMigrations).filter((name) => !done.has(name));
  if (missing.length === 0) return;
  throw new StoreRefused(
    'store.older',
    `the store has not been brought up to date: ${missing.join(', ')}`,
    'Start `headgate control` of this version once: it brings the store up to date.',
  );
}

async function refuseNewer(db: Kysely<Schema>): Promise<void> {
  const unknown = (await doneMigrations(db)).filter((name) => !(name in storeMigrations));
  if (unknown.length === 0) return;
  throw new StoreRefused(
    'store.newer',
    `the store was written by a newer version, which made ${unknown.join(', ')}`,
    'Start that version, or restore the backup that was taken before it ran.',
  );
}

async function doneMigrations(db: Kysely<Schema>): Promise<readonly string[]> {
  const { rows: tables } = await sql<{
    table: string | null;
  }>`select to_regclass('kysely_migration')::text as table`.execute(db);
  if (typeof tables[0]?.table !== 'string') return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}
