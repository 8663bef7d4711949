// The policy language: what a limit is, and the policy file that lists them. Matching and arithmetic live in `rules`.
import { z } from 'zod';
import { noticeOf, ruleFaults } from './limit-faults.ts';
import {
  concurrentQuotaMax,
  defaultNetworkBits,
  exactQuotaMax,
  limitKeyParts,
  limitUnits,
  quotaMax,
  scidSubstitutes,
  windowBuckets,
  windowMsBounds,
} from './limit-terms.ts';
import { usernameRuleSchema } from './username-rules.ts';
import { whereSchema } from './where.ts';
import { type FilePath, type Finding, readYamlFile } from './yaml-file.ts';

const limitRule = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "ws-global"')
    .describe('Unique name; evidence and refusals quote it.'),
  layer: z
    .enum(['global', 'acceptable-use'])
    .describe('Global limits are decided first; their refusal text is their own, never the acceptable-use sentence.'),
  where: whereSchema.describe('All given conditions must hold. An empty `where` matches every call.'),
  key: z.array(z.enum(limitKeyParts)).min(1).max(8).describe('What one allowance belongs to; each part once.'),
  withoutScid: z
    .enum(scidSubstitutes)
    .optional()
    .describe(
      'With scid in the key: whose allowance a call is charged to that carries no SCID, or none that can be told or proven. Left out: credential.',
    ),
  sourceNetwork: z
    .strictObject({
      ipv4Bits: z.int().min(8).max(32).default(defaultNetworkBits.ipv4),
      ipv6Bits: z.int().min(16).max(128).default(defaultNetworkBits.ipv6),
    })
    .optional()
    .describe('With source-network in the key: leading bits of a source that count. Left out: 24 of IPv4, 64 of IPv6.'),
  unit: z
    .enum(limitUnits)
    .describe(
      'What is counted. "connections": accepted ones, before a byte is read; `where` is empty and the key is of the source. "request-bytes": bytes of request bodies, each body at the instant of its admission. "concurrent-requests": calls between admission and the end of their answer.',
    ),
  quota: z
    .int()
    .min(1)
    .max(quotaMax)
    .describe(
      `Most units admitted in any window, or held at once. Up to ${exactQuotaMax} requests or connections are counted exactly; more, and bytes, in ${windowBuckets} parts of the window, which errs toward refusal alone. At most ${concurrentQuotaMax} concurrent requests.`,
    ),
  windowMs: z
    .int()
    .min(windowMsBounds.min)
    .max(windowMsBounds.max)
    .optional()
    .describe(
      'Length of the sliding window in milliseconds. 100 to 86,400,000. Only concurrent-requests may leave it out: there it is what a refused caller is told to wait, 1,000 by default, since nobody knows when a call will end.',
    ),
  algorithm: z
    .literal('exact-sliding-window')
    .default('exact-sliding-window')
    .describe('No window of this length ever holds more than the quota.'),
  domain: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "default"')
    .optional()
    .describe('Rules of one domain are counted together, in one place where nodes share counters. Left out: default.'),
  degraded: z
    .enum(['divide', 'refuse'])
    .optional()
    .describe(
      'While the store that nodes share cannot be asked. "divide": each node admits its part of the quota, by the configured number of nodes, rounded down. "refuse": nothing is admitted. Left out: divide. Never open.',
    ),
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
    .optional()
    .describe('How this rule says no. Only a rule over connections may leave it out: what it sheds is sent no answer.'),
  evidence: z.enum(['stated', 'observed', 'assumed']).describe('How we know the number.'),
  source: z.string().min(1).max(300).describe('Where the number comes from, for example "deck p. 13".'),
});

/** A rule as it stands in the file. */
export type WrittenRule = z.infer<typeof limitRule>;

/** One named limit: who it counts, how much in which window, and how it says no. */
export type LimitRule = Omit<WrittenRule, 'windowMs' | 'refusal'> &
  Required<{ [Name in 'windowMs' | 'refusal']: Exclude<WrittenRule[Name], undefined> }>;

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

/** What a policy may say and a reader should know of. Line and column count from 1. */
export interface PolicyNotice {
  readonly level: 'notice';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly said: string;
}

/** The limits and the rules about names in force, in file order. */
export type Policy = Omit<z.infer<typeof policySchema>, 'limits'> & { readonly limits: LimitRule[] };

/** Reads a policy file. Findings name file, line, what was found and what was expected; notices tell what is allowed and worth knowing. */
export function parsePolicy(
  file: string,
  text: string,
):
  | { readonly ok: true; readonly policy: Policy; readonly notices: readonly PolicyNotice[] }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const parsed = readYamlFile(file, text, policySchema);
  if (!parsed.ok) return parsed;
  const { value, finding } = parsed.read;
  const findings = [
    ...repeatedNames(value).map((path) => finding(path, 'a name again', 'a name that no other rule has')),
    ...value.limits.flatMap((rule, index) =>
      ruleFaults(rule).map(({ path, found, expected }) => finding(['limits', index, ...path], found, expected)),
    ),
  ];
  if (findings.length > 0) return { ok: false, findings };
  const limits = value.limits.map(toLimitRule);
  const notices = limits.flatMap((rule, index) => {
    const said = noticeOf(rule);
    if (said === null) return [];
    const { line, column, path } = finding(['limits', index, 'quota'], '', '');
    return [{ level: 'notice' as const, file, line, column, path, said }];
  });
  return { ok: true, policy: { ...value, limits }, notices };
}

/** The wait of a rule over concurrent requests that names none, in milliseconds. */
const concurrentWaitMs = 1_000;

/** What a shed connection is recorded with; nobody reads it on the wire. */
const shedWords = { status: 500, text: 'Too many connections from your address.', seconds: 'remaining' } as const;

function toLimitRule(written: WrittenRule): LimitRule {
  const { windowMs = concurrentWaitMs, refusal = shedWords } = written;
  return { ...written, windowMs, refusal };
}

function repeatedNames(policy: z.infer<typeof policySchema>): FilePath[] {
  const seen = new Set<string>();
  const repeated: FilePath[] = [];
  for (const list of ['limits', 'usernames'] as const)
    for (const [index, { name }] of (policy[list] ?? []).entries()) {
      if (seen.has(name)) repeated.push([list, index, 'name']);
      seen.add(name);
    }
  return repeated;
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
  /** The business id in the payload, where the catalogue says where it stands and the caller may act for it. */
  readonly scid?: string;
}

/** What is to be charged to one allowance. The key is unique over rules. */
export interface Charge {
  readonly rule: LimitRule;
  readonly key: string;
  /** Units of the rule. Left out: one. */
  readonly amount?: number;
  /** Whatever the counters keep of the key: a charge that comes again is not looked up by its text. */
  kept?: unknown;
  /** Whatever is kept of the last refusal that this charge decided: most are repeated word for word. */
  told?: unknown;
  /** Where the allowance stood after the latest decision over this charge. Written by the counters, in place. */
  standing?: Standing;
}

/** Where one allowance stands. */
export interface Standing {
  /** Units that would be admitted now, if nothing else is charged; never more than there is room for. */
  remaining: number;
  /** When more of the quota comes back, in milliseconds; the instant of the decision where all of it is there, or nobody knows. */
  moreAtMs: number;
}

/** What the counters said: admitted everywhere, or refused by the rule that frees last, at the instant it frees. */
export type CounterDecision =
  | {
      readonly admitted: true;
      readonly shadowRefusals: readonly RuleRefusal[];
      /** Where bytes were charged: what `settle` finds them by. */
      readonly charged?: Charged;
    }
  | {
      readonly admitted: false;
      readonly decidedBy: Charge;
      /**
       * The first instant at which no enforced rule of the call would refuse it. Of a rule over concurrent requests, what its
       * caller is told to wait, which is no promise; Infinity where a call asks for more than a whole quota.
       */
      readonly retryAtMs: number;
      /** Every enforced rule that refused, the deciding one among them. */
      readonly refusals: readonly RuleRefusal[];
      readonly shadowRefusals: readonly RuleRefusal[];
      /** No rule was full: the store that nodes share cannot be asked, or has forgotten, and nobody can count. */
      readonly uncounted?: true;
      /** Until when the same call would be refused again; left out where it must be asked for anew each time. */
      readonly known?: KnownRefusal;
    };

/**
 * How long a refusal holds, whatever else is called meanwhile: in milliseconds of the clock of whoever decided it. Each instant is
 * somewhere between two, because an answer takes its way.
 */
export interface KnownRefusal {
  /** Of each charge, when its rule has room again; −Infinity where it has. */
  readonly earliestMs: readonly number[];
  readonly latestMs: readonly number[];
  /** Before it, the call would be refused again. */
  readonly untilMs: number;
}

/** A rule that refused a call, or would have if it were not in shadow mode, and when it alone has room. */
export interface RuleRefusal {
  readonly rule: string;
  readonly retryAtMs: number;
}

/** Where the bytes of one decision stand: not at the instant it was asked at, which a clock that stepped back makes an earlier one. */
export interface Charged {
  /** In milliseconds of the clock that counted it. */
  readonly atMs: number;
  /** Of the store that counted it for all nodes; left out where this node did. */
  readonly epoch?: string;
}

/** What an admitted call turned out to be, once its answer has ended. */
export interface CallOutcome {
  /** What the decision said of the bytes that it charged. Left out: they stay charged. */
  readonly charged?: Charged;
  /** Bytes of its body that arrived; Infinity where more may come. */
  readonly requestBytes: number;
}

/** One all-or-nothing decision over every rule that matches a call, and the end of what it holds. */
export interface CounterStore {
  decide(charges: readonly Charge[], nowMs: number): CounterDecision | Promise<CounterDecision>;
  /**
   * Once for each admitted decision over a charge that `isHeld`, whatever became of the call: gives back the places of concurrent
   * requests, and bytes that were charged and did not come. Never throws.
   */
  settle(charges: readonly Charge[], outcome: CallOutcome): void;
  /** Where each allowance stands, in order. Charges nothing. */
  standings(charges: readonly Charge[], nowMs: number): readonly Standing[] | Promise<readonly Standing[]>;
}

/** Whether an admitted call is to be settled with its charge once its answer has ended. */
export function isHeld({ rule }: Charge): boolean {
  return rule.unit === 'concurrent-requests' || rule.unit === 'request-bytes';
}
