// One all-or-nothing decision over every rule that matches a call, over memory that threads share: one lock around each decision.
// Time is passed in.
import {
  type CallOutcome,
  type Charge,
  type CounterDecision,
  isBucketed,
  type LimitRule,
  type RuleRefusal,
  type Standing,
} from '@headgate/contract';
import type { Counters } from '../counters.ts';
import type { AllowanceTable } from './allowance-table.ts';
import { type BucketAllowances, dealBucketAllowances } from './bucket-allowances.ts';
import { createHeldPlaces, type HeldPlaces } from './held-places.ts';
import { hashText } from './keyed-hash.ts';
import { createThreadLock } from './lock.ts';
import type { MemoryParts } from './memory.ts';
import { dealPlaceCounts, openPlaceCounts, type PlaceParts } from './place-counts.ts';
import { dealRefusedKeys, type RefusedKey, type RefusedKeys } from './refused-keys.ts';
import { countsOf, dealRuleCounts, type RuleCounts, type RuleCountsParts, ruleSlot } from './rule-counts.ts';
import { dealThreadAllowances, type ThreadAllowancesOptions } from './thread-allowances.ts';

/** Counters that threads share. */
export interface ThreadCounters extends Counters {
  /**
   * To be called once a thread is gone: puts right what it may have left half done, and gives back what its calls held. False when
   * it is to be called again, a little later: another thread that died has to be put right first.
   */
  repairAfter(goneOwner: number): boolean;
}

/** Bounds of the memory. */
export interface CounterBounds extends ThreadAllowancesOptions {
  /** Most keys that are counted by parts of their window, for enforced rules and again for shadowed ones. */
  readonly bucketKeysMax: number;
  /** Most calls that hold something at once, times the rules that they hold it under. */
  readonly heldMax: number;
}

/** Tables of the rules in one mode. */
interface TableParts {
  readonly exact: AllowanceTable;
  readonly buckets: BucketAllowances;
  readonly held: PlaceParts;
}

interface Tables {
  readonly exact: AllowanceTable;
  readonly buckets: BucketAllowances;
  readonly held: HeldPlaces;
}

/** Memory of the counters. */
export interface CountersParts {
  readonly lock: Int32Array;
  /** The latest instant that a decision has seen, in milliseconds. */
  readonly seen: Float64Array;
  /** How many calls were refused for want of space. */
  readonly refusedForSpace: Int32Array;
  readonly enforced: TableParts;
  /** A table of its own, so that shadowed rules can never crowd out a call. */
  readonly shadowed: TableParts;
  readonly ruleCounts: RuleCountsParts;
  readonly refusedKeys: RefusedKeys;
}

/** Deals out memory for counters with these bounds. */
export function dealCounters(parts: MemoryParts, bounds: CounterBounds): CountersParts {
  return {
    lock: parts.words(1),
    seen: parts.numbers(1),
    refusedForSpace: parts.words(1),
    enforced: dealTables(parts, bounds),
    shadowed: dealTables(parts, bounds),
    ruleCounts: dealRuleCounts(parts, bounds.rulesMax),
    refusedKeys: dealRefusedKeys(parts),
  };
}

function dealTables(parts: MemoryParts, bounds: CounterBounds): TableParts {
  return {
    exact: dealThreadAllowances(parts, bounds),
    buckets: dealBucketAllowances(parts, bounds.bucketKeysMax),
    held: dealPlaceCounts(parts, bounds.heldMax),
  };
}

const noRefusals: readonly RuleRefusal[] = Object.freeze([]);
const plainAdmission: CounterDecision = Object.freeze({ admitted: true, shadowRefusals: noRefusals });

/** How a rule is counted. */
type Kind = 'exact' | 'buckets' | 'held';

/** What is known of a charge that comes again. */
interface KeptCharge {
  readonly seed: Int32Array;
  readonly hash: Int32Array;
  readonly kind: Kind;
  readonly isEnforced: boolean;
  readonly table: AllowanceTable;
  /** Found under the lock; -2 until then. */
  ruleSlot: number;
  /** Where it was charged last; -1 before. */
  lastSlot: number;
  /** Its place among the keys that are refused most; -1 where it has none. */
  refusedPlace: number;
}

/** One charge of the decision under way. Used again by the next, so that a decision makes nothing new. */
interface Line {
  charge: Charge;
  kept: KeptCharge;
  amount: number;
  slot: number;
  /** When this rule alone has room. */
  roomMs: number;
  refuses: boolean;
}

/** The counters as one thread uses them. `owner` is a number above 0 that no other thread has or had. */
export function openCounters(parts: CountersParts, sharedSeed: Int32Array, owner: number): ThreadCounters {
  // A copy is the name of these counters too: what charges keep is of one memory.
  const seed = sharedSeed.slice();
  const { seen, refusedForSpace, ruleCounts, refusedKeys } = parts;
  const lock = createThreadLock(parts.lock, owner);
  const enforced = openTables(parts.enforced, owner);
  const shadowed = openTables(parts.shadowed, owner);
  const lines: Line[] = [];
  let lineCount = 0;
  let usesEnforcedBuckets = false;
  let hasShadows = false;
  let hasBytes = false;
  let heldCount = 0;

  const lineAt = (at: number): Line => lines[at] as Line; // Every index asked for is below `lineCount`.

  /** The instant of a decision. An unused memory has seen 1970. */
  function turnedTo(nowMs: number): number {
    const seenMs = seen[0] ?? 0;
    if (nowMs <= seenMs) return seenMs;
    seen[0] = nowMs;
    return nowMs;
  }

  function keptOf(charge: Charge): KeptCharge {
    const known = charge.kept as KeptCharge | undefined;
    if (known !== undefined && known.seed === seed) return known;
    const { rule } = charge;
    const kind = kindOf(rule);
    const isEnforced = rule.mode === 'enforce';
    const fresh: KeptCharge = {
      seed,
      hash: hashText(seed, charge.key),
      kind,
      isEnforced,
      table: (isEnforced ? enforced : shadowed)[kind],
      ruleSlot: -2,
      lastSlot: -1,
      refusedPlace: -1,
    };
    charge.kept = fresh;
    return fresh;
  }

  /** What needs no lock. */
  function look(charges: readonly Charge[], nowMs: number): void {
    // Windows of whole milliseconds are exact only for instants of whole milliseconds.
    if (!Number.isSafeInteger(nowMs))
      throw new RangeError(`nowMs must be a whole number of milliseconds, not ${nowMs}`);
    usesEnforcedBuckets = false;
    hasShadows = false;
    hasBytes = false;
    heldCount = 0;
    lineCount = charges.length;
    for (let at = 0; at < charges.length; at += 1) {
      const charge = charges[at] as Charge;
      const kept = keptOf(charge);
      const { amount = 1 } = charge;
      if (kept.kind === 'buckets' && charge.rule.unit === 'request-bytes') hasBytes = true;
      if (!kept.isEnforced) hasShadows = true;
      else if (kept.kind === 'buckets') usesEnforcedBuckets = true;
      else if (kept.kind === 'held') heldCount += 1;
      const line = lines[at];
      if (line === undefined) lines[at] = { charge, kept, amount, slot: -1, roomMs: 0, refuses: false };
      else {
        line.charge = charge;
        line.kept = kept;
        line.amount = amount;
      }
    }
  }

  /** Finds the slots of the enforced charges, and when each has room; true if the keys that have none would fit. */
  function findEnforced(atMs: number, isDecision: boolean): boolean {
    let unknownExact = 0;
    let unknownBuckets = 0;
    for (let at = 0; at < lineCount; at += 1) {
      const line = lineAt(at);
      const { kept } = line;
      if (!kept.isEnforced) continue;
      line.slot = isDecision ? kept.table.hold(kept.hash, atMs, kept.lastSlot) : kept.table.find(kept.hash);
      if (kept.lastSlot < 0 && isDecision) carryOver(line, atMs);
      if (line.slot >= 0) continue;
      if (kept.kind === 'exact') unknownExact += 1;
      else unknownBuckets += 1;
    }
    return (
      (unknownExact === 0 || enforced.exact.hasSpaceFor(unknownExact, atMs)) &&
      (unknownBuckets === 0 || enforced.buckets.hasSpaceFor(unknownBuckets, atMs)) &&
      (heldCount === 0 || enforced.held.hasSpaceFor(heldCount, atMs))
    );
  }

  /**
   * A quota that was moved across what is counted exactly has another table from then on. What the one before holds of the key and
   * this one has not seen is charged here too, at its instants. Asked where a charge is new, as all are with another policy.
   */
  function carryOver(line: Line, atMs: number): void {
    const { kept, charge } = line;
    const { rule } = charge;
    if (rule.unit === 'request-bytes' || kept.kind === 'held') return;
    const before = kept.kind === 'exact' ? enforced.buckets : enforced.exact;
    const held = before.find(kept.hash);
    if (held >= 0) {
      const newestMs = line.slot < 0 ? Number.NEGATIVE_INFINITY : kept.table.newestMs(line.slot);
      const charged = before.chargedSince(held, Math.max(newestMs, atMs - rule.windowMs));
      // Of more than the quota the latest are enough, and one is remembered at a time where each is.
      let left = kept.kind === 'exact' ? charged.reduce((sum, { amount }) => sum + amount, 0) : 0;
      for (const { atMs: chargedMs, amount } of charged) {
        if (kept.kind === 'buckets') recordAt(line, amount, chargedMs);
        for (let one = 0; kept.kind === 'exact' && one < amount; one += 1, left -= 1)
          if (left <= rule.quota) recordAt(line, 1, chargedMs);
      }
    }
    kept.lastSlot = line.slot;
  }

  function recordAt(line: Line, amount: number, chargedMs: number): void {
    const { kept, charge } = line;
    if (line.slot >= 0) kept.table.record(line.slot, charge.rule, amount, chargedMs);
    else line.slot = kept.table.add(kept.hash, charge.rule, amount, chargedMs);
  }

  /** The first instant at which every enforced rule has room, `atMs` at the earliest. */
  function latestRoomMs(hasSpace: boolean, atMs: number): number {
    let latestMs = atMs;
    for (let at = 0; at < lineCount; at += 1) {
      const line = lineAt(at);
      if (!line.kept.isEnforced) continue;
      line.roomMs = roomMs(line, hasSpace, atMs);
      if (line.roomMs > latestMs) latestMs = line.roomMs;
    }
    return latestMs;
  }

  function roomMs({ kept, charge, slot, amount }: Line, hasSpace: boolean, atMs: number): number {
    const { rule } = charge;
    if (slot >= 0 && (hasSpace || kept.kind !== 'held')) return kept.table.roomAtMs(slot, rule, amount, atMs);
    if (amount > rule.quota) return Number.POSITIVE_INFINITY;
    return hasSpace ? Number.NEGATIVE_INFINITY : atMs + rule.windowMs;
  }

  function record(line: Line, atMs: number): void {
    recordAt(line, line.amount, atMs);
    line.kept.lastSlot = line.slot;
  }

  function decideUnderLock(nowMs: number): CounterDecision {
    const atMs = turnedTo(nowMs);
    enforced.exact.turnTo(atMs);
    if (usesEnforcedBuckets) enforced.buckets.turnTo(atMs);
    const hasSpace = findEnforced(atMs, true);
    const latestMs = latestRoomMs(hasSpace, atMs);
    const isAdmitted = latestMs <= atMs;
    const refusal = isAdmitted ? undefined : refuse(latestMs, hasSpace, atMs);
    for (let at = 0; at < lineCount; at += 1) {
      const line = lineAt(at);
      if (!line.kept.isEnforced) continue;
      if (isAdmitted) {
        record(line, atMs);
        count(ruleCounts.admitted, line.kept, line.charge);
        noteCharged(line, atMs);
      } else note(line, atMs);
    }
    const shadowRefusals = hasShadows ? chargeShadows(isAdmitted, atMs) : noRefusals;
    if (refusal !== undefined) return { admitted: false, ...refusal, shadowRefusals };
    if (hasBytes) return { admitted: true, shadowRefusals, charged: { atMs } };
    return shadowRefusals.length === 0 ? plainAdmission : { admitted: true, shadowRefusals };
  }

  /** Writes where an allowance stands that was charged just now: cheaper than to ask anew. */
  function noteCharged({ charge, kept, slot }: Line, atMs: number): void {
    const { rule } = charge;
    const standing = standingOf(charge);
    standing.remaining = kept.table.left(slot, rule);
    standing.moreAtMs = kept.table.moreAtMs(slot, rule, atMs);
  }

  /** Writes where an allowance stands that was not charged. */
  function note({ charge, kept, slot, roomMs: freeMs }: Line, atMs: number): void {
    const standing = standingOf(charge);
    // By parts of a window there may be room for less, and more of it before there is enough.
    if (freeMs > atMs && kept.kind !== 'buckets') {
      standing.remaining = 0;
      standing.moreAtMs = freeMs;
    } else writeStanding(standing, charge, kept, slot, atMs);
  }

  function writeStanding(
    standing: Standing,
    { rule }: Charge,
    { table }: KeptCharge,
    slot: number,
    atMs: number,
  ): void {
    standing.remaining = slot < 0 ? rule.quota : table.remaining(slot, rule, atMs);
    standing.moreAtMs = slot < 0 ? atMs : Math.max(atMs, table.moreAtMs(slot, rule, atMs));
  }

  function count(numbers: Float64Array, kept: KeptCharge, { rule }: Charge): void {
    if (kept.ruleSlot === -2) kept.ruleSlot = ruleSlot(ruleCounts, hashText(seed, rule.name));
    if (kept.ruleSlot >= 0) numbers[kept.ruleSlot] = (numbers[kept.ruleSlot] ?? 0) + 1;
  }

  /** Charges the attempts, and says who refused and when all have room. */
  function refuse(
    latestMs: number,
    hasSpace: boolean,
    atMs: number,
  ): Omit<Extract<CounterDecision, { admitted: false }>, 'admitted' | 'shadowRefusals'> {
    if (!hasSpace) refusedForSpace[0] = (refusedForSpace[0] ?? 0) + 1;
    const refusals: RuleRefusal[] = [];
    let hasAttempts = false;
    for (let at = 0; at < lineCount; at += 1) {
      const line = lineAt(at);
      if (!line.kept.isEnforced) continue;
      line.refuses = line.roomMs > atMs;
      if (line.charge.rule.counts !== 'attempts') continue;
      hasAttempts = true;
      record(line, atMs);
    }
    // Over all rules, not only the refusing: this attempt may have taken the last room of a rule that counts attempts.
    const retryAtMs = hasAttempts ? latestRoomMs(hasSpace, atMs) : latestMs;
    let deciding: Line | undefined;
    for (let at = 0; at < lineCount; at += 1) {
      const line = lineAt(at);
      if (!line.kept.isEnforced || !line.refuses) continue;
      if (deciding === undefined || outranks(line, deciding)) deciding = line;
      count(ruleCounts.refused, line.kept, line.charge);
      refusals.push({ rule: line.charge.rule.name, retryAtMs: line.roomMs });
    }
    if (deciding === undefined) throw new Error('a call was refused by no rule');
    const { kept, charge } = deciding;
    kept.refusedPlace = refusedKeys.count(charge.key, kept.hash, kept.refusedPlace);
    return { decidedBy: charge, retryAtMs, refusals };
  }

  function chargeShadows(isAdmitted: boolean, atMs: number): readonly RuleRefusal[] {
    const refusals: RuleRefusal[] = [];
    shadowed.exact.turnTo(atMs);
    shadowed.buckets.turnTo(atMs);
    for (let at = 0; at < lineCount; at += 1) {
      const line = lineAt(at);
      const { kept, charge } = line;
      if (kept.isEnforced) continue;
      line.slot = kept.table.hold(kept.hash, atMs, kept.lastSlot);
      const hasSpace = (line.slot >= 0 && kept.kind !== 'held') || kept.table.hasSpaceFor(1, atMs);
      const hasRoom = roomMs(line, hasSpace, atMs) <= atMs;
      if (countsAttempts(charge) || (isAdmitted && hasRoom)) record(line, atMs);
      if (!hasRoom) count(ruleCounts.shadowRefused, kept, charge);
      else if (isAdmitted) count(ruleCounts.admitted, kept, charge);
      if (!hasRoom) refusals.push({ rule: charge.rule.name, retryAtMs: roomMs(line, hasSpace, atMs) });
    }
    return refusals;
  }

  function settleUnderLock(charges: readonly Charge[], { charged, requestBytes }: CallOutcome): void {
    for (const charge of charges) {
      const { kind, hash, isEnforced } = keptOf(charge);
      const tables = isEnforced ? enforced : shadowed;
      if (kind === 'held') tables.held.release(hash);
      if (charged === undefined || kind !== 'buckets' || charge.rule.unit !== 'request-bytes') continue;
      const tooMuch = (charge.amount ?? 1) - requestBytes;
      if (tooMuch > 0) tables.buckets.refund(hash, charge.rule, tooMuch, charged.atMs);
    }
  }

  function repair(): void {
    for (const { exact, buckets, held } of [enforced, shadowed])
      for (const table of [exact, buckets, held]) table.repair();
    ruleCounts.keys.rebuild();
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
      return underLock(() => decideUnderLock(nowMs));
    },
    peek(charges, nowMs) {
      look(charges, nowMs);
      return underLock(() => {
        const lastSeenMs = seen[0] ?? 0;
        const atMs = Math.max(nowMs, lastSeenMs);
        // Keys and events are forgotten by the instant of the last decision: a peek into the future must forget nothing.
        const hasSpace = findEnforced(lastSeenMs, false);
        const retryAtMs = Math.max(atMs, latestRoomMs(hasSpace, lastSeenMs));
        return { admitted: retryAtMs <= atMs, retryAtMs };
      });
    },
    settle(charges, outcome) {
      underLock(() => settleUnderLock(charges, outcome));
    },
    standings(charges, nowMs) {
      look(charges, nowMs);
      return underLock(() => {
        const atMs = turnedTo(nowMs);
        return charges.map((charge, at): Standing => {
          const { kept } = lineAt(at);
          const standing: Standing = { remaining: 0, moreAtMs: 0 };
          writeStanding(standing, charge, kept, kept.table.find(kept.hash), atMs);
          return standing;
        });
      });
    },
    tally(charges, decision) {
      const refusing = new Set(decision.admitted ? [] : decision.refusals.map(({ rule }) => rule));
      const full = new Set(decision.shadowRefusals.map(({ rule }) => rule));
      underLock(() => {
        for (const charge of charges) {
          const kept = keptOf(charge);
          const { name } = charge.rule;
          if (refusing.has(name)) count(ruleCounts.refused, kept, charge);
          else if (full.has(name)) count(ruleCounts.shadowRefused, kept, charge);
          else if (decision.admitted) count(ruleCounts.admitted, kept, charge);
        }
        if (decision.admitted || decision.uncounted === true) return;
        const { kept, charge } = { kept: keptOf(decision.decidedBy), charge: decision.decidedBy };
        kept.refusedPlace = refusedKeys.count(charge.key, kept.hash, kept.refusedPlace);
      });
    },
    ruleCounts: (names): ReadonlyMap<string, RuleCounts> =>
      underLock(() => new Map(names.map((name) => [name, countsOf(ruleCounts, hashText(seed, name))]))),
    topRefusedKeys: (countMax): readonly RefusedKey[] => underLock(() => refusedKeys.top(countMax)),
    stats: () =>
      underLock(() => ({
        keyCount: keysOf(enforced),
        shadowKeyCount: keysOf(shadowed),
        slotCount: enforced.exact.slotCount + shadowed.exact.slotCount,
        refusedForSpaceCount: refusedForSpace[0] ?? 0,
      })),
    repairAfter(goneOwner) {
      if (lock.takeFrom(goneOwner)) repair();
      else if (!lock.takeSoon()) return false;
      for (const { held } of [enforced, shadowed]) held.repairAfter(goneOwner);
      lock.give();
      return true;
    },
  };
}

function openTables({ exact, buckets, held }: TableParts, owner: number): Tables {
  return { exact, buckets, held: createHeldPlaces(openPlaceCounts(held, owner)) };
}

function keysOf({ exact, buckets }: Tables): number {
  return exact.keyCount + buckets.keyCount;
}

function kindOf(rule: LimitRule): Kind {
  if (rule.unit === 'concurrent-requests') return 'held';
  return isBucketed(rule) ? 'buckets' : 'exact';
}

/** Of refusing lines the global layer decides before any other, then the one that frees last. */
function outranks(line: Line, than: Line): boolean {
  const isGlobal = line.charge.rule.layer === 'global';
  if (isGlobal !== (than.charge.rule.layer === 'global')) return isGlobal;
  return line.roomMs > than.roomMs;
}

function standingOf(charge: Charge): Standing {
  charge.standing ??= { remaining: 0, moreAtMs: 0 };
  return charge.standing;
}

function countsAttempts({ rule }: Charge): boolean {
  return rule.counts === 'attempts';
}
