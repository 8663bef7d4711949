// Time that only moves when a test says so, and for the few that are about real time, its instants.

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

/**
 * Resolves once this machine's clock has reached an instant, and never before: timers may fire a part of a millisecond early. Only
 * for tests whose subject is real time over processes; whoever waits for anything else waits for that.
 */
export function clockReaches(instantMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    const leftMs = instantMs - Date.now();
    if (leftMs <= 0) resolve();
    else setTimeout(look, leftMs);
  };
  look();
  return promise;
}
