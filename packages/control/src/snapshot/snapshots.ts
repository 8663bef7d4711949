// Snapshots of one control: compiled, numbered, published, handed to gateways. One at a time, in order, and only what can be used.
import {
  type Finding,
  hashOfSnapshot,
  type Participant,
  type SnapshotAcknowledgement,
  type SnapshotContent,
  type SnapshotDocument,
  sayFinding,
  snapshotBounds,
} from '@headgate/contract';
import { type CertificateNames, type CompiledRights, compileRights, findEnrolment } from '@headgate/rules';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Store } from '../store/open-store.ts';
import { areSame, type Compiled, compileSnapshot, type FileMarks, type HeldFacts } from './compile.ts';
import type { SeenOn } from './diff/count-credentials.ts';
import { diffContents, diffSnapshots, type SnapshotDiff } from './diff/diff-snapshots.ts';
import {
  type HeldState,
  heldAfter,
  heldKinds,
  type ParticipantsChanged,
  type PositionsChanged,
  readHeld,
} from './held-changes.ts';
import { type NodeStanding, rememberWord, standings } from './node-words.ts';
import { type ReadSnapshot, readDocument } from './read-document.ts';
import type { SnapshotOptions } from './snapshot-config.ts';
import {
  documentAt,
  dropSnapshots,
  headsBelow,
  latestHead,
  publishedBody,
  publishedKind,
  type SnapshotHead,
} from './snapshot-rows.ts';

/** What is to be on the disk before it is acknowledged. */
interface WantedEntry {
  readonly kind: string;
  readonly by: string;
  readonly atMs: number;
  readonly body: unknown;
}

/** What snapshots are made with. */
export interface SnapshotsOptions {
  readonly store: Store;
  readonly journal: { append(entry: WantedEntry): Promise<number> };
  /** Null: nothing can be compiled; what is in the store is still served. */
  readonly sources: SnapshotOptions | null;
  /** Relative file names start from here. */
  readonly base: string;
  readonly clock: () => number;
  /** Told what happens: `snapshot` when one is published, `snapshot.node` when a gateway takes or refuses one. */
  readonly publish: (topic: string, data: object) => void;
  readonly notice: (sentence: string) => void;
  /** How many credentials were seen on an address since an instant. Default: nobody knows. */
  readonly seenSince?: (sinceMs: number) => Promise<SeenOn>;
  /** Numbers that something else names, such as a plan: they are kept. */
  readonly namedNumbers?: () => Promise<readonly number[]>;
}

/** What became of a wish for a snapshot. */
export interface PublishOutcome {
  /** The number in force now; null for a dry run of the first. */
  readonly number: number | null;
  readonly hash: string;
  /** Whether a new number was made: not where nothing differs, and not in a dry run. */
  readonly isNew: boolean;
  /** Against the one before; null for the first. */
  readonly diff: SnapshotDiff | null;
}

/** Who wants something and why. */
export interface Wish {
  readonly by: string;
  readonly reason: string;
}

/** Snapshots of one control. */
export interface Snapshots {
  publish(wish: Wish & { readonly isDryRun?: boolean }): Promise<PublishOutcome>;
  /** Publishes the texts of an earlier snapshot under a new number. */
  restore(number: number, wish: Wish & { readonly isDryRun?: boolean }): Promise<PublishOutcome>;
  heads(below: number, countMax: number): Promise<readonly SnapshotHead[]>;
  document(number: number): Promise<SnapshotDocument>;
  diff(before: number, next: number): Promise<SnapshotDiff>;
  latest(): Promise<SnapshotHead | null>;
  /** For a gateway: the latest as JSON once it is newer than `after`; null when `signal` or the wait ended first. */
  newerThan(
    node: string,
    asked: { readonly after: number; readonly hash: string | null },
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Buffer | null>;
  acknowledge(node: string, word: SnapshotAcknowledgement): Promise<void>;
  standings(nodes: readonly string[]): Promise<readonly NodeStanding[]>;
  held(): Promise<HeldState>;
  /** Participants as the next snapshot would have them. */
  participants(): Promise<readonly Participant[]>;
  changeParticipants(by: string, changed: ParticipantsChanged): Promise<void>;
  changePositions(by: string, changed: PositionsChanged): Promise<void>;
  /** The participant whose credential a certificate is in the latest snapshot, found as gateways find it. */
  participantOf(certificate: CertificateNames): string | null;
  /** Looks at the files; publishes what can be used and differs. */
  look(): Promise<void>;
  close(): void;
}

/** How far above our own numbers a gateway is believed: a control that was restored is not further behind. */
const floorLeapMax = 100_000;

/** How far back a credential counts as seen lately, in milliseconds (30 days). */
const latelyMs = 2_592_000_000;

/** How often a gateway that waits is looked for what another control published, in milliseconds. */
const lookMs = 2_000;

/** Most findings that one refusal names. */
const findingsToldMax = 20;

/** Snapshots that are kept parsed; what is compared is mostly the latest with the one before or the next. */
const parsedMax = 3;

/** Opens the snapshots of a store. */
export async function openSnapshots(options: SnapshotsOptions): Promise<Snapshots> {
  const { store, journal, sources, base, clock, notice, seenSince, namedNumbers = async () => [] } = options;
  const { db } = store;
  let latest: SnapshotHead | null = (await latestHead(db)) ?? null;
  let latestJson: Promise<Buffer> | null = null;
  let rights: CompiledRights | null = null;
  const parsed = new Map<number, ReadSnapshot>();
  const asked = new Map<string, { readonly number: number; readonly hash: string | null; readonly atMs: number }>();
  // Each gateway that waits. A promise that all of them race against would remember every one that ever waited.
  const waiting = new Set<() => void>();
  let lookTimer: NodeJS.Timeout | null = null;
  let isClosed = false;
  /** The files as they were when what they say was last published, or could not be. */
  let lookedAt: FileMarks | null = null;
  let remembered: { readonly held: string; readonly marks: FileMarks; readonly result: Compiled } | null = null;
  let order: Promise<unknown> = Promise.resolve();

  const tellNews = (): void => {
    for (const wake of waiting) wake();
  };
  const inOrder = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const done = order.then(work);
    order = done.catch(() => undefined);
    return done;
  };
  /** Resolves when this control publishes, when whoever asked is gone, or after `ms`. */
  const newsWithin = async (ms: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    const timer = setTimeout(stop, ms);
    signal.addEventListener('abort', stop, { once: true });
    waiting.add(stop);
    await promise;
    waiting.delete(stop);
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
  };
  const documentOf = async (number: number): Promise<SnapshotDocument> => {
    const document = await documentAt(db, number);
    if (document === undefined) throw new ControlRefusal('control.not_found', { path: `/v1/snapshots/${number}` });
    return document;
  };
  const keepParsed = (number: number, read: ReadSnapshot): void => {
    parsed.delete(number);
    parsed.set(number, read);
    const [oldest] = parsed.keys();
    if (parsed.size > parsedMax && oldest !== undefined) parsed.delete(oldest);
  };
  /** Null where this version cannot read what an earlier one published. */
  const readAt = async (
    number: number,
  ): Promise<{ readonly content: SnapshotContent; readonly read: ReadSnapshot | null }> => {
    const known = parsed.get(number);
    if (known !== undefined) return { content: known.content, read: known };
    const document = await documentOf(number);
    const result = await readDocument(document);
    if (!result.ok) return { content: document, read: null };
    keepParsed(number, result.read);
    return { content: document, read: result.read };
  };
  const diffOf = async (
    before: { readonly content: SnapshotContent; readonly read: ReadSnapshot | null },
    next: { readonly content: SnapshotContent; readonly read: ReadSnapshot | null },
  ): Promise<SnapshotDiff> => {
    if (before.read === null || next.read === null) return diffContents(before.content, next.content);
    const seenOn = (await seenSince?.(clock() - latelyMs)) ?? (() => null);
    return diffSnapshots(before.read, next.read, { atMs: clock(), seenOn });
  };
  const compiled = async (held: HeldFacts): Promise<Compiled> => {
    if (sources === null) throw new ControlRefusal('control.no_snapshot_sources', {});
    const { result, marks } = await compileSnapshot(sources, held, base);
    remembered = { held: wordsOf(held), marks, result };
    return result;
  };
  /** As `compiled`, and nothing is read again where no file and nothing that is held has changed. */
  const compiledAsBefore = async (held: HeldFacts): Promise<Compiled> => {
    const known = remembered;
    if (known?.held !== wordsOf(held) || !(await areSame(known.marks, base))) return compiled(held);
    return known.result;
  };
  const usable = (result: Compiled): ReadSnapshot => {
    if (result.ok) return result.read;
    throw unusable(result.findings);
  };
  const floor = async (): Promise<number> =>
    (await db.selectFrom('snapshot_floor').select('number').where('id', '=', 1).executeTakeFirstOrThrow()).number;

  const settle = (head: SnapshotHead, read: ReadSnapshot): void => {
    latest = head;
    latestJson = null;
    keepParsed(head.number, read);
    rights = rightsIn(read);
  };
  /** Another control may publish into the same PostgreSQL. */
  const refresh = async (): Promise<SnapshotHead | null> => {
    const head = (await latestHead(db)) ?? null;
    if (head !== null && head.number !== latest?.number) {
      const { read } = await readAt(head.number);
      latest = head;
      latestJson = null;
      if (read !== null) rights = rightsIn(read);
    }
    return latest;
  };
  const published = async (
    read: ReadSnapshot,
    { by, reason, isDryRun = false }: Wish & { readonly isDryRun?: boolean },
    restored: number | null,
  ): Promise<PublishOutcome> => {
    const hash = hashOfSnapshot(read.content);
    const before = await refresh();
    const diff = before === null ? null : await diffOf(await readAt(before.number), { content: read.content, read });
    if (before?.hash === hash) return { number: before.number, hash, isNew: false, diff };
    if (isDryRun) return { number: before?.number ?? null, hash, isNew: false, diff };
    const number = Math.max(before?.number ?? 0, await floor()) + 1;
    if (number > snapshotBounds.numberMax) throw new Error('there are no numbers left for snapshots');
    const head = { number, hash, previous: before?.number ?? null, createdMs: clock(), author: by, reason, restored };
    const body = await publishedBody(db, head, read.content);
    await journal.append({ kind: publishedKind, by, atMs: head.createdMs, body });
    settle(head, read);
    tellNews();
    options.publish('snapshot', { number, hash, previous: head.previous, author: by, reason, restored });
    await tidily();
    return { number, hash, isNew: true, diff };
  };
  const sweep = async (): Promise<void> => {
    if (sources === null) return;
    const needed = new Set(await namedNumbers());
    for (const { number } of (await standings(db)).values()) if (number !== null) needed.add(number);
    for (const { number } of asked.values()) needed.add(number);
    const dropped = await dropSnapshots(db, sources.keepCount, needed);
    for (const number of dropped) parsed.delete(number);
  };
  /** What could not be dropped now is dropped another time: nobody's wish fails by it. */
  const tidily = (): Promise<void> =>
    sweep().catch((fault: unknown) => notice(`old snapshots could not be dropped: ${String(fault)}`));
  /** A gateway that has a number which was never made here: this control was restored from a backup, and must not make it again. */
  const heardOf = async (node: string, number: number): Promise<void> => {
    const own = latest?.number ?? 0;
    if (number <= own || number > own + floorLeapMax || number <= (await floor())) return;
    await db.updateTable('snapshot_floor').set({ number }).where('id', '=', 1).where('number', '<', number).execute();
    notice(
      `${node} serves snapshot ${number}, and the latest here is ${latest?.number ?? 'none'}: this control lost what it published. ${node} keeps ${number} until you publish; the next number is ${number + 1}`,
    );
  };
  const changed = async (kind: string, by: string, body: ParticipantsChanged | PositionsChanged): Promise<void> => {
    usable(await compiled(heldAfter(await readHeld(db), body)));
    await journal.append({ kind, by, atMs: clock(), body });
  };

  const snapshots: Snapshots = {
    publish: (wish) =>
      inOrder(async () => {
        const read = usable(await compiled(await readHeld(db)));
        if (wish.isDryRun !== true) lookedAt = remembered?.marks ?? null;
        return published(read, wish, null);
      }),
    restore: (number, wish) =>
      inOrder(async () => {
        const result = await readDocument(await documentOf(number));
        if (!result.ok) throw unusable(result.findings);
        const { texts, positions, chainPositions } = result.read.content;
        const read = { ...result.read, content: { texts, positions, chainPositions } };
        return published(read, { ...wish, reason: `snapshot ${number} again: ${wish.reason}` }, number);
      }),
    heads: (below, countMax) => headsBelow(db, below, countMax),
    document: documentOf,
    diff: async (before, next) => diffOf(await readAt(before), await readAt(next)),
    latest: refresh,
    async newerThan(node, { after, hash }, waitMs, signal) {
      asked.set(node, { number: after, hash, atMs: clock() });
      let head = await refresh();
      await heardOf(node, after);
      const isWanted = (): boolean => !signal.aborted && !isClosed && (head?.number ?? 0) <= after;
      for (let leftMs = waitMs; leftMs > 0 && isWanted(); leftMs -= lookMs) {
        await newsWithin(Math.min(leftMs, lookMs), signal);
        head = await refresh();
      }
      if (latest === null || latest.number <= after) return null;
      latestJson ??= documentOf(latest.number).then((document) => Buffer.from(JSON.stringify(document)));
      return latestJson;
    },
    async acknowledge(node, word) {
      await rememberWord(db, node, word, clock());
      options.publish('snapshot.node', { node, number: word.number, refused: word.refused });
      await tidily();
    },
    async standings(nodes) {
      const known = await standings(db);
      return [...new Set([...nodes, ...known.keys()])].map((node) => {
        const last = asked.get(node);
        const said = known.get(node);
        const nothing = { node, number: null, hash: null, threads: null, sinceMs: null, refused: null };
        return { ...(said ?? nothing), askedMs: last?.atMs ?? null };
      });
    },
    held: () => readHeld(db),
    participants: async () => usable(await compiledAsBefore(await readHeld(db))).facts.provisioning?.participants ?? [],
    changeParticipants: (by, body) => inOrder(() => changed(heldKinds.participants, by, body)),
    changePositions: (by, body) => inOrder(() => changed(heldKinds.positions, by, body)),
    participantOf: (certificate) =>
      rights === null ? null : (findEnrolment(rights, certificate)?.participant.id ?? null),
    look: () =>
      inOrder(async () => {
        if (lookedAt !== null && (await areSame(lookedAt, base))) return;
        const isFirst = lookedAt === null;
        const result = await compiled(await readHeld(db));
        lookedAt = remembered?.marks ?? null;
        if (!result.ok) {
          const faults = result.findings.map(sayFinding).join('\n');
          notice(`the files changed and make no snapshot, so ${latest?.number ?? 'none'} stays:\n${faults}`);
        } else if (isFirst && latest !== null) {
          // What waits to be published by hand must not be published by a restart.
          if (hashOfSnapshot(result.read.content) !== latest.hash)
            notice(`what the sources say is not snapshot ${latest.number}: look at the difference, and publish`);
        } else await published(result.read, { by: 'control', reason: 'the files changed' }, null);
      }),
    close() {
      isClosed = true;
      if (lookTimer !== null) clearTimeout(lookTimer);
      tellNews();
    },
  };
  if (latest !== null) {
    const { read } = await readAt(latest.number);
    if (read !== null) rights = rightsIn(read);
  }
  if (sources !== null && sources.watchMs > 0) {
    const { watchMs } = sources;
    const again = (): void => {
      lookTimer = setTimeout(() => {
        void snapshots
          .look()
          .catch((fault: unknown) => notice(`the files of snapshots could not be looked at: ${String(fault)}`))
          .finally(again);
      }, watchMs).unref();
    };
    again();
  }
  return snapshots;
}

function wordsOf({ participants, positions, chainPositions }: HeldFacts): string {
  return JSON.stringify([[...participants], positions, chainPositions]);
}

function unusable(findings: readonly Finding[]): ControlRefusal {
  const told = findings.slice(0, findingsToldMax).map(sayFinding);
  const more = findings.length - told.length;
  return new ControlRefusal('control.snapshot_unusable', {
    count: findings.length,
    findings: more > 0 ? [...told, `and ${more} more`] : told,
  });
}

/** Credentials by the names that gateways find them by. */
function rightsIn({ facts: { provisioning } }: ReadSnapshot): CompiledRights | null {
  return provisioning === null ? null : compileRights(provisioning);
}
