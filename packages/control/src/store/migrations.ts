// Every migration of the store, gathered from the areas that own them. A name is for ever: it is what a store remembers.
import type { Migration } from 'kysely/migration';
import { accessMigrations } from '../access/migrations.ts';
import { eventMigrations } from '../events/migrations.ts';
import { ledgerMigrations } from '../evidence/migrations.ts';
import { journalMigrations } from '../journal/migrations.ts';
import { snapshotMigrations } from '../snapshot/migrations.ts';

/** All migrations by name. They run in the order of their names; a later one may come between two that have run. */
export const storeMigrations: Readonly<Record<string, Migration>> = {
  ...journalMigrations,
  ...accessMigrations,
  ...eventMigrations,
  ...ledgerMigrations,
  ...snapshotMigrations,
};
