// Time that only moves when a test says so.

/** A clock for tests, in milliseconds since 1970 UTC. */
export interface FakeClock {
  now(): number;
  advanceMs(ms: number): void;
  /** Sets the clock, also backwards. */
  setMs(ms: number): void;
}

/** Creates a clock that stands still at `startMs`; by default at noon UTC of the deck's day, 21 February 2024. */
export function fakeClock(startMs = Date.UTC(2024, 1, 21, 12)): FakeClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advanceMs: (ms) => {
      nowMs += ms;
    },
    setMs: (ms) => {
      nowMs = ms;
    },
  };
}
