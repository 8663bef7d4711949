// A candidate policy in shadow: what it would have decided of a call, with counters of its own. Nothing it says changes what happens.
import type { CandidateEvidence, Charge, CounterDecision, LimitSubject, RuleRefusal } from '@headgate/contract';
import { chargesFor } from '@headgate/rules';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { Serving } from '../serving.ts';
import { type Holding, holdingOf } from './permit.ts';
import { weighNow } from './weigh-body.ts';

/** What a candidate would charge a call; nothing where none is loaded. */
export function chargesByCandidate({ candidate }: Serving, subject: LimitSubject): readonly Charge[] {
  if (candidate === null) return noCharges;
  return chargesFor(candidate.limits, subject);
}

const noCharges: readonly Charge[] = [];

/** What a candidate decided of a call. */
export interface AskedCandidate {
  readonly decision: CounterDecision;
  /** What the call holds in its counters; null for nothing. */
  readonly holding: Holding | null;
}

/** Asks a candidate; null where none is loaded, and for a document, which no policy is asked about. Waits for no body. */
export function askCandidate(
  exchange: Exchange,
  charges: readonly Charge[] | null,
  gateway: Gateway,
  nowMs: number,
): MaybePromise<AskedCandidate | null> {
  if (exchange.serving.candidate === null || charges === null) return null;
  const weighed = weighNow(exchange, charges, gateway);
  const asked = (decision: CounterDecision): AskedCandidate => ({ decision, holding: holdingOf(weighed, decision) });
  const decided = gateway.candidateCounters.decide(weighed, nowMs);
  return decided instanceof Promise ? decided.then(asked) : asked(decided);
}

/** Compares it with what was decided; null where no candidate was asked, or where it could not be counted over nodes. */
export function judgeCandidate(
  { serving }: Exchange,
  asked: AskedCandidate | null,
  decision: CounterDecision,
  gateway: Gateway,
  nowMs: number,
): CandidateEvidence | null {
  const { candidate } = serving;
  if (candidate === null || asked === null) return null;
  const { decision: judged } = asked;
  if (!judged.admitted && judged.uncounted === true) return null;
  const { policy } = candidate.admits;
  // Where nobody could count, no policy decided.
  const isComparable = decision.admitted || decision.uncounted !== true;
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
