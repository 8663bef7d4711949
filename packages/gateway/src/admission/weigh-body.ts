// What the body of a request is charged as, by rules over bytes: its declared length; without one what has come, where it all has
// by then; else the most that it may still be, of which `settle` gives back what did not come. So no window ever passes its quota.
import type { Charge } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';

/** The charges of one call, and the most bytes of its body that they cover. */
export interface Weighed {
  readonly charges: readonly Charge[];
  readonly bodyBytesMax: number;
}

/** Weighs a body. Without a length it waits for its start, as far as bodies are looked into, and refuses as `body.head` does. */
export function weighBody(exchange: Exchange, charges: readonly Charge[], gateway: Gateway): MaybePromise<Weighed> {
  const { body } = exchange;
  if (body.framing === 'none') return weighed(charges, 0);
  if (body.declaredBytes !== null) return weighed(charges, body.declaredBytes);
  const { peekBytesMax, bodyTimeoutMs, bodyBytesMax } = gateway.options;
  const known = (): Weighed => weighed(charges, body.arrived ? body.receivedBytes : mostOf(charges, bodyBytesMax));
  const head = body.head(peekBytesMax, bodyTimeoutMs);
  return head instanceof Promise ? head.then(known) : known();
}

/** Weighs a body by what is known of it now, and waits for nothing. */
export function weighNow({ body }: Exchange, charges: readonly Charge[], gateway: Gateway): readonly Charge[] {
  if (!charges.some(isOfBytes)) return charges;
  if (body.framing === 'none') return weighed(charges, 0).charges;
  const known = body.declaredBytes ?? (body.arrived ? body.receivedBytes : null);
  return weighed(charges, known ?? mostOf(charges, gateway.options.bodyBytesMax)).charges;
}

/** No more than any quota: a body past one could never be admitted. */
function mostOf(charges: readonly Charge[], bodyBytesMax: number): number {
  return Math.min(bodyBytesMax, ...charges.filter(isOfBytes).map(({ rule }) => rule.quota));
}

function weighed(charges: readonly Charge[], amount: number): Weighed {
  return {
    charges: charges.map((charge) => (isOfBytes(charge) ? inBytes(charge, amount) : charge)),
    bodyBytesMax: amount,
  };
}

/** A charge of one call; what the counters keep of the key stays with the charge that comes again. */
function inBytes(charge: Charge, amount: number): Charge {
  return {
    rule: charge.rule,
    key: charge.key,
    amount,
    get kept() {
      return charge.kept;
    },
    set kept(kept: unknown) {
      charge.kept = kept;
    },
  };
}

/** Whether a charge is in bytes of the body. */
export function isOfBytes({ rule }: Charge): boolean {
  return rule.unit === 'request-bytes';
}
