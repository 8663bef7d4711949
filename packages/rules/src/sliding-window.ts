// The exact sliding window as arithmetic over a ring of remembered instants. No clock, no policy, no keys.
// An event at instant t counts in (now − window, now], so its room is free again at exactly t + window:
// any half-open interval as long as the window holds at most `quota` admitted events.

/** Events of one allowance, oldest first, in a ring that grows to the quota only as it must. Whole milliseconds. */
export interface WindowLog {
  instants: Float64Array;
  oldest: number;
  count: number;
}

/** What one window says of a call: admitted now, or the first instant at which it has room. */
export interface WindowVerdict {
  readonly admitted: boolean;
  /** Milliseconds. The instant asked about (see `windowAdmits`) when admitted. */
  readonly retryAtMs: number;
}

/** Slots of a fresh ring, unless the quota is smaller. */
const freshSlotsMax = 4;

/** An empty log for a rule with this quota (at least 1). */
export function createWindowLog(quota: number): WindowLog {
  return { instants: new Float64Array(Math.min(freshSlotsMax, quota)), oldest: 0, count: 0 };
}

/** The first instant, in milliseconds, at which one more event fits; −Infinity if the log never was full. */
function roomAtMs(log: WindowLog, quota: number, windowMs: number): number {
  // Counted from the newest, not from the oldest: a lowered quota must hold for the events already remembered.
  return log.count < quota ? Number.NEGATIVE_INFINITY : instantAt(log, log.count - quota) + windowMs;
}

/** Whether one more event fits at `nowMs`. A clock that stepped back is read as the newest remembered instant. */
export function windowAdmits(log: WindowLog, quota: number, windowMs: number, nowMs: number): WindowVerdict {
  const atMs = Math.max(nowMs, newestMs(log));
  const freeAtMs = roomAtMs(log, quota, windowMs);
  return freeAtMs <= atMs ? { admitted: true, retryAtMs: atMs } : { admitted: false, retryAtMs: freeAtMs };
}

/** Remembers one event, never earlier than the newest. The ring keeps the last `quota` events and grows only if it must. */
export function recordEvent(log: WindowLog, quota: number, windowMs: number, nowMs: number): void {
  const atMs = Math.max(nowMs, newestMs(log));
  while (log.count >= quota) forgetOldest(log);
  if (log.count === log.instants.length) makeSlot(log, quota, windowMs, atMs);
  log.instants[slotOf(log, log.count)] = atMs;
  log.count += 1;
}

/** The newest remembered instant in milliseconds; −Infinity for an empty log. */
function newestMs(log: WindowLog): number {
  return log.count === 0 ? Number.NEGATIVE_INFINITY : instantAt(log, log.count - 1);
}

function makeSlot(log: WindowLog, quota: number, windowMs: number, atMs: number): void {
  while (log.count > 0 && instantAt(log, 0) + windowMs <= atMs) forgetOldest(log);
  if (log.count < log.instants.length) return;
  const grown = new Float64Array(Math.min(quota, log.instants.length * 2));
  for (let index = 0; index < log.count; index += 1) grown[index] = instantAt(log, index);
  log.instants = grown;
  log.oldest = 0;
}

function forgetOldest(log: WindowLog): void {
  log.oldest = slotOf(log, 1);
  log.count -= 1;
}

function slotOf(log: WindowLog, index: number): number {
  const slot = log.oldest + index;
  return slot < log.instants.length ? slot : slot - log.instants.length;
}

// A slot outside the ring would be a defect; reading it as "never" refuses instead of over-admitting.
function instantAt(log: WindowLog, index: number): number {
  return log.instants[slotOf(log, index)] ?? Number.POSITIVE_INFINITY;
}
