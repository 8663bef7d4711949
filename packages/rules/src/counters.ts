// One all-or-nothing decision over every rule that matches a call, in one process. Time is passed in.
import type { Charge, CounterDecision, CounterStore, ShadowRefusal } from '@headgate/contract';
import { type Allowance, type Allowances, createAllowances } from './allowances.ts';
import type { WindowVerdict } from './sliding-window.ts';

/** Bounds of the counters of one process. */
export interface CountersOptions {
  /**
   * Most keys with an event inside their window, for enforced rules and again for shadowed ones. Default 100,000; at
   * least 1. Past it a call with a key not seen before is refused and told to wait one whole window: forgetting a live
   * key instead would admit more than a quota. This refusal alone is not a promise that the retry is admitted.
   */
  readonly keysMax?: number;
  /**
   * Most remembered instants, 8 bytes each, for enforced rules and again for shadowed ones. Default 8,388,608
   * (64 MiB); at least 1. Past it new keys are refused and full rings do not grow, so their keys are refused early.
   */
  readonly instantsMax?: number;
}

/** How full the counters are, and how often that refused a call. */
export interface CountersStats {
  readonly keyCount: number;
  readonly shadowKeyCount: number;
  /** Slots held for instants, 8 bytes each, of enforced and shadowed rules together. */
  readonly slotCount: number;
  /** Calls refused, since the start, because an enforced rule had no space for a new key. */
  readonly refusedForSpaceCount: number;
}

/** Counters of one process: `decide` answers at once, `peek` asks without charging. */
export interface Counters extends CounterStore {
  /**
   * Charges every rule or none. An event at t leaves room at exactly t + window. A rule with `counts: attempts` is
   * charged for refused calls too, so `retryAtMs` holds for a caller that stays quiet until then. `decidedBy` is a
   * refusing rule: global layer first, then the one that frees last. `retryAtMs` is the first instant at which no
   * enforced rule of the call would refuse. A shadowed rule counts as if it alone had been enforced: what it would
   * have refused is reported and not charged. A clock that steps back is read as the latest instant seen.
   * Keys within `charges` must differ. Throws RangeError if `nowMs` is not a whole number of milliseconds.
   */
  decide(charges: readonly Charge[], nowMs: number): CounterDecision;
  /** What `decide` would answer to the enforced rules at `nowMs`, and when they have room if nobody calls till then. */
  peek(charges: readonly Charge[], nowMs: number): WindowVerdict;
  stats(): CountersStats;
}

/** One charge and what its table remembers of the key: looked up once per decision, because keys are long. */
interface Line {
  readonly charge: Charge;
  allowance: Allowance | undefined;
}

const noShadowRefusals: readonly ShadowRefusal[] = Object.freeze([]);
const plainAdmission: CounterDecision = Object.freeze({ admitted: true, shadowRefusals: noShadowRefusals });

/** Empty counters. They hold no timer and need no close. Throws RangeError for a bound below 1. */
export function createCounters({ keysMax = 100_000, instantsMax = 8_388_608 }: CountersOptions = {}): Counters {
  if (!(keysMax >= 1) || !(instantsMax >= 1)) throw new RangeError('keysMax and instantsMax must be at least 1');
  const enforced = createAllowances({ keysMax, instantsMax });
  // A table of its own, so that shadowed rules can never crowd out a call.
  const shadowed = createAllowances({ keysMax, instantsMax });
  let lastSeenMs = Number.NEGATIVE_INFINITY;
  let refusedForSpaceCount = 0;

  function decide(charges: readonly Charge[], nowMs: number): CounterDecision {
    const atMs = laterOf(nowMs, lastSeenMs);
    lastSeenMs = atMs;
    enforced.turnTo(atMs);
    const lines = linesOf(charges, (key) => enforced.hold(key, atMs));
    const hasSpace = hasSpaceForUnknown(enforced, lines, atMs);
    const isAdmitted = latestRoomMs(enforced, lines, hasSpace, atMs) <= atMs;
    const refusal = isAdmitted ? undefined : refuse(lines, hasSpace, atMs);
    if (isAdmitted) for (const line of lines) record(enforced, line, atMs);
    const shadowRefusals = chargeShadows(shadowed, charges, isAdmitted, atMs);
    if (refusal !== undefined) return { admitted: false, ...refusal, shadowRefusals };
    return shadowRefusals.length === 0 ? plainAdmission : { admitted: true, shadowRefusals };
  }

  /** Charges the attempts, and says who refused and when all have room. */
  function refuse(lines: readonly Line[], hasSpace: boolean, atMs: number): { decidedBy: Charge; retryAtMs: number } {
    if (!hasSpace) refusedForSpaceCount += 1;
    const refusing = lines.filter((line) => roomMs(enforced, line, hasSpace, atMs) > atMs);
    for (const line of lines) if (countsAttempts(line.charge)) record(enforced, line, atMs);
    // Over all rules, not only the refusing: this attempt may have taken the last room of a rule that counts attempts.
    const retryAtMs = latestRoomMs(enforced, lines, hasSpace, atMs);
    return { decidedBy: deciding(refusing, (line) => roomMs(enforced, line, hasSpace, atMs)), retryAtMs };
  }

  function peek(charges: readonly Charge[], nowMs: number): WindowVerdict {
    const atMs = laterOf(nowMs, lastSeenMs);
    const lines = linesOf(charges, (key) => enforced.find(key));
    // Keys are forgotten by the instant of the last decision: a peek into the future must forget nothing.
    const hasSpace = hasSpaceForUnknown(enforced, lines, lastSeenMs);
    const retryAtMs = latestRoomMs(enforced, lines, hasSpace, atMs);
    return { admitted: retryAtMs <= atMs, retryAtMs };
  }

  return {
    decide,
    peek,
    stats: () => ({
      keyCount: enforced.keyCount,
      shadowKeyCount: shadowed.keyCount,
      slotCount: enforced.slotCount + shadowed.slotCount,
      refusedForSpaceCount,
    }),
  };
}

function linesOf(charges: readonly Charge[], find: (key: string) => Allowance | undefined): readonly Line[] {
  const lines: Line[] = [];
  for (const charge of charges) {
    if (charge.rule.mode === 'enforce') lines.push({ charge, allowance: find(charge.key) });
  }
  return lines;
}

function hasSpaceForUnknown(allowances: Allowances, lines: readonly Line[], atMs: number): boolean {
  let unknownCount = 0;
  for (const { allowance } of lines) if (allowance === undefined) unknownCount += 1;
  return unknownCount === 0 || allowances.hasSpaceFor(unknownCount, atMs);
}

/** The first instant at which every line has room, `atMs` at the earliest. */
function latestRoomMs(allowances: Allowances, lines: readonly Line[], hasSpace: boolean, atMs: number): number {
  let latestMs = atMs;
  for (const line of lines) latestMs = Math.max(latestMs, roomMs(allowances, line, hasSpace, atMs));
  return latestMs;
}

function roomMs(allowances: Allowances, { charge, allowance }: Line, hasSpace: boolean, atMs: number): number {
  if (allowance !== undefined) return allowances.roomAtMs(allowance, charge.rule);
  return hasSpace ? Number.NEGATIVE_INFINITY : atMs + charge.rule.windowMs;
}

function record(allowances: Allowances, line: Line, atMs: number): void {
  if (line.allowance === undefined) line.allowance = allowances.add(line.charge, atMs);
  else allowances.record(line.allowance, line.charge.rule, atMs);
}

function chargeShadows(
  shadowed: Allowances,
  charges: readonly Charge[],
  isAdmitted: boolean,
  atMs: number,
): readonly ShadowRefusal[] {
  let refusals: ShadowRefusal[] | undefined;
  for (const charge of charges) {
    if (charge.rule.mode !== 'shadow') continue;
    shadowed.turnTo(atMs);
    const line = { charge, allowance: shadowed.hold(charge.key, atMs) };
    const hasSpace = line.allowance !== undefined || shadowed.hasSpaceFor(1, atMs);
    const hasRoom = roomMs(shadowed, line, hasSpace, atMs) <= atMs;
    if (countsAttempts(charge) || (isAdmitted && hasRoom)) record(shadowed, line, atMs);
    if (hasRoom) continue;
    refusals ??= [];
    refusals.push({ rule: charge.rule.name, retryAtMs: roomMs(shadowed, line, hasSpace, atMs) });
  }
  return refusals ?? noShadowRefusals;
}

/** Of the refusing lines: the global layer before any other, then the one that frees last. */
function deciding(refusing: readonly Line[], roomMsOf: (line: Line) => number): Charge {
  const globals = refusing.filter(({ charge }) => charge.rule.layer === 'global');
  const candidates = globals.length > 0 ? globals : refusing;
  return candidates.reduce((last, line) => (roomMsOf(line) > roomMsOf(last) ? line : last)).charge;
}

function countsAttempts({ rule }: Charge): boolean {
  return rule.counts === 'attempts';
}

function laterOf(nowMs: number, lastSeenMs: number): number {
  // Windows of whole milliseconds are exact only for instants of whole milliseconds.
  if (!Number.isSafeInteger(nowMs)) throw new RangeError(`nowMs must be a whole number of milliseconds, not ${nowMs}`);
  return Math.max(nowMs, lastSeenMs);
}
