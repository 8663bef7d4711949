// Says whether a path is good now and for this purpose. Pure: judged per exchange, so that a change of clock, of trust or of a
// revocation list holds at once on live connections.
import { isStrongKey, isStrongSignature } from './algorithms.ts';
import { EXTENSION } from './certificate-extensions.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import type { Chain, PathObstacle, PathResult } from './path.ts';
import { type Revocation, sayReason } from './revocation.ts';
import type { TrustSpan, TrustSpans } from './trust-bundle.ts';
import type { CertificateWords, UnreadableCertificate } from './unreadable-certificate.ts';

/** What the leaf is presented for (RFC 5280 §4.2.1.12). */
export type Purpose = 'clientAuth' | 'serverAuth';

/** The check that a certificate failed. */
export type VerdictCheck =
  | PathObstacle
  | 'authority_as_caller'
  /** The bundle says that an authority of the path counts no more, or not yet. */
  | 'authority_withdrawn'
  | 'authority_not_yet_accepted'
  | 'bad_serial'
  | 'contradictory'
  | 'expired'
  | 'malformed'
  | 'no_key_identifier'
  | 'no_subject'
  | 'not_yet_valid'
  | 'old_version'
  | 'revocation_unknown'
  | 'revoked'
  | 'unhandled_critical_extension'
  | 'weak_key'
  | 'weak_signature'
  | 'wrong_key_usage'
  | 'wrong_purpose';

/** A leaf that is accepted, with the span in which that stays true. */
export interface Acceptance {
  readonly accepted: true;
  readonly subject: string;
  readonly issuer: string;
  readonly fingerprint256: string;
  /** Subject of the anchor that the path ends at. */
  readonly anchor: string;
  /** The path that was accepted; of several the first good one. */
  readonly chain: Chain;
  /** The whole chain is valid and counts from here, in ms since 1970 UTC … */
  readonly validFromMs: number;
  /** … to here, inclusive. */
  readonly validUntilMs: number;
}

/** The first check that failed, the certificate that failed it, and what to do. */
export interface Rejection {
  readonly accepted: false;
  readonly check: VerdictCheck;
  readonly certificate: CertificateWords;
  /** What is wrong with it, going on from "the certificate": `expired on 2026-05-31T23:59:59.000Z`. */
  readonly fault: string;
  /** What a certificate must be to pass, one sentence. */
  readonly fix: string;
  /** When it was revoked, in ms since 1970 UTC, and why; only where that is the check. */
  readonly revoked?: {
    readonly onMs: number;
    readonly reason: string;
    /** Its issuer may take that back (RFC 5280 §5.3.1), as it cannot for any other reason. */
    readonly isHold: boolean;
  };
}

/** What was decided on a leaf. */
export type Verdict = Acceptance | Rejection;

const purposeOids: Readonly<Record<Purpose, string>> = {
  clientAuth: '1.3.6.1.5.5.7.3.2',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

const purposeNames: Readonly<Record<Purpose, string>> = {
  clientAuth: 'client authentication',
  serverAuth: 'server authentication',
};

const anyExtendedKeyUsage = '2.5.29.37.0';

// A client signs in every version that is spoken here (RFC 8446 §4.4.2); in TLS 1.2 a server may also be sent a key, or agree on one.
const purposeKeyUsages: Readonly<Record<Purpose, readonly string[]>> = {
  clientAuth: ['digitalSignature'],
  serverAuth: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
};

// Key identifiers must not be critical (RFC 5280 §4.2.1.1), and where lists are published (§4.2.1.13) is not followed: no list is
// fetched by what a certificate says.
const handledExtensions: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.basicConstraints,
  EXTENSION.nameConstraints,
  EXTENSION.policies,
  EXTENSION.policyMappings,
  EXTENSION.policyConstraints,
  EXTENSION.extendedKeyUsage,
  EXTENSION.inhibitAnyPolicy,
]);

const fixes: Readonly<Record<VerdictCheck, string>> = {
  authority_not_yet_accepted: 'Until then another accepted issuer must be used.',
  authority_withdrawn: 'It must come from an accepted issuer.',
  authority_as_caller: 'A caller needs a certificate of its own, which is no authority.',
  bad_serial: 'It must be issued anew with a positive serial number of at most 20 bytes.',
  contradictory: 'It must be issued anew without the rights of an authority.',
  expired: 'It must be renewed.',
  issuer_unknown: 'It must come from an accepted issuer.',
  malformed: 'It must be issued anew in the form of RFC 5280, encoded in DER.',
  name_excluded: 'It must be issued for a name that its authorities may certify.',
  name_not_permitted: 'It must be issued for a name that its authorities may certify.',
  no_key_identifier: 'It must be issued anew with the key identifiers of RFC 5280 §4.2.1.1 and §4.2.1.2.',
  no_subject: 'It must be issued anew with a subject, by which callers are known here.',
  not_an_authority:
    'A certificate must be issued by an authority: basic constraints cA, and keyCertSign where there is a key usage.',
  not_yet_valid: 'The present certificate must be used until then; the clocks must agree.',
  old_version: 'It must be issued anew as a certificate of version 3.',
  path_too_long: 'It must be issued by an authority nearer to the accepted issuer.',
  policy_not_satisfied: 'It must be issued under a policy that its authorities accept.',
  revocation_unknown: 'The operator of this gateway must bring the current revocation list.',
  revoked: 'It must not be used again; a new certificate with a new key is needed.',
  signature_invalid: 'The certificate must be used as it was issued; a new one is needed if it was.',
  unhandled_critical_extension: 'It must be issued anew without that extension, or with it not critical.',
  weak_key:
    'It must be issued for an RSA key of at least 2048 bits or an elliptic key of at least 256, on a named curve.',
  weak_signature: 'It must be issued anew, signed over SHA-256, SHA-384 or SHA-512.',
  wrong_key_usage: 'It must be issued with the key usage digitalSignature.',
  wrong_purpose: 'It must be issued with client authentication (1.3.6.1.5.5.7.3.2) in its extended key usage.',
};

/** Where an authority is at fault, which its caller can only go around. */
const authorityFixes = {
  wrong_purpose:
    'An authority that issues client certificates must have client authentication (1.3.6.1.5.5.7.3.2) in its extended key usage, or no extended key usage.',
  onHold: 'Its issuer must lift the hold, or a certificate of another accepted issuer is needed.',
} as const;

/** The "no" to a leaf that cannot be read. */
export function rejectUnreadable({ fault, certificate }: UnreadableCertificate): Rejection {
  return { accepted: false, check: 'malformed', certificate, fault, fix: fixes.malformed };
}

/** The verdict on a path at an instant (ms since 1970 UTC) for a purpose; one good chain of several is enough. */
export function judgePath(result: PathResult, nowMs: number, purpose: Purpose, revocation?: Revocation): Verdict {
  if (!result.found) return reject({ check: result.reason, fault: result.fault }, result.at);
  const circumstances: Circumstances = { nowMs, purpose, revocation, spans: result.spans };
  let nearest: { rejection: Rejection; index: number } | undefined;
  for (const chain of [result.chain, ...result.otherChains]) {
    const failed = failureIn(chain, circumstances);
    if (failed === null) return accept(chain, circumstances);
    const index = chain.indexOf(failed.certificate);
    // The fault nearest to the leaf is the one that remains when the others are put right.
    if (nearest === undefined || index < nearest.index)
      nearest = { rejection: reject(failed, failed.certificate), index };
  }
  if (nearest === undefined) throw new TypeError('A path has at least one chain.');
  return nearest.rejection;
}

/** What may change without the path. */
interface Circumstances {
  readonly nowMs: number;
  readonly purpose: Purpose;
  readonly revocation: Revocation | undefined;
  readonly spans: TrustSpans;
}

interface Failure {
  readonly check: VerdictCheck;
  readonly fault: string;
  readonly revoked?: Rejection['revoked'] & {};
  /** Where it is another than that of the check. */
  readonly fix?: string;
}

function reject({ check, fault, revoked, fix }: Failure, certificate: CertificateWords): Rejection {
  return {
    accepted: false,
    check,
    certificate,
    fault,
    fix: fix ?? fixes[check],
    ...(revoked === undefined ? {} : { revoked }),
  };
}

function accept(chain: Chain, { nowMs, revocation, spans }: Circumstances): Acceptance {
  const [leaf] = chain;
  const anchor = chain.at(-1);
  if (leaf === undefined || anchor === undefined) throw new TypeError('A chain has at least one certificate.');
  const counting = chain.flatMap(({ fingerprint256 }) => spans.get(fingerprint256) ?? []);
  const known = chain.slice(0, -1).map((each) => revocation?.statusOf(each, nowMs).untilMs ?? Number.POSITIVE_INFINITY);
  return {
    accepted: true,
    subject: leaf.subject,
    issuer: leaf.issuer,
    fingerprint256: leaf.fingerprint256,
    anchor: anchor.subject,
    chain,
    validFromMs: Math.max(...chain.map(({ notBeforeMs }) => notBeforeMs), ...counting.map(({ fromMs }) => fromMs)),
    validUntilMs: Math.min(
      ...chain.map(({ notAfterMs }) => notAfterMs),
      ...counting.map(({ untilMs }) => untilMs),
      ...known,
    ),
  };
}

// RFC 5280 §6.1 walks from the anchor to the leaf: signature, validity, revocation and extensions of each, then the wrap-up.
function failureIn(
  chain: Chain,
  circumstances: Circumstances,
): (Failure & { readonly certificate: CertificateFacts }) | null {
  const { nowMs, purpose, spans } = circumstances;
  const [leaf] = chain;
  const anchor = chain.at(-1);
  for (const certificate of chain.toReversed()) {
    const failed =
      failureOfSpan(spans.get(certificate.fingerprint256), nowMs) ??
      (certificate === anchor
        ? failureOfAnchor(certificate, nowMs)
        : (failureOfIssued(certificate, circumstances) ??
          (certificate === leaf ? failureOfLeaf(certificate) : failureOfIntermediate(certificate))));
    if (failed !== null) return { ...failed, certificate };
  }
  for (const certificate of chain.toReversed()) {
    const failed = failureOfUse(certificate, certificate === leaf, purpose);
    if (failed !== null) return { ...failed, certificate };
  }
  return null;
}

function failureOfSpan(span: TrustSpan | undefined, nowMs: number): Failure | null {
  if (span === undefined) return null;
  if (nowMs > span.untilMs) return { check: 'authority_withdrawn', fault: 'is no longer accepted here' };
  return nowMs < span.fromMs ? { check: 'authority_not_yet_accepted', fault: 'is not accepted here yet' } : null;
}

// An anchor is trusted by being in the bundle: its form and its signature over itself prove nothing. RFC 5280 would not look at its
// dates either; OpenSSL does, and an anchor past its end is trust past its end.
function failureOfAnchor(certificate: CertificateFacts, nowMs: number): Failure | null {
  return failureOfDates(certificate, nowMs) ?? failureOfExtensions(certificate) ?? failureOfKey(certificate);
}

function failureOfIssued(certificate: CertificateFacts, { nowMs, revocation }: Circumstances): Failure | null {
  return (
    failureOfForm(certificate) ??
    failureOfSignature(certificate) ??
    failureOfDates(certificate, nowMs) ??
    failureOfRevocation(certificate, nowMs, revocation) ??
    failureOfExtensions(certificate) ??
    failureOfKey(certificate) ??
    failureOfKeyId(certificate)
  );
}

function failureOfKeyId({ authorityKeyId }: CertificateFacts): Failure | null {
  if (authorityKeyId !== null && authorityKeyId.keyId !== null) return null;
  return { check: 'no_key_identifier', fault: 'has no authority key identifier, which tells whose key signed it' };
}

function failureOfForm({ version, serialFault }: CertificateFacts): Failure | null {
  if (version !== 3) {
    const fault = `is of version ${version}, which cannot say what it may be used for`;
    return { check: 'old_version', fault };
  }
  return serialFault === null ? null : { check: 'bad_serial', fault: serialFaults[serialFault] };
}

const serialFaults: Readonly<Record<NonNullable<CertificateFacts['serialFault']>, string>> = {
  zero: 'has the serial number 0',
  negative: 'has a negative serial number',
  long: 'has a serial number of more than 20 bytes',
};

const hashNames: Readonly<Record<string, string>> = { md2: 'MD2', md5: 'MD5', sha1: 'SHA-1', sha224: 'SHA-224' };

function failureOfSignature(certificate: CertificateFacts): Failure | null {
  if (isStrongSignature(certificate)) return null;
  const hash = hashNames[certificate.signatureHash];
  const fault =
    hash === undefined
      ? `is signed with ${certificate.signatureAlgorithm}, whose strength is not known`
      : `is signed over ${hash}, which no longer resists forgery`;
  return { check: 'weak_signature', fault };
}

function failureOfDates({ notBeforeMs, notAfterMs }: CertificateFacts, nowMs: number): Failure | null {
  if (nowMs > notAfterMs) return { check: 'expired', fault: `expired on ${toIso(notAfterMs)}` };
  return nowMs < notBeforeMs ? { check: 'not_yet_valid', fault: `is valid only from ${toIso(notBeforeMs)}` } : null;
}

function failureOfRevocation(
  certificate: CertificateFacts,
  nowMs: number,
  revocation: Revocation | undefined,
): Failure | null {
  const status = revocation?.statusOf(certificate, nowMs);
  switch (status?.state) {
    case 'revoked': {
      const reason = sayReason(status.reason);
      const fault = `was revoked on ${toIso(status.onMs)} (${reason})`;
      const isHold = status.reason === 'certificateHold';
      return {
        check: 'revoked',
        fault,
        revoked: { onMs: status.onMs, reason, isHold },
        ...(isHold ? { fix: authorityFixes.onHold } : {}),
      };
    }
    case 'unknown': {
      const fault = `cannot be looked up: the revocation list of ${certificate.issuer} came to its end on ${toIso(status.endedMs)}`;
      return { check: 'revocation_unknown', fault };
    }
    default:
      return null;
  }
}

function failureOfExtensions({ criticalExtensions, nameConstraints }: CertificateFacts): Failure | null {
  const strange =
    nameConstraints?.isSupported === false
      ? EXTENSION.nameConstraints
      : criticalExtensions.find((oid) => !handledExtensions.has(oid));
  if (strange === undefined) return null;
  const fault = `has the critical extension ${strange}, which is not understood here`;
  return { check: 'unhandled_critical_extension', fault };
}

function failureOfKey(certificate: CertificateFacts): Failure | null {
  if (isStrongKey(certificate)) return null;
  const { keyAlgorithm, keyBits, hasSoundExponent } = certificate;
  if (!hasSoundExponent) return { check: 'weak_key', fault: 'has an RSA key with an exponent that protects nothing' };
  const fault =
    keyBits === 0
      ? `has a key (${keyAlgorithm}) of unknown strength`
      : `has a key (${keyAlgorithm}) of ${keyBits} bits, which is too weak`;
  return { check: 'weak_key', fault };
}

function failureOfIntermediate({ subjectKeyId }: CertificateFacts): Failure | null {
  if (subjectKeyId !== null) return null;
  return { check: 'no_key_identifier', fault: 'has no subject key identifier, by which what it signed finds its key' };
}

function failureOfLeaf({ subject, isAuthority, pathLength, keyUsages }: CertificateFacts): Failure | null {
  if (subject === '') return { check: 'no_subject', fault: 'has no subject' };
  if (isAuthority) return { check: 'authority_as_caller', fault: "is an authority's own, and no caller's" };
  // RFC 5280 §4.2.1.9: neither may stand in a certificate that is no authority.
  if (pathLength !== undefined)
    return { check: 'contradictory', fault: 'has a path length constraint though it is no authority' };
  if (keyUsages?.includes('keyCertSign') === true)
    return { check: 'contradictory', fault: 'may sign certificates though it is no authority' };
  return null;
}

function isMeantFor(extendedKeyUsages: readonly string[] | null, purpose: Purpose): boolean {
  const usages = extendedKeyUsages ?? [anyExtendedKeyUsage];
  return usages.includes(purposeOids[purpose]) || usages.includes(anyExtendedKeyUsage);
}

/** What a certificate is where it is not meant for a purpose, going on from "the certificate"; null where it is meant for it. */
export function sayOtherPurpose(
  extendedKeyUsages: CertificateFacts['extendedKeyUsages'],
  purpose: Purpose,
): string | null {
  if (isMeantFor(extendedKeyUsages, purpose)) return null;
  const missing = `its extended key usage does not name ${purposeNames[purpose]}`;
  const other: Purpose = purpose === 'clientAuth' ? 'serverAuth' : 'clientAuth';
  const kind = { serverAuth: 'a server certificate', clientAuth: 'a client certificate' }[other];
  return isMeantFor(extendedKeyUsages, other)
    ? `is ${kind}: ${missing}`
    : `is not meant for ${purposeNames[purpose]}: ${missing}`;
}

function failureOfUse(
  { keyUsages, extendedKeyUsages }: CertificateFacts,
  isLeaf: boolean,
  purpose: Purpose,
): Failure | null {
  if (isLeaf) {
    const fault = sayOtherPurpose(extendedKeyUsages, purpose);
    if (fault !== null) return { check: 'wrong_purpose', fault };
  } else if (!isMeantFor(extendedKeyUsages, purpose)) {
    // An authority's extendedKeyUsage limits what it may issue for, as OpenSSL and browsers read it; RFC 5280 is silent.
    const fault = `may issue no certificates for ${purposeNames[purpose]} (extended key usage)`;
    return { check: 'wrong_purpose', fault, fix: authorityFixes.wrong_purpose };
  }
  if (!isLeaf || keyUsages === null || purposeKeyUsages[purpose].some((usage) => keyUsages.includes(usage)))
    return null;
  return {
    check: 'wrong_key_usage',
    fault: 'has a key that may not sign: its key usage does not name digitalSignature',
  };
}

function toIso(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
