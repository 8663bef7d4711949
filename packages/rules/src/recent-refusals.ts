// What was refused lately, for whoever asks about its own calls.

/** A call that a limit refused. */
export interface RecentRefusal {
  readonly exchange: string;
  readonly atMs: number;
  /** The rule that decided. */
  readonly rule: string;
  /** Id of the system that was called. */
  readonly system: string;
  /** Null where waiting helps nothing. */
  readonly retryAfterMs: number | null;
}

/** Refused calls by whom they are told to, the latest few of each. */
export interface RecentRefusals {
  add(owner: string, call: RecentRefusal): void;
  /** The latest first. */
  of(owner: string): readonly RecentRefusal[];
}
