// A call of another tier becomes a record of evidence: routed by the catalogue as a gateway does it, and saying no more than the log
// does. What that tier answered is an outcome; only that it counted a caller out (429) is told as not admitted.
import {
  type AddressMatch,
  type CatalogueIndex,
  classifyService,
  type EvidenceRecord,
  evidenceSchemaVersion,
  findAddress,
  noLimitAsked,
} from '@headgate/contract';
import { createMemory } from '../bounded-memory.ts';
import type { LogEntry } from '../logs/log-entry.ts';
import type { ParticipantOf } from './participants.ts';

/** What is known beside the log. */
export interface RecordOptions {
  readonly index: CatalogueIndex;
  readonly participantOf: ParticipantOf | null;
  /** Where lines name no host: the host itself, or hosts by the name of a virtual server or frontend. */
  readonly host: string | null;
  readonly hostByListener: ReadonlyMap<string, string>;
  /** Where it is served other than the catalogue says; null for as the catalogue says. */
  readonly infrastructure: string | null;
  /** Calls of other environments are left out; null leaves none out. */
  readonly environment: string | null;
}

/** Where a record comes from. */
export interface RecordOrigin {
  readonly node: string;
  readonly boot: string;
}

/** Makes the record of a call, or null where it is of an environment that is left out. */
export type ToRecord = (entry: LogEntry, origin: RecordOrigin, sequence: number) => EvidenceRecord | null;

type Route = NonNullable<EvidenceRecord['route']>;

/** Certificates whose holders are remembered; past it they are looked up anew. */
const holdersMax = 50_000;

/** A maker of records. */
export function createRecords(options: RecordOptions): ToRecord {
  const routeOf = rememberedRoutes(options);
  const holders = new Map<object, string | null>();
  const holderOf = (certificate: NonNullable<LogEntry['certificate']>) => {
    if (options.participantOf === null) return null;
    const known = holders.get(certificate);
    if (known !== undefined) return known;
    const found = options.participantOf(certificate);
    if (holders.size >= holdersMax) holders.clear();
    holders.set(certificate, found);
    return found;
  };
  return (entry, { node, boot }, sequence) => {
    const host = entry.host ?? hostOf(entry, options);
    const route = host === null ? null : routeOf(entry, host);
    const environment = route?.environment ?? null;
    if (options.environment !== null && environment !== null && environment !== options.environment) return null;
    const { certificate, status } = entry;
    const participant = certificate === null || certificate.verdict !== 'accepted' ? null : holderOf(certificate);
    return {
      schemaVersion: evidenceSchemaVersion,
      node,
      boot,
      thread: 0,
      sequence,
      exchange: `${boot.slice(0, 16)}-${sequence}`,
      snapshot: 0,
      listener: listenerOf(entry, host ?? ''),
      identity: certificate === null ? null : { ...certificate, issuedBy: null, participant },
      route,
      // That tier knows no rules of ours: which of them would have counted the call, a backtest says.
      admission: route === null ? null : { ...noLimitAsked, participant, admitted: status !== 429, session: null },
      inspection: null,
      forward: forwardOf(entry),
      response: {
        status,
        format: status === null ? 'none' : 'upstream',
        refusal: null,
        detail: entry.outcome,
        requestBytes: entry.requestBytes ?? 0,
        responseBytes: entry.responseBytes ?? 0,
        durationMs: entry.durationMs ?? 0,
        complete: entry.isComplete,
        defect: null,
      },
    };
  };
}

function hostOf({ serverName, listener }: LogEntry, { host, hostByListener }: RecordOptions): string | null {
  return (listener === null ? undefined : hostByListener.get(listener)) ?? host ?? serverName;
}

function listenerOf(entry: LogEntry, host: string): EvidenceRecord['listener'] {
  return {
    listener: entry.listener ?? '',
    source: entry.source,
    sourcePort: entry.sourcePort ?? 0,
    receivedMs: entry.atMs,
    serverName: entry.serverName,
    tlsVersion: entry.tlsVersion,
    tlsResumed: entry.tlsResumed ?? false,
    method: entry.method,
    host,
    path: entry.path,
    contentType: entry.contentType,
    framing: entry.framing ?? 'unknown',
    contentEncoding: entry.contentEncoding,
    userAgent: entry.userAgent,
    cookies: entry.cookies === null || entry.cookies === 0 ? null : { count: entry.cookies, reused: 0 },
  };
}

function forwardOf({ upstream, endpoint, attempts, upstreamStatus, firstByteMs }: LogEntry): EvidenceRecord['forward'] {
  if (endpoint === null) return null;
  return {
    upstream: upstream ?? '',
    endpoint,
    attempts,
    retryWithheld: false,
    forwarded: 'yes',
    reusedConnection: false,
    status: upstreamStatus,
    firstByteMs,
  };
}

function rememberedRoutes({ index, infrastructure }: RecordOptions) {
  const memory = createMemory<Route | null>();
  return (entry: LogEntry, host: string): Route | null => {
    const { scheme, path, soapAction, asksDescription } = entry;
    return memory.of(`${scheme} ${host} ${path} ${soapAction} ${asksDescription}`, () => {
      const route = routeOf(index, entry, host, infrastructure);
      // As keys, what is remembered is a copy.
      return route === null ? null : (JSON.parse(JSON.stringify(route)) as Route);
    });
  };
}

/** As `selectRoute` of a gateway, without what only a live request has: its body, and whether somebody serves it. */
function routeOf(index: CatalogueIndex, entry: LogEntry, host: string, servedBy: string | null): Route | null {
  const match = addressOf(index, entry, host);
  if (match === null) return null;
  const service = match.channel === 'ui' || entry.asksDescription ? null : classify(index, match, entry.soapAction);
  const [only, ...others] = match.systems;
  const system = service?.system ?? (others.length === 0 ? only : undefined);
  const { environment, channel, generation } = match;
  return {
    environment,
    channel,
    generation,
    infrastructure: servedBy ?? match.infrastructure,
    namespace: match.namespace ?? match.address.host,
    address: match.address.url,
    // No system has this id: which of those behind the address it was, the log does not tell.
    system: system === undefined ? 'undecided' : (index.systems.get(system)?.name ?? system),
    service: service?.service ?? null,
    operation: service?.operation ?? null,
    docAttach: service?.docAttach ?? false,
    decidedBy: service?.by ?? (system === undefined ? 'undecided' : 'address'),
  };
}

/** Where the log does not tell whether it was TLS: as most are, then the other way. */
function addressOf(index: CatalogueIndex, { scheme, path }: LogEntry, host: string): AddressMatch | null {
  if (scheme !== null) return findAddress(index, { scheme, host, path });
  return findAddress(index, { scheme: 'https', host, path }) ?? findAddress(index, { scheme: 'http', host, path });
}

function classify(index: CatalogueIndex, match: AddressMatch, soapAction: string | null) {
  const othersMayTell = match.serviceName === null || (match.systems.length > 1 && /^[\w.-]+$/.test(match.serviceName));
  const found = classifyService(index, match, {
    serviceName: match.serviceName,
    soapAction: othersMayTell ? soapAction : null,
  });
  return found.kind === 'service' ? found : null;
}
