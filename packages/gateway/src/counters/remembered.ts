// What a node admitted under long windows, so that a store that forgot it can be told again. Instants are of the machine's own clock.

/** Admissions of one log, oldest first. */
interface Log {
  readonly quota: number;
  readonly windowMs: number;
  readonly events: { readonly atMs: number; epochNumber: number }[];
}

/** Admissions of one log that the store must be told. */
export interface Untold {
  readonly log: string;
  readonly quota: number;
  readonly windowMs: number;
  readonly atMs: readonly number[];
}

/** A bounded memory of admissions. */
export interface Remembered {
  /** Since when everything is remembered that was admitted. */
  readonly sinceMs: number;
  /** `epochNumber` is of the epoch whose logs have it; 0 where none has, because the node admitted it on its own. */
  add(log: string, quota: number, windowMs: number, atMs: number, epochNumber: number): void;
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
    const first = log.events.findIndex((event) => event.atMs + log.windowMs > atMs);
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
    add(name, quota, windowMs, atMs, epochNumber) {
      if (eventCount >= eventsMax) makeRoom(atMs);
      let log = logs.get(name);
      if (log === undefined || log.windowMs !== windowMs || log.quota !== quota) {
        log = { quota, windowMs, events: log?.events ?? [] };
        logs.set(name, log);
      }
      if (log.events.length >= quota) drop(log, log.events.length - quota + 1);
      log.events.push({ atMs, epochNumber });
      eventCount += 1;
    },
    untold(epochNumber, nowAtMs, countMax) {
      const found: Untold[] = [];
      let count = 0;
      for (const [name, log] of logs) {
        forgetEnded(log, nowAtMs);
        const atMs = log.events.filter((event) => event.epochNumber !== epochNumber).map((event) => event.atMs);
        if (atMs.length === 0) continue;
        if (count > 0 && count + atMs.length > countMax) break;
        count += atMs.length;
        found.push({ log: name, quota: log.quota, windowMs: log.windowMs, atMs });
      }
      return found;
    },
    told(told, epochNumber) {
      for (const { log: name, atMs } of told) {
        const instants = new Set(atMs);
        for (const event of logs.get(name)?.events ?? []) if (instants.has(event.atMs)) event.epochNumber = epochNumber;
      }
    },
  };
}
