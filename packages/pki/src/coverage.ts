// For how long leaves have a path in a bundle, by whoever issued them: what a planned removal or an expiry would strand can be
// known before it comes, and without the leaves themselves. Revocation is not looked at.
import type { CertificateFacts } from './certificate-facts.ts';
import { buildPath } from './path.ts';
import type { BundleMember, TrustBundle, TrustSpan } from './trust-bundle.ts';

/** A certificate that counts no more after an instant. */
export interface TrustEnding {
  readonly facts: CertificateFacts;
  readonly role: 'anchor' | 'intermediate';
  /** The last instant at which it counts. */
  readonly atMs: number;
}

/** Whoever issued a leaf: by name, and by fingerprint (SHA-256, lower-case hex) where it is known. */
export interface LeafIssuer {
  readonly issuer: string;
  readonly issuedBy: string | null;
}

/** When leaves have a path in a bundle. */
export interface Coverage {
  /** The last instant of the unbroken time with a path that `atMs` is in; null where there is no path then. */
  endsFor(leaf: LeafIssuer, atMs: number): number | null;
  /** Anchors that count at an instant. */
  anchorsAt(atMs: number): readonly CertificateFacts[];
  /** Certificates that count at an instant, each with its end. */
  counting(atMs: number): readonly TrustEnding[];
  /** Certificates whose last instant lies in a span. */
  ends(fromMs: number, untilMs: number): readonly TrustEnding[];
}

/** Looks at a bundle over time; each issuer is looked up once. */
export function createCoverage(bundle: TrustBundle): Coverage {
  const counting = (facts: CertificateFacts): TrustSpan => {
    const span = bundle.spans.get(facts.fingerprint256);
    return {
      fromMs: Math.max(facts.notBeforeMs, span?.fromMs ?? Number.NEGATIVE_INFINITY),
      untilMs: Math.min(facts.notAfterMs, span?.untilMs ?? Number.POSITIVE_INFINITY),
    };
  };
  const together = (chain: readonly CertificateFacts[]): TrustSpan => {
    const spans = chain.map(counting);
    return {
      fromMs: Math.max(...spans.map(({ fromMs }) => fromMs)),
      untilMs: Math.min(...spans.map(({ untilMs }) => untilMs)),
    };
  };
  const chainsOf = (issuer: BundleMember): readonly (readonly CertificateFacts[])[] => {
    if (issuer.isAnchor) return [[issuer.facts]];
    const path = buildPath(issuer.certificate.raw, bundle);
    return path.found ? [path.chain, ...path.otherChains] : [];
  };
  const known = new Map<string, readonly (readonly CertificateFacts[])[]>();
  const chainsFor = ({ issuer, issuedBy }: LeafIssuer): readonly (readonly CertificateFacts[])[] => {
    const key = `${issuer} ${issuedBy}`;
    const found = known.get(key) ?? issuersOf(bundle, issuer, issuedBy).flatMap(chainsOf);
    known.set(key, found);
    return found;
  };
  const endsFor = (leaf: LeafIssuer, atMs: number): number | null => {
    const spans = chainsFor(leaf).map(together);
    let endMs: number | null = null;
    for (;;) {
      const nextMs: number = endMs === null ? atMs : endMs + 1;
      const reaching = spans.filter(({ fromMs, untilMs }) => fromMs <= nextMs && nextMs <= untilMs);
      if (reaching.length === 0) return endMs;
      endMs = Math.max(...reaching.map(({ untilMs }) => untilMs));
      if (endMs === Number.POSITIVE_INFINITY) return endMs;
    }
  };
  const members: readonly (TrustEnding & TrustSpan)[] = (
    [
      ['anchor', bundle.anchors],
      ['intermediate', bundle.intermediates],
    ] as const
  ).flatMap(([role, all]) =>
    all.map((facts) => {
      const span = counting(facts);
      return { facts, role, atMs: span.untilMs, ...span };
    }),
  );
  const ending = ({ facts, role, atMs }: TrustEnding): TrustEnding => ({ facts, role, atMs });
  const countingAt = (atMs: number) => members.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs <= untilMs);
  return {
    endsFor,
    anchorsAt: (atMs) => countingAt(atMs).flatMap(({ facts, role }) => (role === 'anchor' ? [facts] : [])),
    counting: (atMs) => countingAt(atMs).map(ending),
    ends: (fromMs, untilMs) => members.filter(({ atMs }) => fromMs <= atMs && atMs <= untilMs).map(ending),
  };
}

/** Members that can have issued a credential: those of the very key where evidence names the issuing certificate. */
function issuersOf(bundle: TrustBundle, issuer: string, issuedBy: string | null): readonly BundleMember[] {
  const named = bundle.withSubject(issuer);
  const issuing = named.find(({ facts }) => facts.fingerprint256 === issuedBy);
  return issuing === undefined
    ? named
    : named.filter(({ certificate }) => certificate.publicKey.equals(issuing.certificate.publicKey));
}
