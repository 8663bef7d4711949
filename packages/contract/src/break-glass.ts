// Break-glass: for a few hours a rule refuses nobody, or one caller may do more, because somebody said so and why. It belongs to one
// gateway, is held in a file of its own, and ends by itself.
import { z } from 'zod';
import { concurrentQuotaMax, quotaMax } from './limit-terms.ts';
import type { LimitRule, Policy } from './limits.ts';

/** Bounds of overrides. How long one may last is an option of the gateway. */
export const breakGlassBounds = { overridesMax: 32, textCharactersMax: 300 } as const;

const line = z
  .string()
  .min(1)
  .max(breakGlassBounds.textCharactersMax)
  .regex(/^[^\p{Cc}]*\S[^\p{Cc}]*$/u, 'one line of text');

const scopeSchema = z
  .union([
    z.strictObject({ participant: z.string().min(1).max(256) }),
    z.strictObject({ source: z.string().min(1).max(64) }),
    z.strictObject({ credential: z.string().min(1).max(256) }),
  ])
  .nullable()
  .describe('Whose calls it is about; null: everybody’s.');

const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('shadow') }),
  z.strictObject({ kind: z.literal('quota'), quota: z.int().min(1).max(quotaMax) }),
]);

/** What somebody asks for. */
export const overrideAskSchema = z.strictObject({
  rule: z.string().min(1).max(63),
  change: changeSchema,
  scope: scopeSchema,
  reason: line,
  author: line,
  /** When it ends, in milliseconds since 1970 UTC. */
  untilMs: z.int().min(0),
});

const overrideSchema = overrideAskSchema.extend({ id: z.string().min(1).max(80), fromMs: z.int().min(0) });

/** Schema of the file that holds a gateway's overrides. */
export const overridesFileSchema = z.strictObject({
  format: z.literal(1),
  overrides: z.array(overrideSchema).max(breakGlassBounds.overridesMax),
});

/** What somebody asks for. */
export type OverrideAsk = z.infer<typeof overrideAskSchema>;

/** One override. It holds from `fromMs` until before `untilMs`. */
export type Override = z.infer<typeof overrideSchema>;

/** Whether an override holds at an instant. */
export function overrideHolds({ fromMs, untilMs }: Override, atMs: number): boolean {
  return atMs >= fromMs && atMs < untilMs;
}

/** Why an override cannot be, in a sentence; null where it can. `msMax` is the longest that one may last. */
export function whyNoOverride(
  ask: OverrideAsk,
  { policy, holding, nowMs, msMax }: { policy: Policy; holding: readonly Override[]; nowMs: number; msMax: number },
): string | null {
  const { rule: name, change, scope, untilMs } = ask;
  const rule = policy.limits.find((each) => each.name === name);
  if (rule === undefined)
    return `the policy has no rule "${name}"; it has ${policy.limits.map((each) => each.name).join(', ') || 'none'}`;
  if (rule.unit === 'connections' && scope !== null && !('source' in scope))
    return `${name} counts connections, of which nothing is known but the source: name a source`;
  if (rule.mode !== 'enforce') return `${name} is ${rule.mode === 'off' ? 'off' : 'in shadow mode'}: it refuses nobody`;
  if (untilMs <= nowMs) return `${new Date(untilMs).toISOString()} is past`;
  if (untilMs - nowMs > msMax)
    return `it would last longer than ${msMax / 3_600_000} h, the most that this gateway allows: change the policy instead`;
  if (holding.length >= breakGlassBounds.overridesMax)
    return `${holding.length} hold already, the most there may be: end one first`;
  const same = holding.find((each) => each.rule === name && JSON.stringify(each.scope) === JSON.stringify(scope));
  if (same !== undefined) return `${same.id} is about the same rule and the same callers: end it first`;
  return change.kind === 'quota' ? whyNoQuota(rule, change.quota, scope) : null;
}

function whyNoQuota(rule: LimitRule, quota: number, scope: OverrideAsk['scope']): string | null {
  if (scope === null) return 'a quota is raised for one caller: name a participant, a source or a credential';
  if (quota <= rule.quota) return `${rule.name} has a quota of ${rule.quota} already: an override only raises it`;
  if (rule.unit === 'concurrent-requests' && quota > concurrentQuotaMax)
    return `at most ${concurrentQuotaMax} concurrent requests are counted`;
  return null;
}

/** An override in words, as it stands everywhere until it ends. */
export function sayOverride({ id, rule, change, scope, untilMs, author, reason }: Override): string {
  const [whose] = scope === null ? [] : Object.entries(scope).map(([part, value]) => ` for ${part} ${value}`);
  const what = change.kind === 'shadow' ? 'in shadow, refuses nobody' : `quota ${change.quota}`;
  const until = new Date(untilMs).toISOString().replace('.000Z', 'Z');
  return `break-glass ${id}: ${rule} ${what}${whose ?? ''} until ${until}, by ${author}: ${reason}`;
}
