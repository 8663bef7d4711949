// Trust bundles from texts: plain PEM files that are named, and bundles of the trust file whose certificates count from one day until
// another. Whatever cannot be used is told with file and line.
import { dirname, isAbsolute, join } from 'node:path';
import {
  type DatedMember,
  type Finding,
  type ReadFile,
  type ReadText,
  readYamlFile,
  type TrustBundleEntry,
  type TrustBundleFacts,
  type TrustBundleSettings,
  type TrustReading,
  toInstantSpan,
  trustFileSchema,
  writeDateValue,
} from '@headgate/contract';
import { createTrustBundle, UnreadableTrustBundle } from './trust-bundle.ts';

type Member = TrustBundleEntry['members'][number];

/** Where the file of a member is, which is named relative to the trust file. */
export function memberPlace(trustFile: string, file: string): string {
  return isAbsolute(file) ? file : join(dirname(trustFile), file);
}

/** Reads every bundle and proves it usable, or tells what is wrong with the first that is not. */
export async function readTrust(
  reading: TrustReading,
): Promise<
  | { readonly ok: true; readonly trust: ReadonlyMap<string, TrustBundleFacts> }
  | { readonly ok: false; readonly findings: readonly Finding[] }
> {
  try {
    const trustFile = await readTrustFile(reading);
    const bundles = await Promise.all(reading.bundles.map((bundle) => readBundle(bundle, trustFile, reading)));
    return { ok: true, trust: new Map(bundles.map((bundle) => [bundle.name, bundle])) };
  } catch (fault) {
    if (!(fault instanceof UnusableTrust)) throw fault;
    return { ok: false, findings: fault.findings };
  }
}

/** What is wrong, on its way out of this file. */
class UnusableTrust extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super('trust that cannot be used');
    this.findings = findings;
  }
}

function textIn(read: ReadText): string {
  if (!read.ok) throw new UnusableTrust(read.findings);
  return read.text;
}

type TrustFile = ReadFile<{ readonly bundles: readonly TrustBundleEntry[] }>;

/** The trust file was read with the catalogue; this reading knows the lines. Null where no bundle needs it. */
async function readTrustFile({ bundles, trust, textOf }: TrustReading): Promise<TrustFile | null> {
  if (bundles.every(({ dated }) => dated === undefined)) return null;
  const result = readYamlFile(trust, textIn(await textOf(trust)), trustFileSchema);
  if (!result.ok) throw new UnusableTrust(result.findings);
  return result.read;
}

async function readBundle(
  written: TrustBundleSettings,
  trustFile: TrustFile | null,
  reading: TrustReading,
): Promise<TrustBundleFacts> {
  const { name, anchors, intermediates } = written;
  const dated = trustFile === null ? null : await readDated(written, trustFile, reading);
  const plain = async (file: string | undefined) =>
    file === undefined ? '' : `${textIn(await reading.textOf(file))}\n`;
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
    const file = (cause.file === 'anchors' ? anchors : intermediates) ?? reading.trust;
    const { message: found, lineNumber: line } = cause;
    throw new UnusableTrust([
      { file, line, column: 1, path: '', found, expected: 'PEM certificates that can be read' },
    ]);
  }
  return facts;
}

interface DatedPem {
  readonly anchorsPem: string;
  readonly intermediatesPem: string;
  readonly members: readonly DatedMember[];
}

async function readDated(
  { name, dated: id }: TrustBundleSettings,
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
    throw new UnusableTrust([reading.bundleFinding([name, 'dated'], `"${id}"`, `${expected}, for user certificates`)]);
  }
  const findings: Finding[] = [];
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
  if (findings.length > 0) throw new UnusableTrust(findings);
  return { anchorsPem: pem.anchor, intermediatesPem: pem.intermediate, members };
}

/** A member with its certificate; in words what is wrong with it; null where it is gone or undated yet, and no file is needed. */
async function readMember(
  member: Member,
  trustFile: TrustFile,
  { catalogue, textOf }: TrustReading,
): Promise<{ readonly pem: string; readonly dated: DatedMember } | string | null> {
  const { id, role, file, authority, from, until, reason, source } = member;
  if (file === undefined) return until.kind === 'done' || from.kind === 'tbd' ? null : `${id} without file`;
  const place = memberPlace(trustFile.file, file);
  try {
    const pem = `${textIn(await textOf(place)).trimEnd()}\n`;
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
    if (cause instanceof UnusableTrust) return `${place}: ${cause.findings[0]?.found}`;
    throw cause;
  }
}
