// What a refused caller reads. The sentence is the policy's; only the number of seconds is ours.
import { type LimitRule, toRetryAfterSeconds } from '@headgate/contract';

/** The sentence of a refusal and the seconds it names, which `Retry-After` repeats. */
export interface RefusalWords {
  readonly text: string;
  /** Whole seconds, at least 1. */
  readonly seconds: number;
}

/**
 * Writes the seconds for every `<n>` of the rule's sentence: the wait until `retryAtMs`, rounded up, or the whole
 * window where the rule says so. Never less than the wait, so that the number stays a promise under stacked rules.
 */
export function refusalWords(rule: LimitRule, retryAtMs: number, nowMs: number): RefusalWords {
  const waitSeconds = toRetryAfterSeconds(retryAtMs - nowMs);
  const seconds =
    rule.refusal.seconds === 'whole-window' ? Math.max(waitSeconds, toRetryAfterSeconds(rule.windowMs)) : waitSeconds;
  return { text: rule.refusal.text.replaceAll('<n>', String(seconds)), seconds };
}
