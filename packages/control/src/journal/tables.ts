// What the store remembers about the journal.

/** How far the journal has been applied to the store. One row. */
interface JournalApplied {
  readonly id: 1;
  /** The last sequence number whose effect is in the store; 0 before the first. */
  readonly sequence: number;
}

/** The tables of this area. */
export interface JournalTables {
  readonly journal_applied: JournalApplied;
}
