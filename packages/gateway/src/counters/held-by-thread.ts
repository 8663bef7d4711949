// The places that the calls of one thread hold in the counters of the node: the thread may die, and nobody else would give them back.
import type { CallOutcome, Charge, CounterDecision, CounterStore } from '@headgate/contract';

/** What one thread holds. */
export interface HeldByThread {
  /** Notes what a decision let the thread hold; what it holds after its end goes back at once. */
  note(charges: readonly Charge[], decision: CounterDecision): void;
  settle(charges: readonly Charge[], outcome: CallOutcome): void;
  /** The thread has ended. */
  giveBack(): void;
}

/** Nothing is known of the bodies of such calls: their bytes stay charged. */
const nobodyKnows: CallOutcome = { requestBytes: Number.POSITIVE_INFINITY };

/** A thread that holds nothing yet. */
export function createHeldByThread(counters: CounterStore): HeldByThread {
  const places = new Map<string, { readonly charge: Charge; count: number }>();
  let hasEnded = false;
  const change = (charge: Charge, by: number): void => {
    const name = `${charge.rule.mode} ${charge.key}`;
    const place = places.get(name) ?? { charge, count: 0 };
    place.count += by;
    if (place.count > 0) places.set(name, place);
    else places.delete(name);
  };
  return {
    note(charges, { admitted, shadowRefusals }) {
      if (!admitted) return;
      const taken = charges.filter(
        ({ rule }) => rule.unit === 'concurrent-requests' && !shadowRefusals.some((each) => each.rule === rule.name),
      );
      if (hasEnded && taken.length > 0) counters.settle(taken, nobodyKnows);
      else for (const charge of taken) change(charge, 1);
    },
    settle(charges, outcome) {
      for (const charge of charges) if (charge.rule.unit === 'concurrent-requests') change(charge, -1);
      counters.settle(charges, outcome);
    },
    giveBack() {
      hasEnded = true;
      for (const { charge, count } of places.values())
        for (let place = 0; place < count; place += 1) counters.settle([charge], nobodyKnows);
      places.clear();
    },
  };
}
