// The policy language: what a limit is, and the policy file that lists them. Matching and arithmetic live in `rules`.
import { z } from 'zod';
import { usernameRuleSchema } from './username-rules.ts';
import { whereSchema } from './where.ts';
import { type Finding, readYamlFile } from './yaml-file.ts';

/** Longest and shortest window a rule may have, in milliseconds (100 ms to 24 h). */
export const windowMsBounds = { min: 100, max: 86_400_000 } as const;

/** Largest quota that is counted exactly: one remembered instant per admitted event. */
export const exactQuotaMax = 4_096;

/** What a rule counts over. A part that is unknown for a call is counted per source instead, never in one shared pool. */
export const limitKeyParts = ['source', 'credential', 'participant', 'system', 'service', 'operation'] as const;

const limitRule = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "ws-global"')
    .describe('Unique name; evidence and refusals quote it.'),
  layer: z
    .enum(['global', 'acceptable-use'])
    .describe('Global limits are decided first; their refusal text is their own, never the acceptable-use sentence.'),
  where: whereSchema.describe('All given conditions must hold. An empty `where` matches every call.'),
  key: z.array(z.enum(limitKeyParts)).min(1).max(6).describe('What one allowance belongs to.'),
  unit: z.literal('requests').describe('What is counted. Connections, bytes and concurrency are not built yet.'),
  quota: z.int().min(1).max(exactQuotaMax).describe(`Most units admitted in any window. 1 to ${exactQuotaMax}.`),
  windowMs: z
    .int()
    .min(windowMsBounds.min)
    .max(windowMsBounds.max)
    .describe('Length of the sliding window in milliseconds. 100 to 86,400,000.'),
  algorithm: z.literal('exact-sliding-window').describe('No window of this length ever holds more than the quota.'),
  mode: z
    .enum(['enforce', 'shadow', 'off'])
    .default('enforce')
    .describe('Shadow writes the same evidence and refuses nobody.'),
  counts: z
    .enum(['admitted', 'attempts'])
    .default('admitted')
    .describe(
      '"admitted": a refused call costs nothing. "attempts": every call counts, so hammering keeps a caller out.',
    ),
  refusal: z
    .strictObject({
      status: z
        .int()
        .refine((status) => [200, 429, 500, 503].includes(status), '200, 429, 500 or 503')
        .default(500)
        .describe(
          'HTTP status of the SOAP fault. 500 by the SOAP 1.1 HTTP binding. JSON and HTML callers always get 429.',
        ),
      text: z
        .string()
        .min(1)
        .max(500)
        .describe('The sentence the caller reads. `<n>` stands for the seconds to wait, rounded up.'),
      seconds: z
        .enum(['remaining', 'whole-window'])
        .default('remaining')
        .describe('What `<n>` says: the time until room is free, or the whole window.'),
    })
    .describe('How this rule says no.'),
  evidence: z.enum(['stated', 'observed', 'assumed']).describe('How we know the number.'),
  source: z.string().min(1).max(300).describe('Where the number comes from, for example "deck p. 13".'),
});

/** One named limit: who it counts, how much in which window, and how it says no. */
export type LimitRule = z.infer<typeof limitRule>;

/** One part of a limit's key. */
export type LimitKeyPart = (typeof limitKeyParts)[number];

/** Schema of a policy file; `toJSONSchema` of it is what editors read. */
export const policySchema = z.strictObject({
  limits: z
    .array(limitRule)
    .max(500)
    .describe('Rules stack: a call is charged to every rule that matches, or to none.'),
  usernames: z
    .array(usernameRuleSchema)
    .max(50)
    .optional()
    .describe('What the name in the header of a message must be. Left out: nothing is asked.'),
});

/** The limits and the rules about names in force, in file order. */
export type Policy = z.infer<typeof policySchema>;

/** Reads a policy file. Findings name file, line, what was found and what was expected; rule names must be unique. */
export function parsePolicy(
  file: string,
  text: string,
): { readonly ok: true; readonly policy: Policy } | { readonly ok: false; readonly findings: readonly Finding[] } {
  const parsed = readYamlFile(file, text, policySchema);
  if (!parsed.ok) return parsed;
  const { value: policy, finding } = parsed.read;
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const list of ['limits', 'usernames'] as const)
    for (const [index, { name }] of (policy[list] ?? []).entries()) {
      if (seen.has(name))
        findings.push(finding([list, index, 'name'], `"${name}" again`, 'a name that no other rule has'));
      seen.add(name);
    }
  return findings.length > 0 ? { ok: false, findings } : { ok: true, policy };
}

/** What a rule may ask about a call. Absent parts are unknown for this call. */
export interface LimitSubject {
  readonly environment: string;
  readonly infrastructure: string;
  readonly namespace: string;
  readonly channel: 'ui' | 'api';
  readonly generation: 'old' | 'new';
  readonly system?: string;
  readonly service?: string;
  readonly operation?: 'submit' | 'retrieve';
  readonly source: string;
  readonly credential?: string;
  readonly participant?: string;
}

/** One unit to be charged to one allowance. The key is unique over rules. */
export interface Charge {
  readonly rule: LimitRule;
  readonly key: string;
  /** Whatever the counters keep of the key: a charge that comes again is not looked up by its text. */
  kept?: unknown;
}

/** What the counters said: admitted everywhere, or refused by the rule that frees last, at the instant it frees. */
export type CounterDecision =
  | { readonly admitted: true; readonly shadowRefusals: readonly ShadowRefusal[] }
  | {
      readonly admitted: false;
      readonly decidedBy: Charge;
      readonly retryAtMs: number;
      readonly shadowRefusals: readonly ShadowRefusal[];
      /** No rule was full: the store that nodes share cannot be asked, or has forgotten, and nobody can count. */
      readonly uncounted?: true;
    };

/** A rule in shadow mode that would have refused this call. */
export interface ShadowRefusal {
  readonly rule: string;
  readonly retryAtMs: number;
}

/** One all-or-nothing decision over every rule that matches a call. Implementations: one process, later shared memory and Valkey. */
export interface CounterStore {
  decide(charges: readonly Charge[], nowMs: number): CounterDecision | Promise<CounterDecision>;
}
