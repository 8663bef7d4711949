// What can be judged of the certificate that a question is about, before its rights: its dates, and its path where trust is at hand.
import { Refusal } from '@headgate/contract';
import type { BundleJudgement, Config } from '@headgate/gateway';
import type { CertificateFile } from './named-certificate.ts';

/** The configuration of a gateway, and the folder that its file names start from. */
export interface GivenConfig {
  readonly file: string;
  readonly config: Config;
  readonly base: string;
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
  given: GivenConfig | null,
  used: UsedAt,
): Promise<CertificateJudgement> {
  if (certificate === null)
    return {
      refusal: null,
      untilMs: Number.POSITIVE_INFINITY,
      unjudged: ['dates, issuer and revocation: give --certificate FILE.pem'],
    };
  const byTrust = given === null ? [] : await judgedByTrust(certificate, given, used);
  const refused = byTrust.find(({ refusal }) => refusal !== null);
  const until = byTrust.flatMap(({ untilMs }) => untilMs ?? []);
  return {
    refusal: refused?.refusal ?? refusalOfDates(certificate, used.nowMs),
    untilMs: Math.min(certificate.notAfterMs, ...until),
    unjudged: unjudgedOf(given, byTrust, used),
  };
}

async function judgedByTrust(
  { der, names }: CertificateFile,
  { config, base }: GivenConfig,
  used: UsedAt,
): Promise<readonly BundleJudgement[]> {
  const { judgeCertificate } = await import('@headgate/gateway');
  return judgeCertificate(config, base, { der, fingerprint: names.fingerprint }, used);
}

function refusalOfDates({ names, notBeforeMs, notAfterMs }: CertificateFile, nowMs: number): Refusal | null {
  const words = { subject: names.subject, issuer: names.issuer ?? '', serial: names.serial ?? '' };
  if (nowMs > notAfterMs)
    return new Refusal('identity.certificate_expired', { ...words, notAfter: new Date(notAfterMs).toISOString() });
  return nowMs < notBeforeMs
    ? new Refusal('identity.certificate_not_yet_valid', { ...words, notBefore: new Date(notBeforeMs).toISOString() })
    : null;
}

function unjudgedOf(
  given: GivenConfig | null,
  byTrust: readonly BundleJudgement[],
  { system, environment, channel }: UsedAt,
): readonly string[] {
  if (given === null) return ['issuer and revocation: give --config gateway.yaml'];
  if (byTrust.length === 0)
    return [`issuer and revocation: no host of ${given.file} serves ${system} (${channel}, ${environment}) over TLS`];
  const withoutLists = byTrust.filter(({ hasLists }) => !hasLists).map(({ bundle }) => bundle);
  if (withoutLists.length === 0) return [];
  const fetched = given.config.trustBundles.some(
    ({ name, crlUrls }) => withoutLists.includes(name) && crlUrls.length > 0,
  );
  const why = fetched ? 'has its lists from URLs, which are not asked here' : 'has no lists';
  return [`revocation: trust bundle ${withoutLists.join(' and ')} ${why}`];
}
