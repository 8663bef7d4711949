// What revocation lists say and whether they count: of files on disk, usable or not, and of what a gateway has in force. Pure, but for
// the reading of files.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  faultOfList,
  type ProvedList,
  proveList,
  readRevocationList,
  splitLists,
  type TrustBundle,
  UnreadableRevocationList,
  whyIdle,
} from '@headgate/pki';
import type { Config } from './config.ts';
import { fileAddress } from './lists/list-contents.ts';
import { type ListCopy, memoryFolderOf, openListMemory } from './lists/list-memory.ts';

/** A revocation list, or a place where none can be read. */
export interface ReportedList {
  readonly bundle: string;
  /** File or URL, as the configuration names it. */
  readonly from: string;
  /** Null, as all that follows, where nothing can be read. */
  readonly issuer: string | null;
  /** `delta`: only what changed since the full list numbered `base`. */
  readonly kind: 'full' | 'delta' | null;
  readonly number: string | null;
  readonly base: string | null;
  readonly entries: number | null;
  readonly thisUpdate: string | null;
  readonly nextUpdate: string | null;
  /** Time since `thisUpdate`, in milliseconds. */
  readonly ageMs: number | null;
  /** Whether callers are looked up in it. */
  readonly inForce: boolean;
  /** Past its end: the next one was due. */
  readonly isPastEnd: boolean;
  /** Why it is not in force, or what follows from its being past its end; null where there is nothing to say. */
  readonly why: string | null;
}

/** What was read at one place. */
export type ReportedSource = { readonly from: string } & (
  | { readonly lists: readonly ProvedList[] }
  | { readonly fault: string }
);

/** The sources of one bundle. */
export interface ReportedSources {
  readonly bundle: TrustBundle;
  readonly stale: 'accept' | 'refuse';
  readonly sources: readonly ReportedSource[];
}

/** Most lists that are told of; a bundle has 40 sources at most, each with a list or two. */
const listsMax = 1_000;

/** Reports on the files of every bundle and on the copies of what was fetched, also on those by which a gateway would not start. */
export async function reportListFiles(
  config: Pick<Config, 'trustBundles' | 'node' | 'evidence'>,
  base: string,
  trust: ReadonlyMap<string, TrustBundle>,
  atMs: number,
): Promise<readonly ReportedList[]> {
  const memory = openListMemory(memoryFolderOf(config, base));
  const bundles = config.trustBundles.map(async ({ name, crls, crlUrls, staleCrls }): Promise<ReportedSources[]> => {
    const bundle = trust.get(name);
    if (bundle === undefined) return [];
    const files = crls.map(async (file) => {
      const found = await readSource(file, bundle, () => readFile(resolve(base, file)));
      if (isUsable(found, bundle, atMs)) return [found];
      const copy = await memory.bytesOf(name, fileAddress(file));
      if (copy === null) return [found];
      // By this a gateway would start, as it goes on by it.
      return [found, await readSource(`${file}, the copy that is kept of it`, bundle, async () => copy.bytes)];
    });
    const copies = crlUrls.map(({ url }) =>
      readSource(url, bundle, async () => bytesOf(await memory.copyOf(name, url))),
    );
    const sources = [...(await Promise.all(files)).flat(), ...(await Promise.all(copies))];
    return [{ bundle, stale: staleCrls, sources }];
  });
  return reportLists((await Promise.all(bundles)).flat(), atMs);
}

function isUsable(source: ReportedSource, bundle: TrustBundle, atMs: number): boolean {
  return 'lists' in source && source.lists.every((each) => faultOfList(each, bundle, atMs) === null);
}

/** Reports on what was read of every bundle. */
export function reportLists(bundles: readonly ReportedSources[], atMs: number): readonly ReportedList[] {
  return bundles.flatMap((each) => reportSources(each, atMs)).slice(0, listsMax);
}

function bytesOf(copy: ListCopy | null): Uint8Array {
  if (copy === null) throw new NotFetched('Nothing that was fetched is kept yet.');
  return copy.bytes;
}

class NotFetched extends Error {}

function reportSources({ bundle, stale, sources }: ReportedSources, atMs: number): readonly ReportedList[] {
  const lists = sources.flatMap((source) => ('lists' in source ? source.lists : []));
  return sources.flatMap((source): readonly ReportedList[] => {
    const place = { bundle: bundle.name, from: source.from };
    if ('fault' in source) return [{ ...place, ...nothingRead, why: source.fault }];
    return source.lists.map((proved) => {
      const { list } = proved;
      const idle = whyIdle(proved, lists, bundle, atMs);
      const isPastEnd = list.nextUpdateMs < atMs;
      return {
        ...place,
        issuer: list.issuer,
        kind: list.base === null ? 'full' : 'delta',
        number: list.number?.toString() ?? null,
        base: list.base?.toString() ?? null,
        entries: list.entries.count,
        thisUpdate: new Date(list.thisUpdateMs).toISOString(),
        nextUpdate: new Date(list.nextUpdateMs).toISOString(),
        ageMs: atMs - list.thisUpdateMs,
        inForce: idle === null,
        isPastEnd,
        why: idle ?? (isPastEnd ? endedWords[stale] : null),
      };
    });
  });
}

const nothingRead = {
  issuer: null,
  kind: null,
  number: null,
  base: null,
  entries: null,
  thisUpdate: null,
  nextUpdate: null,
  ageMs: null,
  inForce: false,
  isPastEnd: false,
} as const;

const endedWords: Readonly<Record<ReportedSources['stale'], string>> = {
  accept: 'It is past its end; who is not on it is accepted (staleCrls: accept).',
  refuse: 'It is past its end; nobody of its issuer is accepted until a newer one is there (staleCrls: refuse).',
};

async function readSource(
  from: string,
  bundle: TrustBundle,
  bytes: () => Promise<Uint8Array>,
): Promise<ReportedSource> {
  try {
    return { from, lists: splitLists(await bytes()).map((der) => proveList(readRevocationList(der), bundle)) };
  } catch (fault) {
    if (fault instanceof UnreadableRevocationList || fault instanceof NotFetched) return { from, fault: fault.message };
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    return { from, fault: code === 'ENOENT' ? 'The file is not there.' : `The file cannot be read (${code}).` };
  }
}
