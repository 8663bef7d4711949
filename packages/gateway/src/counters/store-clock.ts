// Watches the store's clock against the machine's own, which never steps. A step forward would make windows shorter than they
// are, and so admit too much; whoever sees one has a new epoch begun.

/** What a reply says of the store's clock. */
export interface StoreClock {
  /** False where the clock stepped since the last reply. `sentMs` and `gotMs` are of the machine, `storeUs` is what the store said. */
  agrees(sentMs: number, gotMs: number, storeUs: number): boolean;
  /** The latest that the store's clock can show at an instant of the machine, in microseconds. Infinity before the first reply. */
  latestUs(atMs: number): number;
  /** How much later than a deadline set by `latestUs` the store may still have acted, in milliseconds. */
  blurMs(atMs: number): number;
  /** Another store from now on. */
  forget(): void;
}

/** A clock that is held to time by NTP is slewed by 500 millionths at most (ntpd's and chrony's default), and so is the machine's own. */
const driftPerMs = 0.001;

/** Steps as small as this many milliseconds are not told from the way that a reply takes. */
const toleranceMs = 2;

/** Nothing is known at first. */
export function createStoreClock(): StoreClock {
  // The store's clock is ahead of the machine's by something between the two, as of `asOfMs`.
  let leastMs = Number.NEGATIVE_INFINITY;
  let mostMs = Number.POSITIVE_INFINITY;
  let asOfMs = 0;
  return {
    agrees(sentMs, gotMs, storeUs) {
      const storeMs = storeUs / 1_000;
      const drift = Math.max(0, gotMs - asOfMs) * driftPerMs;
      const [least, most] = [leastMs - drift, mostMs + drift];
      const [seenLeast, seenMost] = [storeMs - gotMs, storeMs - sentMs];
      if (seenLeast > most + toleranceMs || seenMost < least - toleranceMs) return false;
      // Replies are not always read in the order they were sent; what is known is never of later than it was seen.
      asOfMs = Math.max(asOfMs, gotMs);
      leastMs = Math.max(least, Math.min(seenLeast, most));
      mostMs = Math.min(most, Math.max(seenMost, least));
      return true;
    },
    latestUs: (atMs) => (atMs + mostMs + Math.max(0, atMs - asOfMs) * driftPerMs + toleranceMs) * 1_000,
    blurMs: (atMs) => mostMs - leastMs + 2 * (Math.max(0, atMs - asOfMs) * driftPerMs + toleranceMs),
    forget() {
      leastMs = Number.NEGATIVE_INFINITY;
      mostMs = Number.POSITIVE_INFINITY;
    },
  };
}
