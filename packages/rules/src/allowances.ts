// The table of allowances in one process: one window log for each key, bounded in keys and in remembered instants.
import type { Charge, LimitRule } from '@headgate/contract';
import { createExpiryQueue, type Expiring } from './expiry-queue.ts';
import { createWindowLog, newestMs, recordEvent, roomAtMs, type WindowLog } from './sliding-window.ts';

/** Bounds of one table. */
export interface AllowancesOptions {
  /** Most keys with a remembered event, at least 1. */
  readonly keysMax: number;
  /** Most slots for instants over all keys, 8 bytes each. One call may pass it by the growth of its own rings. */
  readonly instantsMax: number;
}

/** The remembered events of one key. Made and changed by its table only. */
export interface Allowance extends Expiring {
  readonly key: string;
  readonly log: WindowLog;
  /** When the newest event has left its window, in milliseconds. */
  expiresAtMs: number;
}

/** Counts per key. Every instant must be no earlier than those before it; the caller sees to that. */
export interface Allowances {
  readonly keyCount: number;
  readonly slotCount: number;
  /**
   * Begins a decision. Forgets keys whose events all lie outside their windows, a few at a time, so that no call pays
   * for a whole sweep; and settles for the length of the decision whether there is memory for more instants.
   */
  turnTo(atMs: number): void;
  /** What is remembered of a key, if anything is. */
  find(key: string): Allowance | undefined;
  /** As `find`, and keeps the key for the length of the decision at `atMs`, also if its events are over. */
  hold(key: string, atMs: number): Allowance | undefined;
  /** True if this many more keys fit, after forgetting as many expired keys as that takes. */
  hasSpaceFor(keyCount: number, atMs: number): boolean;
  /** The first instant at which one more event fits; −Infinity if there always was room. */
  roomAtMs(allowance: Allowance, rule: LimitRule): number;
  /** Remembers one event of a key found in this decision. */
  record(allowance: Allowance, rule: LimitRule, atMs: number): void;
  /** Remembers the first event of an unknown key. Undefined, and nothing remembered, if the table is full. */
  add(charge: Charge, atMs: number): Allowance | undefined;
}

/** Due keys looked at on each decision: more than a call usually adds, so that forgetting keeps up. */
const looksPerTurn = 8;

/** An empty table. A live key is never forgotten: that would admit more than a quota, so new keys are turned away instead. */
export function createAllowances({ keysMax, instantsMax }: AllowancesOptions): Allowances {
  const byKey = new Map<string, Allowance>();
  const queue = createExpiryQueue<Allowance>();
  let slotCount = 0;
  // Fixed per decision: if it changed between asking for room and recording, a ring could drop a live event.
  let isTight = false;

  // Without memory to grow, a ring's length is the quota: it refuses early and frees when its oldest event leaves.
  function quotaOf(log: WindowLog, rule: LimitRule): number {
    return isTight ? Math.min(rule.quota, log.instants.length) : rule.quota;
  }

  /** Looks at the key that is due first: 'forgotten', 'kept' if it was used since, 'none' if nothing is due. */
  function lookAtFirst(atMs: number): 'forgotten' | 'kept' | 'none' {
    const first = queue.first();
    if (first === undefined || first.dueAtMs > atMs) return 'none';
    if (first.expiresAtMs > atMs) {
      queue.postponeFirst(first.expiresAtMs);
      return 'kept';
    }
    queue.removeFirst();
    byKey.delete(first.key);
    slotCount -= first.log.instants.length;
    return 'forgotten';
  }

  function turnTo(atMs: number): void {
    for (let looks = 0; looks < looksPerTurn; looks += 1) if (lookAtFirst(atMs) === 'none') break;
    while (slotCount >= instantsMax) if (lookAtFirst(atMs) === 'none') break;
    isTight = slotCount >= instantsMax;
  }

  function hold(key: string, atMs: number): Allowance | undefined {
    const allowance = byKey.get(key);
    // Else making space for another key of the same call could forget this one between asking and recording.
    if (allowance !== undefined && allowance.expiresAtMs <= atMs) allowance.expiresAtMs = atMs + 1;
    return allowance;
  }

  function hasSpaceFor(keyCount: number, atMs: number): boolean {
    // Each look that keeps a key was paid for by a use of that key since the last look, so the loop is amortised.
    while (byKey.size + keyCount > keysMax) if (lookAtFirst(atMs) === 'none') return false;
    return !isTight;
  }

  function record(allowance: Allowance, rule: LimitRule, atMs: number): void {
    const { log } = allowance;
    const slotsBefore = log.instants.length;
    recordEvent(log, quotaOf(log, rule), rule.windowMs, atMs);
    slotCount += log.instants.length - slotsBefore;
    allowance.expiresAtMs = newestMs(log) + rule.windowMs;
  }

  function add({ key, rule }: Charge, atMs: number): Allowance | undefined {
    if (!hasSpaceFor(1, atMs)) return undefined;
    const expiresAtMs = atMs + rule.windowMs;
    const allowance = { key, log: createWindowLog(rule.quota), expiresAtMs, dueAtMs: expiresAtMs };
    byKey.set(key, allowance);
    queue.add(allowance);
    slotCount += allowance.log.instants.length;
    record(allowance, rule, atMs);
    return allowance;
  }

  return {
    get keyCount() {
      return byKey.size;
    },
    get slotCount() {
      return slotCount;
    },
    turnTo,
    find: (key) => byKey.get(key),
    hold,
    hasSpaceFor,
    roomAtMs: ({ log }, rule) => roomAtMs(log, quotaOf(log, rule), rule.windowMs),
    record,
    add,
  };
}
