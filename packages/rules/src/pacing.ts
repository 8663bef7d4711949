// When a client may start its next call so that no limit refuses it. Decides by the same counters as the gateway.
import type { Charge } from '@headgate/contract';
import type { Counters } from './counters.ts';

/**
 * The earliest instant, in milliseconds, at which no enforced rule would refuse these charges if nothing else is
 * charged before it; `nowMs` if that is now. Charges nothing. It counts instants of sending, the gateway instants of
 * arrival: a pacer must add its own margin for a network that delivers the later call faster.
 */
export function earliestTurn(charges: readonly Charge[], counters: Pick<Counters, 'peek'>, nowMs: number): number {
  const { admitted, retryAtMs } = counters.peek(charges, nowMs);
  return admitted ? nowMs : retryAtMs;
}
