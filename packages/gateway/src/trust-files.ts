// Trust bundles from files: plain PEM files that the configuration names, and bundles of the trust file whose certificates count
// from one day until another. Whatever cannot be used is told with file and line.
import { dirname, isAbsolute, join } from 'node:path';
import {
  type Catalogue,
  type ChainPositions,
  compileCatalogue,
  type DatedMember,
  type Finding,
  type ReadFile,
  readYamlFile,
  type TrustBundleEntry,
  type TrustBundleFacts,
  toInstantSpan,
  trustFileSchema,
  writeDateValue,
} from '@headgate/contract';
import { createTrustBundle, UnreadableTrustBundle } from '@headgate/pki';
import { certificateNeedsOf } from './certificate-needs.ts';
import type { Config } from './config.ts';
import { unusable } from './named-file.ts';
import { UnusableFiles } from './unusable-files.ts';

type WrittenBundle = Config['trustBundles'][number];
type Member = TrustBundleEntry['members'][number];

/** What bundles are read with. */
export interface TrustReading {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly chainPositions: ChainPositions;
  /** Text of a file. Rejects with `UnusableFiles`. */
  readonly text: (file: string) => Promise<string>;
}

/** The trust file of a configuration. */
export function trustFileOf(config: Pick<Config, 'trust' | 'catalogue'>): string {
  return config.trust ?? join(config.catalogue, 'trust.yaml');
}

/** Reads every bundle of a configuration, and proves it usable. Rejects with `UnusableFiles`. */
export async function readTrust(reading: TrustReading): Promise<ReadonlyMap<string, TrustBundleFacts>> {
  const trustFile = await readTrustFile(reading);
  const bundles = await Promise.all(
    reading.config.trustBundles.map((bundle) => readBundle(bundle, trustFile, reading)),
  );
  return new Map(bundles.map((bundle) => [bundle.name, bundle]));
}

type TrustFile = ReadFile<{ readonly bundles: readonly TrustBundleEntry[] }>;

/** The trust file was read with the catalogue; this reading knows the lines. Null where no bundle needs it. */
async function readTrustFile({ config, text }: TrustReading): Promise<TrustFile | null> {
  if (config.trustBundles.every(({ dated }) => dated === undefined)) return null;
  const file = trustFileOf(config);
  const result = readYamlFile(file, await text(file), trustFileSchema);
  if (!result.ok) throw new UnusableFiles(result.findings);
  return result.read;
}

async function readBundle(
  written: WrittenBundle,
  trustFile: TrustFile | null,
  reading: TrustReading,
): Promise<TrustBundleFacts> {
  const { name, anchors, intermediates } = written;
  const dated = trustFile === null ? null : await readDated(written, trustFile, reading);
  const plain = async (file: string | undefined) => (file === undefined ? '' : `${await reading.text(file)}\n`);
  const facts = {
    name,
    // Plain files first: what was dated is proved, so that lines are those of the plain file.
    anchorsPem: (await plain(anchors)) + (dated?.anchorsPem ?? ''),
    intermediatesPem: (await plain(intermediates)) + (dated?.intermediatesPem ?? ''),
    dated: dated?.members ?? [],
  };
  try {
    createTrustBundle(facts);
  } catch (cause) {
    if (!(cause instanceof UnreadableTrustBundle)) throw cause;
    const file = (cause.file === 'anchors' ? anchors : intermediates) ?? trustFileOf(reading.config);
    throw unusable(file, cause.message, 'PEM certificates that can be read', cause.lineNumber);
  }
  return facts;
}

interface DatedPem {
  readonly anchorsPem: string;
  readonly intermediatesPem: string;
  readonly members: readonly DatedMember[];
}

async function readDated(
  { name, dated: id }: WrittenBundle,
  trustFile: TrustFile,
  reading: TrustReading,
): Promise<DatedPem | null> {
  if (id === undefined) return null;
  const { bundles } = trustFile.value;
  const index = bundles.findIndex((each) => each.id === id);
  const bundle = bundles[index];
  if (bundle?.purpose !== 'user-certificates') {
    const ids = bundles.filter(({ purpose }) => purpose === 'user-certificates').map((each) => each.id);
    const expected = ids.length === 0 ? `a bundle of ${trustFile.file}, which has none` : `one of ${ids.join(', ')}`;
    throw new UnusableFiles([
      inConfiguration(`trustBundles.${name}.dated`, `"${id}"`, `${expected}, for user certificates`),
    ]);
  }
  const findings = [...uncovered(name, bundle, reading)];
  const pem = { anchor: '', intermediate: '' };
  const members: DatedMember[] = [];
  for (const [number, member] of bundle.members.entries()) {
    const found = await readMember(member, trustFile, reading);
    if (typeof found === 'string') {
      findings.push(trustFile.finding(['bundles', index, 'members', number], found, 'its PEM file'));
    } else if (found !== null && members.some(({ fingerprint256 }) => fingerprint256 === found.dated.fingerprint256)) {
      const twice = `the certificate of ${member.id} again`;
      findings.push(trustFile.finding(['bundles', index, 'members', number], twice, 'each certificate once'));
    } else if (found !== null) {
      pem[member.role] += found.pem;
      members.push(found.dated);
    }
  }
  if (findings.length === 0 && pem.anchor === '')
    findings.push(trustFile.finding(['bundles', index, 'members'], 'no anchor with a file', 'one at least'));
  if (findings.length > 0) throw new UnusableFiles(findings);
  return { anchorsPem: pem.anchor, intermediatesPem: pem.intermediate, members };
}

/** A member with its certificate; in words what is wrong with it; null where it is gone or undated yet, and no file is needed. */
async function readMember(
  member: Member,
  trustFile: TrustFile,
  { catalogue, text }: TrustReading,
): Promise<{ readonly pem: string; readonly dated: DatedMember } | string | null> {
  const { id, role, file, authority, from, until, reason, source } = member;
  if (file === undefined) return until.kind === 'done' || from.kind === 'tbd' ? null : `${id} without file`;
  const place = isAbsolute(file) ? file : join(dirname(trustFile.file), file);
  try {
    const pem = `${(await text(place)).trimEnd()}\n`;
    const { anchors } = createTrustBundle({ name: id, anchorsPem: pem });
    const [certificate] = anchors;
    if (certificate === undefined || anchors.length > 1) return `${anchors.length} certificates in ${place}`;
    const said = member.sha256 ?? catalogue.trust.anchors.find((each) => each.id === authority)?.sha256 ?? null;
    if (said !== null && said.replaceAll(':', '').toLowerCase() !== certificate.fingerprint256)
      return `another certificate in ${place} than \`sha256\` says: ${certificate.fingerprint256}`;
    const { fromMs, untilMs } = toInstantSpan(from, until, catalogue.document.zone);
    const days = { from: writeDateValue(from), until: writeDateValue(until) };
    return {
      pem,
      dated: { id, role, fingerprint256: certificate.fingerprint256, ...days, fromMs, untilMs, reason, source },
    };
  } catch (cause) {
    if (cause instanceof UnreadableTrustBundle) return `${place}, line ${cause.lineNumber}: ${cause.message}`;
    if (cause instanceof UnusableFiles) return `${place}: ${cause.findings[0]?.found}`;
    throw cause;
  }
}

/** Hosts that are judged by a bundle which is not meant for them. */
function uncovered(name: string, bundle: TrustBundleEntry, reading: TrustReading): readonly Finding[] {
  const { config, catalogue, chainPositions } = reading;
  const { environments, channels, infrastructures } = bundle;
  const index = compileCatalogue(catalogue);
  const addresses = [...index.addresses.values()];
  const judged = config.listeners.flatMap(({ tls, hosts }) =>
    hosts.filter(
      ({ name: host, trust, clientCertificate }) =>
        trust === name && certificateNeedsOf(index, host, tls, clientCertificate).isAsked,
    ),
  );
  return judged.flatMap(({ name: host }) => {
    const known = catalogue.hosts.find((each) => each.name === host);
    if (known === undefined) return [];
    const position = chainPositions.get(host);
    const outside = [
      ...(environments.includes(known.environment) ? [] : [`environment ${known.environment}`]),
      ...new Set(
        addresses
          .filter((address) => address.host === host && channels !== undefined && !channels.includes(address.channel))
          .map(({ channel }) => `channel ${channel}`),
      ),
      ...(infrastructures === undefined || position === undefined || infrastructures.includes(position)
        ? []
        : [`infrastructure ${position}`]),
    ];
    return outside.length === 0
      ? []
      : [
          inConfiguration(
            `trustBundles.${name}.dated`,
            `${bundle.id} for ${host} of ${outside.join(', ')}`,
            'a bundle that covers the host',
          ),
        ];
  });
}

function inConfiguration(path: string, found: string, expected: string): Finding {
  return { file: 'configuration', line: 1, column: 1, path, found, expected };
}
