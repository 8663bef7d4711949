// How a limit says no: the code by what it counts, the sentence of its rule, and the facts for programs.
import { type CounterDecision, type LimitFacts, type StatedRefusal, stateRefusal } from '@headgate/contract';
import { sayAllowance } from './allowance-key.ts';
import { refusalWords } from './refusal-text.ts';

type Refused = Extract<CounterDecision, { readonly admitted: false }>;

/** The refusal of a decision. Its wait is a promise, but for calls at once: nobody knows when those end. */
export function limitRefusal(refused: Refused, nowMs: number): StatedRefusal {
  const { decidedBy, retryAtMs, refusals, uncounted } = refused;
  if (uncounted === true) {
    const retryAfterMs = retryAtMs - nowMs;
    return stateRefusal('admission.uncounted', { rule: decidedBy.rule.name }, { retryAfterMs });
  }
  const last = decidedBy.told as Told | undefined;
  const seconds = Math.ceil((retryAtMs - nowMs) / 1_000);
  if (last?.seconds === seconds && isOfRules(refusals, last.violated)) return last.refusal;
  const refusal = refusalAnew(refused, nowMs);
  const violated = refusals.map(({ rule }) => rule);
  decidedBy.told = { seconds, violated, refusal } satisfies Told;
  return refusal;
}

/** A refusal, and by what the next one is known to say the same: what callers are told of a wait is whole seconds. */
interface Told {
  readonly seconds: number;
  readonly violated: readonly string[];
  readonly refusal: StatedRefusal;
}

function isOfRules(refusals: Refused['refusals'], names: readonly string[]): boolean {
  if (refusals.length !== names.length) return false;
  for (let at = 0; at < names.length; at += 1) if (refusals[at]?.rule !== names[at]) return false;
  return true;
}

function refusalAnew({ decidedBy, retryAtMs, refusals }: Refused, nowMs: number): StatedRefusal {
  const { rule, key, amount = 1 } = decidedBy;
  const { name, unit, quota, windowMs, layer, refusal } = rule;
  const isNever = !Number.isFinite(retryAtMs);
  const { text, seconds } = refusalWords(rule, isNever ? nowMs + windowMs : retryAtMs, nowMs);
  const violated = refusals.map(({ rule: each }) => each);
  const facts: LimitFacts = { rule: name, text, key: sayAllowance(key), unit, quota, windowMs, violated };
  const soapStatus = refusal.status;
  if (isNever) return stateRefusal('admission.body_past_quota', { ...facts, bytes: amount }, { soapStatus });
  // One number in the sentence and in every field: where a rule says its whole window, all of them do.
  const waitMs = refusal.seconds === 'whole-window' ? seconds * 1_000 : retryAtMs - nowMs;
  const options = { retryAfterMs: waitMs, soapStatus };
  if (unit === 'request-bytes') return stateRefusal('admission.request_bytes', facts, options);
  if (unit === 'concurrent-requests') return stateRefusal('admission.concurrent_requests', facts, options);
  return layer === 'global'
    ? stateRefusal('admission.global_limit', facts, options)
    : stateRefusal('admission.acceptable_use', facts, options);
}
