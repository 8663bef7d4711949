// What admission gives for a call: the proof that it may be forwarded, and what it holds until its answer has ended.
import { type Charge, type Charged, isHeld, type RuleRefusal } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';

declare const admitted: unique symbol;

/** Proof that every limit was asked and charged. Nothing is forwarded without one. */
export interface Permit {
  readonly [admitted]: true;
  readonly id: string;
  readonly charges: readonly Charge[];
  /** For whom the call acts; null without provisioning, and for callers without a certificate. */
  readonly participant: string | null;
  /** Most bytes of the body that were charged; Infinity where no rule counts them. */
  readonly bodyBytesMax: number;
  /** Those of the charges that are to be settled at the end; mostly none. */
  readonly held: readonly Charge[];
  /** Where its bytes were charged, as the decision said; undefined where none were. */
  readonly charged: Charged | undefined;
}

/** What a permit is made of. */
export interface PermitFacts extends Pick<Permit, 'id' | 'charges' | 'participant' | 'bodyBytesMax' | 'charged'> {
  /** Rules in shadow mode that had no room, and so hold nothing. */
  readonly shadowRefusals: readonly RuleRefusal[];
}

/** Makes a permit. Only `admit` may. */
export function toPermit({ id, charges, participant, bodyBytesMax, charged, shadowRefusals }: PermitFacts): Permit {
  const held = heldOf(charges, shadowRefusals);
  return { id, charges, participant, bodyBytesMax, held, charged } as unknown as Permit; // The only place that can say so.
}

const nothing: readonly Charge[] = [];

function heldOf(charges: readonly Charge[], shadowRefusals: readonly RuleRefusal[]): readonly Charge[] {
  if (!charges.some(isHeld)) return nothing;
  return charges.filter((charge) => isHeld(charge) && !shadowRefusals.some(({ rule }) => rule === charge.rule.name));
}

/** Gives back what a call held: once, when its answer has ended, however that was. A call without a permit holds nothing. */
export function settle(exchange: Exchange, permit: Permit | null, { counters }: Gateway): void {
  if (permit === null || permit.held.length === 0) return;
  const { arrived, receivedBytes } = exchange.body;
  // What may still arrive while the rest of a body is drained stays charged.
  const requestBytes = arrived ? receivedBytes : Number.POSITIVE_INFINITY;
  const { charged } = permit;
  counters.settle(permit.held, charged === undefined ? { requestBytes } : { charged, requestBytes });
}
