// The error codes of OASIS with their public meanings. Texts marked `seen` are verbatim; the others are by meaning.

/** An error report: its code and its sentence. */
export interface OasisError {
  readonly code: number;
  readonly description: string;
}

/** The errors that the simulator can give, by what went wrong. */
export const oasisErrors = {
  noData: { code: 1000, description: 'No data returned for the specified selection' },
  /** Seen. */
  badParameters: { code: 1001, description: 'Invalid Parameters of the given report name' },
  badDate: { code: 1002, description: 'Invalid date format' },
  timedOut: { code: 1003, description: 'Timed out waiting for query response' },
  /** Seen in meaning: at most 31 days. */
  tooManyDays: { code: 1004, description: 'Date range exceeds the limit of 31 days' },
  unknownReport: { code: 1005, description: 'Report name does not exist' },
  emptyQuery: { code: 1011, description: 'Query is empty' },
  startTooEarly: { code: 1014, description: 'Start date is beyond the limit of available data' },
  unknownGroup: { code: 1016, description: 'GROUPID does not exist' },
} as const satisfies Record<string, OasisError>;
