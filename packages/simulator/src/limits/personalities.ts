// How else a market's front may count: the ways in which appliances of the field do it, beside the exact sliding window that the
// gateway has. None of them is the gateway's, and each errs: programs meet them here before they meet them in the field.
import type { Charge, CounterDecision, CounterStore, LimitRule, RuleRefusal } from '@headgate/contract';
import { isHeld } from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import { BoundedMap } from '../state/bounded-map.ts';

/**
 * The ways of counting. The first is the gateway's own; the last counts so too, and refuses in the words that the edge of OASIS was recorded
 * with (see `refusal-reply.ts`).
 */
export const personalities = [
  'exact-sliding-window',
  'fixed-window',
  'quiet-period',
  'token-bucket',
  'oasis-as-recorded',
] as const;

/** One of them. */
export type Personality = (typeof personalities)[number];

/** Decides over stacked rules, and takes back what was held. Time is passed in. */
export interface Counting extends Pick<CounterStore, 'settle'> {
  decide(charges: readonly Charge[], nowMs: number): CounterDecision;
}

/** Allowances kept at once; past it the one that was asked longest ago is forgotten, and begins anew. */
const allowancesMax = 100_000;

/** Counters of a personality. */
export function createCounting(personality: Personality): Counting {
  return personality === 'exact-sliding-window' || personality === 'oasis-as-recorded'
    ? createCounters()
    : createStacked(factories[personality]);
}

/** What one key has left, by one way of counting. */
interface Allowance {
  /** When so much fits: `nowMs` if now, Infinity if never. */
  roomAtMs(amount: number, nowMs: number): number;
  take(amount: number, nowMs: number): void;
  /** A call that was refused. */
  miss(nowMs: number): void;
  /** Units that would fit now. */
  remaining(nowMs: number): number;
  /** When more comes back; `nowMs` where all is there, or nobody knows. */
  moreAtMs(nowMs: number): number;
  giveBack(amount: number): void;
}

type Bounds = Pick<LimitRule, 'quota' | 'windowMs'>;
type Factory = (bounds: Bounds) => Allowance;

/**
 * A window begins with the first call and all of the quota is fresh when it has ended, as in the common table of an iRule
 * (clouddocs.f5.com, "limit HTTP requests"). Around its border nearly twice the quota passes within one window.
 */
function createFixedWindow({ quota, windowMs }: Bounds): Allowance {
  let beganMs = Number.NEGATIVE_INFINITY;
  let used = 0;
  const usedAt = (nowMs: number): number => (nowMs >= beganMs + windowMs ? 0 : used);
  return {
    roomAtMs(amount, nowMs) {
      if (amount > quota) return Number.POSITIVE_INFINITY;
      return usedAt(nowMs) + amount <= quota ? nowMs : beganMs + windowMs;
    },
    take(amount, nowMs) {
      used = usedAt(nowMs);
      if (used === 0) beganMs = nowMs;
      used += amount;
    },
    miss: () => undefined,
    remaining: (nowMs) => quota - usedAt(nowMs),
    moreAtMs: (nowMs) => (usedAt(nowMs) === 0 ? nowMs : beganMs + windowMs),
    giveBack(amount) {
      used = Math.max(0, used - amount);
    },
  };
}

/**
 * As a fixed window, but every call, refused ones too, puts off its end: a table that is read without `-notouch`. Who keeps
 * asking never gets in again; only a whole window of quiet helps.
 */
function createQuietPeriod({ quota, windowMs }: Bounds): Allowance {
  let touchedMs = Number.NEGATIVE_INFINITY;
  let used = 0;
  const usedAt = (nowMs: number): number => (nowMs >= touchedMs + windowMs ? 0 : used);
  return {
    roomAtMs(amount, nowMs) {
      if (amount > quota) return Number.POSITIVE_INFINITY;
      // The asking itself puts the end off.
      return usedAt(nowMs) + amount <= quota ? nowMs : nowMs + windowMs;
    },
    take(amount, nowMs) {
      used = usedAt(nowMs) + amount;
      touchedMs = nowMs;
    },
    miss(nowMs) {
      used = usedAt(nowMs);
      touchedMs = nowMs;
    },
    remaining: (nowMs) => quota - usedAt(nowMs),
    moreAtMs: (nowMs) => (usedAt(nowMs) === 0 ? nowMs : touchedMs + windowMs),
    giveBack(amount) {
      used = Math.max(0, used - amount);
    },
  };
}

/**
 * A bucket of the quota that fills evenly, a whole quota in each window. A burst of a whole quota passes and then one call each
 * part of a window, so that nearly twice the quota passes in the window after a rest.
 */
function createTokenBucket({ quota, windowMs }: Bounds): Allowance {
  let tokens = quota;
  let filledMs = Number.NEGATIVE_INFINITY;
  const tokensAt = (nowMs: number): number =>
    filledMs === Number.NEGATIVE_INFINITY
      ? tokens
      : Math.min(quota, tokens + (Math.max(0, nowMs - filledMs) * quota) / windowMs);
  const waitMs = (missing: number): number => Math.ceil((missing * windowMs) / quota - rounding);
  return {
    roomAtMs(amount, nowMs) {
      if (amount > quota) return Number.POSITIVE_INFINITY;
      const missing = amount - tokensAt(nowMs);
      return missing <= rounding ? nowMs : nowMs + waitMs(missing);
    },
    take(amount, nowMs) {
      tokens = Math.max(0, tokensAt(nowMs) - amount);
      filledMs = nowMs;
    },
    miss: () => undefined,
    remaining: (nowMs) => Math.floor(tokensAt(nowMs) + rounding),
    moreAtMs(nowMs) {
      const has = tokensAt(nowMs);
      return has >= quota - rounding ? nowMs : nowMs + waitMs(Math.floor(has + rounding) + 1 - has);
    },
    giveBack(amount) {
      tokens = Math.min(quota, tokens + amount);
    },
  };
}

/** What is lost in fractions of tokens is no reason to break a promise. */
const rounding = 1e-6;

const factories: Readonly<Record<Exclude<Personality, 'exact-sliding-window' | 'oasis-as-recorded'>, Factory>> = {
  'fixed-window': createFixedWindow,
  'quiet-period': createQuietPeriod,
  'token-bucket': createTokenBucket,
};

/** Calls under way are held, not spent: the same whoever counts. */
function createHeld({ quota, windowMs }: Bounds): Allowance {
  let held = 0;
  return {
    roomAtMs: (amount, nowMs) => (held + amount <= quota ? nowMs : nowMs + windowMs),
    take(amount) {
      held += amount;
    },
    miss: () => undefined,
    remaining: () => quota - held,
    moreAtMs: (nowMs) => nowMs,
    giveBack(amount) {
      held = Math.max(0, held - amount);
    },
  };
}

/** Stacked rules are charged together or not at all, also here; rules in shadow each for themselves. */
function createStacked(factory: Factory): Counting {
  const allowances = new BoundedMap<string, Allowance>(allowancesMax);
  const allowanceOf = ({ rule, key }: Charge): Allowance => {
    const found = allowances.get(key) ?? (rule.unit === 'concurrent-requests' ? createHeld : factory)(rule);
    allowances.set(key, found);
    return found;
  };
  return {
    decide(charges, nowMs) {
      const asked = charges.map((charge) => {
        const allowance = allowanceOf(charge);
        const amount = charge.amount ?? 1;
        return { charge, allowance, amount, retryAtMs: allowance.roomAtMs(amount, nowMs) };
      });
      const full = asked.filter(({ charge, retryAtMs }) => charge.rule.mode === 'enforce' && retryAtMs > nowMs);
      for (const { charge, allowance, amount, retryAtMs } of asked) {
        const takes = charge.rule.mode === 'shadow' ? retryAtMs <= nowMs : full.length === 0;
        if (takes) allowance.take(amount, nowMs);
        else allowance.miss(nowMs);
        charge.standing = { remaining: allowance.remaining(nowMs), moreAtMs: allowance.moreAtMs(nowMs) };
      }
      const shadowRefusals = asked
        .filter(({ charge, retryAtMs }) => charge.rule.mode === 'shadow' && retryAtMs > nowMs)
        .map(toRefusal);
      const [first] = full;
      if (first === undefined) return { admitted: true, shadowRefusals };
      const isGlobal = full.some(({ charge }) => charge.rule.layer === 'global');
      const named = full.filter(({ charge }) => !isGlobal || charge.rule.layer === 'global');
      const decidedBy = named.reduce(
        (last, each) => (each.retryAtMs > last.retryAtMs ? each : last),
        named[0] ?? first,
      );
      const retryAtMs = Math.max(...full.map((each) => each.retryAtMs));
      return { admitted: false, decidedBy: decidedBy.charge, retryAtMs, refusals: full.map(toRefusal), shadowRefusals };
    },
    settle(charges, { requestBytes }) {
      for (const charge of charges.filter(isHeld)) {
        const amount = charge.amount ?? 1;
        const notCome = charge.rule.unit === 'request-bytes' ? Math.max(0, amount - requestBytes) : amount;
        if (notCome > 0) allowances.get(charge.key)?.giveBack(notCome);
      }
    },
  };
}

function toRefusal({ charge, retryAtMs }: { readonly charge: Charge; readonly retryAtMs: number }): RuleRefusal {
  return { rule: charge.rule.name, retryAtMs };
}
