// What can be judged of the certificate that a question is about, before its rights: its dates, and its path where trust is at hand.
import { Refusal } from '@headgate/contract';
import type { CertificateFile } from './named-certificate.ts';

/** What a trust bundle of a gateway says of a certificate. */
export interface BundleJudgement {
  readonly bundle: string;
  readonly refusal: Refusal | null;
  readonly untilMs: number | null;
  readonly hasListUrls: boolean;
}

/** A gateway whose configuration is at hand. */
export interface GatewayAtHand {
  /** Its configuration file. */
  readonly file: string;
  readonly catalogue: string;
  readonly provisioning: string | undefined;
  /** Judges by each bundle of the hosts that serve the place. */
  judge(certificate: CertificateFile, used: UsedAt): Promise<readonly BundleJudgement[]>;
}

/** Where the certificate is used, and when. */
export interface UsedAt {
  readonly environment: string;
  readonly system: string;
  readonly channel: 'ui' | 'api';
  readonly nowMs: number;
}

/** What was judged of a certificate. */
export interface CertificateJudgement {
  /** Why the gateway refuses it; null where nothing that was judged speaks against it. */
  readonly refusal: Refusal | null;
  /** The last instant at which this stays so; infinite where no date was seen. */
  readonly untilMs: number;
  /** What was not judged, in words; a verdict without them is not the gateway's. */
  readonly unjudged: readonly string[];
}

/** Judges what is at hand: nothing of a name alone, the dates of a certificate, and its path where a configuration is given. */
export async function judgeNamed(
  certificate: CertificateFile | null,
  given: GatewayAtHand | null,
  used: UsedAt,
): Promise<CertificateJudgement> {
  if (certificate === null)
    return {
      refusal: null,
      untilMs: Number.POSITIVE_INFINITY,
      unjudged: ['dates, issuer and revocation: give --certificate FILE.pem'],
    };
  const byTrust = given === null ? [] : await given.judge(certificate, used);
  const refused = byTrust.find(({ refusal }) => refusal !== null);
  const until = byTrust.flatMap(({ untilMs }) => untilMs ?? []);
  return {
    refusal: refused?.refusal ?? refusalOfDates(certificate, used.nowMs),
    untilMs: Math.min(certificate.notAfterMs, ...until),
    unjudged: unjudgedOf(given, byTrust, used),
  };
}

function refusalOfDates({ names, notBeforeMs, notAfterMs }: CertificateFile, nowMs: number): Refusal | null {
  const words = { subject: names.subject, issuer: names.issuer ?? '', serial: names.serial ?? '' };
  if (nowMs > notAfterMs)
    return new Refusal('identity.certificate_expired', {
      ...words,
      notAfter: new Date(notAfterMs).toISOString(),
      issuers: null,
      otherPurpose: null,
    });
  return nowMs < notBeforeMs
    ? new Refusal('identity.certificate_not_yet_valid', { ...words, notBefore: new Date(notBeforeMs).toISOString() })
    : null;
}

function unjudgedOf(
  given: GatewayAtHand | null,
  byTrust: readonly BundleJudgement[],
  { system, environment, channel }: UsedAt,
): readonly string[] {
  if (given === null) return ['issuer and revocation: give --config gateway.yaml'];
  if (byTrust.length === 0)
    return [`issuer and revocation: no host of ${given.file} serves ${system} (${channel}, ${environment}) over TLS`];
  // Where a bundle has no lists, the gateway asks for none either.
  return byTrust
    .filter(({ hasListUrls }) => hasListUrls)
    .map(({ bundle }) => `revocation by lists from URLs, which are not asked here (trust bundle ${bundle})`);
}
