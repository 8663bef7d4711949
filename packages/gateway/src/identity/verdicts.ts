// Verdicts on client certificates: built once per fingerprint, bundle and snapshot, judged per exchange with the clock,
// so that an expiry or a change of trust holds at once on live and on resumed connections.
import {
  type Acceptance,
  buildPathOf,
  type CertificateFacts,
  type CertificateWords,
  type Chain,
  judgePath,
  openCertificate,
  type PathResult,
  type Rejection,
  rejectUnreadable,
  type TrustBundle,
  UnreadableCertificate,
} from '@headgate/pki';
import { dropOldest } from '../drop-oldest.ts';
import type { PeerCertificate } from '../exchange.ts';
import type { Serving } from '../serving.ts';

/** Most certificates remembered at once; the least recently used goes first. About 2 KiB each. */
const verdictsMax = 20_000;

/** A judged certificate: its facts if it is accepted now, and otherwise what is known of it and why it is not. */
export type Judged =
  | {
      readonly accepted: true;
      readonly certificate: CertificateFacts;
      readonly acceptance: Acceptance;
      /** The intermediates of the path that was accepted, from the certificate's issuer on. */
      readonly chainDer: readonly Uint8Array[];
    }
  | {
      readonly accepted: false;
      /** Null where it cannot be read; then `leaf` says what could be. */
      readonly certificate: CertificateFacts | null;
      readonly leaf: CertificateWords;
      readonly rejection: Rejection;
    };

/** Looks verdicts up by fingerprint × bundle × snapshot number. */
export interface Verdicts {
  /** Judges a certificate at `nowMs`. */
  judge(peer: PeerCertificate, bundleName: string, serving: Serving, nowMs: number): Judged;
}

type Remembered =
  | { readonly certificate: CertificateFacts; readonly path: PathResult; readonly bundle: TrustBundle }
  | { readonly unreadable: Judged };

/** Creates an empty verdict cache of one process. */
export function createVerdicts(): Verdicts {
  const remembered = new Map<string, Remembered>();

  const look = (peer: PeerCertificate, bundleName: string, serving: Serving): Remembered => {
    const key = `${serving.snapshot.number}/${bundleName}/${peer.fingerprint}`;
    const found = remembered.get(key);
    if (found !== undefined) {
      remembered.delete(key);
      remembered.set(key, found);
      return found;
    }
    const bundle = serving.trust.get(bundleName);
    if (bundle === undefined)
      throw new Error(`trust bundle "${bundleName}" is not in snapshot ${serving.snapshot.number}`);
    const fresh = read(peer, bundle);
    remembered.set(key, fresh);
    dropOldest(remembered, verdictsMax);
    return fresh;
  };

  return {
    judge(peer, bundleName, serving, nowMs) {
      const known = look(peer, bundleName, serving);
      if ('unreadable' in known) return known.unreadable;
      const { certificate, path, bundle } = known;
      const verdict = judgePath(path, nowMs, 'clientAuth', serving.revocation.get(bundleName));
      return verdict.accepted
        ? { accepted: true, certificate, acceptance: verdict, chainDer: intermediatesDer(verdict.chain, bundle) }
        : { accepted: false, certificate, leaf: certificate, rejection: verdict };
    },
  };
}

/** OpenSSL lets certificates through a handshake that no strict reader takes: they are refused, not defects. */
function read({ der }: PeerCertificate, bundle: TrustBundle): Remembered {
  try {
    const leaf = openCertificate(der);
    return { certificate: leaf.facts, path: buildPathOf(leaf, bundle), bundle };
  } catch (fault) {
    if (!(fault instanceof UnreadableCertificate)) throw fault;
    const { certificate: leaf } = fault;
    return { unreadable: { accepted: false, certificate: null, leaf, rejection: rejectUnreadable(fault) } };
  }
}

/** Neither the leaf nor the anchor, which whoever trusts it has already (RFC 9440 §2.3). */
function intermediatesDer(chain: Chain, bundle: TrustBundle): Uint8Array[] {
  return chain.slice(1, -1).flatMap(({ subject, fingerprint256 }) => {
    const member = bundle.withSubject(subject).find(({ facts }) => facts.fingerprint256 === fingerprint256);
    return member === undefined ? [] : [member.certificate.raw];
  });
}
