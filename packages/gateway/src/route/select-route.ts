// For what? Host and path become an address of the catalogue, then a system, a service and an operation. The body is peeked
// only where the path is shared and nothing else tells; until then nothing is charged.
import { type AddressMatch, classifyService, findAddress, Refusal, type ServiceClues } from '@headgate/contract';
import type { DocumentName } from '../document-places.ts';
import { envelopeHead } from '../envelope-head.ts';
import type { Exchange } from '../exchange.ts';
import { isSameOrigin, isTopNavigation } from '../fetch-metadata.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { logoutPath } from '../session-places.ts';
import { successionFields } from '../succession-words.ts';
import type { UpstreamGroup } from '../upstream.ts';

declare const routed: unique symbol;

/** What is called, in the words of limits. */
interface Called {
  readonly [routed]: true;
  readonly environment: string;
  readonly channel: 'ui' | 'api';
  readonly generation: 'old' | 'new';
  readonly infrastructure: string;
  /** Pool of the global limit; the host where the catalogue names none. */
  readonly namespace: string;
  readonly address: string;
  readonly systemId: string;
  readonly systemName: string;
  /** Null on user interfaces. */
  readonly service: string | null;
  readonly operation: 'submit' | 'retrieve' | null;
  readonly speaksSoap: boolean;
}

/** What is called, and who serves it. Only `selectRoute` makes one. */
export interface Route extends Called {
  readonly kind: 'system';
  readonly upstream: UpstreamGroup;
  /** Whether a connection may become a WebSocket here. */
  readonly webSocket: boolean;
}

/** The address at which this gateway answers itself. Only `selectRoute` makes one. */
export interface EchoRoute extends Called {
  readonly kind: 'echo';
}

/** A page of this gateway about a person's session. Only `selectRoute` makes one. */
export interface SessionRoute extends Called {
  readonly kind: 'session';
}

/** A document of this gateway about itself. Only `selectRoute` makes one. */
export interface DocumentRoute extends Called {
  readonly kind: 'document';
  readonly document: DocumentName;
}

/** Where an exchange goes. */
export type AnyRoute = Route | EchoRoute | SessionRoute | DocumentRoute;

/** A route that a head alone decided, on one day: addresses are decommissioned by the day. */
interface KnownRoute {
  readonly route: AnyRoute;
  readonly evidence: NonNullable<Exchange['route']>;
  readonly succession: Exchange['succession'];
  readonly day: number;
}

const dayMs = 86_400_000;

/** Routes an exchange, or refuses with `route.*`. Waits only for the head of a body on a shared path. */
export function selectRoute(exchange: Exchange, gateway: Gateway): MaybePromise<AnyRoute> {
  if (gateway.draining()) throw new Refusal('gateway.draining', {});
  const nowMs = gateway.clock();
  const day = Math.floor(nowMs / dayMs);
  const known = exchange.headMemo.route as KnownRoute | undefined;
  if (known?.day === day) {
    exchange.route = known.evidence;
    exchange.succession = known.succession;
    return known.route;
  }
  return selectAnew(exchange, gateway, nowMs, day);
}

async function selectAnew(exchange: Exchange, gateway: Gateway, nowMs: number, day: number): Promise<AnyRoute> {
  const route =
    echoRoute(exchange) ??
    sessionRoute(exchange) ??
    documentRoute(exchange) ??
    (await decideRoute(exchange, gateway, nowMs));
  // A body that was asked may say something else next time.
  if (exchange.route !== null && exchange.route.decidedBy !== 'body-element') {
    exchange.headMemo.route = {
      route,
      evidence: exchange.route,
      succession: exchange.succession,
      day,
    } satisfies KnownRoute;
  }
  return route;
}

function echoRoute(exchange: Exchange): EchoRoute | null {
  const { serving, connection, request } = exchange;
  const place = serving.echo(connection.listener, request.host, request.path);
  if (place === null) return null;
  if (!browserMethods.includes(request.method))
    throw new Refusal('route.method_not_allowed', { method: request.method, allowed: browserMethods });
  const nothing = { service: null, operation: null };
  exchange.route = { ...place, system: 'Echo', ...nothing, docAttach: false, decidedBy: 'echo' };
  // No system of a catalogue has this id: an id there is in lower case.
  return { kind: 'echo', ...place, systemId: 'Echo', systemName: 'Echo', speaksSoap: false, ...nothing } as EchoRoute;
}

function sessionRoute(exchange: Exchange): SessionRoute | null {
  const { serving, connection, request } = exchange;
  const place = serving.session(connection.listener, request.host, request.path);
  if (place === null) return null;
  if (!browserMethods.includes(request.method))
    throw new Refusal('route.method_not_allowed', { method: request.method, allowed: browserMethods });
  if (!mayAsk(exchange)) throw new Refusal('route.person_only', { path: request.path });
  const nothing = { service: null, operation: null };
  exchange.route = { ...place, system: 'Session', ...nothing, docAttach: false, decidedBy: 'session' };
  return {
    kind: 'session',
    ...place,
    systemId: 'Session',
    systemName: 'Session',
    speaksSoap: false,
    ...nothing,
  } as SessionRoute;
}

function documentRoute(exchange: Exchange): DocumentRoute | null {
  const { serving, connection, request } = exchange;
  const found = serving.document(connection.listener, request.host, request.path);
  if (found === null) return null;
  if (!documentMethods.includes(request.method))
    throw new Refusal('route.method_not_allowed', { method: request.method, allowed: documentMethods });
  const { document, ...place } = found;
  const nothing = { service: null, operation: null };
  exchange.route = { ...place, system: 'Headgate', ...nothing, docAttach: false, decidedBy: 'document' };
  const named = { systemId: 'Headgate', systemName: 'Headgate', speaksSoap: false };
  return { kind: 'document', document, ...place, ...named, ...nothing } as DocumentRoute;
}

/** Only a person ends a session; only what this host's own pages send changes one; whoever has its certificate may look. */
function mayAsk({ request, connection }: Exchange): boolean {
  const { fields, path, method } = request;
  if (path === logoutPath && !isTopNavigation(fields)) return false;
  return method !== 'POST' || isSameOrigin(fields, `${connection.secure ? 'https' : 'http'}://${request.authority}`);
}

async function decideRoute(exchange: Exchange, gateway: Gateway, nowMs: number): Promise<Route> {
  const match = matchAddress(exchange);
  const words = exchange.serving.succession(match.address, nowMs);
  if (words !== null) exchange.succession = successionFields(words, match.channel, match.servicePath);
  refuseDecommissioned(exchange, match, nowMs);
  const { index } = exchange.serving;
  const speaksSoap = exchange.serving.speaksSoap(match.address);
  const asksDescription = speaksSoap && exchange.request.method === 'GET' && /^wsdl\b/i.test(exchange.request.query);
  if (!asksDescription) refuseMethod(exchange, match, speaksSoap);
  const service =
    match.channel === 'ui' || asksDescription ? null : await classify(exchange, match, speaksSoap, gateway);

  const systemId = service?.system ?? match.systems[0] ?? '';
  const systemName = index.systems.get(systemId)?.name ?? systemId;
  const { environment, channel, generation, infrastructure } = match;
  exchange.route = {
    environment,
    channel,
    generation,
    infrastructure,
    namespace: match.namespace ?? match.address.host,
    address: match.address.url,
    system: systemName,
    service: service?.service ?? null,
    operation: service?.operation ?? null,
    docAttach: service?.docAttach ?? false,
    decidedBy: service?.by ?? 'address',
  };
  const upstream = gateway.upstreams.select({ system: systemId, environment, infrastructure });
  if (upstream === null) throw new Refusal('route.not_served', { system: systemName });
  const { namespace, address } = exchange.route;
  return {
    kind: 'system',
    environment,
    channel,
    generation,
    infrastructure,
    namespace,
    address,
    systemId,
    systemName,
    speaksSoap,
    upstream,
    webSocket: channel === 'ui' && match.address.upgrades.includes('websocket'),
    service: service?.service ?? null,
    operation: service?.operation ?? null,
  } as Route; // The only place that can say so.
}

function matchAddress({ serving, connection, request }: Exchange): AddressMatch {
  const { host, path } = request;
  const target = { scheme: connection.secure ? ('https' as const) : ('http' as const), host, path };
  const match = findAddress(serving.index, target, serving.snapshot.positions);
  if (match !== null && serving.host(connection.listener, host) !== null) return match;
  if (serving.host(connection.listener, host) === null) throw new Refusal('route.unknown_host', { host });
  throw new Refusal('route.not_found', { host, path: path.slice(0, 200) });
}

function refuseDecommissioned({ serving }: Exchange, match: AddressMatch, nowMs: number): void {
  const gone = serving.decommissioned(match, nowMs);
  if (gone !== null) throw new Refusal('route.decommissioned', { address: match.address.url, ...gone });
}

function refuseMethod({ request }: Exchange, match: AddressMatch, speaksSoap: boolean): void {
  const allowed = speaksSoap ? soapMethods : match.channel === 'api' ? programMethods : browserMethods;
  if (!allowed.includes(request.method))
    throw new Refusal('route.method_not_allowed', { method: request.method, allowed });
}

const soapMethods = ['POST'];
const programMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const browserMethods = ['GET', 'HEAD', 'POST'];
const documentMethods = ['GET', 'HEAD'];

/** Cheapest clue first; the body is asked last, because it makes the call wait. */
async function classify(exchange: Exchange, match: AddressMatch, speaksSoap: boolean, gateway: Gateway) {
  const { index } = exchange.serving;
  const soapAction =
    exchange.request.fields.get('soapaction') ?? actionParameter(exchange.request.fields.get('content-type'));
  // A name in the path is what the upstream goes by. Where it decides nothing, other clues may only tell the systems of a
  // shared path apart: else "RetrieveX;a=1" beside a SOAPAction of one's choice would be charged as that and done as X.
  const othersMayTell = match.serviceName === null || (match.systems.length > 1 && /^[\w.-]+$/.test(match.serviceName));
  const clues: ServiceClues = { serviceName: match.serviceName, soapAction: othersMayTell ? soapAction : null };
  let found = classifyService(index, match, clues);
  if (found.kind !== 'service' && othersMayTell && speaksSoap) {
    const head = await envelopeHead(exchange, gateway);
    if (head?.kind === 'soap' && head.bodyElement !== null) {
      found = classifyService(index, match, { ...clues, bodyElement: head.bodyElement.localName });
    }
  }
  if (found.kind === 'service') return found;
  const names = found.candidates.map((id) => index.systems.get(id)?.name ?? id);
  if (found.kind === 'undecided')
    throw new Refusal('route.undecided_service', { path: exchange.request.path.slice(0, 200), candidates: names });
  throw new Refusal('route.unknown_service', { system: names.join(', '), service: match.servicePath.slice(0, 200) });
}

/** SOAP 1.2 carries the action in the media type (RFC 3902 §2). */
function actionParameter(contentType: string | null): string | null {
  return /;\s*action="?([^";]{1,500})"?/i.exec(contentType ?? '')?.[1] ?? null;
}
