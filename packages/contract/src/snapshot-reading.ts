// Everything that a snapshot decides by, read from texts and proved to fit together: by control before it is published, by a gateway
// from its files, and by a gateway from what control published. Every fault of every text is collected; none is thrown.
import type { Catalogue } from './catalogue/model.ts';
import { catalogueFileNames, parseCatalogue } from './catalogue/parse.ts';
import { parseProvisioningAside } from './catalogue/provisioning-aside.ts';
import { parsePolicy } from './limits.ts';
import { parseChainPositions, parsePositions, type WrittenPositions } from './positions.ts';
import type { Snapshot, TrustBundleFacts } from './snapshot.ts';
import type { TrustBundleSettings } from './trust-settings.ts';
import type { FilePath, Finding } from './yaml-file.ts';

/** A text, or why there is none. */
export type ReadText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Gives texts by name: from a folder, or from a document. */
export type TextOf = (name: string) => Promise<ReadText>;

/** What is read, by the names that the source of texts knows. */
export interface SnapshotNames {
  /** Of a file of the catalogue other than the trust file. */
  readonly catalogue: (file: string) => string;
  readonly trust: string;
  readonly policy: string;
  readonly shadowPolicy: string | null;
  readonly provisioning: string | null;
}

/** What is written beside the texts, and where: for findings. */
export interface SnapshotSettings {
  readonly file: string;
  readonly positions: WrittenPositions;
  readonly chainPositions: WrittenPositions;
  readonly trustBundles: readonly TrustBundleSettings[];
  /** A finding about one of the bundles. */
  readonly bundleFinding: (path: FilePath, found: string, expected: string) => Finding;
}

/** What bundles are read with. */
export interface TrustReading {
  readonly bundles: readonly TrustBundleSettings[];
  readonly catalogue: Catalogue;
  /** Name of the trust file. */
  readonly trust: string;
  readonly textOf: TextOf;
  readonly bundleFinding: SnapshotSettings['bundleFinding'];
}

/** Reads trust bundles, and proves each usable. Passed in, since certificates are not for this package. */
export type ReadTrust = (
  reading: TrustReading,
) => Promise<
  | { readonly ok: true; readonly trust: ReadonlyMap<string, TrustBundleFacts> }
  | { readonly ok: false; readonly findings: readonly Finding[] }
>;

/** What texts and positions say. Revocation lists and break-glass are of each gateway. */
export type SnapshotFacts = Omit<Snapshot, 'number' | 'hash' | 'revocation' | 'overrides'>;

/** How a snapshot is read. */
export interface SnapshotReading {
  readonly names: SnapshotNames;
  readonly settings: SnapshotSettings;
  readonly textOf: TextOf;
  readonly readTrust: ReadTrust;
  /** Of the text of a candidate policy. */
  readonly sha256: (text: string) => string;
}

/** Reads all of a snapshot. Nothing is compared with a catalogue that cannot be read: its faults come alone. */
export async function readSnapshotFacts(
  reading: SnapshotReading,
): Promise<
  { readonly ok: true; readonly facts: SnapshotFacts } | { readonly ok: false; readonly findings: readonly Finding[] }
> {
  const { names, settings, textOf } = reading;
  const read = await readCatalogue(names, textOf);
  if (!read.ok) return read;
  const { catalogue } = read;
  const policy = await readPolicy(names.policy, textOf);
  const shadowPolicy = names.shadowPolicy === null ? null : await readPolicy(names.shadowPolicy, textOf);
  const provisioning = await readProvisioning(names.provisioning, textOf, catalogue);
  const positions = parsePositions(catalogue, settings.positions, settings.file);
  const chainPositions = parseChainPositions(catalogue, settings.chainPositions, settings.file);
  const { trustBundles: bundles, bundleFinding } = settings;
  const trust = await reading.readTrust({ bundles, catalogue, trust: names.trust, textOf, bundleFinding });
  const parts = [policy, shadowPolicy, provisioning, positions, chainPositions, trust];
  const findings = parts.flatMap((part) => (part === null || part.ok ? [] : part.findings));
  if (!policy.ok || shadowPolicy?.ok === false || !provisioning.ok || !positions.ok || !chainPositions.ok || !trust.ok)
    return { ok: false, findings };
  return {
    ok: true,
    facts: {
      catalogue,
      policy: policy.policy,
      shadowPolicy:
        shadowPolicy === null ? null : { policy: shadowPolicy.policy, hash: reading.sha256(shadowPolicy.text) },
      trust: trust.trust,
      provisioning: provisioning.provisioning,
      positions: positions.positions,
      chainPositions: chainPositions.positions,
    },
  };
}

async function readCatalogue(
  names: SnapshotNames,
  textOf: TextOf,
): Promise<
  { readonly ok: true; readonly catalogue: Catalogue } | { readonly ok: false; readonly findings: readonly Finding[] }
> {
  const places = new Map<string, string>();
  const files = new Map<string, string>();
  const missing: Finding[] = [];
  for (const file of catalogueFileNames) {
    const place = file === 'trust.yaml' ? names.trust : names.catalogue(file);
    places.set(file, place);
    const read = await textOf(place);
    if (read.ok) files.set(file, read.text);
    else missing.push(...read.findings);
  }
  if (missing.length > 0) return { ok: false, findings: missing };
  const result = parseCatalogue(files);
  if (result.ok) return result;
  return {
    ok: false,
    findings: result.findings.map((each) => ({ ...each, file: places.get(each.file) ?? each.file })),
  };
}

async function readPolicy(name: string, textOf: TextOf) {
  const read = await textOf(name);
  if (!read.ok) return read;
  const parsed = parsePolicy(name, read.text);
  return parsed.ok ? { ...parsed, text: read.text } : parsed;
}

async function readProvisioning(name: string | null, textOf: TextOf, catalogue: Catalogue) {
  if (name === null) return { ok: true, provisioning: null } as const;
  const read = await textOf(name);
  return read.ok ? parseProvisioningAside(name, read.text, catalogue) : read;
}
