// What a node admitted under long windows, so that a store that forgot it can be told again. Instants are of the machine's own clock.
import { bucketMs } from '@headgate/contract';

interface LoggedEvent {
  atMs: number;
  amount: number;
  epochNumber: number;
}

/** Admissions of one log, oldest first. */
interface Log {
  readonly of: RememberedLog;
  readonly events: LoggedEvent[];
}

/** A log, and how its rule is counted. */
export interface RememberedLog {
  readonly log: string;
  readonly quota: number;
  readonly windowMs: number;
  /** Counted by parts of the window: what is in one part is remembered as one. */
  readonly isSummed: boolean;
}

/** Admissions of one log that the store must be told. */
export interface Untold extends RememberedLog {
  readonly events: readonly { readonly atMs: number; readonly amount: number }[];
}

/** A bounded memory of admissions. */
export interface Remembered {
  /** Since when everything is remembered that was admitted. */
  readonly sinceMs: number;
  /** `epochNumber` is of the epoch whose logs have it; 0 where none has, because the node admitted it on its own. */
  add(log: RememberedLog, amount: number, atMs: number, epochNumber: number): void;
  /** At most so many admissions that are not in the logs of this epoch; empty where the store knows all. */
  untold(epochNumber: number, nowMs: number, countMax: number): readonly Untold[];
  /** They are in the logs of this epoch now. */
  told(told: readonly Untold[], epochNumber: number): void;
}

/** Remembers nothing yet. Past `eventsMax` the oldest logs go, and the memory says that it is whole only since then. */
export function createRemembered(eventsMax: number, nowMs: number): Remembered {
  const logs = new Map<string, Log>();
  let eventCount = 0;
  let sinceMs = nowMs;
  const drop = (log: Log, count: number): void => {
    log.events.splice(0, count);
    eventCount -= count;
  };
  const forgetEnded = (log: Log, atMs: number): void => {
    const first = log.events.findIndex((event) => event.atMs + log.of.windowMs > atMs);
    drop(log, first < 0 ? log.events.length : first);
  };
  const makeRoom = (atMs: number): void => {
    for (const [name, log] of logs) {
      forgetEnded(log, atMs);
      if (log.events.length === 0) logs.delete(name);
    }
    // A tenth of it, so that not every admission from here on looks through all.
    for (const [name, log] of logs) {
      if (eventCount <= eventsMax * 0.9) return;
      drop(log, log.events.length);
      logs.delete(name);
      sinceMs = atMs;
    }
  };
  return {
    get sinceMs() {
      return sinceMs;
    },
    add({ log: name, quota, windowMs, isSummed }, amount, atMs, epochNumber) {
      if (eventCount >= eventsMax) makeRoom(atMs);
      let log = logs.get(name);
      if (log === undefined || log.of.windowMs !== windowMs || log.of.quota !== quota) {
        log = { of: { log: name, quota, windowMs, isSummed }, events: log?.events ?? [] };
        logs.set(name, log);
      }
      if (!isSummed && log.events.length >= quota) drop(log, log.events.length - quota + 1);
      if (addToLog(log, { atMs, amount, epochNumber })) eventCount += 1;
    },
    untold(epochNumber, nowAtMs, countMax) {
      const found: Untold[] = [];
      let count = 0;
      for (const log of logs.values()) {
        forgetEnded(log, nowAtMs);
        const events = log.events.filter((event) => event.epochNumber !== epochNumber).map((event) => ({ ...event }));
        if (events.length === 0) continue;
        if (count > 0 && count + events.length > countMax) break;
        count += events.length;
        found.push({ ...log.of, events });
      }
      return found;
    },
    told(told, epochNumber) {
      for (const { log: name, events } of told) {
        const instants = new Set(events.map(({ atMs }) => atMs));
        for (const event of logs.get(name)?.events ?? []) if (instants.has(event.atMs)) event.epochNumber = epochNumber;
      }
    },
  };
}

/** False where it was added to the event before it. What no epoch has may be on its way to the store: it stays as it is. */
function addToLog({ of: { isSummed, windowMs }, events }: Log, event: LoggedEvent): boolean {
  const newest = events.at(-1);
  if (!isSummed || newest?.epochNumber !== event.epochNumber || event.epochNumber === 0) return events.push(event) > 0;
  if (!isOnePart(newest.atMs, event.atMs, windowMs)) return events.push(event) > 0;
  newest.atMs = event.atMs;
  newest.amount += event.amount;
  return false;
}

function isOnePart(oneMs: number, otherMs: number, windowMs: number): boolean {
  return Math.floor(oneMs / bucketMs(windowMs)) === Math.floor(otherMs / bucketMs(windowMs));
}
