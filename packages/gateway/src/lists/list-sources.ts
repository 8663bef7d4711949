// The sources of revocation lists, files and URLs that the configuration names: which lists count, and what is told when one cannot be
// used. A broken or older list never takes a good one out of force: whoever is revoked stays revoked.
import { isDeepStrictEqual } from 'node:util';
import type { ListFault, ListReadingOptions, RevocationFacts, TrustBundleFacts } from '@headgate/contract';
import {
  createTrustBundle,
  faultOfList,
  idleDeltas,
  isOfOneKind,
  isOlder,
  standingLists,
  type TrustBundle,
} from '@headgate/pki';
import type { Config } from '../config.ts';
import type { ListNotice } from '../gateway-notice.ts';
import type { ReportedSources } from '../list-report.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { type Judged, judgeOffers, type Offer } from './judge-offers.ts';
import {
  addressOf,
  answerIn,
  type Content,
  createListContents,
  type KnownContent,
  type ListSource,
  type LookOptions,
  type SeenAnswer,
  type SeenContent,
  sourcesOf,
} from './list-contents.ts';
import { toListFault } from './list-faults.ts';
import { type KeptCopy, openListMemory, type RememberedList, rememberedMax } from './list-memory.ts';
import { type FoundFault, type ListOrders, type ReadList, readLists } from './read-lists.ts';

/** Bundles as their files say them, by name. */
export type TrustFacts = ReadonlyMap<string, TrustBundleFacts>;

/** One reading of every source. It counts once it is taken. */
export interface ListReading {
  /** The lists that count, by the name of their bundle. */
  readonly revocation: ReadonlyMap<string, RevocationFacts>;
  readonly config: Config;
  readonly trust: TrustFacts;
  readonly bundles: ReadonlyMap<string, KnownBundle>;
  /** Older lists were read on purpose: what is remembered goes back to them. */
  readonly olderToo: boolean;
}

/** The revocation lists of a gateway. */
export interface ListSources {
  /**
   * Reads every source of a configuration. Rejects with `UnusableFiles` when one cannot be used of which no list is in force; where one
   * is, it goes on to count, and that is told.
   */
  read(config: Config, trust: TrustFacts, options?: ListReadingOptions): Promise<ListReading>;
  /** Another reading of what was taken last; null where no source can have changed. Tells of lists that have come to their end. */
  look(): Promise<ListReading | null>;
  /** Hears that a reading is in force: from now on others are compared with it, after a restart too. */
  take(reading: ListReading): Promise<void>;
  /** What is wrong with a reading; default: with the one that was taken last. */
  faults(reading?: ListReading): readonly ListFault[];
  /** The lists that count, where each was read. */
  inForce(): readonly ReportedSources[];
}

/** What list sources need from outside. */
export interface ListSourcesOptions {
  /** Folder that relative file names start from. */
  readonly base: string;
  /** Folder of what is remembered beyond the process. */
  readonly memoryFolder: string;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  readonly tell: (notice: ListNotice) => void;
}

/** A source as it was read last. */
interface KnownSource extends KnownContent {
  readonly source: ListSource;
  readonly lists: readonly ReadList[];
}

/** A bundle with its sources as they were read last. */
export interface KnownBundle {
  readonly facts: TrustBundleFacts;
  /** By the key of the source. */
  readonly sources: ReadonlyMap<string, KnownSource>;
  /** Those of all sources. */
  readonly lists: readonly ReadList[];
  readonly revocation: RevocationFacts;
}

type WrittenBundle = Config['trustBundles'][number];

/** What stands at a source, read. */
interface ReadSource extends Offer {
  readonly source: ListSource;
  readonly known: KnownSource | undefined;
  readonly fault: FoundFault | null;
  readonly seen: SeenContent;
  /** What was seen where the lists are refused after all. */
  readonly otherwise: SeenContent;
  readonly againMs: number;
}

/** Creates the sources of a gateway; nothing is read yet. */
export function createListSources({ base, memoryFolder, clock, tell }: ListSourcesOptions): ListSources {
  const memory = openListMemory(memoryFolder);
  const contents = createListContents({ base, clock, memory });
  const made = new WeakMap<TrustBundleFacts, TrustBundle>();
  const telling = createTelling(tell, clock);
  let remembered: readonly RememberedList[] | null = null;
  let taken: ListReading | null = null;
  let notKept: ListFault | null = null;

  const bundleOf = (facts: TrustBundleFacts): TrustBundle => {
    const bundle = made.get(facts) ?? createTrustBundle({ ...facts });
    made.set(facts, bundle);
    return bundle;
  };
  const read = (facts: TrustBundleFacts, source: ListOrders['source']) =>
    readLists({ trust: facts, source }, bundleOf(facts));

  /** Lists of a source that go on to count. An authority that has left the bundle takes its lists with it: nobody of it is accepted any more. */
  const stillGood = async (known: KnownSource, facts: TrustBundleFacts, isSameTrust: boolean) => {
    if (isSameTrust) return known.lists;
    const proved = await read(facts, { lists: known.lists.map(({ list }) => list.der) });
    const lists = 'lists' in proved ? proved.lists : [];
    return lists.filter((each) => faultOfList(each, bundleOf(facts), clock()) === null);
  };

  const readSource = async (
    source: ListSource,
    content: Content,
    known: KnownSource | undefined,
    facts: TrustBundleFacts,
    isSameTrust: boolean,
  ): Promise<ReadSource> => {
    const againMs = Number.POSITIVE_INFINITY;
    if (known !== undefined && content.kind === 'kept')
      return { ...known, known, before: known.lists, otherwise: known.seen };
    const before = known === undefined ? null : await stillGood(known, facts, isSameTrust);
    const own = { source, known, before };
    if (content.kind === 'kept') throw new Error(`${source.name} was not looked at`);
    if (known === undefined && source.fetched === null && content.kind !== 'same')
      return readFileFirst(source, content, facts);
    const { seen } = content;
    if (content.kind === 'same') return { ...own, lists: before ?? [], fault: null, seen, otherwise: seen, againMs };
    if (content.kind === 'fault')
      return { ...own, lists: before ?? [], fault: content.fault, seen, otherwise: seen, againMs };
    const { otherwise, copy } = content;
    const found = await read(facts, { file: content.bytes });
    const fault = 'fault' in found ? found.fault : faultAmong(found.lists, bundleOf(facts), clock());
    if (!('fault' in found) && fault === null)
      return { ...own, lists: found.lists, fault: copy?.fault ?? null, seen, otherwise, againMs };
    // The copy of an answer that cannot be used any more, as under other authorities: the server is asked after all.
    if (copy !== null && copy.fault === null)
      return readSource(source, await contents.fetch(source), known, facts, isSameTrust);
    return {
      ...own,
      lists: before ?? [],
      fault: copy?.fault ?? fault,
      seen: otherwise,
      otherwise,
      againMs: 'fault' in found ? againMs : nextBeginOf(found.lists, clock()),
    };
  };

  /**
   * The first reading of a file in this process. The copy of what it had in force before stands for what is known of it, so that a file
   * that was broken, emptied or taken away meanwhile, or is older now, stops no start and un-revokes nobody.
   */
  const readFileFirst = async (
    source: ListSource,
    content: Exclude<Content, { readonly kind: 'kept' | 'same' }>,
    facts: TrustBundleFacts,
  ): Promise<ReadSource> => {
    const kept = await contents.copyOfFile(source);
    const againMs = Number.POSITIVE_INFINITY;
    const isSame = kept !== null && content.kind === 'bytes' && answerIn(content.seen)?.sha256 === kept.answer.sha256;
    const copied = kept === null || isSame ? null : await listsOfCopy(kept.bytes, facts);
    const before = copied === null || copied.length === 0 ? null : copied;
    const answer = before === null ? null : (kept?.answer ?? null);
    const otherwise = withAnswer(content.kind === 'bytes' ? content.otherwise : content.seen, answer);
    const own = { source, known: undefined, before, otherwise };
    if (content.kind === 'fault')
      return { ...own, lists: before ?? [], fault: content.fault, seen: otherwise, againMs };
    const found = await read(facts, { file: content.bytes });
    const fault = 'fault' in found ? found.fault : faultAmong(found.lists, bundleOf(facts), clock());
    if (!('fault' in found) && fault === null) {
      const seen = isSame ? withAnswer(content.seen, kept.answer) : content.seen;
      return { ...own, lists: found.lists, fault, seen, againMs };
    }
    const nextMs = 'fault' in found ? againMs : nextBeginOf(found.lists, clock());
    return { ...own, lists: before ?? [], fault, seen: otherwise, againMs: nextMs };
  };

  /** A copy is proved like every list: whoever can write it cannot make anything up. */
  const listsOfCopy = async (bytes: Uint8Array, facts: TrustBundleFacts): Promise<readonly ReadList[]> => {
    const found = await read(facts, { file: bytes });
    const lists = 'lists' in found ? found.lists : [];
    return lists.filter((each) => faultOfList(each, bundleOf(facts), clock()) === null);
  };

  const readBundle = async (
    written: WrittenBundle,
    facts: TrustBundleFacts,
    options: ListReadingOptions,
  ): Promise<{ readonly bundle: KnownBundle; readonly unusable: readonly ListFault[] }> => {
    const before = taken?.bundles.get(written.name);
    const isSameTrust = before !== undefined && isDeepStrictEqual(before.facts, facts);
    const look: LookOptions = { ...options, isSameTrust };
    const sources = sourcesOf(written);
    // All servers at once: one that does not answer holds up no other.
    const found = await Promise.all(
      sources.map((source) => contents.look(source, before?.sources.get(source.key) ?? null, look)),
    );
    const reads: ReadSource[] = [];
    for (const [at, source] of sources.entries()) {
      const content = found[at];
      if (content !== undefined)
        reads.push(await readSource(source, content, before?.sources.get(source.key), facts, isSameTrust));
    }
    const floors = options.olderToo === true ? [] : await floorsOf(written.name);
    const judged = judgeOffers(
      reads.map((each) => (options.olderToo === true ? { ...each, before: null } : each)),
      bundleOf(facts),
      floors,
    );
    const outcomes = reads.map((each, at) => outcomeOf(each, judged[at]));
    const unusable = outcomes.flatMap(({ known, isUsable }) =>
      isUsable || known.fault === null ? [] : [faultAt(known.source, known.fault)],
    );
    const lists = outcomes.flatMap(({ known }) => known.lists);
    const known = new Map(outcomes.map((each) => [each.known.source.key, each.known]));
    const isSame =
      isSameTrust &&
      before.revocation.stale === written.staleCrls &&
      isDeepStrictEqual(before.revocation.lists, listedOf(outcomes));
    const revocation = isSame ? before.revocation : factsOf(written, outcomes, bundleOf(facts));
    return { bundle: { facts, sources: known, lists, revocation }, unusable };
  };

  const floorsOf = async (bundle: string): Promise<readonly RememberedList[]> => {
    remembered ??= await memory.remembered();
    return remembered.filter((each) => each.bundle === bundle);
  };

  const readAll = async (config: Config, trust: TrustFacts, options: ListReadingOptions): Promise<ListReading> => {
    const bundles = new Map<string, KnownBundle>();
    const unusable: ListFault[] = [];
    const named = config.trustBundles.flatMap((written) => {
      const facts = trust.get(written.name);
      return facts === undefined || sourcesOf(written).length === 0 ? [] : [{ written, facts }];
    });
    const all = await Promise.all(named.map(({ written, facts }) => readBundle(written, facts, options)));
    for (const [at, { bundle, unusable: own }] of all.entries()) {
      bundles.set(named[at]?.written.name ?? '', bundle);
      unusable.push(...own);
    }
    if (unusable.length > 0) throw toUnusable(unusable);
    for (const { sources } of bundles.values()) for (const known of sources.values()) telling.faults(known);
    const revocation = new Map([...bundles].map(([name, bundle]) => [name, bundle.revocation]));
    return { revocation, config, trust, bundles, olderToo: options.olderToo === true };
  };

  /** Where older lists are taken on purpose, a memory that cannot be read is begun anew. */
  const rememberedBefore = async (olderToo: boolean): Promise<readonly RememberedList[]> => {
    try {
      return remembered ?? (await memory.remembered());
    } catch (fault) {
      if (!olderToo || !(fault instanceof UnusableFiles)) throw fault;
      return [];
    }
  };

  const remember = async (reading: ListReading): Promise<void> => {
    const copies = copiesOf(reading, (answer) => contents.bytesOf(answer));
    const hasOthers = await memory.hasOthers(copies);
    if (reading.bundles.size === 0 && !hasOthers) return;
    const before = await rememberedBefore(reading.olderToo);
    const next = rememberedAfter(before, reading);
    const isNews = !isDeepStrictEqual(next, before) || hasOthers || copies.some(({ bytes }) => bytes !== null);
    remembered = next;
    if (!isNews && notKept === null) return;
    try {
      await memory.keep(next, copies);
      notKept = null;
      for (const { sources } of reading.bundles.values())
        for (const { seen } of sources.values()) {
          const answer = answerIn(seen);
          if (answer !== null) contents.kept(answer);
        }
    } catch (fault) {
      const { code, message } = fault as NodeJS.ErrnoException;
      const reason = `What is in force cannot be kept for a restart (${code ?? message}).`;
      if (notKept === null) telling.notKept(reason);
      notKept = toListFault('all', null, { code: 'not_kept', reason });
    }
  };

  return {
    read: (config, trust, options = {}) => readAll(config, trust, options),
    async look() {
      if (taken === null) return null;
      const sources = [...taken.bundles.values()].flatMap((bundle) => [...bundle.sources.values()]);
      telling.ends(taken);
      for (const known of sources)
        if (await contents.mayDiffer(known.source, known)) return readAll(taken.config, taken.trust, {});
      return null;
    },
    async take(reading) {
      const before = taken;
      taken = reading;
      telling.taken(before, reading);
      telling.ends(reading);
      await remember(reading);
    },
    faults(asked) {
      const reading = asked ?? taken;
      if (reading === null) return [];
      const own = [...reading.bundles].flatMap(([bundle, { sources, lists }]) => [
        ...[...sources.values()].flatMap(({ source, fault }) => (fault === null ? [] : [faultAt(source, fault)])),
        ...idleFaults(bundle, lists),
      ]);
      return notKept === null ? own : [...own, notKept];
    },
    inForce: () =>
      [...(taken?.bundles.values() ?? [])].map(({ facts, sources, revocation: { stale } }) => ({
        bundle: bundleOf(facts),
        stale,
        sources: [...sources.values()].map(({ source: { name }, lists }) => ({ from: name, lists })),
      })),
  };
}

function outcomeOf(
  { source, before, fault: found, seen, otherwise, againMs }: ReadSource,
  judged: Judged | undefined,
): { readonly known: KnownSource; readonly isUsable: boolean } {
  const refused = judged?.fault ?? null;
  const lists = judged?.lists ?? [];
  const known = { source, lists, fault: refused ?? found, seen: refused === null ? seen : otherwise, againMs };
  // Nothing of it was ever in force, and no copy stands in for it.
  const isLacking = found !== null && before === null && lists.length === 0;
  return { known, isUsable: judged?.isUsable === true && !isLacking };
}

/** Where the lists that count were read. */
function listedOf(outcomes: readonly { readonly known: KnownSource }[]): RevocationFacts['lists'] {
  return outcomes.flatMap(({ known: { source, lists: own } }) =>
    own.map(({ sha256 }) => ({ source: source.name, sha256 })),
  );
}

function withAnswer(seen: SeenContent, answer: SeenAnswer | null): SeenContent {
  return { ...seen, answer };
}

function faultAt({ bundle, name, fetched }: ListSource, fault: FoundFault): ListFault {
  return toListFault(bundle, name, fault, fetched === null);
}

function factsOf(
  { staleCrls: stale }: WrittenBundle,
  outcomes: readonly { readonly known: KnownSource }[],
  bundle: TrustBundle,
): RevocationFacts {
  const standing = standingLists(
    outcomes.flatMap(({ known }) => known.lists),
    bundle,
  );
  return { lists: listedOf(outcomes), standing, stale };
}

function faultAmong(lists: readonly ReadList[], bundle: TrustBundle, nowMs: number): FoundFault | null {
  for (const each of lists) {
    const fault = faultOfList(each, bundle, nowMs);
    if (fault !== null) return { code: fault.code, reason: fault.sentence };
  }
  return null;
}

function nextBeginOf(lists: readonly ReadList[], nowMs: number): number {
  return Math.min(...lists.map(({ list }) => list.thisUpdateMs).filter((beginMs) => beginMs > nowMs));
}

function isSameLists(before: readonly ReadList[], now: readonly ReadList[]): boolean {
  return before.length === now.length && before.every(({ sha256 }, at) => sha256 === now[at]?.sha256);
}

function idleFaults(bundle: string, lists: readonly ReadList[]): readonly ListFault[] {
  return idleDeltas(lists.map(({ list }) => list)).map((reason) =>
    toListFault(bundle, null, { code: 'idle_delta', reason }),
  );
}

function toUnusable(faults: readonly ListFault[]): UnusableFiles {
  return new UnusableFiles(
    faults.map(({ bundle, source, reason, fix }) => ({
      file: source ?? 'configuration',
      line: 1,
      column: 1,
      path: `trustBundles.${bundle}`,
      found: reason.charAt(0).toLowerCase() + reason.slice(1).replace(/\.$/, ''),
      expected: `revocation lists that can be used. ${fix}`,
    })),
  );
}

/** The newest of each kind goes on to be remembered; where older ones were taken on purpose, those do. */
function rememberedAfter(
  before: readonly RememberedList[],
  { bundles, olderToo }: ListReading,
): readonly RememberedList[] {
  const inForce = [...bundles].flatMap(([bundle, { lists }]) =>
    lists.map(({ list: { issuer, scopeKey, base, number, thisUpdateMs } }): RememberedList => {
      return { bundle, issuer, scopeKey, base: base === null ? null : 0n, number, thisUpdateMs };
    }),
  );
  const isSuch = (one: RememberedList) => (other: RememberedList) =>
    one.bundle === other.bundle && isOfOneKind(one, other);
  const newest = inForce.filter((one) => !inForce.filter(isSuch(one)).some((other) => isOlder(one, other)));
  const kinds = newest.filter((one, at) => newest.findIndex(isSuch(one)) === at);
  const next = kinds.map((one) => {
    const known = olderToo ? undefined : before.find(isSuch(one));
    return known !== undefined && isOlder(one, known) ? known : one;
  });
  const others = before.filter((one) => !next.some(isSuch(one)));
  return [...others, ...next].slice(-rememberedMax);
}

function copiesOf(
  { bundles }: ListReading,
  bytesOf: (answer: { readonly sha256: string; readonly validators: KeptCopy['validators'] }) => Uint8Array | null,
): readonly KeptCopy[] {
  return [...bundles].flatMap(([bundle, { sources }]) =>
    [...sources.values()].flatMap(({ source, seen }): KeptCopy[] => {
      const answer = answerIn(seen);
      if (answer === null) return [];
      return [{ bundle, url: addressOf(source), ...answer, bytes: bytesOf(answer) }];
    }),
  );
}

/** Tells what happens to lists, each thing once. */
function createTelling(tell: (notice: ListNotice) => void, clock: () => number) {
  /** Faults of a source that were told and have lasted since. */
  const told = new Map<string, Set<string>>();
  let toldEnds: ReadonlySet<string> = new Set();

  const refused = (fault: ListFault, kept: string): void => {
    const { bundle, source, code, reason, fix } = fault;
    tell({ kind: 'revocation-list-refused', bundle, source, code, sentence: `${reason} ${kept}`, fix });
  };
  return {
    faults({ source, fault, lists, seen }: KnownSource): void {
      if (fault === null) {
        if (!told.delete(source.key)) return;
        const sentence = 'It can be used again.';
        tell({ kind: 'revocation-list-back', bundle: source.bundle, source: source.name, sentence });
        return;
      }
      // A file changes because somebody did something, and is to hear of it. A server that goes on to fail is told once.
      const what = 'mark' in seen ? `${fault.code} ${seen.mark}` : fault.code;
      const known = told.get(source.key) ?? new Set();
      if (known.has(what)) return;
      told.set(source.key, source.fetched === null ? new Set([what]) : known.add(what));
      const kept = lists.length === 0 ? 'No list of it is in force.' : 'The lists before it stay in force.';
      refused(faultAt(source, fault), kept);
    },
    notKept(reason: string): void {
      refused(toListFault('all', null, { code: 'not_kept', reason }), 'The lists are in force.');
    },
    taken(before: ListReading | null, { bundles, olderToo }: ListReading): void {
      for (const [bundle, { lists }] of bundles) {
        const earlier = before?.bundles.get(bundle)?.lists ?? [];
        if (isSameLists(earlier, lists)) continue;
        for (const fault of idleFaults(bundle, lists)) refused(fault, '');
        if (before === null && !olderToo) continue;
        const entryCount = lists.reduce((sum, { list }) => sum + list.entries.count, 0);
        const how = olderToo ? ' Older ones were accepted on purpose.' : '';
        const sentence = `${lists.length} lists with ${entryCount} entries are in force.${how}`;
        tell({ kind: 'revocation-lists-taken', bundle, source: null, sentence });
      }
    },
    ends({ bundles }: ListReading): void {
      const ended = new Set<string>();
      for (const [bundle, { sources, revocation }] of bundles)
        for (const { source, lists } of sources.values())
          for (const { list, sha256 } of lists) {
            if (list.nextUpdateMs >= clock()) continue;
            ended.add(sha256);
            if (toldEnds.has(sha256)) continue;
            const rule =
              revocation.stale === 'accept'
                ? 'Callers who are not on it are accepted'
                : 'No caller of this issuer is accepted';
            const sentence = `The list of ${list.issuer} came to its end on ${new Date(list.nextUpdateMs).toISOString()}. ${rule} until a newer one is there.`;
            tell({ kind: 'revocation-list-ended', bundle, source: source.name, sentence });
          }
      toldEnds = ended;
    },
  };
}
