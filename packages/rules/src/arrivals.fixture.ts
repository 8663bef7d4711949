// A long stream of arrivals at counters, judged call by call against a plain list of what was admitted. From a seed alone.
import type { LimitRule } from '@headgate/contract';
import { seededRandom } from '@headgate/testkit';
import { createCounters } from './counters.ts';
import { chargeTo, ruleWith } from './testdata.ts';

/** What the stream showed. All but `arrivals`, `admitted` and `promises` must be 0. */
export interface ArrivalsVerdict {
  readonly arrivals: number;
  readonly admitted: number;
  /** Admitted although a window of some rule was full. */
  readonly over: number;
  /** Refused although every rule had room. */
  readonly deniedWrongly: number;
  /** Refused calls that came again at the very instant they were told, without another call between. */
  readonly promises: number;
  readonly promisesBroken: number;
  /** Calls that came again one millisecond before it, and were admitted. */
  readonly admittedEarly: number;
}

const rules: readonly LimitRule[] = [
  ruleWith({ name: 'all', layer: 'global', key: ['source'], quota: 30, windowMs: 1_000 }),
  ruleWith({ name: 'retrieve', quota: 1, windowMs: 5_000 }),
  ruleWith({ name: 'minute', quota: 40, windowMs: 60_000 }),
];

/** Sends `count` arrivals of 200 callers in bursts and lulls, at counters of the size that a gateway has. */
export function runArrivals(count: number, seed: number): ArrivalsVerdict {
  const random = seededRandom(seed);
  const counters = createCounters({ keysMax: 4_096, instantsMax: 262_144 });
  const admittedAt = new Map<string, InstantsInWindow>();
  const instantsOf = (key: string, rule: LimitRule) => {
    const known = admittedAt.get(key) ?? new InstantsInWindow(rule);
    admittedAt.set(key, known);
    return known;
  };
  const verdict = { admitted: 0, over: 0, deniedWrongly: 0, promises: 0, promisesBroken: 0, admittedEarly: 0 };
  let nowMs = 1_000_000;
  let arrivals = 0;

  const arrive = (caller: number, matching: readonly LimitRule[]) => {
    arrivals += 1;
    const charges = matching.map((rule) => chargeTo(rule, `${caller}`));
    const decision = counters.decide(charges, nowMs);
    const places = charges.map(({ key, rule }) => instantsOf(key, rule));
    const hasRoom = places.every((each) => each.hasRoomAt(nowMs));
    if (decision.admitted) {
      verdict.admitted += 1;
      if (!hasRoom) verdict.over += 1;
      for (const each of places) each.add(nowMs);
    } else if (hasRoom) verdict.deniedWrongly += 1;
    return decision;
  };

  while (arrivals < count) {
    // Bursts of one caller, then a lull: at the edge of a window is where counters go wrong.
    const caller = Math.floor(random() ** 3 * 200);
    const matching = rules.filter((_, at) => at === 0 || random() < 0.5);
    let decision = arrive(caller, matching);
    for (let rest = Math.floor(random() * 60); rest > 0 && decision.admitted; rest -= 1)
      decision = arrive(caller, matching);
    if (!decision.admitted && random() < 0.2) {
      const { retryAtMs } = decision;
      if (Number.isFinite(retryAtMs) && retryAtMs - 1 > nowMs) {
        nowMs = retryAtMs - 1;
        if (arrive(caller, matching).admitted) verdict.admittedEarly += 1;
      }
      nowMs = Math.max(nowMs, retryAtMs);
      verdict.promises += 1;
      if (!arrive(caller, matching).admitted) verdict.promisesBroken += 1;
    }
    nowMs += Math.floor(random() ** 2 * 40);
  }
  return { arrivals, ...verdict };
}

/** The instants of the last `quota` admitted calls, in order. */
class InstantsInWindow {
  readonly #rule: LimitRule;
  readonly #instants: number[] = [];

  constructor(rule: LimitRule) {
    this.#rule = rule;
  }

  /** Whether fewer than the quota were admitted in the window that ends now. */
  hasRoomAt(nowMs: number): boolean {
    const { quota, windowMs } = this.#rule;
    const oldest = this.#instants[this.#instants.length - quota];
    return oldest === undefined || oldest + windowMs <= nowMs;
  }

  add(nowMs: number): void {
    this.#instants.push(nowMs);
    if (this.#instants.length > 4 * this.#rule.quota) this.#instants.splice(0, 2 * this.#rule.quota);
  }
}
