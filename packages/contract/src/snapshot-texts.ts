// The texts of a document, as whoever reads files asks for them.
import { type SnapshotContent, snapshotTextNames } from './snapshot-document.ts';
import type { ReadText, ReadTrust, SnapshotNames, SnapshotReading, TextOf } from './snapshot-reading.ts';
import { type TrustBundleSettings, trustSettingsSchema } from './trust-settings.ts';
import { type Finding, readYamlFile } from './yaml-file.ts';

type Texts = SnapshotContent['texts'];

/** The name that a file has in a document: what stands after its last slash. */
export function textNameOf(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
}

/** Gives texts by the names of files: folders do not matter, since control took each name once. */
export function textsOfDocument(texts: Texts): TextOf {
  return (file) => {
    const name = textNameOf(file);
    const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
    const read: ReadText = text === undefined ? { ok: false, findings: [missing(name)] } : { ok: true, text };
    return Promise.resolve(read);
  };
}

function missing(name: string): Finding {
  return { file: name, line: 1, column: 1, path: '', found: 'no such text', expected: 'a text of the snapshot' };
}

/** What to read of a document. */
export function namesInDocument(texts: Texts): SnapshotNames {
  const { shadowPolicy, provisioning, policy, trust } = snapshotTextNames;
  return {
    catalogue: (file) => file,
    trust,
    policy,
    shadowPolicy: Object.hasOwn(texts, shadowPolicy) ? shadowPolicy : null,
    provisioning: Object.hasOwn(texts, provisioning) ? provisioning : null,
  };
}

/** By which bundles callers are judged; by none where the text is not there. */
export function trustSettingsIn(texts: Texts):
  | {
      readonly ok: true;
      readonly bundles: readonly TrustBundleSettings[];
      readonly finding: SnapshotReading['settings']['bundleFinding'];
    }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const file = snapshotTextNames.trustBundles;
  const whole = (path: readonly (string | number)[], found: string, expected: string): Finding => {
    return { file, line: 1, column: 1, path: path.join('.'), found, expected };
  };
  if (!Object.hasOwn(texts, file)) return { ok: true, bundles: [], finding: whole };
  const parsed = readYamlFile(file, texts[file] ?? '', trustSettingsSchema);
  if (!parsed.ok) return parsed;
  const { bundles } = parsed.read.value;
  const finding: typeof whole = ([name, ...rest], found, expected) =>
    parsed.read.finding(['bundles', bundles.findIndex((each) => each.name === name), ...rest], found, expected);
  const repeated = bundles.filter(({ name }, at) => bundles.findIndex((each) => each.name === name) !== at);
  const without = bundles.filter(({ dated, anchors }) => dated === undefined && anchors === undefined);
  const findings = [
    ...repeated.map(({ name }) => finding([name], `${name} again`, 'each bundle once')),
    ...without.map(({ name }) => finding([name], `${name} without anchors`, '`anchors`, `dated`, or both')),
  ];
  return findings.length > 0 ? { ok: false, findings } : { ok: true, bundles, finding };
}

/** How a document is read whole. */
export function readingOfDocument(
  { texts, positions, chainPositions }: SnapshotContent,
  { readTrust, sha256 }: { readonly readTrust: ReadTrust; readonly sha256: (text: string) => string },
):
  | { readonly ok: true; readonly reading: SnapshotReading }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const settings = trustSettingsIn(texts);
  if (!settings.ok) return settings;
  return {
    ok: true,
    reading: {
      names: namesInDocument(texts),
      settings: {
        file: 'positions',
        positions,
        chainPositions,
        trustBundles: settings.bundles,
        bundleFinding: settings.finding,
      },
      textOf: textsOfDocument(texts),
      readTrust,
      sha256,
    },
  };
}
