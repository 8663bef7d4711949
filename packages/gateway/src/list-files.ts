// The files of revocation lists: which of them counts, and what is told when one cannot be used. A broken or older file never takes a
// good list out of force: whoever is revoked stays revoked.
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RevocationFacts } from '@headgate/contract';
import {
  faultOfList,
  faultOfReplacement,
  idleDeltas,
  type RevocationList,
  readRevocationList,
  splitLists,
  type TrustBundle,
  UnreadableRevocationList,
} from '@headgate/pki';
import type { Config } from './config.ts';
import type { ListNotice } from './gateway-notice.ts';
import { unusable } from './named-file.ts';

/** The revocation lists of a configuration. */
export interface ListFiles {
  /**
   * Reads every file. Rejects with `UnusableFiles` when one cannot be used at the first reading; later what counted before goes on
   * to count, and that is told.
   */
  read(trust: ReadonlyMap<string, TrustBundle>): Promise<void>;
  /** The lists that count, by the name of their bundle. */
  inForce(): ReadonlyMap<string, RevocationFacts>;
  /** Whether another reading could find something else. Tells of lists that have come to their end. */
  look(): Promise<boolean>;
}

/** What list files need from outside. */
export interface ListFilesOptions {
  readonly config: Config;
  readonly base: string;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  readonly tell: (notice: ListNotice) => void;
}

interface ReadList {
  readonly der: Uint8Array;
  readonly list: RevocationList;
}

/** A file as it was read last. */
interface KnownFile {
  /** What the system says of it: another one after every change. */
  readonly mark: string;
  readonly inForce: readonly ReadList[];
  /** When a list that was refused for its date may count, in ms since 1970 UTC. */
  readonly againMs: number;
}

type Bundle = Config['trustBundles'][number];

/** Creates the memory of a configuration's lists; nothing is read yet. */
export function createListFiles({ config, base, clock, tell }: ListFilesOptions): ListFiles {
  const known = new Map<string, KnownFile>();
  const told = new WeakSet<RevocationList>();
  const bundles = config.trustBundles.filter(({ crls }) => crls.length > 0);
  const keyOf = ({ name }: Bundle, file: string): string => `${name}\0${file}`;
  const inForceOf = (bundle: Bundle) => bundle.crls.flatMap((file) => known.get(keyOf(bundle, file))?.inForce ?? []);

  const readFileOf = async (bundle: Bundle, file: string, trust: TrustBundle): Promise<KnownFile> => {
    const before = known.get(keyOf(bundle, file));
    const mark = await markOf(resolve(base, file));
    const read = await readLists(resolve(base, file));
    const fault =
      'fault' in read
        ? read.fault
        : faultIn(
            read.lists,
            trust,
            inForceOf(bundle).map(({ list }) => list),
            clock(),
          );
    if (!('fault' in read) && fault === null) return { mark, inForce: read.lists, againMs: Number.POSITIVE_INFINITY };
    const againMs = 'fault' in read ? Number.POSITIVE_INFINITY : nextBeginOf(read.lists, clock());
    if (before === undefined) throw unusable(file, fault ?? '', 'revocation lists that can be used');
    // An authority that has left the bundle takes its lists with it: nobody of it is accepted any more.
    const inForce = before.inForce.filter(({ list }) => faultOfList(list, trust, clock()) === null);
    const kept = inForce.length === 0 ? 'No list of this file is in force.' : 'The lists before it stay in force.';
    tell({ kind: 'revocation-list-refused', bundle: bundle.name, file, sentence: `${fault} ${kept}` });
    return { mark, inForce, againMs };
  };

  const tellEnded = (bundle: Bundle): void => {
    for (const file of bundle.crls)
      for (const { list } of known.get(keyOf(bundle, file))?.inForce ?? []) {
        if (list.nextUpdateMs >= clock() || told.has(list)) continue;
        told.add(list);
        const ended = new Date(list.nextUpdateMs).toISOString();
        const rule =
          bundle.staleCrls === 'accept'
            ? 'Callers who are not on it are accepted'
            : 'No caller of this issuer is accepted';
        const sentence = `The list of ${list.issuer} came to its end on ${ended}. ${rule} until a newer one is there.`;
        tell({ kind: 'revocation-list-ended', bundle: bundle.name, file, sentence });
      }
  };

  return {
    async read(trust) {
      for (const bundle of bundles) {
        const own = trust.get(bundle.name);
        if (own === undefined) continue;
        const isFirst = inForceOf(bundle).length === 0;
        const files: [string, KnownFile][] = [];
        for (const file of bundle.crls) files.push([file, await readFileOf(bundle, file, own)]);
        const before = inForceOf(bundle);
        for (const [file, each] of files) known.set(keyOf(bundle, file), each);
        const now = inForceOf(bundle);
        if (!isSame(before, now)) tellTaken(bundle, now, isFirst, tell);
        tellEnded(bundle);
      }
    },
    inForce: () =>
      new Map(
        bundles.map((bundle): [string, RevocationFacts] => {
          const lists = bundle.crls.flatMap((file) =>
            (known.get(keyOf(bundle, file))?.inForce ?? []).map(({ der }) => ({ file, der })),
          );
          return [bundle.name, { lists, stale: bundle.staleCrls }];
        }),
      ),
    async look() {
      for (const bundle of bundles) tellEnded(bundle);
      for (const bundle of bundles)
        for (const file of bundle.crls) {
          const before = known.get(keyOf(bundle, file));
          if (before === undefined || clock() >= before.againMs) return true;
          if ((await markOf(resolve(base, file))) !== before.mark) return true;
        }
      return false;
    },
  };
}

async function markOf(path: string): Promise<string> {
  const found: BigIntStats | null = await stat(path, { bigint: true }).catch(() => null);
  return found === null ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

async function readLists(path: string): Promise<{ readonly lists: readonly ReadList[] } | { readonly fault: string }> {
  try {
    const bytes = await readFile(path);
    // A copy of its own: a view on Buffer's pool would take the whole pool along to every thread.
    const own = splitLists(bytes).map((der) => new Uint8Array(der));
    return { lists: own.map((der) => ({ der, list: readRevocationList(der) })) };
  } catch (fault) {
    if (fault instanceof UnreadableRevocationList) return { fault: fault.message };
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    return { fault: code === 'ENOENT' ? 'The file is not there.' : `The file cannot be read (${code}).` };
  }
}

function faultIn(
  lists: readonly ReadList[],
  trust: TrustBundle,
  inForce: readonly RevocationList[],
  nowMs: number,
): string | null {
  for (const { list } of lists) {
    const fault = faultOfList(list, trust, nowMs) ?? faultOfReplacement(list, inForce);
    if (fault !== null) return fault;
  }
  return null;
}

function nextBeginOf(lists: readonly ReadList[], nowMs: number): number {
  return Math.min(...lists.map(({ list }) => list.thisUpdateMs).filter((beginMs) => beginMs > nowMs));
}

function isSame(before: readonly ReadList[], now: readonly ReadList[]): boolean {
  return before.length === now.length && before.every(({ der }, at) => Buffer.compare(der, now[at]?.der ?? der) === 0);
}

function tellTaken(
  { name: bundle }: Bundle,
  inForce: readonly ReadList[],
  isFirst: boolean,
  tell: ListFilesOptions['tell'],
): void {
  const lists = inForce.map(({ list }) => list);
  for (const sentence of idleDeltas(lists)) tell({ kind: 'revocation-list-refused', bundle, file: null, sentence });
  if (isFirst) return;
  const entryCount = lists.reduce((sum, each) => sum + each.entryCount, 0);
  const sentence = `${lists.length} lists with ${entryCount} entries are in force.`;
  tell({ kind: 'revocation-lists-taken', bundle, file: null, sentence });
}
