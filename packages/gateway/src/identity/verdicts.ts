// Verdicts on client certificates: built once per fingerprint, bundle and snapshot, judged per exchange with the clock,
// so that an expiry or a change of trust holds at once on live and on resumed connections.
import {
  buildPath,
  type CertificateFacts,
  type Chain,
  judgePath,
  type PathResult,
  readCertificate,
  type TrustBundle,
  type Verdict,
} from '@headgate/pki';
import { dropOldest } from '../drop-oldest.ts';
import type { PeerCertificate } from '../exchange.ts';
import type { Serving } from '../serving.ts';

/** Most certificates remembered at once; the least recently used goes first. About 2 KiB each. */
const verdictsMax = 20_000;

/** A judged certificate: its facts, and whether it is accepted now. */
export interface Judged {
  readonly certificate: CertificateFacts;
  readonly verdict: Verdict;
  /** The intermediates of the path that was accepted, from the certificate's issuer on; none of one that was refused. */
  readonly chainDer: readonly Uint8Array[];
}

/** Looks verdicts up by fingerprint × bundle × snapshot number. */
export interface Verdicts {
  /** Judges a certificate at `nowMs`. Throws `UnreadableCertificate` when it is none. */
  judge(peer: PeerCertificate, bundleName: string, serving: Serving, nowMs: number): Judged;
}

interface Remembered {
  readonly certificate: CertificateFacts;
  readonly path: PathResult;
  readonly bundle: TrustBundle;
}

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
    const fresh = { certificate: readCertificate(peer.der), path: buildPath(peer.der, bundle), bundle };
    remembered.set(key, fresh);
    dropOldest(remembered, verdictsMax);
    return fresh;
  };

  return {
    judge(peer, bundleName, serving, nowMs) {
      const { certificate, path, bundle } = look(peer, bundleName, serving);
      const verdict = judgePath(path, nowMs, 'clientAuth');
      return { certificate, verdict, chainDer: verdict.accepted ? intermediatesDer(verdict.chain, bundle) : [] };
    },
  };
}

/** Neither the leaf nor the anchor, which whoever trusts it has already (RFC 9440 §2.3). */
function intermediatesDer(chain: Chain, bundle: TrustBundle): Uint8Array[] {
  return chain.slice(1, -1).flatMap(({ subject, fingerprint256 }) => {
    const member = bundle.withSubject(subject).find(({ facts }) => facts.fingerprint256 === fingerprint256);
    return member === undefined ? [] : [member.certificate.raw];
  });
}
