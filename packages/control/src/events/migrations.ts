import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The migrations of this area. */
export const eventMigrations: Readonly<Record<string, Migration>> = {
  '015-events': {
    async up(db: Kysely<never>) {
      await db.schema
        .createTable('event_stream')
        .addColumn('id', 'smallint', (column) => column.primaryKey().check(sql`id = 1`))
        .addColumn('epoch', 'text', (column) => column.notNull())
        .addColumn('dropped', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('events')
        .addColumn('number', 'bigint', (column) => column.primaryKey())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('participant', 'text')
        .addColumn('at_ms', 'bigint', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .execute();
    },
  },
};
