// What the gateway saw of a request, for its own sender: every text is cut, every list is bounded, and nothing of the body or
// of a field's value comes back but what the request was sent as.
import { type CertificateFacts, readCertificate, UnreadableCertificate } from '@headgate/pki';
import { cookiesIn } from './cookies.ts';
import type { Exchange, PeerCertificate } from './exchange.ts';
import { passingFields } from './passing-fields.ts';

/** Longest text that is told, in characters, and most names of fields. */
const textCharactersMax = 200;
const namesMax = 32;

/** Facts in groups, each in the order in which it is told. A null was not there. */
export interface Seen {
  readonly source: { readonly address: string; readonly port: number; readonly byProxyHeader: boolean };
  /** Null on plain HTTP. */
  readonly tls: {
    readonly version: string | null;
    readonly serverName: string | null;
    readonly resumed: boolean;
  } | null;
  readonly certificate: SeenCertificate;
  readonly request: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly httpVersion: string;
    readonly fields: number;
    readonly contentType: string | null;
    readonly contentEncoding: string | null;
    readonly framing: string;
    readonly declaredBytes: number | null;
    /** Without chunk syntax; less than was sent where the request was refused before its body was read. */
    readonly receivedBytes: number;
    readonly payloadEncoding: string | null;
    readonly cookies: number;
  };
  /** Names of fields that no system would receive, in lower case. */
  readonly droppedFields: readonly string[];
}

/** The client certificate as it was offered, and what was made of it. */
interface SeenCertificate {
  /** `none`: nothing was offered. `not-required`: this address judges none. `unjudged`: refused before it was looked at. */
  readonly verdict: 'accepted' | 'refused' | 'not-required' | 'none' | 'unjudged';
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly fingerprint: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly participant: string | null;
}

/** Tells what was seen. */
export function whatWasSeen(exchange: Exchange): Seen {
  const { connection, request, body, inspection, serving } = exchange;
  const { fields } = request;
  const passes = passingFields(fields, serving.identityFields);
  const names = new Set(fields.entries().flatMap(([name]) => (passes(name) ? [] : [name])));
  for (const name of rewritten) names.delete(name);
  return {
    source: { address: connection.source, port: connection.sourcePort, byProxyHeader: connection.balanced },
    tls: connection.secure
      ? {
          version: connection.tlsVersion,
          serverName: cut(connection.serverName),
          resumed: connection.tlsResumed,
        }
      : null,
    certificate: seenCertificate(exchange),
    request: {
      method: cut(request.method),
      host: cut(request.authority),
      path: cut(request.path),
      httpVersion: request.httpVersion,
      fields: fields.entries().length,
      contentType: cut(fields.get('content-type')),
      contentEncoding: cut(fields.get('content-encoding')),
      framing: body.framing,
      declaredBytes: body.declaredBytes,
      receivedBytes: body.receivedBytes,
      payloadEncoding: inspection?.payloadEncoding ?? null,
      cookies: cookiesIn(fields.all('cookie')).length,
    },
    droppedFields: [...names].slice(0, namesMax).map((name) => cut(name)),
  };
}

/** They do not go on as they came, but what they say does. */
const rewritten = ['host', 'content-length', 'via'];

function seenCertificate({ connection, identity }: Exchange): SeenCertificate {
  const peer = connection.peerCertificate;
  const facts = peer === null ? null : readPeer(peer);
  const offered = peer === null ? ('none' as const) : ('unjudged' as const);
  const judged = identity?.verdict ?? offered;
  return {
    verdict: judged === 'not-offered' || (peer === null && judged === 'refused') ? 'none' : judged,
    subject: cut(facts?.subject ?? null),
    issuer: cut(facts?.issuer ?? null),
    serial: cut(facts?.serial ?? null),
    fingerprint: peer?.fingerprint ?? null,
    notBefore: facts === null ? null : new Date(facts.notBeforeMs).toISOString(),
    notAfter: facts === null ? null : new Date(facts.notAfterMs).toISOString(),
    participant: identity?.participant ?? null,
  };
}

const factsOfPeers = new WeakMap<PeerCertificate, CertificateFacts | null>();

/** The facts of a certificate that was offered; null where it cannot be read. Read once for each connection. */
export function readPeer(peer: PeerCertificate): CertificateFacts | null {
  const known = factsOfPeers.get(peer);
  if (known !== undefined) return known;
  const facts = factsOf(peer);
  factsOfPeers.set(peer, facts);
  return facts;
}

function factsOf({ der }: PeerCertificate): CertificateFacts | null {
  try {
    return readCertificate(der);
  } catch (fault) {
    if (fault instanceof UnreadableCertificate) return null;
    throw fault;
  }
}

function cut<Text extends string | null>(text: Text): Text {
  if (text === null || text.length <= textCharactersMax) return text;
  return `${text.slice(0, textCharactersMax - 1)}…` as Text;
}
