// Snapshots from files: the catalogue folder, the policy, provisioning and trust bundles that a configuration names.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  type Catalogue,
  compileCatalogue,
  type Finding,
  type ListFault,
  type Override,
  readSnapshotFacts,
  type Snapshot,
  type SnapshotFacts,
  type SnapshotSource,
  type TextOf,
} from '@headgate/contract';
import { readTrust } from '@headgate/pki';
import { breakGlassFile, readOverrides } from './break-glass-file.ts';
import { undeclaredTrust } from './certificate-needs.ts';
import type { Config } from './config.ts';
import type { ListNotice } from './gateway-notice.ts';
import { type ReportedList, reportLists } from './list-report.ts';
import { memoryFolderOf } from './lists/list-memory.ts';
import { createListSources, type ListReading } from './lists/list-sources.ts';
import { unreadable } from './named-file.ts';
import { trustFileOf } from './trust-file.ts';
import { uncoveredHosts } from './uncovered-hosts.ts';
import { UnusableFiles } from './unusable-files.ts';

/** What a source of files is told by and tells to; all have defaults. */
export interface SnapshotFilesOptions {
  /** Milliseconds since 1970 UTC; default: the system clock. */
  readonly clock?: () => number;
  /** Hears of revocation lists that cannot be used, were taken or have ended. */
  readonly tell?: (notice: ListNotice) => void;
  /** Looks at no override; default: those of the evidence folder, which whoever asks about trust need not be able to read. */
  readonly withoutOverrides?: boolean;
  /** Where the texts come from at each reading; default: files. */
  readonly texts?: () => SnapshotTexts;
}

/** The texts of one reading. */
export interface SnapshotTexts {
  readonly textOf: TextOf;
  /** SHA-256 over what was read, names included, and over what else was taken in. */
  hash(more: unknown): string;
}

/** A source of files, which can tell of the revocation lists that it has in force. */
export interface SnapshotFiles extends SnapshotSource {
  /** What is wrong with the sources of revocation lists of a snapshot, taken or not. */
  listFaultsOf(snapshot: Snapshot): readonly ListFault[];
  reportLists(atMs: number): readonly ReportedList[];
}

/**
 * A source that reads the files again at each call; the number counts readings. Paths are relative to `base`. What a reload takes up
 * of a configuration is that of `configOf` at that time; everything else of it stays as it is.
 */
export function createSnapshotFiles(
  configOf: Config | (() => Config),
  base: string,
  {
    clock = Date.now,
    tell = () => undefined,
    withoutOverrides = false,
    texts = () => textsOfFiles(base),
  }: SnapshotFilesOptions = {},
): SnapshotFiles {
  let number = 0;
  /** Hashes of snapshots without their lists. */
  const filesHashes = new WeakMap<Snapshot, string>();
  const configNow = (): Config => (typeof configOf === 'function' ? configOf() : configOf);
  const overridesNow = async () => (withoutOverrides ? [] : readOverrides(breakGlassFile(configNow(), base), clock()));
  const memoryFolder = memoryFolderOf(configNow(), base);
  const lists = createListSources({ base, memoryFolder, clock, tell });
  /** What each snapshot's lists were read from. */
  const readings = new WeakMap<Snapshot, ListReading>();
  const numbered = (
    facts: Omit<Snapshot, 'number' | 'hash' | 'revocation'>,
    filesHash: string,
    reading: ListReading,
  ): Snapshot => {
    const { revocation } = reading;
    number += 1;
    const snapshot: Snapshot = { ...facts, number, hash: hashOf(filesHash, revocation, facts.overrides), revocation };
    filesHashes.set(snapshot, filesHash);
    readings.set(snapshot, reading);
    return snapshot;
  };
  return {
    async current(options) {
      const config = configNow();
      const read = texts();
      const facts = await factsOf(config, read.textOf);
      const overrides = await overridesNow();
      const reading = await lists.read(config, facts.trust, options);
      const filesHash = read.hash([config.positions, config.chainPositions, config.trustBundles]);
      return numbered({ ...facts, overrides }, filesHash, reading);
    },
    async withFreshLists(before) {
      const reading = await lists.look();
      if (reading === null) return null;
      const filesHash = filesHashes.get(before) ?? before.hash;
      if (hashOf(filesHash, reading.revocation, before.overrides) !== before.hash)
        return numbered(before, filesHash, reading);
      // What was seen of the sources counts, though they say what they said before.
      await lists.take(reading);
      return null;
    },
    async withOverrides(before) {
      const overrides = await overridesNow();
      const filesHash = filesHashes.get(before) ?? before.hash;
      number += 1;
      const hash = hashOf(filesHash, before.revocation, overrides);
      const snapshot: Snapshot = { ...before, number, hash, overrides };
      filesHashes.set(snapshot, filesHash);
      return snapshot;
    },
    async taken(snapshot) {
      const reading = readings.get(snapshot);
      if (reading !== undefined) await lists.take(reading);
    },
    textOf: (file) => texts().textOf(file),
    listFaults: () => lists.faults(),
    listFaultsOf: (snapshot) => lists.faults(readings.get(snapshot)),
    reportLists: (atMs) => reportLists(lists.inForce(), atMs),
  };
}

async function factsOf(config: Config, textOf: TextOf): Promise<SnapshotFacts> {
  const { positions, chainPositions, trustBundles } = config;
  const inConfiguration = { file: 'configuration', line: 1, column: 1 };
  const read = await readSnapshotFacts({
    names: {
      catalogue: (file) => join(config.catalogue, file),
      trust: trustFileOf(config),
      policy: config.policy ?? join(config.catalogue, 'policy.yaml'),
      shadowPolicy: config.shadowPolicy ?? null,
      provisioning: config.provisioning ?? null,
    },
    settings: {
      file: inConfiguration.file,
      positions,
      chainPositions,
      trustBundles,
      bundleFinding: (path, found, expected) => ({
        ...inConfiguration,
        path: ['trustBundles', ...path].join('.'),
        found,
        expected,
      }),
    },
    textOf,
    readTrust,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  });
  if (!read.ok) throw new UnusableFiles(read.findings);
  const { facts } = read;
  const findings = [
    ...unknownEnvironments(facts.catalogue, config.echo.environments ?? []),
    ...undeclaredTrust(compileCatalogue(facts.catalogue), config),
    ...uncoveredHosts({ ...facts, config }),
  ];
  if (findings.length > 0) throw new UnusableFiles(findings);
  return facts;
}

/** The hash of all that was read; without lists and overrides that of the other files. */
function hashOf(filesHash: string, revocation: Snapshot['revocation'], overrides: readonly Override[]): string {
  if (revocation.size === 0 && overrides.length === 0) return filesHash;
  const hash = createHash('sha256').update(filesHash);
  for (const [bundle, { lists }] of revocation)
    for (const { source, sha256 } of lists) hash.update(`\0${bundle}\0${source}\0${sha256}`);
  if (overrides.length > 0) hash.update(JSON.stringify(overrides));
  return hash.digest('hex');
}

/** Files; relative names start from `base`. */
export function textsOfFiles(base: string): SnapshotTexts {
  const read = new Map<string, string>();
  return {
    async textOf(file) {
      try {
        const text = await readFile(resolve(base, file), 'utf8');
        read.set(file, text);
        return { ok: true, text };
      } catch (cause) {
        return { ok: false, findings: [unreadable(file, cause)] };
      }
    },
    hash(more) {
      const hash = createHash('sha256');
      // Files are read beside each other: their order is not always the same.
      for (const [file, text] of [...read].toSorted(([one], [other]) => (one < other ? -1 : 1)))
        hash.update(`${file}\0${text}\0`);
      return hash.update(JSON.stringify(more)).digest('hex');
    },
  };
}

function unknownEnvironments({ environments }: Catalogue, named: readonly string[]): readonly Finding[] {
  return named.flatMap((name, at): Finding[] => {
    if (environments.some(({ id }) => id === name)) return [];
    const expected = environments.map(({ id }) => id).join(' or ');
    const path = `echo.environments.${at}`;
    return [{ file: 'configuration', line: 1, column: 1, path, found: `"${name}"`, expected }];
  });
}

/** The folder that relative paths of a configuration file start from. */
export function baseOf(configFile: string): string {
  return dirname(resolve(configFile));
}
