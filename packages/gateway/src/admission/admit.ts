// May they, now? Rights first, then the session of a person at a user interface, then the global limit, then acceptable use. Only
// `admit` makes a Permit.
import type { Charge, CounterDecision, LimitSubject, RuleRefusal, StatedRefusal } from '@headgate/contract';
import {
  type AllowedCall,
  chargesFor,
  limitField,
  limitFieldStarts,
  mayCall,
  policyField,
  rightRefusal,
} from '@headgate/rules';
import { dropOldest } from '../drop-oldest.ts';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/identify.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { AnyRoute } from '../route/select-route.ts';
import { ownerOf, participantOwner } from '../standing.ts';
import { documentCharges } from './document-limit.ts';
import { followSession, sessionState } from './follow-session.ts';
import { limitRefusal } from './limit-refusal.ts';
import { type Permit, toPermit } from './permit.ts';
import { isOfBytes, type Weighed, weighBody } from './weigh-body.ts';

/**
 * Admits an exchange, or refuses with `admission.*`. The refusal of a limit is returned, since it is an everyday answer; it says
 * when the first call will be admitted again. A missing right is thrown.
 */
export function admit(
  exchange: Exchange,
  principal: Principal,
  route: AnyRoute,
  gateway: Gateway,
): MaybePromise<Permit | StatedRefusal> {
  const nowMs = gateway.clock();
  const applying = chargesOf(exchange, principal, route, nowMs);
  if (route.channel === 'ui') followSession(exchange, principal, route, gateway.sessionKeys(), nowMs);
  if (!applying.weighs) return decide(exchange, applying, unweighed(applying), gateway);
  const weighed = weighBody(exchange, applying.charges, gateway);
  return weighed instanceof Promise
    ? weighed.then((known) => decide(exchange, applying, known, gateway))
    : decide(exchange, applying, weighed, gateway);
}

function unweighed({ charges }: KnownCharges): Weighed {
  return { charges, bodyBytesMax: Number.POSITIVE_INFINITY };
}

function decide(
  exchange: Exchange,
  applying: KnownCharges,
  weighed: Weighed,
  gateway: Gateway,
): MaybePromise<Permit | StatedRefusal> {
  const nowMs = gateway.clock(); // Anew: a body may have been waited for.
  const decided = gateway.counters.decide(weighed.charges, nowMs);
  return decided instanceof Promise
    ? decided.then((decision) => permitOrRefuse(exchange, applying, weighed, decision, nowMs, gateway))
    : permitOrRefuse(exchange, applying, weighed, decided, nowMs, gateway);
}

function permitOrRefuse(
  exchange: Exchange,
  applying: KnownCharges,
  { charges, bodyBytesMax }: Weighed,
  decision: CounterDecision,
  nowMs: number,
  { recentRefusals }: Gateway,
): Permit | StatedRefusal {
  const { policyText, limitStarts, participant } = applying;
  exchange.admission = evidenceOf(exchange, applying, decision, nowMs);
  if (policyText !== null) {
    exchange.limitPolicy = policyText;
    exchange.limitsLeft = limitField(charges, limitStarts, nowMs);
  }
  if (!decision.admitted) {
    const { rule } = decision.decidedBy;
    const retryAfterMs = waitOf(decision.retryAtMs, nowMs);
    const refused = { exchange: exchange.id, atMs: nowMs, rule: rule.name, system: applying.system, retryAfterMs };
    for (const owner of applying.owners) recentRefusals.add(owner, refused);
    return limitRefusal(decision, nowMs);
  }
  const { shadowRefusals } = decision;
  return toPermit({ id: exchange.id, charges, participant, bodyBytesMax, decidedMs: nowMs, shadowRefusals });
}

/** For whom a call of this caller over this route acts and what it is charged to, while the rights it was judged by hold. */
interface KnownCharges {
  readonly charges: readonly Charge[];
  /** Whether the body counts. */
  readonly weighs: boolean;
  /** What stays the same of `RateLimit-Policy` and `RateLimit`; null where no rule is told of. */
  readonly policyText: string | null;
  readonly limitStarts: readonly string[];
  /** Who is told of its refused calls, and of which system they were. */
  readonly owners: readonly string[];
  readonly system: string;
  readonly rules: readonly string[];
  readonly participant: string | null;
  readonly endorsers: readonly string[];
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

/** Routes that are remembered of a caller; the oldest go first. */
const routesMax = 64;

type ByRoute = Map<AnyRoute, KnownCharges>;

function chargesOf(exchange: Exchange, principal: Principal, route: AnyRoute, nowMs: number): KnownCharges {
  const { callerMemo } = exchange;
  const byRoute: ByRoute = (callerMemo.admission as ByRoute | undefined) ?? new Map();
  callerMemo.admission = byRoute;
  const known = byRoute.get(route);
  // The kind of a caller fixes its certificate, and a route what its host wants of one: the principal is who it was.
  if (known !== undefined && nowMs >= known.fromMs && nowMs < known.untilMs) return known;
  const fresh = chargesAnew(exchange, principal, route, nowMs);
  byRoute.set(route, fresh);
  dropOldest(byRoute, routesMax);
  return fresh;
}

function chargesAnew(exchange: Exchange, principal: Principal, route: AnyRoute, nowMs: number): KnownCharges {
  const allowed = rightOf(exchange, principal, route, nowMs);
  const participant = allowed?.participant ?? principal.enrolment?.participant.id ?? null;
  const charges =
    route.kind === 'document'
      ? documentCharges(exchange.connection.source)
      : chargesFor(exchange.serving.limits, subjectOf(exchange, principal, route, participant));
  const rules = charges.map(({ rule }) => rule);
  return {
    charges,
    weighs: charges.some(isOfBytes),
    policyText: policyField(rules),
    limitStarts: limitFieldStarts(rules),
    owners: [
      ownerOf(principal.certificate?.fingerprint256, exchange.connection.source),
      ...(participant === null ? [] : [participantOwner(participant)]),
    ],
    system: route.systemId,
    rules: rules.map(({ name }) => name),
    participant,
    endorsers: allowed?.endorsers ?? [],
    fromMs: allowed?.holds.fromMs ?? Number.NEGATIVE_INFINITY,
    untilMs: allowed?.holds.untilMs ?? Number.POSITIVE_INFINITY,
  };
}

/** The right that a call is made by; null where none is needed. */
function rightOf(
  { serving }: Exchange,
  { enrolment, certificate }: Principal,
  route: AnyRoute,
  nowMs: number,
): AllowedCall | null {
  // Whoever is enrolled may ask what was seen of it, and about its own session.
  if (serving.rights === null || enrolment === null || certificate === null || route.kind !== 'system') return null;
  const { environment, systemId: system, systemName, channel } = route;
  // A user interface has no operation; who may look is whoever may retrieve.
  const call = { environment, system, channel, operation: route.operation ?? 'retrieve' };
  const judged = mayCall(enrolment, call, nowMs);
  if (judged.allowed) return judged;
  throw rightRefusal(serving.rights, enrolment, judged, { certificate, call, systemName }, nowMs);
}

function subjectOf(
  exchange: Exchange,
  principal: Principal,
  route: AnyRoute,
  participant: string | null,
): LimitSubject {
  return {
    environment: route.environment,
    infrastructure: route.infrastructure,
    namespace: route.namespace,
    channel: route.channel,
    generation: route.generation,
    system: route.systemId,
    source: exchange.connection.source,
    ...(route.service === null ? {} : { service: route.service }),
    ...(route.operation === null ? {} : { operation: route.operation }),
    ...(principal.certificate === null ? {} : { credential: principal.certificate.fingerprint256 }),
    ...(participant === null ? {} : { participant }),
  };
}

/** Whether admission gave a permit. */
export function isPermit(admitted: Permit | StatedRefusal): admitted is Permit {
  return 'charges' in admitted;
}

function evidenceOf(
  { id, session }: Exchange,
  { rules, participant, endorsers }: KnownCharges,
  decision: CounterDecision,
  nowMs: number,
): NonNullable<Exchange['admission']> {
  const inWaits = ({ rule, retryAtMs }: RuleRefusal) => ({ rule, retryAfterMs: waitOf(retryAtMs, nowMs) });
  return {
    admitted: decision.admitted,
    permit: decision.admitted ? id : null,
    participant,
    endorsers,
    rules,
    refused: decision.admitted ? noRefusals : decision.refusals.map(inWaits),
    decidedBy: decision.admitted ? null : decision.decidedBy.rule.name,
    decidedByKey: decision.admitted ? null : decision.decidedBy.rule.key,
    retryAfterMs: decision.admitted ? null : waitOf(decision.retryAtMs, nowMs),
    shadow: decision.shadowRefusals.length === 0 ? noRefusals : decision.shadowRefusals.map(inWaits),
    session: sessionState(session),
  };
}

/** One list for all: what is the same object is written down once. */
const noRefusals: readonly { readonly rule: string; readonly retryAfterMs: number | null }[] = [];

/** Null for never. */
function waitOf(retryAtMs: number, nowMs: number): number | null {
  return Number.isFinite(retryAtMs) ? retryAtMs - nowMs : null;
}
