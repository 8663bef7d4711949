// Whether a certificate is revoked (RFC 5280 §6.3), by the lists that an operator brings. None is ever fetched by what a certificate says.
import { type KeyObject, constants as rsa, verify } from 'node:crypto';
import { isStrongSignature, readPssSaltBytes } from './algorithms.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { toComparable } from './distinguished-name.ts';
import { buildPathOf, type Chain } from './path.ts';
import type { RevocationList, RevocationReason, RevokedEntry } from './revocation-list.ts';
import type { BundleMember, TrustBundle } from './trust-bundle.ts';

/** What becomes of who is not on a list that is past its end. */
export type StaleRule = 'accept' | 'refuse';

/** What is known of a certificate. `untilMs`: from then on the answer may be another though no list changes. */
export type RevocationStatus =
  | { readonly state: 'good'; readonly untilMs: number }
  | ({ readonly state: 'revoked'; readonly untilMs: number } & RevokedEntry)
  | { readonly state: 'unknown'; readonly untilMs: number; readonly endedMs: number };

/** The lists of one bundle. */
export interface Revocation {
  /** Looks a certificate up at an instant (ms since 1970 UTC). One whose issuer has no list about it is good. */
  statusOf(certificate: CertificateFacts, nowMs: number): RevocationStatus;
}

/** What a revocation is made from. */
export interface RevocationSource {
  readonly bundle: TrustBundle;
  /** Lists in which `faultOfList` finds nothing. */
  readonly lists: readonly RevocationList[];
  readonly stale: StaleRule;
}

/** Lists of one issuer and scope that count together. */
interface Standing {
  readonly complete: RevocationList;
  readonly delta: RevocationList | null;
  /** The first end of them: of the list, of the delta, of who signed it. */
  readonly endMs: number;
}

/** The lists that count, made ready to be asked. */
export function createRevocation({ bundle, lists, stale }: RevocationSource): Revocation {
  const byIssuer = Map.groupBy(lists, ({ issuer }) => toComparable(issuer));
  const standing = new Map([...byIssuer].map(([issuer, own]) => [issuer, standingOf(own, bundle)]));
  return {
    statusOf(certificate, nowMs) {
      const about = (standing.get(toComparable(certificate.issuer)) ?? []).filter(({ complete }) =>
        isAbout(complete, certificate),
      );
      for (const each of about) {
        const entry = entryOf(each, certificate.serial);
        if (entry !== null) return { state: 'revoked', untilMs: Number.POSITIVE_INFINITY, ...entry };
      }
      if (stale === 'accept' || about.length === 0) return { state: 'good', untilMs: Number.POSITIVE_INFINITY };
      const untilMs = Math.min(...about.map(({ endMs }) => endMs));
      return nowMs <= untilMs
        ? { state: 'good', untilMs }
        : { state: 'unknown', untilMs: Number.POSITIVE_INFINITY, endedMs: untilMs };
    },
  };
}

function standingOf(lists: readonly RevocationList[], bundle: TrustBundle): readonly Standing[] {
  return [...Map.groupBy(lists, ({ scopeKey }) => scopeKey).values()].flatMap((own): Standing[] => {
    const complete = own.filter(({ base }) => base === null).toSorted(newestFirst)[0];
    if (complete === undefined) return [];
    const delta = own.filter((each) => goesOnFrom(each, complete)).toSorted(newestFirst)[0] ?? null;
    const counting = delta === null ? [complete] : [complete, delta];
    const ends = counting.flatMap((list) => [list.nextUpdateMs, signerOf(list, bundle)?.untilMs ?? 0]);
    return [{ complete, delta, endMs: Math.min(...ends) }];
  });
}

function newestFirst(one: RevocationList, other: RevocationList): number {
  return isOlder(one, other) ? 1 : -1;
}

/** Whether a list was issued before another of its issuer and scope (RFC 5280 §5.2.3). */
function isOlder(one: RevocationList, other: RevocationList): boolean {
  if (one.number !== null && other.number !== null && one.number !== other.number) return one.number < other.number;
  return one.thisUpdateMs < other.thisUpdateMs;
}

function goesOnFrom(list: RevocationList, complete: RevocationList): boolean {
  return list.base !== null && faultOfDelta(list, complete) === null && isOlder(complete, list);
}

/** Why a delta cannot be joined to a complete list; null where it can (RFC 5280 §5.2.4). */
function faultOfDelta({ base, number, authorityKeyId }: RevocationList, complete: RevocationList): string | null {
  if (authorityKeyId !== complete.authorityKeyId) return 'it was signed with another key than the complete list';
  if (number !== null && complete.number !== null && base !== null && base <= complete.number) return null;
  return `it goes on from list ${base}, and the complete list is ${complete.number ?? 'without a number'}`;
}

function entryOf({ complete, delta }: Standing, serial: string): RevokedEntry | null {
  const change = delta?.find(serial) ?? null;
  if (change === null) return complete.find(serial);
  return change.reason === 'removeFromCRL' ? null : change;
}

/** RFC 5280 §6.3.3 (b)(2). */
function isAbout({ scope }: RevocationList, { isAuthority, listPlaces }: CertificateFacts): boolean {
  if (scope.attributesOnly || (scope.callersOnly && isAuthority) || (scope.authoritiesOnly && !isAuthority))
    return false;
  return scope.places === null || scope.places.some((place) => listPlaces.includes(place));
}

/** Why a list must not be used in a bundle now (ms since 1970 UTC), as a sentence; null where it may. */
export function faultOfList(list: RevocationList, bundle: TrustBundle, nowMs: number): string | null {
  const name = `The list of ${list.issuer}`;
  if (list.scope.isIndirect) return `${name} is indirect (RFC 5280 §5.2.5), which is not understood here.`;
  if (!isStrongSignature(list)) return `${name} is signed over a hash that no longer resists forgery.`;
  if (list.thisUpdateMs > nowMs)
    return `${name} is of ${new Date(list.thisUpdateMs).toISOString()}, which is yet to come.`;
  if (bundle.withSubject(list.issuer).length === 0)
    return `${name} is of an authority that is not in bundle ${bundle.name}.`;
  if (signerOf(list, bundle) !== null) return null;
  return `${name} is not signed by a certificate of bundle ${bundle.name} that may sign lists (key usage cRLSign).`;
}

/** Why a list must not replace those in force, as a sentence; null where it may (RFC 5280 §5.2.3). */
export function faultOfReplacement(list: RevocationList, inForce: readonly RevocationList[]): string | null {
  const newer = inForce.find((each) => isOfOneKind(each, list) && isOlder(list, each));
  if (newer === undefined) return null;
  return `The list of ${list.issuer} (${saidOf(list)}) is older than the one in force (${saidOf(newer)}).`;
}

function isOfOneKind(one: RevocationList, other: RevocationList): boolean {
  const isSameIssuer = toComparable(one.issuer) === toComparable(other.issuer);
  return isSameIssuer && one.scopeKey === other.scopeKey && (one.base === null) === (other.base === null);
}

/** Why a list of a bundle is not asked about anybody now (ms since 1970 UTC), as a sentence; null where it is. */
export function whyIdle(
  list: RevocationList,
  lists: readonly RevocationList[],
  bundle: TrustBundle,
  nowMs: number,
): string | null {
  const fault = faultOfList(list, bundle, nowMs);
  if (fault !== null) return fault;
  const own = lists.filter(
    (each) => toComparable(each.issuer) === toComparable(list.issuer) && each.scopeKey === list.scopeKey,
  );
  const [standing] = standingOf(own, bundle);
  if (standing === undefined) return 'There is no complete list of its scope.';
  const { complete, delta } = standing;
  if (list === complete || list === delta) return null;
  if (list.base === null) return `Another of its scope counts in its place, ${saidOf(complete)}.`;
  const apart = faultOfDelta(list, complete);
  if (apart !== null) return `It changes nothing: ${apart}.`;
  return isOlder(complete, list)
    ? 'A newer delta counts in its place.'
    : `The complete list, ${saidOf(complete)}, is as new.`;
}

function saidOf({ number, thisUpdateMs }: RevocationList): string {
  return `${number === null ? '' : `number ${number}, `}of ${new Date(thisUpdateMs).toISOString()}`;
}

/** Why deltas among lists do nothing, one sentence each. */
export function idleDeltas(lists: readonly RevocationList[]): readonly string[] {
  return lists.flatMap((list) => {
    if (list.base === null) return [];
    const complete = lists
      .filter((each) => each.base === null && isOfOneKind({ ...list, base: null }, each))
      .toSorted(newestFirst)[0];
    const fault = complete === undefined ? 'there is no complete list of its scope' : faultOfDelta(list, complete);
    return fault === null ? [] : [`The delta of ${list.issuer} changes nothing: ${fault}.`];
  });
}

/** Who signed a list, and until when that certificate and those above it are valid; null where nobody of the bundle did. */
function signerOf(list: RevocationList, bundle: TrustBundle): { readonly untilMs: number } | null {
  const ends = bundle
    .withSubject(list.issuer)
    .filter((member) => maySign(member, list) && isSignedBy(list, member))
    .flatMap((member) => endOf(member, bundle));
  return ends.length === 0 ? null : { untilMs: Math.max(...ends) };
}

// RFC 5280 §6.3.3 (f): key usage cRLSign, if there is a key usage. An authority or a certificate of its name made for lists.
function maySign({ facts: { keyUsages, subjectKeyId } }: BundleMember, { authorityKeyId }: RevocationList): boolean {
  const isMeant = authorityKeyId === null || subjectKeyId === null || authorityKeyId === subjectKeyId;
  return isMeant && (keyUsages === null || keyUsages.includes('cRLSign'));
}

function endOf(member: BundleMember, bundle: TrustBundle): readonly number[] {
  if (member.isAnchor) return [endOfChain([member.facts], bundle)];
  const path = buildPathOf(member, bundle);
  return path.found ? [path.chain, ...path.otherChains].map((chain) => endOfChain(chain, bundle)) : [];
}

function endOfChain(chain: Chain, { spans }: TrustBundle): number {
  const ends = chain.map(({ fingerprint256, notAfterMs }) =>
    Math.min(notAfterMs, spans.get(fingerprint256)?.untilMs ?? Number.POSITIVE_INFINITY),
  );
  return Math.min(...ends);
}

function isSignedBy(
  { signed, signatureHash, signatureAlgorithm }: RevocationList,
  { certificate }: BundleMember,
): boolean {
  try {
    const key = toVerifyingKey(certificate.publicKey, signatureAlgorithm, signed.algorithm);
    const hash = signatureHash === 'intrinsic' ? null : signatureHash;
    return key !== null && verify(hash, signed.bytes, key, signed.signature);
  } catch {
    return false; // A key that OpenSSL cannot load, or of another kind than the signature, proves nothing.
  }
}

type VerifyingKey = Parameters<typeof verify>[2];

// The algorithm is the list's word; the key must be of its kind, or OpenSSL would take the hash for that of another scheme.
function toVerifyingKey(key: KeyObject, signatureAlgorithm: string, algorithm: Uint8Array): VerifyingKey | null {
  const kind = key.asymmetricKeyType ?? '';
  if (signatureAlgorithm === 'rsassaPss') {
    if (!kind.startsWith('rsa')) return null;
    return { key, padding: rsa.RSA_PKCS1_PSS_PADDING, saltLength: readPssSaltBytes(algorithm) };
  }
  if (signatureAlgorithm.startsWith('ecdsa')) return kind === 'ec' ? key : null;
  if (signatureAlgorithm.endsWith('WithRSAEncryption')) return kind === 'rsa' ? key : null;
  return signatureAlgorithm === kind ? key : null;
}

const reasonWords: Readonly<Record<RevocationReason, string>> = {
  unspecified: 'without a reason',
  keyCompromise: 'key compromise',
  cACompromise: 'compromise of the authority',
  affiliationChanged: 'affiliation changed',
  superseded: 'superseded',
  cessationOfOperation: 'no longer in operation',
  certificateHold: 'on hold',
  removeFromCRL: 'taken back',
  privilegeWithdrawn: 'privilege withdrawn',
  aACompromise: 'compromise of the attribute authority',
};

/** A reason in words. */
export function sayReason(reason: RevocationReason): string {
  return reasonWords[reason];
}
