// Who is calling? The client certificate, judged here and never by the TLS library, becomes a principal or an explained refusal.
import { type CertificateNeed, Refusal } from '@headgate/contract';
import {
  type Acceptance,
  type CertificateFacts,
  type CertificateWords,
  type Rejection,
  sayOtherPurpose,
} from '@headgate/pki';
import { type Enrolment, findEnrolment, notEnrolled } from '@headgate/rules';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { ServedHost } from '../serving.ts';
import type { Judged } from './verdicts.ts';

declare const identified: unique symbol;

/** Whom the certificate proves the caller to be. Only `identify` makes one. */
export interface Principal {
  readonly [identified]: true;
  /** Null on anonymous addresses. */
  readonly certificate: CertificateFacts | null;
  /** The certificate as DER, for the upstream (RFC 9440). */
  readonly certificateDer: Uint8Array | null;
  /** The intermediates of the path that was judged, as DER, from the certificate's issuer on. */
  readonly chainDer: readonly Uint8Array[];
  /** Null without a certificate, or when no provisioning is loaded. */
  readonly enrolment: Enrolment | null;
}

/** A caller that was accepted, for as long as the clock stays within the dates of its chain. */
interface KnownCaller {
  /** The host it asked for, by which it was judged. */
  readonly host: string;
  readonly principal: Principal;
  readonly evidence: NonNullable<Exchange['identity']>;
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

/** What an address wants of its callers: the same for every exchange with the same head. */
interface Asked {
  readonly host: ServedHost | null;
  readonly need: CertificateNeed;
}

/** Callers that were accepted, by what the address asked of them. */
type KnownCallers = Partial<Record<CertificateNeed, KnownCaller>>;

/** Identifies the caller of an exchange. Refuses with `identity.*`; never waits. */
export function identify(exchange: Exchange, gateway: Gateway): Principal {
  const nowMs = gateway.clock();
  const asked = askedOf(exchange);
  const callers = (exchange.callerMemo.identity as KnownCallers | undefined) ?? {};
  exchange.callerMemo.identity = callers;
  let known = callers[asked.need];
  if (known?.host !== exchange.request.host || nowMs < known.validFromMs || nowMs > known.validUntilMs) {
    known = judgeCaller(exchange, asked, gateway, nowMs);
    callers[asked.need] = known;
  }
  exchange.identity = known.evidence;
  return known.principal;
}

function askedOf({ serving, connection, request, headMemo }: Exchange): Asked {
  const known = headMemo.identity as Asked | undefined;
  if (known !== undefined) return known;
  const host = serving.host(connection.listener, request.host);
  // A session belongs to a certificate: where there is none, there is nothing to tell of.
  const isAboutSession = serving.session(connection.listener, request.host, request.path) !== null;
  const need: CertificateNeed = isAboutSession ? 'required' : (host?.certificates.at(request.path) ?? 'none');
  const asked = { host, need };
  headMemo.identity = asked;
  return asked;
}

function judgeCaller(exchange: Exchange, { host, need }: Asked, gateway: Gateway, nowMs: number): KnownCaller {
  refuseForeignHost(exchange);
  const { serving, connection, request } = exchange;
  const peer = connection.peerCertificate;
  if (host === null || need === 'none') return anonymous(request.host, 'not-required');
  if (peer === null) {
    if (need === 'requested') return anonymous(request.host, 'not-offered');
    exchange.identity = { ...nobody, verdict: 'refused' };
    throw new Refusal('identity.certificate_missing', {
      host: host.name,
      issuers: serving.issuers(host.trust, nowMs),
      resumed: connection.tlsResumed,
    });
  }

  const judged = gateway.verdicts.judge(peer, host.trust, serving, nowMs);
  if (!judged.accepted) {
    exchange.identity = evidenceOf(judged.leaf, enrolmentOf(judged.certificate, serving), null);
    throw certificateRefusal(judged, host, exchange, nowMs);
  }
  const { certificate, acceptance, chainDer } = judged;
  const enrolment = enrolmentOf(certificate, serving);
  const evidence = evidenceOf(certificate, enrolment, acceptance);
  if (serving.rights !== null && enrolment === null) {
    exchange.identity = { ...evidence, verdict: 'refused' };
    throw notEnrolled(serving.rights, certificate, host.environment);
  }
  exchange.identity = evidence;
  const { validFromMs, validUntilMs } = acceptance;
  const proved = principal(certificate, peer.der, chainDer, enrolment);
  return { host: request.host, principal: proved, evidence, validFromMs, validUntilMs };
}

function enrolmentOf(certificate: CertificateFacts | null, { rights }: Exchange['serving']): Enrolment | null {
  return rights === null || certificate === null ? null : findEnrolment(rights, certificate);
}

function evidenceOf(
  { subject, issuer, serial, fingerprint256, notAfterMs }: CertificateWords,
  enrolment: Enrolment | null,
  acceptance: Acceptance | null,
): KnownCaller['evidence'] {
  return {
    subject,
    issuer,
    serial,
    fingerprint: fingerprint256,
    notAfter: notAfterMs === null ? null : new Date(notAfterMs).toISOString(),
    issuedBy: acceptance?.chain[1]?.fingerprint256 ?? null,
    participant: enrolment?.participant.id ?? null,
    verdict: acceptance === null ? 'refused' : 'accepted',
  };
}

function anonymous(host: string, verdict: 'not-required' | 'not-offered'): KnownCaller {
  return {
    host,
    principal: principal(null, null, [], null),
    evidence: { ...nobody, verdict },
    validFromMs: Number.NEGATIVE_INFINITY,
    validUntilMs: Number.POSITIVE_INFINITY,
  };
}

const nobody = {
  subject: null,
  issuer: null,
  serial: null,
  fingerprint: null,
  notAfter: null,
  issuedBy: null,
  participant: null,
} as const;

function principal(
  certificate: CertificateFacts | null,
  certificateDer: Uint8Array | null,
  chainDer: readonly Uint8Array[],
  enrolment: Enrolment | null,
): Principal {
  return { certificate, certificateDer, chainDer, enrolment } as Principal; // The only place that can say so.
}

/** RFC 9110 §7.4: a request for another host than the TLS handshake named may have been misdirected on purpose. */
function refuseForeignHost({ connection, request }: Exchange): void {
  const { serverName } = connection;
  if (serverName !== null && serverName !== request.host) {
    throw new Refusal('identity.host_mismatch', { host: request.host, serverName });
  }
}

/** The refusal of a certificate that the bundle of a host does not accept. */
export function certificateRefusal(
  { leaf, rejection, certificate }: Extract<Judged, { readonly accepted: false }>,
  host: Pick<ServedHost, 'trust'>,
  { serving }: Pick<Exchange, 'serving'>,
  nowMs: number,
): Refusal {
  const { check, certificate: at } = rejection;
  const otherPurpose = certificate === null ? null : sayOtherPurpose(certificate.extendedKeyUsages, 'clientAuth');
  const replacement = { issuers: serving.issuers(host.trust, nowMs), otherPurpose };
  const span = serving.snapshot.trust
    .get(host.trust)
    ?.dated.find(({ fingerprint256 }) => fingerprint256 === at.fingerprint256);
  const { subject, issuer } = namesOf(at);
  switch (check) {
    case 'issuer_unknown':
      return new Refusal('identity.issuer_unknown', { ...namesOf(leaf), issuer, ...replacement });
    case 'authority_withdrawn': {
      const reason = span?.reason.replace(/\.$/, '') ?? null;
      const facts = { ...namesOf(leaf), authority: subject, until: sayDay(span?.untilMs), reason, ...replacement };
      return new Refusal('identity.authority_withdrawn', facts);
    }
    case 'authority_not_yet_accepted': {
      const facts = { ...namesOf(leaf), authority: subject, from: sayDay(span?.fromMs) };
      return new Refusal('identity.authority_not_yet_accepted', facts);
    }
    default:
      return refusalOf(leaf, rejection, replacement);
  }
}

/** What would have to take the place of a certificate. */
interface Replacement {
  readonly issuers: readonly string[];
  readonly otherPurpose: string | null;
}

/** When a new list may be in force at the earliest (1 min): no promise, since it is the operator who must bring it. */
const revocationRetryMs = 60_000;

/** The refusal of a certificate for itself. The one at fault may be an authority's, whose names and dates the caller must know. */
function refusalOf(
  leaf: CertificateWords,
  { check, certificate: at, fault, fix: needed, revoked }: Rejection,
  replacement: Replacement,
): Refusal {
  const words = { ...namesOf(at), fault, needed, valid: sayDates(at) };
  if (check === 'revocation_unknown')
    return new Refusal('identity.revocation_unknown', words, { retryAfterMs: revocationRetryMs });
  if (at.fingerprint256 !== leaf.fingerprint256)
    return new Refusal('identity.authority_invalid', { ...words, caller: namesOf(leaf).subject });
  if (check === 'expired')
    return new Refusal('identity.certificate_expired', {
      ...words,
      notAfter: sayInstant(at.notAfterMs),
      ...replacement,
    });
  if (check === 'not_yet_valid')
    return new Refusal('identity.certificate_not_yet_valid', { ...words, notBefore: sayInstant(at.notBeforeMs) });
  if (revoked === undefined) return new Refusal('identity.certificate_invalid', words);
  const { onMs, reason, isHold } = revoked;
  if (isHold) return new Refusal('identity.certificate_on_hold', { ...words, held: sayInstant(onMs) });
  return new Refusal('identity.certificate_revoked', { ...words, revoked: sayInstant(onMs), reason });
}

const unreadable = 'that cannot be read';

function namesOf({ subject, issuer, serial }: CertificateWords) {
  const readable = (name: string | null, empty: string) => (name === '' ? empty : (name ?? unreadable));
  return {
    subject: readable(subject, 'without a subject'),
    issuer: readable(issuer, 'none'),
    serial: serial ?? unreadable,
  };
}

function sayDates({ notBeforeMs, notAfterMs }: CertificateWords): string {
  return notBeforeMs === null || notAfterMs === null
    ? `dates ${unreadable}`
    : `valid from ${sayInstant(notBeforeMs)} to ${sayInstant(notAfterMs)}`;
}

function sayInstant(instantMs: number | null): string {
  return instantMs === null ? `an instant ${unreadable}` : new Date(instantMs).toISOString();
}

/** Null where no day is set. */
function sayDay(atMs = Number.NaN): string | null {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString() : null;
}
