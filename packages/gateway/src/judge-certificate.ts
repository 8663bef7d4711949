// Whether the trust of a configuration accepts a certificate of its callers, asked of the files: as the gateway judges, without one.
import type { CatalogueIndex, Refusal } from '@headgate/contract';
import type { Config } from './config.ts';
import { certificateRefusal } from './identity/identify.ts';
import { createVerdicts } from './identity/verdicts.ts';
import { createServing } from './serving.ts';
import { openSnapshotsOf } from './snapshot-of-config.ts';

/** Where a certificate is to be used. */
export interface CertificatePlace {
  readonly environment: string;
  readonly system: string;
  readonly channel: 'ui' | 'api';
}

/** The judgement of one bundle. */
export interface BundleJudgement {
  readonly bundle: string;
  /** Hosts of the place that it judges the callers of. */
  readonly hosts: readonly string[];
  /** Null where it accepts the certificate. */
  readonly refusal: Refusal | null;
  /** The last instant of its acceptance, by every date of the path and of the bundle; null where it refuses. */
  readonly untilMs: number | null;
  /** Whether the bundle has lists with URLs, which are not asked here. */
  readonly hasListUrls: boolean;
}

/**
 * Judges a certificate by each bundle of the hosts that serve a place; empty where no host does. Rejects with `UnusableFiles`, as
 * starting would.
 */
export async function judgeCertificate(
  config: Config,
  base: string,
  { der, fingerprint }: { readonly der: Uint8Array; readonly fingerprint: string },
  place: CertificatePlace & { readonly nowMs: number },
): Promise<readonly BundleJudgement[]> {
  const { nowMs } = place;
  const local = { ...config, trustBundles: config.trustBundles.map((bundle) => ({ ...bundle, crlUrls: [] })) };
  const clock = () => nowMs;
  const { config: served, source } = await openSnapshotsOf(local, base, { clock, withoutOverrides: true });
  const serving = createServing(await source.current({ olderToo: true }), served);
  const verdicts = createVerdicts();
  const hosts = servingHosts(served, serving.index, place);
  return [...Map.groupBy(hosts, ({ trust }) => trust)].map(([bundle, judged]) => {
    const verdict = verdicts.judge({ der, fingerprint }, bundle, serving, nowMs);
    return {
      bundle,
      hosts: judged.map(({ name }) => name),
      refusal: verdict.accepted ? null : certificateRefusal(verdict, { trust: bundle }, { serving }, nowMs),
      untilMs: verdict.accepted ? verdict.acceptance.validUntilMs : null,
      hasListUrls: config.trustBundles.some(({ name, crlUrls }) => name === bundle && crlUrls.length > 0),
    };
  });
}

function servingHosts(
  config: Config,
  { addresses }: CatalogueIndex,
  { environment, system, channel }: CertificatePlace,
): readonly { readonly name: string; readonly trust: string }[] {
  const serving = new Set(
    [...addresses.values()]
      .filter((each) => each.environment === environment && each.channel === channel && each.systems.includes(system))
      .map(({ host }) => host),
  );
  return config.listeners
    .filter(({ tls }) => tls)
    .flatMap(({ hosts }) => hosts.filter(({ name }) => serving.has(name)));
}
