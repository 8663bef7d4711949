// The configuration of a gateway that serves by what control publishes: its own part as written, the rest from the document.
import { namesInDocument, type SnapshotDocument, textsOfDocument, trustSettingsIn } from '@headgate/contract';
import type { Config } from '../config.ts';
import type { SnapshotTexts } from '../snapshot-files.ts';
import { UnusableFiles } from '../unusable-files.ts';

/** Where revocation lists come from is each gateway's own business; everything else of a bundle is control's. */
function bundlesOf(own: Config['trustBundles'], document: SnapshotDocument): Config['trustBundles'] {
  const settings = trustSettingsIn(document.texts);
  if (!settings.ok) throw new UnusableFiles(settings.findings);
  // Lists that belong to no bundle would revoke nobody, and nobody would know.
  const idle = own.filter(({ name }) => !settings.bundles.some((bundle) => bundle.name === name));
  if (idle.length > 0)
    throw new UnusableFiles(
      idle.map(({ name }) => ({
        file: 'configuration',
        line: 1,
        column: 1,
        path: `trustBundles.${name}`,
        found: `revocation lists for ${name}, which the snapshot does not have`,
        expected:
          settings.bundles.map((bundle) => bundle.name).join(' or ') || 'no such lines: it has no bundle at all',
      })),
    );
  return settings.bundles.map((bundle) => {
    const { crls = [], crlUrls = [] } = own.find(({ name }) => name === bundle.name) ?? {};
    return { ...bundle, crls, crlUrls };
  });
}

/** A configuration as if the texts of a document were its files. Throws `UnusableFiles`. */
export function servedBy(config: Config, document: SnapshotDocument): Config {
  const { policy, trust, shadowPolicy, provisioning } = namesInDocument(document.texts);
  const { shadowPolicy: _s, provisioning: _p, ...own } = config;
  return {
    ...own,
    catalogue: '.',
    policy,
    trust,
    ...(shadowPolicy === null ? {} : { shadowPolicy }),
    ...(provisioning === null ? {} : { provisioning }),
    trustBundles: bundlesOf(config.trustBundles, document),
    positions: document.positions,
    chainPositions: document.chainPositions,
  };
}

/** The texts of a document, for a source of snapshots. What is not in its hash is not of it. */
export function documentTexts(document: SnapshotDocument): SnapshotTexts {
  return { textOf: textsOfDocument(document.texts), hash: () => document.hash };
}
