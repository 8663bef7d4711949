// Snapshots from files: the catalogue folder, the policy, provisioning and trust bundles that a configuration names.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  type Catalogue,
  catalogueFileNames,
  compileCatalogue,
  type Finding,
  type ListFault,
  type Override,
  parseCatalogue,
  parsePolicy,
  parseProvisioningAside,
  type Snapshot,
  type SnapshotSource,
} from '@headgate/contract';
import { breakGlassFile, readOverrides } from './break-glass-file.ts';
import { undeclaredTrust } from './certificate-needs.ts';
import type { Config } from './config.ts';
import type { ListNotice } from './gateway-notice.ts';
import { type ReportedList, reportLists } from './list-report.ts';
import { memoryFolderOf } from './lists/list-memory.ts';
import { createListSources, type ListReading } from './lists/list-sources.ts';
import { unusable, whyUnread } from './named-file.ts';
import { chainPositionsOf, positionsOf } from './positions.ts';
import { readTrust, trustFileOf } from './trust-files.ts';
import { UnusableFiles } from './unusable-files.ts';

/** What a source of files is told by and tells to; all have defaults. */
export interface SnapshotFilesOptions {
  /** Milliseconds since 1970 UTC; default: the system clock. */
  readonly clock?: () => number;
  /** Hears of revocation lists that cannot be used, were taken or have ended. */
  readonly tell?: (notice: ListNotice) => void;
  /** Looks at no override; default: those of the evidence folder, which whoever asks about trust need not be able to read. */
  readonly withoutOverrides?: boolean;
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
  { clock = Date.now, tell = () => undefined, withoutOverrides = false }: SnapshotFilesOptions = {},
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
      const read = reader(base);
      const catalogue = await readCatalogue(read, config);
      refuseUnknownEnvironments(catalogue, config.echo.environments ?? []);
      const undeclared = undeclaredTrust(compileCatalogue(catalogue), config);
      if (undeclared.length > 0) throw new UnusableFiles(undeclared);
      const policyFile = config.policy ?? join(config.catalogue, 'policy.yaml');
      const policy = parsed(parsePolicy(policyFile, await read.text(policyFile))).policy;
      const shadowPolicy = config.shadowPolicy === undefined ? null : await readShadow(read, config.shadowPolicy);
      const provisioning =
        config.provisioning === undefined
          ? null
          : parsed(await parseProvisioningAside(config.provisioning, await read.text(config.provisioning), catalogue))
              .provisioning;
      const positions = positionsOf(catalogue, config.positions);
      const chainPositions = chainPositionsOf(catalogue, config.chainPositions);
      const trust = await readTrust({ config, catalogue, chainPositions, text: (file) => read.text(file) });
      const overrides = await overridesNow();
      const reading = await lists.read(config, trust, options);
      const filesHash = read.hash([config.positions, config.chainPositions, config.trustBundles]);
      return numbered(
        { catalogue, policy, shadowPolicy, trust, provisioning, positions, chainPositions, overrides },
        filesHash,
        reading,
      );
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
    listFaults: () => lists.faults(),
    listFaultsOf: (snapshot) => lists.faults(readings.get(snapshot)),
    reportLists: (atMs) => reportLists(lists.inForce(), atMs),
  };
}

async function readShadow(read: Reader, file: string): Promise<Snapshot['shadowPolicy']> {
  const text = await read.text(file);
  const { policy } = parsed(parsePolicy(file, text));
  return { policy, hash: createHash('sha256').update(text).digest('hex') };
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

interface Reader {
  text(file: string): Promise<string>;
  /** SHA-256 over every file read so far, names included, and over what else was taken in. */
  hash(more: unknown): string;
}

function reader(base: string): Reader {
  const hash = createHash('sha256');
  return {
    async text(file) {
      const text = await readFile(resolve(base, file), 'utf8').catch((cause: unknown) => {
        throw unusable(file, whyUnread(cause), 'a file that can be read');
      });
      hash.update(`${file}\0${text}\0`);
      return text;
    },
    hash: (more) => hash.update(JSON.stringify(more)).digest('hex'),
  };
}

async function readCatalogue(read: Reader, config: Config): Promise<Catalogue> {
  const places = new Map<string, string>();
  const files = new Map<string, string>();
  for (const name of catalogueFileNames) {
    const place = name === 'trust.yaml' ? trustFileOf(config) : join(config.catalogue, name);
    places.set(name, place);
    files.set(name, await read.text(place));
  }
  const result = parseCatalogue(files);
  if (result.ok) return result.catalogue;
  throw new UnusableFiles(result.findings.map((each) => ({ ...each, file: places.get(each.file) ?? each.file })));
}

type Reading = { readonly ok: true } | { readonly ok: false; readonly findings: readonly Finding[] };

function parsed<Result extends Reading>(result: Result): Extract<Result, { readonly ok: true }> {
  if (!result.ok) throw new UnusableFiles(result.findings);
  return result as Extract<Result, { readonly ok: true }>;
}

function refuseUnknownEnvironments({ environments }: Catalogue, named: readonly string[]): void {
  const findings = named.flatMap((name, at): Finding[] => {
    if (environments.some(({ id }) => id === name)) return [];
    const expected = environments.map(({ id }) => id).join(' or ');
    const path = `echo.environments.${at}`;
    return [{ file: 'configuration', line: 1, column: 1, path, found: `"${name}"`, expected }];
  });
  if (findings.length > 0) throw new UnusableFiles(findings);
}

/** The folder that relative paths of a configuration file start from. */
export function baseOf(configFile: string): string {
  return dirname(resolve(configFile));
}
