// What a candidate policy in shadow says of a call that the policy in force has decided. It charges counters of its own, as though it
// alone were enforced, and changes nothing for the caller.
import {
  type CandidateEvidence,
  type Charge,
  type CounterDecision,
  isHeld,
  type LimitSubject,
  type RuleRefusal,
} from '@headgate/contract';
import { chargesFor } from '@headgate/rules';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { Serving } from '../serving.ts';

/**
 * What a candidate would charge a call; nothing where none is loaded. It has rules over requests alone: nobody gives back for it what
 * calls hold, and bodies are weighed for the policy in force alone.
 */
export function chargesByCandidate({ candidate }: Serving, subject: LimitSubject): readonly Charge[] {
  if (candidate === null) return noCharges;
  return chargesFor(candidate.limits, subject);
}

const noCharges: readonly Charge[] = [];

/** Judges a call; null where no candidate is loaded, and for a document, which no policy is asked about. */
export function judgeCandidate(
  { serving }: Exchange,
  charges: readonly Charge[] | null,
  decision: CounterDecision,
  gateway: Gateway,
  nowMs: number,
): CandidateEvidence | null {
  const { candidate } = serving;
  if (candidate === null || charges === null) return null;
  const judged = gateway.candidateCounters.decide(charges, nowMs);
  const { policy } = candidate.admits;
  // What calls hold is nothing that a candidate is asked about.
  const isComparable = decision.admitted || !isHeld(decision.decidedBy);
  if (!isComparable || judged.admitted === decision.admitted) gateway.countCandidate(policy, 'alike', null);
  else if (judged.admitted) gateway.countCandidate(policy, 'newlyAdmitted', ruleOf(decision));
  else gateway.countCandidate(policy, 'newlyRefused', ruleOf(judged));
  if (judged.admitted && judged.shadowRefusals.length === 0) return candidate.admits;
  return {
    policy,
    admitted: judged.admitted,
    decidedBy: ruleOf(judged),
    retryAfterMs: judged.admitted ? null : waitOf(judged.retryAtMs, nowMs),
    shadow: judged.shadowRefusals.map(({ rule, retryAtMs }: RuleRefusal) => ({
      rule,
      retryAfterMs: waitOf(retryAtMs, nowMs),
    })),
  };
}

function ruleOf(decision: CounterDecision): string | null {
  return decision.admitted ? null : decision.decidedBy.rule.name;
}

/** Null for never. */
function waitOf(retryAtMs: number, nowMs: number): number | null {
  return Number.isFinite(retryAtMs) ? retryAtMs - nowMs : null;
}
