// Says whether a path is good now and for this purpose. Pure: judged per exchange, so that a change of clock or of trust
// holds at once on live connections. Revocation is not judged here.
import { isStrongKey, isStrongSignature } from './algorithms.ts';
import { EXTENSION } from './certificate-extensions.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import type { Chain, PathObstacle, PathResult } from './path.ts';
import type { TrustSpan, TrustSpans } from './trust-bundle.ts';

/** What the leaf is presented for (RFC 5280 §4.2.1.12). */
export type Purpose = 'clientAuth' | 'serverAuth';

/** The check that a certificate failed. */
export type VerdictCheck =
  | PathObstacle
  /** The bundle says that an authority of the path counts no more, or not yet. */
  | 'authority_withdrawn'
  | 'authority_not_yet_accepted'
  | 'expired'
  | 'not_yet_valid'
  | 'unhandled_critical_extension'
  | 'weak_key'
  | 'weak_signature'
  | 'wrong_purpose';

/** A leaf accepted, with the span in which that stays true; or the first failed check and the certificate that failed it. */
export type Verdict =
  | {
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
  | { readonly accepted: false; readonly check: VerdictCheck; readonly certificate: CertificateFacts };

const purposeOids: Readonly<Record<Purpose, string>> = {
  clientAuth: '1.3.6.1.5.5.7.3.2',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

const anyExtendedKeyUsage = '2.5.29.37.0';

// TLS 1.3 signs only; TLS 1.2 may also transport a key to the server or agree on one (RFC 5246 §7.4.2, §7.4.6).
const purposeKeyUsages: Readonly<Record<Purpose, readonly string[]>> = {
  clientAuth: ['digitalSignature', 'keyAgreement'],
  serverAuth: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
};

// Policies (2.5.29.32) restrict nothing while no policy is asked for. Name constraints are not evaluated, so a critical
// one is refused rather than ignored.
const handledExtensions: ReadonlySet<string> = new Set([...Object.values(EXTENSION), '2.5.29.32']);

/** The verdict on a path at an instant (ms since 1970 UTC) for a purpose; of several chains the first good one counts. */
export function judgePath(result: PathResult, nowMs: number, purpose: Purpose): Verdict {
  if (!result.found) return { accepted: false, check: result.reason, certificate: result.at };
  const { spans } = result;
  const first = judgeChain(result.chain, spans, nowMs, purpose);
  if (first.accepted) return first;
  for (const chain of result.otherChains) {
    const verdict = judgeChain(chain, spans, nowMs, purpose);
    if (verdict.accepted) return verdict;
  }
  return first;
}

// RFC 5280 §6.1 walks from the anchor to the leaf: signature, validity and extensions of each, then the wrap-up.
// It would not look at the anchor's dates; OpenSSL does, and an anchor past its end is trust past its end.
function judgeChain(chain: Chain, spans: TrustSpans, nowMs: number, purpose: Purpose): Verdict {
  const [leaf] = chain;
  const anchor = chain.at(-1);
  if (leaf === undefined || anchor === undefined) throw new TypeError('A chain has at least one certificate.');
  const fromAnchor = chain.toReversed();
  for (const certificate of fromAnchor) {
    const check =
      outsideSpan(spans.get(certificate.fingerprint256), nowMs) ??
      failedCheck(certificate, certificate === anchor, nowMs);
    if (check !== undefined) return { accepted: false, check, certificate };
  }
  const misused = fromAnchor.find((certificate) => !serves(certificate, certificate === leaf, purpose));
  if (misused !== undefined) return { accepted: false, check: 'wrong_purpose', certificate: misused };
  const counting = chain.flatMap(({ fingerprint256 }) => spans.get(fingerprint256) ?? []);
  return {
    accepted: true,
    subject: leaf.subject,
    issuer: leaf.issuer,
    fingerprint256: leaf.fingerprint256,
    anchor: anchor.subject,
    chain,
    validFromMs: Math.max(...chain.map(({ notBeforeMs }) => notBeforeMs), ...counting.map(({ fromMs }) => fromMs)),
    validUntilMs: Math.min(...chain.map(({ notAfterMs }) => notAfterMs), ...counting.map(({ untilMs }) => untilMs)),
  };
}

function outsideSpan(span: TrustSpan | undefined, nowMs: number): VerdictCheck | undefined {
  if (span === undefined) return undefined;
  if (nowMs > span.untilMs) return 'authority_withdrawn';
  return nowMs < span.fromMs ? 'authority_not_yet_accepted' : undefined;
}

function failedCheck(certificate: CertificateFacts, isAnchor: boolean, nowMs: number): VerdictCheck | undefined {
  // An anchor is trusted by being in the bundle; its signature over itself proves nothing.
  if (!isAnchor && !isStrongSignature(certificate)) return 'weak_signature';
  if (nowMs < certificate.notBeforeMs) return 'not_yet_valid';
  if (nowMs > certificate.notAfterMs) return 'expired';
  if (certificate.criticalExtensions.some((oid) => !handledExtensions.has(oid))) return 'unhandled_critical_extension';
  return isStrongKey(certificate) ? undefined : 'weak_key';
}

// An authority's extendedKeyUsage limits what it may issue for, as OpenSSL and browsers read it; RFC 5280 is silent.
function serves({ keyUsages, extendedKeyUsages }: CertificateFacts, isLeaf: boolean, purpose: Purpose): boolean {
  const usages = extendedKeyUsages ?? [anyExtendedKeyUsage];
  if (!usages.includes(purposeOids[purpose]) && !usages.includes(anyExtendedKeyUsage)) return false;
  return !isLeaf || keyUsages === null || purposeKeyUsages[purpose].some((usage) => keyUsages.includes(usage));
}
