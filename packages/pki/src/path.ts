// Builds and checks the way from a leaf to an anchor, with the bundle's own intermediates and nothing that a caller sent.
// Decides nothing about dates, purposes or strength: those change with the clock and the policy, a path does not.
import { type CertificateFacts, type OpenCertificate, openCertificate } from './certificate-facts.ts';
import type { BundleMember, TrustBundle, TrustSpans } from './trust-bundle.ts';

/** Why no path was found. */
export type PathObstacle = 'issuer_unknown' | 'signature_invalid' | 'not_an_authority' | 'path_too_long';

/** Leaf first, anchor last; 2 to 8 certificates, each signed by the next. */
export type Chain = readonly CertificateFacts[];

/** A chain whose signatures hold, or what stood in the way and at which certificate. */
export type PathResult =
  | {
      readonly found: true;
      readonly chain: Chain;
      /** Further chains to the same leaf, at most 7: a cross-signed or renewed authority may be in date where the first is not. */
      readonly otherChains: readonly Chain[];
      readonly signaturesHold: true;
      /** When certificates of the chains count in the bundle that the path was built in. */
      readonly spans: TrustSpans;
    }
  | { readonly found: false; readonly reason: PathObstacle; readonly at: CertificateFacts };

/** Most certificates in a chain, leaf and anchor included. */
export const chainLengthMax = 8;

const chainCountMax = 8;
// Cross-signed authorities can multiply paths without end; this many checks cost some 10 ms.
const signatureCheckCountMax = 64;

interface Obstacle {
  readonly reason: PathObstacle;
  readonly at: CertificateFacts;
  readonly depth: number;
}

interface Search {
  readonly bundle: TrustBundle;
  readonly chains: Chain[];
  signatureChecksLeft: number;
  obstacle: Obstacle | undefined;
}

/** The checked path of a DER leaf in a bundle (RFC 5280 §6.1 without dates); raises UnreadableCertificate for a bad leaf. */
export function buildPath(leafDer: Uint8Array, bundle: TrustBundle): PathResult {
  const leaf = openCertificate(leafDer);
  const search: Search = {
    bundle,
    chains: [],
    signatureChecksLeft: signatureCheckCountMax,
    obstacle: undefined,
  };
  climb([leaf], leaf, search);
  const [chain, ...otherChains] = search.chains;
  if (chain !== undefined) return { found: true, chain, otherChains, signaturesHold: true, spans: bundle.spans };
  const { reason, at } = search.obstacle ?? { reason: 'issuer_unknown', at: leaf.facts };
  return { found: false, reason, at };
}

function climb(path: readonly OpenCertificate[], top: OpenCertificate, search: Search): void {
  const issuers = search.bundle.withSubject(top.facts.issuer).filter((member) => !holds(path, member));
  if (issuers.length === 0) note(search, { reason: 'issuer_unknown', at: top.facts, depth: path.length });
  for (const issuer of issuers) {
    if (search.chains.length >= chainCountMax) return;
    const obstacle = obstacleBetween(path, top, issuer, search);
    if (obstacle !== undefined) note(search, obstacle);
    else if (issuer.isAnchor) search.chains.push([...path, issuer].map(({ facts }) => facts));
    else climb([...path, issuer], issuer, search);
  }
}

function obstacleBetween(
  path: readonly OpenCertificate[],
  top: OpenCertificate,
  issuer: BundleMember,
  search: Search,
): Obstacle | undefined {
  const depth = path.length;
  if (!maySignCertificates(issuer.facts)) return { reason: 'not_an_authority', at: issuer.facts, depth };
  // Same name, other key: an authority that was renewed under its name, or one that borrows it.
  if (!top.certificate.checkIssued(issuer.certificate)) return { reason: 'issuer_unknown', at: top.facts, depth };
  if (exceedsPathLength(path, issuer.facts)) return { reason: 'path_too_long', at: issuer.facts, depth };
  if (depth >= chainLengthMax || search.signatureChecksLeft === 0) {
    return { reason: 'path_too_long', at: top.facts, depth };
  }
  search.signatureChecksLeft -= 1;
  return isSignedBy(top, issuer) ? undefined : { reason: 'signature_invalid', at: top.facts, depth };
}

function maySignCertificates({ isAuthority, keyUsages }: CertificateFacts): boolean {
  // RFC 5280 §6.1.4 (k), (n). Version 1 has no basicConstraints and therefore no authorities.
  return isAuthority && (keyUsages === null || keyUsages.includes('keyCertSign'));
}

function exceedsPathLength(path: readonly OpenCertificate[], { pathLength }: CertificateFacts): boolean {
  // RFC 5280 §4.2.1.9 counts neither the leaf nor self-issued certificates.
  const intermediates = path.slice(1).filter(({ facts }) => facts.subject !== facts.issuer);
  return pathLength !== undefined && intermediates.length > pathLength;
}

function isSignedBy({ certificate }: OpenCertificate, issuer: OpenCertificate): boolean {
  try {
    return certificate.verify(issuer.certificate.publicKey);
  } catch {
    return false; // A key that OpenSSL cannot load proves nothing.
  }
}

function holds(path: readonly OpenCertificate[], { facts }: OpenCertificate): boolean {
  return path.some((held) => held.facts.fingerprint256 === facts.fingerprint256);
}

const telling: readonly PathObstacle[] = ['issuer_unknown', 'path_too_long', 'not_an_authority', 'signature_invalid'];

// The obstacle farthest from the leaf is the one to report, and of two at one place the more telling.
function note(search: Search, obstacle: Obstacle): void {
  const known = search.obstacle;
  const farther = known === undefined || obstacle.depth > known.depth;
  const sharper = known?.depth === obstacle.depth && telling.indexOf(obstacle.reason) > telling.indexOf(known.reason);
  if (farther || sharper) search.obstacle = obstacle;
}
