import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The migrations of this area. */
export const journalMigrations: Readonly<Record<string, Migration>> = {
  '001-journal-applied': {
    async up(db: Kysely<never>) {
      await db.schema
        .createTable('journal_applied')
        .addColumn('id', 'smallint', (column) => column.primaryKey().check(sql`id = 1`))
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .execute();
      await sql`insert into journal_applied (id, sequence) values (1, 0)`.execute(db);
    },
  },
  '002-journal-entries': {
    async up(db: Kysely<never>) {
      await db.schema
        .createTable('journal_entries')
        .addColumn('sequence', 'bigint', (column) => column.primaryKey())
        .addColumn('batch', 'bigint', (column) => column.notNull())
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('by', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('checksum', 'text', (column) => column.notNull())
        .execute();
    },
  },
};
