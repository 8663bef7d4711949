// The decision of `counters.ts` over memory that threads share: the same rules, one lock around each decision. A property test
// holds that both decide alike, call for call.
import type { Charge, CounterDecision, ShadowRefusal } from '@headgate/contract';
import type { Counters } from '../counters.ts';
import { createKeyHashes } from './keyed-hash.ts';
import { createThreadLock } from './lock.ts';
import type { MemoryParts } from './memory.ts';
import { dealThreadAllowances, type ThreadAllowances, type ThreadAllowancesOptions } from './thread-allowances.ts';

/** Counters that threads share. */
export interface ThreadCounters extends Counters {
  /** To be called once a thread is gone: puts right what it may have left half done, and frees what it held. */
  repairAfter(goneOwner: number): void;
}

const noShadowRefusals: readonly ShadowRefusal[] = Object.freeze([]);
const plainAdmission: CounterDecision = Object.freeze({ admitted: true, shadowRefusals: noShadowRefusals });

/** Memory of the counters. */
export interface CountersParts {
  readonly lock: Int32Array;
  /** The latest instant that a decision has seen, in milliseconds. */
  readonly seen: Float64Array;
  /** How many calls were refused for want of space. */
  readonly refusedForSpace: Int32Array;
  readonly enforced: ThreadAllowances;
  readonly shadowed: ThreadAllowances;
}

/** Deals out memory for counters with these bounds. */
export function dealCounters(parts: MemoryParts, bounds: ThreadAllowancesOptions): CountersParts {
  return {
    lock: parts.words(1),
    seen: parts.numbers(1),
    refusedForSpace: parts.words(1),
    enforced: dealThreadAllowances(parts, bounds),
    shadowed: dealThreadAllowances(parts, bounds),
  };
}

/** The counters as one thread uses them. `owner` is a number above 0 that no other thread has or had. */
export function openCounters(parts: CountersParts, seed: Int32Array, owner: number): ThreadCounters {
  const { seen, refusedForSpace, enforced, shadowed } = parts;
  const lock = createThreadLock(parts.lock, owner);
  const hashes = createKeyHashes(seed);
  // Of each charge of the decision under way: its hash, its slot, and whether it refuses. As long as the most charges.
  const hashOf: Int32Array[] = [];
  let slotOf = new Int32Array(16);
  let refuses = new Uint8Array(16);

  const hashAt = (at: number): Int32Array => hashOf[at] as Int32Array; // Every index asked for was looked at before.

  /** The instant of a decision. An unused memory has seen 1970. */
  function turnedTo(nowMs: number): number {
    const atMs = Math.max(nowMs, seen[0] ?? 0);
    seen[0] = atMs;
    return atMs;
  }

  function look(charges: readonly Charge[], nowMs: number): void {
    // Windows of whole milliseconds are exact only for instants of whole milliseconds.
    if (!Number.isSafeInteger(nowMs))
      throw new RangeError(`nowMs must be a whole number of milliseconds, not ${nowMs}`);
    if (charges.length > slotOf.length) {
      slotOf = new Int32Array(charges.length * 2);
      refuses = new Uint8Array(charges.length * 2);
    }
    for (let at = 0; at < charges.length; at += 1) hashOf[at] = hashes.ofCharge(chargeAt(charges, at));
  }

  function roomMs(table: ThreadAllowances, charge: Charge, at: number, hasSpace: boolean, atMs: number): number {
    const slot = slotOf[at] ?? -1;
    if (slot >= 0) return table.roomAtMs(slot, charge.rule);
    return hasSpace ? Number.NEGATIVE_INFINITY : atMs + charge.rule.windowMs;
  }

  function latestRoomMs(charges: readonly Charge[], hasSpace: boolean, atMs: number): number {
    let latestMs = atMs;
    for (let at = 0; at < charges.length; at += 1) {
      const charge = chargeAt(charges, at);
      if (isEnforced(charge)) latestMs = Math.max(latestMs, roomMs(enforced, charge, at, hasSpace, atMs));
    }
    return latestMs;
  }

  function record(table: ThreadAllowances, { rule }: Charge, at: number, atMs: number): void {
    const slot = slotOf[at] ?? -1;
    if (slot >= 0) table.record(slot, rule, atMs);
    else slotOf[at] = table.add(hashAt(at), 0, rule, atMs);
  }

  /** Finds the slots of the enforced charges, and holds them for a decision; true if the keys that have none would fit. */
  function findEnforced(charges: readonly Charge[], atMs: number, isDecision: boolean): boolean {
    let unknownCount = 0;
    for (let at = 0; at < charges.length; at += 1) {
      if (!isEnforced(chargeAt(charges, at))) continue;
      const slot = isDecision ? enforced.hold(hashAt(at), 0, atMs) : enforced.find(hashAt(at), 0);
      slotOf[at] = slot;
      if (slot < 0) unknownCount += 1;
    }
    return unknownCount === 0 || enforced.hasSpaceFor(unknownCount, atMs);
  }

  function decideUnderLock(charges: readonly Charge[], nowMs: number): CounterDecision {
    const atMs = turnedTo(nowMs);
    enforced.turnTo(atMs);
    const hasSpace = findEnforced(charges, atMs, true);
    const isAdmitted = latestRoomMs(charges, hasSpace, atMs) <= atMs;
    const refusal = isAdmitted ? undefined : refuse(charges, hasSpace, atMs);
    let hasShadows = false;
    for (let at = 0; at < charges.length; at += 1) {
      const charge = chargeAt(charges, at);
      if (charge.rule.mode === 'shadow') hasShadows = true;
      else if (isAdmitted && isEnforced(charge)) record(enforced, charge, at, atMs);
    }
    const shadowRefusals = hasShadows ? chargeShadows(charges, isAdmitted, atMs) : noShadowRefusals;
    if (refusal !== undefined) return { admitted: false, ...refusal, shadowRefusals };
    return shadowRefusals.length === 0 ? plainAdmission : { admitted: true, shadowRefusals };
  }

  /** Charges the attempts, and says who refused and when all have room. */
  function refuse(
    charges: readonly Charge[],
    hasSpace: boolean,
    atMs: number,
  ): { decidedBy: Charge; retryAtMs: number } {
    if (!hasSpace) refusedForSpace[0] = (refusedForSpace[0] ?? 0) + 1;
    for (let at = 0; at < charges.length; at += 1) {
      const charge = chargeAt(charges, at);
      refuses[at] = isEnforced(charge) && roomMs(enforced, charge, at, hasSpace, atMs) > atMs ? 1 : 0;
    }
    for (let at = 0; at < charges.length; at += 1) {
      const charge = chargeAt(charges, at);
      if (isEnforced(charge) && countsAttempts(charge)) record(enforced, charge, at, atMs);
    }
    // Over all rules, not only the refusing: this attempt may have taken the last room of a rule that counts attempts.
    const retryAtMs = latestRoomMs(charges, hasSpace, atMs);
    return { decidedBy: decidingOf(charges, hasSpace, atMs), retryAtMs };
  }

  /** Of the refusing charges: the global layer before any other, then the one that frees last. */
  function decidingOf(charges: readonly Charge[], hasSpace: boolean, atMs: number): Charge {
    let deciding: Charge | undefined;
    let decidingMs = atMs;
    for (let at = 0; at < charges.length; at += 1) {
      const charge = chargeAt(charges, at);
      if (refuses[at] === 0) continue;
      const freeMs = roomMs(enforced, charge, at, hasSpace, atMs);
      const isGlobal = charge.rule.layer === 'global';
      const isHigher = deciding === undefined || (isGlobal && deciding.rule.layer !== 'global');
      const isPeer = isGlobal || deciding?.rule.layer !== 'global';
      if (!isHigher && !(isPeer && freeMs > decidingMs)) continue;
      deciding = charge;
      decidingMs = freeMs;
    }
    if (deciding === undefined) throw new Error('a call was refused by no rule');
    return deciding;
  }

  function chargeShadows(charges: readonly Charge[], isAdmitted: boolean, atMs: number): readonly ShadowRefusal[] {
    const refusals: ShadowRefusal[] = [];
    for (const [at, charge] of charges.entries()) {
      if (charge.rule.mode !== 'shadow') continue;
      shadowed.turnTo(atMs);
      slotOf[at] = shadowed.hold(hashAt(at), 0, atMs);
      const hasSpace = (slotOf[at] ?? -1) >= 0 || shadowed.hasSpaceFor(1, atMs);
      const hasRoom = roomMs(shadowed, charge, at, hasSpace, atMs) <= atMs;
      if (countsAttempts(charge) || (isAdmitted && hasRoom)) record(shadowed, charge, at, atMs);
      if (!hasRoom) refusals.push({ rule: charge.rule.name, retryAtMs: roomMs(shadowed, charge, at, hasSpace, atMs) });
    }
    return refusals;
  }

  function repair(): void {
    enforced.repair();
    shadowed.repair();
  }

  function underLock<Result>(work: () => Result): Result {
    lock.take();
    try {
      return work();
    } catch (defect) {
      repair(); // A defect of ours must not leave a table half changed to every other thread.
      throw defect;
    } finally {
      lock.give();
    }
  }

  return {
    decide(charges, nowMs) {
      look(charges, nowMs);
      return underLock(() => decideUnderLock(charges, nowMs));
    },
    peek(charges, nowMs) {
      look(charges, nowMs);
      return underLock(() => {
        const lastSeenMs = seen[0] ?? 0;
        const atMs = Math.max(nowMs, lastSeenMs);
        // Keys are forgotten by the instant of the last decision: a peek into the future must forget nothing.
        const hasSpace = findEnforced(charges, lastSeenMs, false);
        const retryAtMs = latestRoomMs(charges, hasSpace, atMs);
        return { admitted: retryAtMs <= atMs, retryAtMs };
      });
    },
    stats: () =>
      underLock(() => ({
        keyCount: enforced.keyCount,
        shadowKeyCount: shadowed.keyCount,
        slotCount: enforced.slotCount + shadowed.slotCount,
        refusedForSpaceCount: refusedForSpace[0] ?? 0,
      })),
    repairAfter(goneOwner) {
      if (!lock.takeFrom(goneOwner)) return;
      repair();
      lock.give();
    },
  };
}

function chargeAt(charges: readonly Charge[], at: number): Charge {
  return charges[at] as Charge; // Every index asked for is below the length.
}

function isEnforced({ rule }: Charge): boolean {
  return rule.mode === 'enforce';
}

function countsAttempts({ rule }: Charge): boolean {
  return rule.counts === 'attempts';
}
