// May they, now? Rights first, then the session of a person at a user interface, then the global limit, then acceptable use. Only
// `admit` makes a Permit.
import type {
  CandidateEvidence,
  Charge,
  CounterDecision,
  LimitSubject,
  RuleRefusal,
  StatedRefusal,
} from '@headgate/contract';
import {
  type AllowedCall,
  type CallForRights,
  chargesFor,
  limitField,
  limitRefusal,
  mayCall,
  overrideCharges,
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
import { type AskedCandidate, askCandidate, chargesByCandidate, judgeCandidate } from './judge-candidate.ts';
import { fieldsOf, type JudgedScid, judgeScid, type LimitFields, type ScidLimits, scidLimits } from './judge-scid.ts';
import { holdingOf, type Permit, settle, settleHolding, toPermit } from './permit.ts';
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
  const known = chargesOf(exchange, principal, route, nowMs);
  if (route.channel === 'ui') followSession(exchange, principal, route, gateway.sessionKeys(), nowMs);
  if (known.scidLimits === null) return decideOver(exchange, known, null, gateway);
  const judged = judgeScid(exchange, known.scidLimits, gateway);
  return judged instanceof Promise
    ? judged.then((scid) => decideOver(exchange, known, scid, gateway))
    : decideOver(exchange, known, judged, gateway);
}

/** What one call is charged to. */
interface Applying {
  readonly known: KnownCharges;
  readonly scid: JudgedScid | null;
  readonly weighed: Weighed;
}

function decideOver(
  exchange: Exchange,
  known: KnownCharges,
  scid: JudgedScid | null,
  gateway: Gateway,
): MaybePromise<Permit | StatedRefusal> {
  const charges = scid?.charges ?? known.charges;
  if (!known.weighs) return decide(exchange, { known, scid, weighed: unweighed(charges) }, gateway);
  const weighed = weighBody(exchange, charges, gateway);
  return weighed instanceof Promise
    ? weighed.then((body) => decide(exchange, { known, scid, weighed: body }, gateway))
    : decide(exchange, { known, scid, weighed }, gateway);
}

function unweighed(charges: readonly Charge[]): Weighed {
  return { charges, bodyBytesMax: Number.POSITIVE_INFINITY };
}

function decide(exchange: Exchange, applying: Applying, gateway: Gateway): MaybePromise<Permit | StatedRefusal> {
  const nowMs = gateway.clock(); // Anew: a body may have been waited for.
  const decided = gateway.counters.decide(applying.weighed.charges, nowMs);
  // Beside it, and never before: over nodes both are asked in one message.
  const asked = askCandidate(exchange, applying.scid?.candidate ?? applying.known.candidate, gateway, nowMs);
  if (!(decided instanceof Promise) && !(asked instanceof Promise))
    return permitOrRefuse(exchange, applying, { decision: decided, asked, nowMs }, gateway);
  return Promise.all([decided, asked]).then(([decision, candidate]) =>
    permitOrRefuse(exchange, applying, { decision, asked: candidate, nowMs }, gateway),
  );
}

/** What was decided, and when it was asked. */
interface Decided {
  readonly decision: CounterDecision;
  readonly asked: AskedCandidate | null;
  readonly nowMs: number;
}

function permitOrRefuse(
  exchange: Exchange,
  applying: Applying,
  { decision, asked, nowMs }: Decided,
  gateway: Gateway,
): Permit | StatedRefusal {
  const { known, scid, weighed } = applying;
  const { participant } = known;
  const { policyText, starts } = scid?.fields ?? known.fields;
  const { charges, bodyBytesMax } = weighed;
  const candidate = judgeCandidate(exchange, asked, decision, gateway, nowMs);
  exchange.admission = evidenceOf(exchange, applying, decision, candidate, nowMs);
  if (policyText !== null) {
    exchange.limitPolicy = policyText;
    exchange.limitsLeft = limitField(charges, starts, nowMs);
  }
  if (!decision.admitted) {
    // The call does not go on, however a candidate would have it: its places are free again, and its bytes count.
    settleHolding(asked?.holding ?? null, Number.POSITIVE_INFINITY, gateway.candidateCounters);
    const { rule } = decision.decidedBy;
    const retryAfterMs = waitOf(decision.retryAtMs, nowMs);
    const refused = { exchange: exchange.id, atMs: nowMs, rule: rule.name, system: known.system, retryAfterMs };
    for (const owner of known.owners) gateway.recentRefusals.add(owner, refused);
    return limitRefusal(decision, nowMs);
  }
  const holding = holdingOf(charges, decision);
  const candidateHolding = asked?.holding ?? null;
  const permit = toPermit({ id: exchange.id, charges, participant, bodyBytesMax, holding, candidateHolding });
  if (scid === null || scid.refusal === null) return permit;
  // A foreign SCID, behind the limits, so that whoever tries many pays for each. What the call held is given back.
  settle(exchange, permit, gateway);
  throw scid.refusal;
}

/** For whom a call of this caller over this route acts and what it is charged to, while the rights it was judged by hold. */
interface KnownCharges {
  readonly charges: readonly Charge[];
  /** Whether the body counts. */
  readonly weighs: boolean;
  readonly fields: LimitFields;
  /** Who is told of its refused calls, and of which system they were. */
  readonly owners: readonly string[];
  readonly system: string;
  readonly rules: readonly string[];
  readonly participant: string | null;
  readonly endorsers: readonly string[];
  readonly breakGlass: readonly string[];
  /** What a candidate policy in shadow would charge; nothing where none is loaded, null where no policy is asked. */
  readonly candidate: readonly Charge[] | null;
  /** Null where no limit that matched counts over SCIDs: payloads are not looked at then. */
  readonly scidLimits: ScidLimits | null;
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
  const { limits, snapshot } = exchange.serving;
  const subject = subjectOf(exchange, principal, route, participant);
  const ofRules = route.kind === 'document' ? documentCharges(exchange.connection.source) : chargesFor(limits, subject);
  const { charges: own, ...span } = overrideCharges(ofRules, subject, snapshot.overrides, nowMs);
  const charges = exchange.serving.charges.shared(own);
  const candidate = route.kind === 'document' ? null : chargesByCandidate(exchange.serving, subject);
  const fields = fieldsOf(charges);
  return {
    charges,
    weighs: charges.some(isOfBytes),
    fields,
    owners: [
      ownerOf(principal.certificate?.fingerprint256, exchange.connection.source),
      ...(participant === null ? [] : [participantOwner(participant, route.environment)]),
    ],
    system: route.systemId,
    rules: charges.map(({ rule }) => rule.name),
    participant,
    endorsers: allowed?.endorsers ?? [],
    breakGlass: span.overrides,
    candidate,
    scidLimits: scidLimits({
      principal,
      call: callOver(route),
      systemName: route.systemName,
      scids: exchange.serving.scids.of(route),
      subject,
      charges,
      fields,
      own: allowed?.scids ?? [],
      breakGlass: span.overrides,
      candidate: candidate ?? [],
    }),
    fromMs: Math.max(span.fromMs, allowed?.holds.fromMs ?? Number.NEGATIVE_INFINITY),
    untilMs: Math.min(span.untilMs, allowed?.holds.untilMs ?? Number.POSITIVE_INFINITY),
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
  const call = callOver(route);
  const judged = mayCall(enrolment, call, nowMs);
  if (judged.allowed) return judged;
  throw rightRefusal(serving.rights, enrolment, judged, { certificate, call, systemName: route.systemName }, nowMs);
}

/** A user interface has no operation; who may look is whoever may retrieve. */
function callOver({ environment, systemId: system, channel, operation }: AnyRoute): CallForRights {
  return { environment, system, channel, operation: operation ?? 'retrieve' };
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
  { known: { rules, participant, endorsers, breakGlass }, scid }: Applying,
  decision: CounterDecision,
  candidate: CandidateEvidence | null,
  nowMs: number,
): NonNullable<Exchange['admission']> {
  const refusing = decision.admitted ? (scid?.rule ?? null) : decision.decidedBy.rule;
  const inWaits = ({ rule, retryAtMs }: RuleRefusal) => ({ rule, retryAfterMs: waitOf(retryAtMs, nowMs) });
  return {
    admitted: refusing === null,
    permit: refusing === null ? id : null,
    participant,
    endorsers,
    rules,
    refused: decision.admitted ? noRefusals : decision.refusals.map(inWaits),
    decidedBy: refusing?.name ?? null,
    decidedByKey: refusing?.key ?? null,
    retryAfterMs: decision.admitted ? null : waitOf(decision.retryAtMs, nowMs),
    shadow: decision.shadowRefusals.length === 0 ? noRefusals : decision.shadowRefusals.map(inWaits),
    breakGlass: scid?.breakGlass ?? breakGlass,
    candidate,
    session: sessionState(session),
    scid: scid?.evidence ?? null,
  };
}

/** One list for all: what is the same object is written down once. */
const noRefusals: readonly { readonly rule: string; readonly retryAfterMs: number | null }[] = [];

/** Null for never. */
function waitOf(retryAtMs: number, nowMs: number): number | null {
  return Number.isFinite(retryAtMs) ? retryAtMs - nowMs : null;
}
