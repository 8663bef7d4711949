import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The migrations of this area. */
export const accessMigrations: Readonly<Record<string, Migration>> = {
  '010-access-sessions': {
    async up(db: Kysely<never>) {
      await db.schema
        .createTable('access_links')
        .addColumn('secret_hash', 'text', (column) => column.primaryKey())
        .addColumn('account', 'text', (column) => column.notNull())
        .addColumn('made_ms', 'bigint', (column) => column.notNull())
        .addColumn('ends_ms', 'bigint', (column) => column.notNull())
        .addColumn('used_ms', 'bigint')
        .execute();
      await db.schema
        .createTable('access_sessions')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
        .addColumn('account', 'text', (column) => column.notNull())
        .addColumn('began_ms', 'bigint', (column) => column.notNull())
        .addColumn('seen_ms', 'bigint', (column) => column.notNull())
        .addColumn('ends_ms', 'bigint', (column) => column.notNull())
        .addColumn('ended_ms', 'bigint')
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('user_agent', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('access_sessions_account').on('access_sessions').column('account').execute();
    },
  },
};
