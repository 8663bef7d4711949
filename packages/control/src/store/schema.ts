// Every table of the store, gathered from the areas that own them.
import type { AccessTables } from '../access/tables.ts';
import type { EventTables } from '../events/tables.ts';
import type { LedgerTables } from '../evidence/tables.ts';
import type { JournalTables } from '../journal/tables.ts';
import type { SnapshotTables } from '../snapshot/tables.ts';

/** The tables of the store, as Kysely types its questions with. */
export interface Schema extends JournalTables, AccessTables, EventTables, LedgerTables, SnapshotTables {}
