// What admission gives for a call: the proof that it may be forwarded, and what it holds until its answer has ended.
import { type Charge, type Charged, type CounterDecision, type CounterStore, isHeld } from '@headgate/contract';
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
  /** What is to be settled at the end; mostly nothing. */
  readonly holding: Holding | null;
  /** The same by a candidate policy in shadow. */
  readonly candidateHolding: Holding | null;
}

/** What a call holds in counters. */
export interface Holding {
  readonly charges: readonly Charge[];
  /** Where its bytes were charged, as the decision said; undefined where none were. */
  readonly charged: Charged | undefined;
}

/** Makes a permit. Only `admit` may. */
export function toPermit(facts: Omit<Permit, typeof admitted>): Permit {
  return facts as Permit; // The only place that can say so.
}

/** What an admitted call holds; null for nothing. Of a rule in shadow mode that had no room it holds nothing. */
export function holdingOf(charges: readonly Charge[], decision: CounterDecision): Holding | null {
  if (!decision.admitted || !charges.some(isHeld)) return null;
  const { shadowRefusals, charged } = decision;
  const held = charges.filter((each) => isHeld(each) && !shadowRefusals.some(({ rule }) => rule === each.rule.name));
  return held.length === 0 ? null : { charges: held, charged };
}

/** Gives back what a call held: once, when its answer has ended, however that was. A call without a permit holds nothing. */
export function settle(exchange: Exchange, permit: Permit | null, { counters, candidateCounters }: Gateway): void {
  if (permit === null || (permit.holding === null && permit.candidateHolding === null)) return;
  const { arrived, receivedBytes } = exchange.body;
  // What may still arrive while the rest of a body is drained stays charged.
  const requestBytes = arrived ? receivedBytes : Number.POSITIVE_INFINITY;
  settleHolding(permit.holding, requestBytes, counters);
  settleHolding(permit.candidateHolding, requestBytes, candidateCounters);
}

/** Gives back what is held in one kind of counters. */
export function settleHolding(holding: Holding | null, requestBytes: number, counters: CounterStore): void {
  if (holding === null) return;
  const { charges, charged } = holding;
  counters.settle(charges, charged === undefined ? { requestBytes } : { charged, requestBytes });
}
