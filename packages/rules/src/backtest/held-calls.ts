// What replayed calls weigh and hold: bytes as they came, places until their answers ended.
import { type Charge, type CounterDecision, isHeld } from '@headgate/contract';
import type { Counters } from '../counters.ts';
import type { Arrival } from './arrival.ts';
import { createCallEnds } from './call-ends.ts';

/** Calls under way, by one policy. */
export interface HeldCalls {
  /** The charges of one call, with its own bytes. */
  weigh(charges: readonly Charge[], arrival: Arrival): readonly Charge[];
  /** Holds the places of an admitted call until its answer ends. Of one that was refused then, nobody knows when it would have ended. */
  begin(charges: readonly Charge[], decision: CounterDecision, arrival: Arrival): void;
  /** Gives back the places of calls that ended by then. */
  endBy(atMs: number): void;
  /** Calls of which the recording does not say what a rule counts, by rule. */
  untold(): Readonly<Record<string, number>>;
}

/** No call is under way. */
export function createHeldCalls(counters: Counters): HeldCalls {
  const ends = createCallEnds();
  const untold = new Map<string, number>();
  const note = ({ rule: { name } }: Charge, told: number | null): void => {
    if (told === null) untold.set(name, (untold.get(name) ?? 0) + 1);
  };
  return {
    weigh(charges, { requestBytes, durationMs }) {
      if (!charges.some(isHeld)) return charges;
      return charges.map((charge) => {
        const isOfBytes = charge.rule.unit === 'request-bytes';
        if (isHeld(charge)) note(charge, isOfBytes ? requestBytes : durationMs);
        return isOfBytes ? { ...charge, amount: requestBytes ?? 0 } : charge;
      });
    },
    begin(charges, decision, { atMs, durationMs, wasAdmitted }) {
      if (!decision.admitted) return;
      const full = new Set(decision.shadowRefusals.map(({ rule }) => rule));
      const held = charges.filter(({ rule }) => rule.unit === 'concurrent-requests' && !full.has(rule.name));
      if (held.length > 0) ends.add(atMs + (wasAdmitted === false ? 0 : (durationMs ?? 0)), held);
    },
    endBy: (atMs) => ends.endedBy(atMs, (held) => counters.settle(held, { requestBytes: Number.POSITIVE_INFINITY })),
    untold: () => Object.fromEntries(untold),
  };
}
