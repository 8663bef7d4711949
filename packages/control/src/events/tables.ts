// What the store remembers of events, so that a reader that was away misses none.

/** Which stream of events this is, and how much of it is gone. One row. */
interface EventStream {
  readonly id: 1;
  /** Random, made with the store: numbers of another store mean nothing here. */
  readonly epoch: string;
  /** The last event that is not kept any more; 0 while all are. */
  readonly dropped: number;
}

/** One event. */
interface StoredEvent {
  /** From 1, without holes. */
  readonly number: number;
  readonly topic: string;
  /** The participant that may see it besides staff; null: staff alone. */
  readonly participant: string | null;
  readonly at_ms: number;
  /** JSON. */
  readonly data: string;
}

/** The tables of this area. */
export interface EventTables {
  readonly event_stream: EventStream;
  readonly events: StoredEvent;
}
