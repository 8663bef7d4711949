// What the store keeps of the journal: every entry, and how far they have been applied.

/** How far the journal has been applied to the store. One row, which whoever appends holds locked. */
interface JournalApplied {
  readonly id: 1;
  /** The last sequence number whose effect is in the store; 0 before the first. */
  readonly sequence: number;
}

/** One entry, as its line in the file has it. */
interface JournalEntryRow {
  readonly sequence: number;
  readonly batch: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly by: string;
  /** JSON as text: `jsonb` would refuse some strings and reorder the rest. */
  readonly body: string;
  readonly checksum: string;
}

/** The tables of this area. */
export interface JournalTables {
  readonly journal_applied: JournalApplied;
  readonly journal_entries: JournalEntryRow;
}
