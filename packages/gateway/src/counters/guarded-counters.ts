// Counters in which a defect costs one call and nothing else: whoever asks them over a port would else wait for ever, and the main
// thread would end with all others.
import type { Charge, CounterDecision, CounterStore } from '@headgate/contract';
import { awayRetryMs, nobodyCounted } from './shared-decision.ts';

/** Different defects that are told; a program has few. */
const defectsMax = 100;

/**
 * The same counters, which never throw or reject: what cannot be decided for a defect is refused as uncounted, as rules are while the
 * store is away, unless all of them are in shadow. Each defect is told once.
 */
export function guardCounters(counters: CounterStore, defect: (stack: string) => void): CounterStore {
  const told = new Set<string>();
  const tell = (thrown: unknown): void => {
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    if (told.has(stack) || told.size >= defectsMax) return;
    told.add(stack);
    defect(stack);
  };
  const undecided = (charges: readonly Charge[], nowMs: number, thrown: unknown): CounterDecision => {
    tell(thrown);
    return nobodyCounted(charges, awayRetryMs, nowMs);
  };
  return {
    decide(charges, nowMs) {
      try {
        const decided = counters.decide(charges, nowMs);
        return decided instanceof Promise
          ? decided.catch((thrown: unknown) => undecided(charges, nowMs, thrown))
          : decided;
      } catch (thrown) {
        return undecided(charges, nowMs, thrown);
      }
    },
    settle(charges, outcome) {
      try {
        counters.settle(charges, outcome);
      } catch (thrown) {
        tell(thrown); // What it held stays charged.
      }
    },
    standings(charges, nowMs) {
      const nothingLeft = (thrown: unknown) => {
        tell(thrown);
        return charges.map(() => ({ remaining: 0, moreAtMs: nowMs + awayRetryMs }));
      };
      try {
        const found = counters.standings(charges, nowMs);
        return found instanceof Promise ? found.catch(nothingLeft) : found;
      } catch (thrown) {
        return nothingLeft(thrown);
      }
    },
  };
}
