// Whether a certificate is revoked (RFC 5280 §6.3), by the lists that an operator brings. None is ever fetched by what a certificate says.
// Signatures are proved once, by whoever reads a list; who serves gets standing lists, which are plain and ready to be asked.
import { type KeyObject, constants as rsa, verify } from 'node:crypto';
import type { StandingList } from '@headgate/contract';
import { isStrongSignature, readPssSaltBytes } from './algorithms.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { toComparable } from './distinguished-name.ts';
import { buildPathOf, type Chain } from './path.ts';
import { findEntry, type RevocationList, type RevocationReason, type RevokedEntry } from './revocation-list.ts';
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
  readonly standing: readonly StandingList[];
  readonly stale: StaleRule;
}

/** A list, and who of a bundle signed it. */
export interface ProvedList {
  readonly list: RevocationList;
  /** Fingerprints (SHA-256, lower-case hex) of the certificates whose signature it carries; none where nobody of the bundle signed it. */
  readonly signers: readonly string[];
}

/** The lists that count, made ready to be asked. */
export function createRevocation({ standing, stale }: RevocationSource): Revocation {
  const byIssuer = Map.groupBy(standing, ({ issuer }) => issuer);
  return {
    statusOf(certificate, nowMs) {
      const about = (byIssuer.get(toComparable(certificate.issuer)) ?? []).filter((each) => isAbout(each, certificate));
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

/** Those lists that count, the newest of each issuer and scope joined to its newest delta. In each `faultOfList` found nothing. */
export function standingLists(lists: readonly ProvedList[], bundle: TrustBundle): readonly StandingList[] {
  const own = Map.groupBy(lists, ({ list }) => `${toComparable(list.issuer)}\0${list.scopeKey}`);
  return [...own.values()].flatMap((each) => standingOf(each, bundle));
}

function standingOf(proved: readonly ProvedList[], bundle: TrustBundle): readonly StandingList[] {
  const counting = countingOf(proved.map(({ list }) => list));
  if (counting === null) return [];
  const { complete, delta } = counting;
  const own = proved.filter(({ list }) => list === complete || list === delta);
  const ends = own.flatMap((each) => [each.list.nextUpdateMs, endOfSigners(each, bundle) ?? 0]);
  return [
    {
      issuer: toComparable(complete.issuer),
      scope: complete.scope,
      complete: complete.entries,
      delta: delta?.entries ?? null,
      endMs: Math.min(...ends),
    },
  ];
}

/** Of lists of one issuer and scope those that count together; null where none is complete. */
function countingOf(
  lists: readonly RevocationList[],
): { readonly complete: RevocationList; readonly delta: RevocationList | null } | null {
  const complete = lists.filter(({ base }) => base === null).toSorted(newestFirst)[0];
  if (complete === undefined) return null;
  return { complete, delta: lists.filter((each) => goesOnFrom(each, complete)).toSorted(newestFirst)[0] ?? null };
}

function newestFirst(one: DatedList, other: DatedList): number {
  return isOlder(one, other) ? 1 : -1;
}

/** What tells of a list which one it is: of its issuer, scope and kind, and how old. */
export type DatedList = Pick<RevocationList, 'issuer' | 'scopeKey' | 'base' | 'number' | 'thisUpdateMs'>;

/** Whether a list was issued before another of its issuer and scope (RFC 5280 §5.2.3). */
export function isOlder(one: DatedList, other: DatedList): boolean {
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

function entryOf({ complete, delta }: StandingList, serial: string): RevokedEntry | null {
  const change = delta === null ? null : findEntry(delta, serial);
  if (change === null) return findEntry(complete, serial);
  return change.reason === 'removeFromCRL' ? null : change;
}

/** RFC 5280 §6.3.3 (b)(2). */
function isAbout({ scope }: StandingList, { isAuthority, listPlaces }: CertificateFacts): boolean {
  if (scope.attributesOnly || (scope.callersOnly && isAuthority) || (scope.authoritiesOnly && !isAuthority))
    return false;
  return scope.places === null || scope.places.some((place) => listPlaces.includes(place));
}

/** What is wrong with a list, to be matched on. */
export type ListObjectionCode = 'indirect' | 'weak' | 'yet_to_come' | 'foreign' | 'not_signed' | 'older';

/** Why a list must not be used. */
export interface ListObjection {
  readonly code: ListObjectionCode;
  readonly sentence: string;
}

/** Who of a bundle signed a list: the dear part of believing it. */
export function proveList(list: RevocationList, bundle: TrustBundle): ProvedList {
  const signers = bundle.withSubject(list.issuer).filter((member) => maySign(member, list) && isSignedBy(list, member));
  return { list, signers: signers.map(({ facts }) => facts.fingerprint256) };
}

/** Why a list must not be used in a bundle now (ms since 1970 UTC); null where it may. */
export function faultOfList(proved: ProvedList, bundle: TrustBundle, nowMs: number): ListObjection | null {
  const { list } = proved;
  const name = `The list of ${list.issuer}`;
  const object = (code: ListObjectionCode, said: string): ListObjection => ({ code, sentence: `${name} ${said}.` });
  if (list.scope.isIndirect) return object('indirect', 'is indirect (RFC 5280 §5.2.5), which is not understood here');
  if (!isStrongSignature(list)) return object('weak', 'is signed over a hash that no longer resists forgery');
  if (list.thisUpdateMs > nowMs)
    return object('yet_to_come', `is of ${new Date(list.thisUpdateMs).toISOString()}, which is yet to come`);
  if (bundle.withSubject(list.issuer).length === 0)
    return object('foreign', `is of an authority that is not in bundle ${bundle.name}`);
  if (endOfSigners(proved, bundle) !== null) return null;
  return object(
    'not_signed',
    `is not signed by a certificate of bundle ${bundle.name} that may sign lists (key usage cRLSign)`,
  );
}

/** Why a list must not replace others; null where it may (RFC 5280 §5.2.3). */
export function faultOfReplacement(list: DatedList, others: readonly DatedList[]): ListObjection | null {
  const newer = others.find((each) => isOfOneKind(each, list) && isOlder(list, each));
  if (newer === undefined) return null;
  const sentence = `The list of ${list.issuer} (${saidOf(list)}) is older than the one that was in force (${saidOf(newer)}).`;
  return { code: 'older', sentence };
}

/** Whether two lists are of one issuer and scope, both complete or both deltas. */
export function isOfOneKind(one: DatedList, other: DatedList): boolean {
  const isSameIssuer = toComparable(one.issuer) === toComparable(other.issuer);
  return isSameIssuer && one.scopeKey === other.scopeKey && (one.base === null) === (other.base === null);
}

/** Why a list of a bundle is not asked about anybody now (ms since 1970 UTC), as a sentence; null where it is. */
export function whyIdle(
  proved: ProvedList,
  lists: readonly ProvedList[],
  bundle: TrustBundle,
  nowMs: number,
): string | null {
  const fault = faultOfList(proved, bundle, nowMs);
  if (fault !== null) return fault.sentence;
  const { list } = proved;
  const own = lists.filter(
    (each) => toComparable(each.list.issuer) === toComparable(list.issuer) && each.list.scopeKey === list.scopeKey,
  );
  const standing = countingOf(own.map((each) => each.list));
  if (standing === null) return 'There is no complete list of its scope.';
  const { complete, delta } = standing;
  if (list === complete || list === delta) return null;
  if (list.base === null) return `Another of its scope counts in its place, ${saidOf(complete)}.`;
  const apart = faultOfDelta(list, complete);
  if (apart !== null) return `It changes nothing: ${apart}.`;
  return isOlder(complete, list)
    ? 'A newer delta counts in its place.'
    : `The complete list, ${saidOf(complete)}, is as new.`;
}

function saidOf({ number, thisUpdateMs }: DatedList): string {
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

/** Until when those who signed a list and those above them are valid; null where nobody who did has a path to an anchor. */
function endOfSigners({ list, signers }: ProvedList, bundle: TrustBundle): number | null {
  const ends = bundle
    .withSubject(list.issuer)
    .filter(({ facts }) => signers.includes(facts.fingerprint256))
    .flatMap((member) => endOf(member, bundle));
  return ends.length === 0 ? null : Math.max(...ends);
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
