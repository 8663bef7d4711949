// What revocation lists say and whether they count: of files on disk, usable or not, and of what a gateway has in force. Pure, but for
// the reading of files.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Snapshot } from '@headgate/contract';
import {
  type RevocationList,
  readRevocationList,
  splitLists,
  type TrustBundle,
  UnreadableRevocationList,
  whyIdle,
} from '@headgate/pki';
import type { Config } from './config.ts';
import { createTrustBundles } from './serving.ts';

/** A revocation list, or a place where none can be read. */
export interface ReportedList {
  readonly bundle: string;
  /** As the configuration names it. */
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
type ReadSource = { readonly from: string } & (
  | { readonly lists: readonly RevocationList[] }
  | { readonly fault: string }
);

type Bundle = Config['trustBundles'][number];

/** Most lists that are told of; a bundle has 32 files at most, each with a list or two. */
const listsMax = 1_000;

/** Reports on the files of every bundle, also on those by which a gateway would not start. */
export async function reportListFiles(
  { trustBundles }: Pick<Config, 'trustBundles'>,
  base: string,
  trust: ReadonlyMap<string, TrustBundle>,
  atMs: number,
): Promise<readonly ReportedList[]> {
  const reports = await Promise.all(
    trustBundles.map(async ({ name, crls, staleCrls }) => {
      const bundle = trust.get(name);
      const sources = await Promise.all(crls.map((file) => readSource(file, base)));
      return bundle === undefined ? [] : reportSources(bundle, staleCrls, sources, atMs);
    }),
  );
  return reports.flat().slice(0, listsMax);
}

/** Reports on the lists of a snapshot. */
export function reportListsInForce({ trust, revocation }: Snapshot, atMs: number): readonly ReportedList[] {
  const bundles = createTrustBundles(trust);
  return [...revocation]
    .flatMap(([name, { lists, stale }]) => {
      const bundle = bundles.get(name);
      const sources = lists.map(({ file, der }) => ({ from: file, lists: [readRevocationList(der)] }));
      return bundle === undefined ? [] : reportSources(bundle, stale, sources, atMs);
    })
    .slice(0, listsMax);
}

function reportSources(
  bundle: TrustBundle,
  stale: Bundle['staleCrls'],
  sources: readonly ReadSource[],
  atMs: number,
): readonly ReportedList[] {
  const lists = sources.flatMap((source) => ('lists' in source ? source.lists : []));
  return sources.flatMap((source): readonly ReportedList[] => {
    const place = { bundle: bundle.name, from: source.from };
    if ('fault' in source) return [{ ...place, ...nothingRead, why: source.fault }];
    return source.lists.map((list) => {
      const idle = whyIdle(list, lists, bundle, atMs);
      const isPastEnd = list.nextUpdateMs < atMs;
      return {
        ...place,
        issuer: list.issuer,
        kind: list.base === null ? 'full' : 'delta',
        number: list.number?.toString() ?? null,
        base: list.base?.toString() ?? null,
        entries: list.entryCount,
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

const endedWords: Readonly<Record<Bundle['staleCrls'], string>> = {
  accept: 'It is past its end; who is not on it is accepted (staleCrls: accept).',
  refuse: 'It is past its end; nobody of its issuer is accepted until a newer one is there (staleCrls: refuse).',
};

async function readSource(file: string, base: string): Promise<ReadSource> {
  try {
    return { from: file, lists: splitLists(await readFile(resolve(base, file))).map((der) => readRevocationList(der)) };
  } catch (fault) {
    if (fault instanceof UnreadableRevocationList) return { from: file, fault: fault.message };
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    return {
      from: file,
      fault: code === 'ENOENT' ? 'The file is not there.' : `The file cannot be read (${code}).`,
    };
  }
}
