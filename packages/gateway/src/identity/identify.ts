// Who is calling? The client certificate, judged here and never by the TLS library, becomes a principal or an explained refusal.
import { type CertificateNeed, Refusal } from '@headgate/contract';
import type { CertificateFacts, Verdict } from '@headgate/pki';
import { type Enrolment, findEnrolment, notEnrolled } from '@headgate/rules';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { ServedHost } from '../serving.ts';

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
    });
  }

  const { certificate, verdict, chainDer } = gateway.verdicts.judge(peer, host.trust, serving, nowMs);
  const enrolment = serving.rights === null ? null : findEnrolment(serving.rights, certificate);
  const evidence = {
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serial,
    fingerprint: certificate.fingerprint256,
    notAfter: new Date(certificate.notAfterMs).toISOString(),
    issuedBy: verdict.accepted ? (verdict.chain[1]?.fingerprint256 ?? null) : null,
    participant: enrolment?.participant.id ?? null,
    verdict: verdict.accepted ? ('accepted' as const) : ('refused' as const),
  };
  exchange.identity = evidence;
  if (!verdict.accepted) throw certificateRefusal(certificate, verdict, host, exchange, nowMs);
  if (serving.rights !== null && enrolment === null) {
    exchange.identity = { ...evidence, verdict: 'refused' };
    throw notEnrolled(serving.rights, certificate, host.environment);
  }
  const { validFromMs, validUntilMs } = verdict;
  const proved = principal(certificate, peer.der, chainDer, enrolment);
  return { host: request.host, principal: proved, evidence, validFromMs, validUntilMs };
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

function certificateRefusal(
  certificate: CertificateFacts,
  verdict: Extract<Verdict, { accepted: false }>,
  host: ServedHost,
  { serving }: Exchange,
  nowMs: number,
): Refusal {
  // The certificate at fault may be an intermediate: its own names and dates are what the caller must know.
  const at = verdict.certificate;
  const words = { subject: at.subject, issuer: at.issuer, serial: at.serial };
  switch (verdict.check) {
    case 'expired':
      return new Refusal('identity.certificate_expired', { ...words, notAfter: new Date(at.notAfterMs).toISOString() });
    case 'not_yet_valid':
      return new Refusal('identity.certificate_not_yet_valid', {
        ...words,
        notBefore: new Date(at.notBeforeMs).toISOString(),
      });
    case 'issuer_unknown':
      return new Refusal('identity.issuer_unknown', {
        subject: certificate.subject,
        issuer: at.issuer,
        serial: certificate.serial,
        issuers: serving.issuers(host.trust, nowMs),
      });
    case 'authority_withdrawn':
      return new Refusal('identity.authority_withdrawn', {
        ...leafWords(certificate),
        authority: at.subject,
        until: toInstant(serving.trust.get(host.trust)?.spans.get(at.fingerprint256)?.untilMs),
        issuers: serving.issuers(host.trust, nowMs),
      });
    case 'authority_not_yet_accepted':
      return new Refusal('identity.authority_not_yet_accepted', {
        ...leafWords(certificate),
        authority: at.subject,
        from: toInstant(serving.trust.get(host.trust)?.spans.get(at.fingerprint256)?.fromMs),
      });
    default:
      return new Refusal('identity.certificate_invalid', { ...words, check: checkWords[verdict.check] });
  }
}

function leafWords({ subject, issuer, serial }: CertificateFacts) {
  return { subject, issuer, serial };
}

/** Null where no day is set. */
function toInstant(atMs = Number.NaN): string | null {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString() : null;
}

const checkWords: Record<
  Exclude<
    Extract<Verdict, { accepted: false }>['check'],
    'expired' | 'not_yet_valid' | 'issuer_unknown' | 'authority_withdrawn' | 'authority_not_yet_accepted'
  >,
  string
> = {
  signature_invalid: 'its signature was not made by the issuer it names',
  not_an_authority: 'it was issued by a certificate that may not issue certificates',
  path_too_long: 'its chain has more intermediates than an issuer allows',
  wrong_purpose: 'it is not meant for client authentication (extended key usage)',
  weak_key: 'its key is too weak (RSA below 2048 bits, or EC below 256)',
  weak_signature: 'it is signed with MD5 or SHA-1',
  unhandled_critical_extension: 'it has a critical extension that is not understood here',
};
