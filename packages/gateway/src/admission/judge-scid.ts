// For which SCID does a call act, and may its caller? Asked only where a limit that matched counts over SCIDs; until the answer is
// there nothing is charged. An SCID counts if the caller may act for it: else one caller could use up what is another's.
import type { Charge, LimitRule, LimitSubject, Refusal, ScidEvidence } from '@headgate/contract';
import {
  type CallForRights,
  chargesFor,
  limitFieldStarts,
  mayCall,
  overrideCharges,
  policyField,
  scidRefusal,
} from '@headgate/rules';
import { type PayloadValue, payloadValueCharactersMax, type ScidWhereabouts } from '@headgate/soap';
import { dropOldest } from '../drop-oldest.ts';
import { payloadValue } from '../envelope-head.ts';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/identify.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { chargesByCandidate } from './judge-candidate.ts';

/** What stays the same of `RateLimit-Policy` and `RateLimit`, as long as charges do. */
export interface LimitFields {
  /** Null where no rule is told of. */
  readonly policyText: string | null;
  readonly starts: readonly string[];
}

/** Writes it. A rule that was overridden is told as it holds. */
export function fieldsOf(charges: readonly Charge[]): LimitFields {
  const rules = charges.map(({ rule }) => rule);
  return { policyText: policyField(rules), starts: limitFieldStarts(rules) };
}

/** What is known of a caller over a route before its payload is looked at, where limits count over SCIDs. */
export interface ScidLimits {
  readonly principal: Principal;
  readonly call: CallForRights;
  readonly systemName: string;
  readonly scids: ScidWhereabouts;
  readonly subject: LimitSubject;
  /** What a call is charged to that has no SCID that counts. */
  readonly charges: readonly Charge[];
  /** SCIDs that the caller may act for here. */
  readonly own: readonly string[];
  /** What stays the same of the fields of such a call. */
  readonly fields: LimitFields;
  /** Ids of the overrides that changed one of them. */
  readonly breakGlass: readonly string[];
  /** What a candidate policy would charge such a call. */
  readonly candidate: readonly Charge[];
  /** The rule that refuses a foreign SCID; null where all that count over SCIDs are in shadow, and refuse nobody. */
  readonly refusing: LimitRule | null;
  /** What was judged before, by what was found. */
  readonly judged: Map<string, JudgedScid>;
}

/** What came of one SCID, or of none, while the rights it was judged by hold. */
export interface JudgedScid {
  readonly evidence: ScidEvidence;
  readonly charges: readonly Charge[];
  /** Ids of the overrides that changed one of them. */
  readonly breakGlass: readonly string[];
  /** What a candidate policy would charge. */
  readonly candidate: readonly Charge[];
  /** What stays the same of `RateLimit-Policy` and `RateLimit`. */
  readonly fields: LimitFields;
  /** Raised once the call is charged to its caller. */
  readonly refusal: Refusal | null;
  /** The rule that the refusal is of. */
  readonly rule: LimitRule | null;
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

/** Findings that are remembered of a caller over a route; the oldest go first. */
const judgedMax = 64;

/** What is asked of the SCID of a call; null where none of its limits counts over SCIDs, and nothing is. */
export function scidLimits(known: Omit<ScidLimits, 'refusing' | 'judged'>): ScidLimits | null {
  const counting = known.charges.filter(countsScids);
  if (counting.length === 0 && !known.candidate.some(countsScids)) return null;
  const refusing = counting.find(({ rule }) => rule.mode === 'enforce')?.rule ?? null;
  return { ...known, refusing, judged: new Map() };
}

function countsScids({ rule }: Charge): boolean {
  return rule.key.includes('scid');
}

/** Reads the SCID of a call from the head of its payload, and judges it. Waits for the head at most. */
export function judgeScid(exchange: Exchange, limits: ScidLimits, gateway: Gateway): MaybePromise<JudgedScid> {
  const { places } = limits.scids;
  if (places === null) return judged(exchange, limits, null, gateway.clock());
  const found = payloadValue(exchange, gateway, places);
  return found instanceof Promise
    ? found.then((value) => judged(exchange, limits, value, gateway.clock()))
    : judged(exchange, limits, found, gateway.clock());
}

function judged(exchange: Exchange, limits: ScidLimits, found: PayloadValue | null, nowMs: number): JudgedScid {
  const name = nameOf(found);
  const known = limits.judged.get(name);
  if (known !== undefined && nowMs >= known.fromMs && nowMs < known.untilMs) return known;
  const fresh = found?.kind === 'found' ? judgeFound(exchange, limits, found, nowMs) : withoutScid(limits, found);
  limits.judged.set(name, fresh);
  dropOldest(limits.judged, judgedMax);
  return fresh;
}

function nameOf(found: PayloadValue | null): string {
  if (found === null) return 'no-place';
  if (found.kind === 'found') return `found ${found.where} ${found.value}`;
  return found.kind === 'unreadable' ? `unreadable ${found.reason}` : found.kind;
}

type WithoutValue = Exclude<PayloadValue, { readonly kind: 'found' }>;

function withoutScid(limits: ScidLimits, found: WithoutValue | null): JudgedScid {
  const nothing = { value: null, where: null, participant: null };
  const { scids } = limits;
  if (found === null)
    return unchanged(limits, {
      ...nothing,
      outcome: 'no-place',
      reason: scids.places === null ? scids.reason : null,
    });
  const reason = found.kind === 'unreadable' ? found.reason : null;
  return unchanged(limits, { ...nothing, outcome: found.kind, reason });
}

/** Charged as a call without an SCID is. */
function unchanged({ charges, fields, breakGlass, candidate }: ScidLimits, evidence: ScidEvidence): JudgedScid {
  return { evidence, charges, fields, breakGlass, candidate, refusal: null, rule: null, ...always };
}

const always = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };

function judgeFound(
  { serving }: Exchange,
  limits: ScidLimits,
  { value, where }: Extract<PayloadValue, { readonly kind: 'found' }>,
  nowMs: number,
): JudgedScid {
  const { principal, call, scids, refusing, systemName } = limits;
  const { enrolment, certificate } = principal;
  const found = { value: toSafeScid(value), where, reason: null, participant: null };
  if (scids.places !== null && scids.every.has(value)) return unchanged(limits, { ...found, outcome: 'every' });
  if (serving.rights === null || enrolment === null || certificate === null)
    return unchanged(limits, { ...found, outcome: 'unproven' });
  const right = mayCall(enrolment, { ...call, scid: value }, nowMs);
  if (right.allowed) {
    const { participant } = right;
    const evidence = { ...found, outcome: 'proven', participant } as const;
    const subject = { ...limits.subject, scid: value, participant };
    const over = overrideCharges(chargesFor(serving.limits, subject), subject, serving.snapshot.overrides, nowMs);
    const charges = chargesOver(limits.charges, over.charges);
    return {
      evidence,
      charges,
      fields: fieldsOf(charges),
      breakGlass: [...new Set([...limits.breakGlass, ...over.overrides])],
      candidate: chargesOver(limits.candidate, chargesByCandidate(serving, subject)),
      refusal: null,
      rule: null,
      ...right.holds,
    };
  }
  const refusal =
    refusing === null
      ? null
      : scidRefusal(
          { rights: serving.rights, enrolment, scids: limits.own },
          { certificate, call, systemName },
          { scid: found.value, rule: refusing.name },
        );
  return { ...unchanged(limits, { ...found, outcome: 'foreign' }), refusal, rule: refusing, ...right.holds };
}

/** Charges of the rules that count over SCIDs; the others stay as they are, so that a rule in shadow changes none of them. */
function chargesOver(charges: readonly Charge[], over: readonly Charge[]): readonly Charge[] {
  const byRule = new Map(over.map((charge) => [charge.rule.name, charge]));
  return charges.map((charge) => (countsScids(charge) ? (byRule.get(charge.rule.name) ?? charge) : charge));
}

/** What a caller wrote in the place of an SCID, in a form that may be shown and kept. */
function toSafeScid(value: string): string {
  if (/^[A-Za-z0-9._-]{1,12}$/.test(value)) return value;
  return value.length > payloadValueCharactersMax
    ? `(more than ${payloadValueCharactersMax} characters)`
    : `(${value.length} characters, no SCID)`;
}
