// How the tables of snapshots came to be. A migration that was released is never edited.
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The migrations of this area. */
export const snapshotMigrations: Readonly<Record<string, Migration>> = {
  '030-snapshot': {
    async up(db: Kysely<never>) {
      for (const statement of [
        `create table snapshot (
          number bigint primary key, hash text not null, previous bigint, created_ms bigint not null,
          author text not null, reason text not null, restored bigint, texts text not null, positions text not null)`,
        'create table snapshot_text (sha256 text primary key, packed text not null)',
        `create table snapshot_acknowledgement (
          node text not null, number bigint not null, hash text not null, since_ms bigint not null, at_ms bigint not null,
          threads bigint not null, refused text, primary key (node, number, hash))`,
        'create table snapshot_participant (id text primary key, participant text)',
        `create table snapshot_position (
          part text not null, key text not null, infrastructure text not null, primary key (part, key))`,
        'create table snapshot_floor (id smallint primary key check (id = 1), number bigint not null)',
        'insert into snapshot_floor (id, number) values (1, 0)',
      ])
        await sql.raw(statement).execute(db);
    },
  },
};
