// Every table of the store, gathered from the areas that own them.
import type { LedgerTables } from '../evidence/tables.ts';
import type { JournalTables } from '../journal/tables.ts';
import type { SnapshotTables } from '../snapshot/tables.ts';

/** The tables of the store, as Kysely types its questions with. */
export interface Schema extends JournalTables, LedgerTables, SnapshotTables {}
