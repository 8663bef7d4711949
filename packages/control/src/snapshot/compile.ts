// Compiles a snapshot: reads every source, proves with the parsers of gateways that all of it fits together, and gives the texts.
// A fault refuses it whole, with file and line; whatever was published before stays.
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type Finding,
  type Participant,
  parseProvisioningAside,
  type ReadText,
  readSnapshotFacts,
  type SnapshotContent,
  snapshotContentFault,
  snapshotTextNames,
  type TextOf,
  textNameOf,
  trustSettingsIn,
} from '@headgate/contract';
import { memberPlace, readTrust } from '@headgate/pki';
import { type ReadSnapshot, sha256Of } from './read-document.ts';
import type { SnapshotOptions } from './snapshot-config.ts';

/** What control holds itself beside the files. */
export interface HeldFacts {
  /** By id; null: the one of the file is ended. */
  readonly participants: ReadonlyMap<string, Participant | null>;
  readonly positions: Readonly<Record<string, string>>;
  readonly chainPositions: Readonly<Record<string, string>>;
}

/** A compiled snapshot, or everything that is wrong with its sources. */
export type Compiled =
  | { readonly ok: true; readonly read: ReadSnapshot }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** What shows that a file was written anew, by file, found or not. */
export type FileMarks = ReadonlyMap<string, string>;

/** A reading of the sources, and the marks of the files as they were before they were read. */
export interface Compilation {
  readonly result: Compiled;
  readonly marks: FileMarks;
}

/** Whether files are as they were. */
export async function areSame(marks: FileMarks, base: string): Promise<boolean> {
  const now = await Promise.all([...marks].map(async ([file, mark]) => (await markOf(file, base)) === mark));
  return now.every(Boolean);
}

async function markOf(file: string, base: string): Promise<string> {
  const known = await stat(resolve(base, file), { bigint: true }).catch(() => null);
  return known === null ? 'none' : `${known.ino} ${known.size} ${known.mtimeNs}`;
}

/** Compiles the sources of a configuration; relative names start from `base`. */
export async function compileSnapshot(sources: SnapshotOptions, held: HeldFacts, base: string): Promise<Compilation> {
  const marks = new Map<string, string>();
  return { result: await compileMarked(sources, held, base, marks), marks };
}

async function compileMarked(
  sources: SnapshotOptions,
  held: HeldFacts,
  base: string,
  marks: Map<string, string>,
): Promise<Compiled> {
  const names = namesOf(sources);
  const bundles = sources.trustBundles.map((bundle) => ({ ...bundle, ...withoutFolders(bundle) }));
  const bundlesText = `${JSON.stringify({ format: 1, bundles }, null, 2)}\n`;
  const settings = trustSettingsIn({ [snapshotTextNames.trustBundles]: bundlesText });
  if (!settings.ok) return settings;
  const texts = createTexts(base, names.roles, marks);
  const provisioning = await provisioningText(sources.provisioning, held, createTexts(base, new Map(), marks).textOf);
  if (!provisioning.ok) return provisioning;
  if (provisioning.text !== null) texts.put(heldProvisioning, snapshotTextNames.provisioning, provisioning.text);
  const isHeld = provisioning.text !== null;
  const { positions, chainPositions } = held;
  const result = await readSnapshotFacts({
    names: {
      catalogue: (file) => join(sources.catalogue, file),
      trust: names.trust,
      policy: names.policy,
      shadowPolicy: sources.shadowPolicy ?? null,
      provisioning: isHeld ? heldProvisioning : (sources.provisioning ?? null),
    },
    settings: {
      file: 'positions',
      positions,
      chainPositions,
      trustBundles: sources.trustBundles,
      bundleFinding: (path, found, expected) => ({
        file: 'control.yaml',
        line: 1,
        column: 1,
        path: ['snapshot.trustBundles', ...path].join('.'),
        found,
        expected,
      }),
    },
    textOf: texts.textOf,
    readTrust,
    sha256: sha256Of,
  });
  if (!result.ok) return result;
  // Gateways compare the chains that they show with what is announced: files of announced authorities go with it where they are.
  for (const bundle of result.facts.catalogue.trust.bundles)
    for (const { file } of bundle.purpose === 'server-chains' ? bundle.members : [])
      if (file !== undefined) await texts.textOf(memberPlace(names.trust, file));
  if (texts.clashes().length > 0) return { ok: false, findings: texts.clashes() };
  if (bundles.length > 0) texts.put('', snapshotTextNames.trustBundles, bundlesText);
  const content: SnapshotContent = { texts: texts.all(), positions, chainPositions };
  const fault = snapshotContentFault(content);
  if (fault !== null) return { ok: false, findings: [wholeFinding('snapshot', fault)] };
  return { ok: true, read: { content, facts: result.facts, bundles } };
}

/** Name of the text that is made of the file and of what control holds, in findings. */
const heldProvisioning = 'provisioning (file and changes)';

function namesOf(sources: SnapshotOptions) {
  const trust = sources.trust ?? join(sources.catalogue, 'trust.yaml');
  const policy = sources.policy ?? join(sources.catalogue, 'policy.yaml');
  const { shadowPolicy, provisioning } = sources;
  const roles = new Map([
    [trust, snapshotTextNames.trust],
    [policy, snapshotTextNames.policy],
    ...(shadowPolicy === undefined ? [] : [[shadowPolicy, snapshotTextNames.shadowPolicy] as const]),
    ...(provisioning === undefined ? [] : [[provisioning, snapshotTextNames.provisioning] as const]),
  ]);
  return { trust, policy, roles };
}

function withoutFolders({ anchors, intermediates }: SnapshotOptions['trustBundles'][number]) {
  return {
    ...(anchors === undefined ? {} : { anchors: textNameOf(anchors) }),
    ...(intermediates === undefined ? {} : { intermediates: textNameOf(intermediates) }),
  };
}

/** Reads files and remembers what they will be called in the snapshot. */
function createTexts(base: string, roles: ReadonlyMap<string, string>, marks: Map<string, string>) {
  const byPlace = new Map<string, Promise<ReadText>>();
  const texts = new Map<string, { readonly place: string; readonly text: string }>();
  const clashes: Finding[] = [];
  const put = (place: string, name: string, text: string): void => {
    const known = texts.get(name);
    if (known !== undefined && known.text !== text) {
      const expected = `another name than ${known.place} has: a snapshot knows files by what follows the last slash`;
      clashes.push(wholeFinding(place, `a second ${name} that says something else`, expected));
    }
    texts.set(name, { place, text });
    byPlace.set(place, Promise.resolve({ ok: true, text }));
  };
  const read = async (place: string): Promise<ReadText> => {
    marks.set(place, await markOf(place, base)); // Before it is read: what is written meanwhile is seen at the next look.
    try {
      const text = await readFile(resolve(base, place), 'utf8');
      put(place, roles.get(place) ?? textNameOf(place), text);
      return { ok: true, text };
    } catch (cause) {
      const { code = 'an unreadable file' } = cause as NodeJS.ErrnoException;
      return { ok: false, findings: [wholeFinding(place, unreadable[code] ?? code, 'a file that can be read')] };
    }
  };
  const textOf: TextOf = (place) => {
    const known = byPlace.get(place);
    if (known !== undefined) return known;
    const reading = read(place);
    byPlace.set(place, reading);
    return reading;
  };
  return {
    textOf,
    put,
    clashes: (): readonly Finding[] => clashes,
    all: (): Readonly<Record<string, string>> =>
      Object.fromEntries(
        [...texts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, { text }]) => [name, text]),
      ),
  };
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'a file that this user may not read',
  EPERM: 'a file that this user may not read',
  EISDIR: 'a folder',
};

function wholeFinding(file: string, found: string, expected = 'a snapshot within its bounds'): Finding {
  return { file, line: 1, column: 1, path: '', found, expected };
}

/** Provisioning with what control holds over it; null where it holds nothing, and the file counts as it is. */
async function provisioningText(
  file: string | undefined,
  { participants: held }: HeldFacts,
  textOf: TextOf,
): Promise<
  { readonly ok: true; readonly text: string | null } | { readonly ok: false; readonly findings: readonly Finding[] }
> {
  if (held.size === 0) return { ok: true, text: null };
  const written = await readWritten(file, textOf);
  if (!written.ok) return written;
  const { participants, ...rest } = written.provisioning;
  const known = new Set(participants.map(({ id }) => id));
  const kept = participants.flatMap(
    (participant) => held.get(participant.id) ?? (held.has(participant.id) ? [] : [participant]),
  );
  const added = [...held].flatMap(([id, participant]) => (known.has(id) || participant === null ? [] : [participant]));
  const text = `${JSON.stringify({ ...rest, participants: [...kept, ...added] }, null, 1)}\n`;
  return { ok: true, text };
}

async function readWritten(file: string | undefined, textOf: TextOf) {
  if (file === undefined) return { ok: true, provisioning: { format: 1 as const, participants: [] } } as const;
  const read = await textOf(file);
  return read.ok ? parseProvisioningAside(file, read.text) : read;
}
