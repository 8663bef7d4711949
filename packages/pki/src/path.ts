// Builds and checks the ways from a leaf to an anchor, with the bundle's own intermediates and nothing that a caller sent.
// Decides nothing about dates, purposes or strength: those change with the clock and the policy, a path does not.
import { type CertificateFacts, type OpenCertificate, openCertificate } from './certificate-facts.ts';
import { type GeneralName, sayGeneralName } from './general-name.ts';
import { foreignName } from './name-constraints.ts';
import { unsatisfiedPolicy } from './policies.ts';
import type { BundleMember, TrustBundle, TrustSpans } from './trust-bundle.ts';

/** Why no path was found; of two at one place the later is the more telling. */
export type PathObstacle = (typeof obstacles)[number];

const obstacles = [
  'issuer_unknown',
  'path_too_long',
  'not_an_authority',
  'signature_invalid',
  'policy_not_satisfied',
  'name_not_permitted',
  'name_excluded',
] as const;

/** Leaf first, anchor last; 2 to 8 certificates, each signed by the next. */
export type Chain = readonly CertificateFacts[];

/** Chains whose signatures, lengths, names and policies hold, or what stood in the way and at which certificate. */
export type PathResult =
  | {
      readonly found: true;
      readonly chain: Chain;
      /** Further chains to the same leaf, at most 63: a cross-signed or renewed authority may be in date where the first is not. */
      readonly otherChains: readonly Chain[];
      readonly signaturesHold: true;
      /** When certificates of the chains count in the bundle that the path was built in. */
      readonly spans: TrustSpans;
    }
  | {
      readonly found: false;
      readonly reason: PathObstacle;
      readonly at: CertificateFacts;
      /** What is wrong with it, going on from "the certificate": `has a signature that …`. */
      readonly fault: string;
    };

/** Most certificates in a chain, leaf and anchor included. */
export const chainLengthMax = 8;

const chainCountMax = 64;
// Authorities that certify each other multiply paths without end. A step costs some microseconds, a signature up to a hundred:
// those among authorities are checked once for all leaves, those of the leaf, whom a caller chooses, are bounded.
const stepCountMax = 4_096;
const leafSignatureCheckCountMax = 64;

interface Obstacle {
  readonly reason: PathObstacle;
  readonly at: CertificateFacts;
  readonly fault: string;
  readonly depth: number;
}

interface Search {
  readonly bundle: TrustBundle;
  readonly chains: Chain[];
  stepsLeft: number;
  leafChecksLeft: number;
  obstacle: Obstacle | undefined;
}

/** The checked paths of a DER leaf in a bundle (RFC 5280 §6.1 without dates); raises UnreadableCertificate for a bad leaf. */
export function buildPath(leafDer: Uint8Array, bundle: TrustBundle): PathResult {
  return buildPathOf(openCertificate(leafDer), bundle);
}

/** As buildPath, for a leaf that is open already. */
export function buildPathOf(leaf: OpenCertificate, bundle: TrustBundle): PathResult {
  const search: Search = {
    bundle,
    chains: [],
    stepsLeft: stepCountMax,
    leafChecksLeft: leafSignatureCheckCountMax,
    obstacle: undefined,
  };
  // Shortest first: authorities that certify each other in circles cannot use the steps up before a short way is found.
  let paths: readonly (readonly OpenCertificate[])[] = [[leaf]];
  while (paths.length > 0) paths = paths.flatMap((path) => climb(path, search));
  const [chain, ...otherChains] = search.chains;
  if (chain !== undefined) return { found: true, chain, otherChains, signaturesHold: true, spans: bundle.spans };
  const { reason, at, fault } = search.obstacle ?? unknownIssuer(leaf, 1);
  return { found: false, reason, at, fault };
}

/** The paths that are one certificate longer. Those that have arrived at an anchor are kept in the search. */
function climb(path: readonly OpenCertificate[], search: Search): readonly (readonly OpenCertificate[])[] {
  const top = path.at(-1);
  if (top === undefined || search.chains.length >= chainCountMax || search.stepsLeft <= 0) return [];
  const issuers = search.bundle.withSubject(top.facts.issuer).filter((member) => !holds(path, member));
  if (issuers.length === 0) note(search, unknownIssuer(top, path.length));
  return issuers.flatMap((issuer) => {
    search.stepsLeft -= 1;
    const longer = [...path, issuer];
    const obstacle = obstacleBetween(path, top, issuer, search) ?? (issuer.isAnchor ? obstacleIn(longer) : undefined);
    if (obstacle !== undefined) note(search, obstacle);
    else if (!issuer.isAnchor) return [longer];
    else if (search.chains.length < chainCountMax) search.chains.push(longer.map(({ facts }) => facts));
    return [];
  });
}

function unknownIssuer({ facts }: OpenCertificate, depth: number): Obstacle {
  const fault = `was issued by ${facts.issuer}, which is no accepted issuer`;
  return { reason: 'issuer_unknown', at: facts, fault, depth };
}

function obstacleBetween(
  path: readonly OpenCertificate[],
  top: OpenCertificate,
  issuer: BundleMember,
  search: Search,
): Obstacle | undefined {
  const depth = path.length;
  const missing = missingRight(issuer.facts);
  if (missing !== null) return { reason: 'not_an_authority', at: issuer.facts, fault: missing, depth };
  // Same name, other key: an authority that was renewed under its name, or one that borrows it.
  if (!namesKeyOf(top.facts, issuer.facts)) return unknownIssuer(top, depth);
  if (exceedsPathLength(path, issuer.facts)) {
    const fault = `allows at most ${issuer.facts.pathLength} intermediates below it, and there are more`;
    return { reason: 'path_too_long', at: issuer.facts, fault, depth };
  }
  if (depth >= chainLengthMax || search.leafChecksLeft <= 0) return tooLong(path);
  if (isSignedBy(top, issuer, depth, search)) return undefined;
  const fault = `has a signature that its issuer ${top.facts.issuer} did not make`;
  return { reason: 'signature_invalid', at: top.facts, fault, depth };
}

function tooLong(path: readonly OpenCertificate[]): Obstacle | undefined {
  const [leaf] = path;
  if (leaf === undefined) return undefined;
  const fault = `has no path to an accepted issuer of at most ${chainLengthMax} certificates`;
  return { reason: 'path_too_long', at: leaf.facts, fault, depth: path.length };
}

function missingRight({ isAuthority, keyUsages }: CertificateFacts): string | null {
  // RFC 5280 §6.1.4 (k), (n). Version 1 has no basicConstraints and therefore no authorities.
  if (!isAuthority) return 'may not issue certificates: it is not marked as an authority (basic constraints)';
  if (keyUsages === null || keyUsages.includes('keyCertSign')) return null;
  return 'may not issue certificates: its key usage does not name keyCertSign';
}

/** Whether the key identifier (RFC 5280 §4.2.1.1) can mean this issuer. What either leaves unsaid is no objection. */
function namesKeyOf({ authorityKeyId }: CertificateFacts, issuer: CertificateFacts): boolean {
  const { keyId = null, serial = null } = authorityKeyId ?? {};
  if (keyId !== null && issuer.subjectKeyId !== null && keyId !== issuer.subjectKeyId) return false;
  return serial === null || serial === issuer.serial;
}

function exceedsPathLength(path: readonly OpenCertificate[], { pathLength }: CertificateFacts): boolean {
  // RFC 5280 §4.2.1.9 counts neither the leaf nor self-issued certificates.
  const intermediates = path.slice(1).filter(({ facts }) => !facts.isSelfIssued);
  return pathLength !== undefined && intermediates.length > pathLength;
}

/** Signatures among the members of a bundle: the same for every leaf. By signed certificate and key. */
const checkedInBundle = new WeakMap<TrustBundle, Map<string, boolean>>();

function isSignedBy(top: OpenCertificate, issuer: OpenCertificate, depth: number, search: Search): boolean {
  if (depth === 1) {
    search.leafChecksLeft -= 1;
    return verifies(top.certificate, issuer);
  }
  const checked = checkedInBundle.get(search.bundle) ?? new Map<string, boolean>();
  checkedInBundle.set(search.bundle, checked);
  const edge = `${top.facts.fingerprint256} ${issuer.facts.keyFingerprint256}`;
  const holds = checked.get(edge) ?? verifies(top.certificate, issuer);
  checked.set(edge, holds);
  return holds;
}

function verifies(certificate: OpenCertificate['certificate'], issuer: OpenCertificate): boolean {
  try {
    return certificate.verify(issuer.certificate.publicKey);
  } catch {
    return false; // A key that OpenSSL cannot load, or of another kind than the signature, proves nothing.
  }
}

// One key under one name is one authority: a path that comes by it twice goes in a circle.
function holds(path: readonly OpenCertificate[], { facts }: OpenCertificate): boolean {
  return path.some(
    (held) => held.facts.keyFingerprint256 === facts.keyFingerprint256 && held.facts.subject === facts.subject,
  );
}

/** What is wrong with a whole path, from leaf to anchor. */
function obstacleIn(path: readonly OpenCertificate[]): Obstacle | undefined {
  const chain = path.map(({ facts }) => facts);
  const unsatisfied = unsatisfiedPolicy(chain.toReversed());
  if (unsatisfied === null) return foreignNameIn(chain);
  const fault = 'has none of the certificate policies that its authorities require';
  return { reason: 'policy_not_satisfied', at: unsatisfied, fault, depth: chain.length };
}

// RFC 5280 §6.1.3 (b), (c), §6.1.4 (g): each authority constrains all that stands below it, and so does the anchor (RFC 5937).
function foreignNameIn(chain: Chain): Obstacle | undefined {
  for (const [above, { nameConstraints, subject }] of chain.entries()) {
    if (nameConstraints === null) continue;
    for (const [index, certificate] of chain.slice(0, above).entries()) {
      if (index > 0 && certificate.isSelfIssued) continue;
      const foreign = foreignName(namesOf(certificate), nameConstraints);
      if (foreign === null) continue;
      const verb = foreign.is === 'excluded' ? 'excludes' : 'does not permit';
      const fault = `has the name ${sayGeneralName(foreign.name)}, which the authority ${subject} ${verb}`;
      return { reason: `name_${foreign.is}`, at: certificate, fault, depth: chain.length };
    }
  }
  return undefined;
}

// RFC 5280 §4.2.1.10 asks for mailboxes in the subject where there are no alternative names; OpenSSL looks always, and so do we.
function namesOf({ subject, subjectNames, subjectMailboxes, alternativeNames }: CertificateFacts): GeneralName[] {
  return [
    ...(subjectNames.length === 0 ? [] : [{ form: 'directory' as const, text: subject, names: subjectNames }]),
    ...alternativeNames,
    ...subjectMailboxes.map((text) => ({ form: 'email' as const, text })),
  ];
}

// The obstacle farthest from the leaf is the one to report, and of two at one place the more telling.
function note(search: Search, obstacle: Obstacle): void {
  const known = search.obstacle;
  const farther = known === undefined || obstacle.depth > known.depth;
  const sharper =
    known?.depth === obstacle.depth && obstacles.indexOf(obstacle.reason) > obstacles.indexOf(known.reason);
  if (farther || sharper) search.obstacle = obstacle;
}
