// The journal: what must not be lost is on the disk before it is acknowledged, and in the store exactly once.
//
// An entry is applied to the store inside a transaction first, so that what cannot be applied is refused and never written. Then
// its line is made durable, then the transaction is committed. Whatever dies between the two is made good by the next start: the
// store remembers how far it has come. PostgreSQL is durable by itself, and there the table is the journal.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { sql, type Transaction } from 'kysely';
import { ControlRefusal } from '../api/control-refusal.ts';
import { lockFolder } from '../store/lock-folder.ts';
import type { Store } from '../store/open-store.ts';
import type { Schema } from '../store/schema.ts';
import { StoreRefused } from '../store/store-refused.ts';
import { type JournalFile, openJournalFile } from './journal-file.ts';
import { chainEntry, firstChecksum, type JournalEntry, type WrittenEntry } from './journal-line.ts';

/**
 * Carries an entry out in the store. It may refuse by throwing; then nothing is written. It must depend on nothing but the
 * entry and tables that entries alone change, and must accept whatever it has accepted before: it runs again when the store
 * was lost.
 */
export type ApplyEntry = (entry: JournalEntry, trx: Transaction<Schema>) => Promise<void>;

/** What somebody wants recorded. */
export type AppendedEntry = Omit<JournalEntry, 'sequence'>;

/** What the journal is opened with. */
export interface JournalOptions {
  readonly store: Store;
  /** Where the files of an embedded store's journal are, in the folder that its lock is in. An empty PostgreSQL takes them in. */
  readonly folder: string;
  /** By kind. A kind and the form of its body are for ever: the journal is read again by later versions. */
  readonly appliers: Readonly<Record<string, ApplyEntry>>;
  readonly notice: (sentence: string) => void;
  readonly segmentBytesMax?: number;
}

/** The open journal. */
export interface Journal {
  /** Applies, records and acknowledges an entry; resolves with its sequence number. Rejects with what its applier threw. */
  append(entry: AppendedEntry): Promise<number>;
  /** Entries with a greater sequence number, in order. */
  replay(after: number): AsyncGenerator<JournalEntry>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

interface Waiting {
  readonly entry: AppendedEntry;
  readonly bytes: number;
  readonly resolve: (sequence: number) => void;
  readonly reject: (cause: unknown) => void;
}

const entryBytesMax = 16_777_216;
const batchCountMax = 64;
const batchBytesMax = 16_777_216;
const waitingCountMax = 1_000;
const waitingBytesMax = 67_108_864;
const pageCount = 100;

/** Opens the journal and brings the store up to it. Throws a `StoreRefused` where the two cannot belong together. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { store, folder, appliers, notice } = options;
  const file = store.kind === 'embedded' ? await openJournalFile(options) : null;
  try {
    await (file === null ? moveIn(options) : reconcile(store, file, folder, appliers, notice));
  } catch (cause) {
    await file?.close();
    throw cause;
  }
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let working: Promise<void> | null = null;
  let isClosed = false;

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = takeBatch(waiting);
      waitingBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
      await record(batch, { store, file, appliers });
    }
    working = null;
  };

  return {
    async append({ atMs, kind, by, body }) {
      if (isClosed) throw new ControlRefusal('control.draining', {});
      if (appliers[kind] === undefined) throw new Error(`nothing applies entries of kind ${kind}`);
      const text = JSON.stringify({ atMs, kind, by, body });
      const bytes = Buffer.byteLength(text);
      if (bytes > entryBytesMax) {
        throw new ControlRefusal('control.too_large', { what: 'entry of the journal', limitBytes: entryBytesMax });
      }
      if (waiting.length >= waitingCountMax || waitingBytes + bytes > waitingBytesMax) {
        throw new ControlRefusal('control.store_busy', { waitingCount: waiting.length });
      }
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      // What is applied now is what a later start will read: the text, not the object that the caller may change.
      waiting.push({ entry: JSON.parse(text) as AppendedEntry, bytes, resolve, reject });
      waitingBytes += bytes;
      working ??= work();
      return promise;
    },
    replay: (after) => pages(store, after),
    async close() {
      isClosed = true;
      await working;
      await file?.close();
    },
  };
}

function takeBatch(waiting: Waiting[]): readonly Waiting[] {
  let count = 0;
  let bytes = 0;
  for (const each of waiting) {
    if (count === batchCountMax || (count > 0 && bytes + each.bytes > batchBytesMax)) break;
    count += 1;
    bytes += each.bytes;
  }
  return waiting.splice(0, count);
}

interface Places {
  readonly store: Store;
  readonly file: JournalFile | null;
  readonly appliers: Readonly<Record<string, ApplyEntry>>;
}

/** Carries a batch out and answers everyone in it. Never rejects. */
async function record(batch: readonly Waiting[], places: Places): Promise<void> {
  let accepted: readonly Accepted[] = [];
  let isDurable = false;
  try {
    await places.store.db.transaction().execute(async (trx) => {
      accepted = await applyBatch(batch, trx, places);
      const entries = accepted.map(({ entry }) => entry);
      await keep(trx, entries);
      await places.file?.append(entries).catch((cause: unknown) => {
        throw new ControlRefusal('control.journal_unwritable', {}, { cause });
      });
      isDurable = places.file !== null;
    });
  } catch (cause) {
    // Recorded, but the store was lost in the middle of it: what is on the disk takes effect all the same.
    const isMadeGood = isDurable && (await catchUp(places).then(isDone, isNotDone));
    if (!isMadeGood) {
      for (const { reject } of batch) reject(cause);
      return;
    }
  }
  for (const { waiting, entry } of accepted) waiting.resolve(entry.sequence);
}

const isDone = (): boolean => true;
const isNotDone = (): boolean => false;

interface Accepted {
  readonly waiting: Waiting;
  readonly entry: WrittenEntry;
}

async function applyBatch(
  batch: readonly Waiting[],
  trx: Transaction<Schema>,
  { file, appliers }: Places,
): Promise<readonly Accepted[]> {
  const accepted: Accepted[] = [];
  let last = await lockLast(trx);
  if (file !== null && last.sequence < file.last.sequence) {
    // An earlier batch is recorded that the lost store does not have: it comes first.
    await catchUpIn(trx, file, appliers);
    last = await lockLast(trx);
  }
  const first = last.sequence + 1;
  for (const waiting of batch) {
    const entry = chainEntry({ sequence: last.sequence + 1, ...waiting.entry }, first, last.checksum);
    if (!(await applyOrRefuse(entry, waiting, trx, appliers))) continue;
    accepted.push({ waiting, entry });
    last = entry;
  }
  return accepted;
}

/** Applies one entry of a batch; where its applier throws, undoes that and tells its caller alone. */
async function applyOrRefuse(
  entry: WrittenEntry,
  waiting: Waiting,
  trx: Transaction<Schema>,
  appliers: Places['appliers'],
): Promise<boolean> {
  await sql`savepoint entry`.execute(trx);
  try {
    await applierOf(entry, appliers)(entry, trx);
    await sql`release savepoint entry`.execute(trx);
    return true;
  } catch (cause) {
    await sql`rollback to savepoint entry`.execute(trx);
    waiting.reject(cause);
    return false;
  }
}

function applierOf(entry: WrittenEntry, appliers: Places['appliers']): ApplyEntry {
  const apply = appliers[entry.kind];
  if (apply !== undefined) return apply;
  throw new StoreRefused(
    'store.newer',
    `entry ${entry.sequence} of the journal is of kind ${entry.kind}, which this version does not know`,
    'Start the newer version that wrote it.',
  );
}

/** Locks the row that says how far the journal is, and gives the last entry. Whoever else appends waits. */
async function lockLast(trx: Transaction<Schema>): Promise<{ readonly sequence: number; readonly checksum: string }> {
  const { sequence } = await trx
    .selectFrom('journal_applied')
    .select('sequence')
    .where('id', '=', 1)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return { sequence, checksum: (await checksumAt(trx, sequence)) ?? firstChecksum };
}

async function checksumAt(trx: Transaction<Schema>, sequence: number): Promise<string | undefined> {
  const row = await trx
    .selectFrom('journal_entries')
    .select('checksum')
    .where('sequence', '=', sequence)
    .executeTakeFirst();
  return row?.checksum;
}

async function keep(trx: Transaction<Schema>, entries: readonly WrittenEntry[]): Promise<void> {
  const end = entries.at(-1);
  if (end === undefined) return;
  const rows = entries.map(({ sequence, batch, atMs, kind, by, body, checksum }) => ({
    sequence,
    batch,
    at_ms: atMs,
    kind,
    by,
    body: JSON.stringify(body),
    checksum,
  }));
  await trx.insertInto('journal_entries').values(rows).execute();
  await trx.updateTable('journal_applied').set({ sequence: end.sequence }).where('id', '=', 1).execute();
}

/** Applies what the file has and the store has not, in transactions of a page; gives how many. */
async function catchUp({ store, file, appliers }: Places): Promise<number> {
  let appliedCount = 0;
  for (let count = pageCount; file !== null && count > 0; appliedCount += count) {
    count = await store.db.transaction().execute((trx) => catchUpIn(trx, file, appliers));
  }
  return appliedCount;
}

async function catchUpIn(trx: Transaction<Schema>, file: JournalFile, appliers: Places['appliers']): Promise<number> {
  const last = await lockLast(trx);
  const page = file.read(last.sequence).take(pageCount).toArray();
  const [next] = page;
  if (next !== undefined && chainEntry(next, next.batch, last.checksum).checksum !== next.checksum) {
    throw stranger(last.sequence + 1);
  }
  for (const entry of page) await applierOf(entry, appliers)(entry, trx);
  await keep(trx, page);
  return page.length;
}

/** Brings file and store together at the start, whichever of them is behind. */
async function reconcile(
  store: Store,
  file: JournalFile,
  folder: string,
  appliers: Places['appliers'],
  notice: (sentence: string) => void,
): Promise<void> {
  const applied = await store.db.transaction().execute(lockLast);
  await refuseStranger(store, file, applied);
  if (file.last.sequence < applied.sequence) {
    const missing = applied.sequence - file.last.sequence;
    notice(`the journal in ${folder} lacked its last ${missing} entries; they are written again from the store`);
    for await (const page of writtenPages(store, file.last.sequence)) await file.append(page);
  }
  const count = await catchUp({ store, file, appliers });
  if (count > 0) notice(`${count} entries of the journal in ${folder} were not in the store yet; they are now`);
}

/** Refuses a journal and a store of which neither continues the other. */
async function refuseStranger(
  store: Store,
  file: JournalFile,
  applied: { readonly sequence: number; readonly checksum: string },
): Promise<void> {
  const shared = Math.min(applied.sequence, file.last.sequence);
  if (shared === 0) return;
  const inFile = shared === file.last.sequence ? file.last.checksum : file.read(shared - 1).next().value?.checksum;
  const inStore = await store.db.transaction().execute((trx) => checksumAt(trx, shared));
  if (inFile === inStore) return;
  throw stranger(shared);
}

function stranger(sequence: number): StoreRefused {
  return new StoreRefused(
    'store.journal_stranger',
    `the journal is not that of this store: they differ in entry ${sequence}`,
    'Put back the journal and the store that belong together, from one backup.',
  );
}

/** Brings what an embedded store's journal holds into a PostgreSQL that has no entry yet: the way from one kind to the other. */
async function moveIn({ store, folder, appliers, notice }: JournalOptions): Promise<void> {
  if (!existsSync(folder)) return;
  const { sequence } = await store.db.transaction().execute(lockLast);
  if (sequence > 0) return;
  // A control that still runs on the embedded store writes there.
  const unlock = lockFolder(dirname(folder), Date.now);
  try {
    const file = await openJournalFile({ folder, notice });
    const count = await catchUp({ store, file, appliers });
    await file.close();
    if (count > 0) notice(`${count} entries of the journal in ${folder} were brought into PostgreSQL, which had none`);
  } finally {
    unlock();
  }
}

async function* writtenPages(store: Store, after: number): AsyncGenerator<readonly WrittenEntry[]> {
  for (let from = after; ; ) {
    const rows = await store.db
      .selectFrom('journal_entries')
      .selectAll()
      .where('sequence', '>', from)
      .orderBy('sequence')
      .limit(pageCount)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ at_ms, body, ...row }) => ({ ...row, atMs: at_ms, body: JSON.parse(body) as unknown }));
    from = last.sequence;
  }
}

async function* pages(store: Store, after: number): AsyncGenerator<JournalEntry> {
  for await (const page of writtenPages(store, after)) {
    for (const { sequence, atMs, kind, by, body } of page) yield { sequence, atMs, kind, by, body };
  }
}
