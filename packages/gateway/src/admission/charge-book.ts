// Charges that many calls have in common: those of one caller to all services, and of all callers to one. What the counters keep of
// a key is then in the processor's cache for all of them, which is most of what a decision costs where callers are many.
import type { Charge } from '@headgate/contract';
import { dropOldest } from '../drop-oldest.ts';

/** Most charges that are kept of one snapshot. */
const chargesMax = 16_384;

/** The charges of one snapshot. */
export interface ChargeBook {
  /** The same charges, each the object that others with its rule and key have. */
  shared(charges: readonly Charge[]): readonly Charge[];
}

export function createChargeBook(): ChargeBook {
  const byKey = new Map<string, Charge>();
  const sharedOf = (charge: Charge): Charge => {
    const known = byKey.get(charge.key);
    // A rule that was overridden counts under the key that it has without.
    if (known?.rule === charge.rule) return known;
    byKey.set(charge.key, charge);
    dropOldest(byKey, chargesMax);
    return charge;
  };
  return { shared: (charges) => charges.map(sharedOf) };
}
