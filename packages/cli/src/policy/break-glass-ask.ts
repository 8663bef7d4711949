// What a command line asks of break-glass, or why it asks for nothing that could be.
import type { OverrideAsk } from '@headgate/contract';

/** Options as they were given. */
export interface BreakGlassFlags {
  readonly rule?: string;
  readonly shadow?: true;
  readonly quota?: number;
  readonly participant?: string;
  readonly source?: string;
  readonly credential?: string;
  readonly reason?: string;
  readonly author?: string;
  readonly until?: number;
  readonly for?: number;
}

/** The question to a gateway, or the sentence that says what is missing. */
export function breakGlassAsk(flags: BreakGlassFlags, author: string | null, nowMs: number): OverrideAsk | string {
  const { rule, shadow, quota, reason, until, for: forMs } = flags;
  if (rule === undefined) return 'which rule? Give --rule NAME, as `headgate policy show` lists it';
  if ((shadow === undefined) === (quota === undefined)) return 'what is to become of it? Give --shadow, or --quota N';
  if (reason === undefined || reason.trim() === '')
    return 'why? Give --reason: it stands wherever the override is told of';
  if ((until === undefined) === (forMs === undefined)) return 'until when? Give --for 2h, or --until with an instant';
  if (author === null) return 'who says so? Give --author NAME: this system does not tell who you are';
  const scopes = (['participant', 'source', 'credential'] as const).flatMap((part) =>
    flags[part] === undefined ? [] : [{ [part]: flags[part] }],
  );
  if (scopes.length > 1) return 'for one caller: give --participant, --source or --credential, one of them';
  if (quota !== undefined && scopes.length === 0)
    return 'for whom? A quota is raised for one caller: give --participant, --source or --credential';
  return {
    rule,
    change: quota === undefined ? { kind: 'shadow' } : { kind: 'quota', quota },
    scope: (scopes[0] ?? null) as OverrideAsk['scope'],
    reason: reason.trim(),
    author,
    untilMs: until ?? nowMs + (forMs ?? 0),
  };
}
