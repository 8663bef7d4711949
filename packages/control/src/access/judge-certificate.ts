// Whether control accepts a client certificate: by the authorities of its own trust file and by dates, as pki judges. What Node says
// of a connection (`authorized`) is never asked: it judges by the system's clock and by what a caller sends along.
import {
  buildPathOf,
  judgePath,
  openCertificate,
  type PathResult,
  rejectUnreadable,
  type TrustBundle,
  UnreadableCertificate,
  type Verdict,
} from '@headgate/pki';

/** A certificate that was read once for its connection; its path does not change with the clock, its verdict does. */
export interface ShownCertificate {
  readonly subject: string;
  /** The verdict at an instant, in ms since 1970 UTC. */
  readonly judge: (bundle: TrustBundle, nowMs: number) => Verdict;
}

/** Reads the DER of a certificate that a connection showed. */
export function readShown(der: Uint8Array): ShownCertificate {
  try {
    const leaf = openCertificate(der);
    let known: { readonly bundle: TrustBundle; readonly path: PathResult } | null = null;
    return {
      subject: leaf.facts.subject,
      judge(bundle, nowMs) {
        if (known?.bundle !== bundle) known = { bundle, path: buildPathOf(leaf, bundle) };
        return judgePath(known.path, nowMs, 'clientAuth');
      },
    };
  } catch (fault) {
    if (!(fault instanceof UnreadableCertificate)) throw fault;
    const rejection = rejectUnreadable(fault);
    const subject = rejection.certificate.subject ?? 'of this connection';
    return { subject, judge: () => rejection };
  }
}
