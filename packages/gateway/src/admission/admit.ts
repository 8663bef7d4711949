// May they, now? Rights first, then the global limit, then acceptable use. Only `admit` makes a Permit.
import {
  type Charge,
  type CounterDecision,
  type LimitSubject,
  Refusal,
  type StatedRefusal,
  stateRefusal,
} from '@headgate/contract';
import { chargesFor, refusalWords } from '@headgate/rules';
import { dropOldest } from '../drop-oldest.ts';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/identify.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { EchoRoute, Route } from '../route/select-route.ts';

declare const admitted: unique symbol;

/** Proof that every limit was asked and charged. Nothing is forwarded without one. */
export interface Permit {
  readonly [admitted]: true;
  readonly id: string;
  readonly charges: readonly Charge[];
  /** Ends the permit with what the call really used. Units known only at the end (bytes, concurrency) are not built yet. */
  settle(outcome: { readonly requestBytes: number; readonly responseBytes: number }): void;
}

/**
 * Admits an exchange, or refuses with `admission.*`. The refusal of a limit is returned, since it is an everyday answer; it says
 * when the first call will be admitted again. A missing right is thrown.
 */
export function admit(
  exchange: Exchange,
  principal: Principal,
  route: Route | EchoRoute,
  gateway: Gateway,
): MaybePromise<Permit | StatedRefusal> {
  const applying = chargesOf(exchange, principal, route);
  const nowMs = gateway.clock();
  const decided = gateway.counters.decide(applying.charges, nowMs);
  return decided instanceof Promise
    ? decided.then((decision) => permitOrRefuse(exchange, applying, decision, nowMs))
    : permitOrRefuse(exchange, applying, decided, nowMs);
}

function permitOrRefuse(
  exchange: Exchange,
  applying: KnownCharges,
  decision: CounterDecision,
  nowMs: number,
): Permit | StatedRefusal {
  exchange.admission = evidenceOf(exchange.id, applying.rules, decision, nowMs);
  if (decision.admitted) return permit(exchange.id, applying.charges);

  const { rule } = decision.decidedBy;
  const { text } = refusalWords(rule, decision.retryAtMs, nowMs);
  const code = rule.layer === 'global' ? 'admission.global_limit' : 'admission.acceptable_use';
  return stateRefusal(
    code,
    { rule: rule.name, text },
    { retryAfterMs: decision.retryAtMs - nowMs, soapStatus: rule.refusal.status },
  );
}

/** What a call of this caller over this route is charged to; rights were proved when it was made. */
interface KnownCharges {
  readonly principal: Principal;
  readonly charges: readonly Charge[];
  readonly rules: readonly string[];
}

/** Routes that are remembered of a caller; the oldest go first. */
const routesMax = 64;

type ByRoute = Map<Route | EchoRoute, KnownCharges>;

function chargesOf(exchange: Exchange, principal: Principal, route: Route | EchoRoute): KnownCharges {
  const { serving, connection, callerMemo } = exchange;
  const byRoute: ByRoute = (callerMemo.admission as ByRoute | undefined) ?? new Map();
  callerMemo.admission = byRoute;
  const known = byRoute.get(route);
  if (known?.principal === principal) return known;
  refuseWithoutRight(principal, route);
  const charges = chargesFor(serving.limits, subjectOf(connection.source, principal, route));
  const fresh: KnownCharges = { principal, charges, rules: charges.map(({ rule }) => rule.name) };
  byRoute.set(route, fresh);
  dropOldest(byRoute, routesMax);
  return fresh;
}

function refuseWithoutRight(principal: Principal, route: Route | EchoRoute): void {
  const { enrolment, certificate } = principal;
  // Whoever is enrolled may ask what was seen of it.
  if (enrolment === null || certificate === null || route.kind === 'echo') return;
  if (enrolment.may(route.environment, route.systemId, route.channel, route.operation)) return;
  const operation = route.operation ?? 'call';
  throw new Refusal('admission.not_permitted', { subject: certificate.subject, system: route.systemName, operation });
}

function subjectOf(source: string, principal: Principal, route: Route | EchoRoute): LimitSubject {
  return {
    environment: route.environment,
    infrastructure: route.infrastructure,
    namespace: route.namespace,
    channel: route.channel,
    generation: route.generation,
    system: route.systemId,
    source,
    ...(route.service === null ? {} : { service: route.service }),
    ...(route.operation === null ? {} : { operation: route.operation }),
    ...(principal.certificate === null ? {} : { credential: principal.certificate.fingerprint256 }),
    ...(principal.enrolment === null ? {} : { participant: principal.enrolment.participant }),
  };
}

/** Whether admission gave a permit. */
export function isPermit(admitted: Permit | StatedRefusal): admitted is Permit {
  return 'charges' in admitted;
}

function permit(id: string, charges: readonly Charge[]): Permit {
  return { id, charges, settle: () => undefined } as unknown as Permit; // The only place that can say so.
}

function evidenceOf(
  id: string,
  rules: readonly string[],
  decision: CounterDecision,
  nowMs: number,
): NonNullable<Exchange['admission']> {
  return {
    admitted: decision.admitted,
    permit: decision.admitted ? id : null,
    rules,
    decidedBy: decision.admitted ? null : decision.decidedBy.rule.name,
    decidedByKey: decision.admitted ? null : decision.decidedBy.rule.key,
    retryAfterMs: decision.admitted ? null : decision.retryAtMs - nowMs,
    shadow: decision.shadowRefusals.map(({ rule, retryAtMs }) => ({ rule, retryAfterMs: retryAtMs - nowMs })),
  };
}
