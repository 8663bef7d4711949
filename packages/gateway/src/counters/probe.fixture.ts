// Judges what nodes did from outside, by one clock for senders and back end: each call was decided at some instant between the one
// at which it was sent and the one at which its answer was there. What no choice of those instants can excuse is proven wrong.

/** One call. */
export interface Seen {
  readonly sentMs: number;
  readonly gotMs: number;
  /** Refused because nobody could count. */
  readonly outcome: 'admitted' | 'refused' | 'uncounted';
}

/** One limit that all calls were charged to. */
export interface ProbedLimit {
  readonly quota: number;
  readonly windowMs: number;
}

/** Spans in which a denial is excused: a fault and what follows from it. */
export type Excuse = readonly [fromMs: number, untilMs: number];

/** Most admitted calls that lie wholly within one window: above the quota, it was exceeded for certain. */
export function mostInAnyWindow(calls: readonly Seen[], { windowMs }: ProbedLimit): number {
  const admitted = calls.filter(({ outcome }) => outcome === 'admitted').sort((one, other) => one.gotMs - other.gotMs);
  let most = 0;
  for (const [last, { gotMs }] of admitted.entries()) {
    let count = 0;
    for (let at = last; at >= 0 && (admitted[at]?.gotMs ?? 0) > gotMs - windowMs; at -= 1)
      if ((admitted[at]?.sentMs ?? 0) > gotMs - windowMs) count += 1;
    most = Math.max(most, count);
  }
  return most;
}

/** Calls that were denied although no window that they may have been decided in can have been full. */
export function deniedWrongly(
  calls: readonly Seen[],
  { quota, windowMs }: ProbedLimit,
  excuses: readonly Excuse[],
): Seen[] {
  const admitted = calls.filter(({ outcome }) => outcome === 'admitted').sort((one, other) => one.gotMs - other.gotMs);
  const gots = admitted.map(({ gotMs }) => gotMs);
  return calls.filter((call) => {
    if (call.outcome === 'admitted') return false;
    if (excuses.some(([fromMs, untilMs]) => call.gotMs >= fromMs && call.sentMs <= untilMs)) return false;
    let count = 0;
    for (let at = firstAbove(gots, call.sentMs - windowMs); at < admitted.length && count < quota; at += 1)
      if ((admitted[at]?.sentMs ?? 0) <= call.gotMs) count += 1;
    return count < quota;
  });
}

/** Share of the quota that was used between two instants, over whole windows. */
export function shareUsed(
  calls: readonly Seen[],
  { quota, windowMs }: ProbedLimit,
  fromMs: number,
  untilMs: number,
): number {
  const windows = Math.floor((untilMs - fromMs) / windowMs);
  const endMs = fromMs + windows * windowMs;
  const used = calls.filter(({ outcome, gotMs }) => outcome === 'admitted' && gotMs >= fromMs && gotMs < endMs).length;
  return windows === 0 ? 1 : used / (windows * quota);
}

function firstAbove(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
