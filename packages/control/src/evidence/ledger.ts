// The ledger: takes records in, once and in order; keeps them packed; rolls them up; and lets go of what is old.
import type { Kysely } from 'kysely';
import type { Store } from '../store/open-store.ts';
import type { Schema } from '../store/schema.ts';
import { addArrival, lastArrivals, packArrivals } from './arrivals.ts';
import { type DeskThread, openDeskThread } from './desk-thread.ts';
import { createRoom, foldRollup, type StoreBounds, storeBounds } from './fold.ts';
import { unpackSlice } from './fold-slice.ts';
import { countSlices, keepSlices, takeSlice } from './kept-slices.ts';
import { commitKnown, countBegun, MarksMoved, marksOf } from './known-nodes.ts';
import type { ArrivedBatch, TakenGroup } from './ledger-desk.ts';
import type { BodyFault } from './packed-chunk.ts';
import { letGo, type Retention } from './retention.ts';
import { dayMs, startOf } from './rollup.ts';
import type { Acknowledged } from './take-batch.ts';
import type { Turn } from './turn.ts';

/** What a ledger is made of. */
export interface LedgerOptions {
  readonly store: Store;
  /** Now, in milliseconds since 1970 UTC. */
  readonly clock: () => number;
  readonly retention: Retention;
  /** Told in sentences what went wrong and what became of it. */
  readonly notice: (sentence: string) => void;
  readonly bounds?: Partial<LedgerBounds>;
}

/** Bounds of a ledger. */
export interface LedgerBounds extends StoreBounds {
  /** Threads of boots that a node, or an import, may begin on one day of UTC. Default 10,000: what is known of each is kept for years. */
  readonly threadsPerDayMax: number;
  /** Batches that wait, in bytes as they came. Default 64 MiB. */
  readonly waitingBytesMax: number;
  /** Batches that are taken in one transaction, in bytes as they came. Default 8 MiB. */
  readonly groupBytesMax: number;
  /** Time from a commit until it is folded, where there is little to do, in milliseconds. Default 200; under load it is up to 20,000. */
  readonly foldSoonMs: number;
  /** Records that are rolled up at most before they are folded; as many are read again after a crash. Default 200,000. */
  readonly foldRecordsMax: number;
}

const defaultBounds: LedgerBounds = {
  ...storeBounds,
  threadsPerDayMax: 10_000,
  waitingBytesMax: 67_108_864,
  groupBytesMax: 8_388_608,
  foldSoonMs: 200,
  foldRecordsMax: 200_000,
};

/** What a batch came to. */
export type TakeOutcome =
  | { readonly kind: 'taken'; readonly acknowledged: readonly Acknowledged[] }
  | { readonly kind: 'faulty'; readonly fault: Exclude<BodyFault, 'too-many-threads'> }
  /** It would have its node begin more threads of boots today than `limit`. */
  | { readonly kind: 'too-many-threads'; readonly limit: number }
  /** Too much waits already, or the store did not take it: whoever sent it sends it again. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number };

/** A ledger. */
export interface Ledger {
  /** Takes a batch; resolves once it is committed, or will not be. */
  take(batch: ArrivedBatch): Promise<TakeOutcome>;
  /** Resolves when everything that is committed is in the rows that questions are answered from. */
  settled(): Promise<void>;
  /** Packs small chunks together, makes days of old hours, and lets go of what is older than it is kept; others' turns come in between. */
  tidy(): Promise<void>;
  readonly desk: DeskThread['desk'];
  /** Chunks are not put together while an export reads them one after the other; returns what ends it. */
  holdChunks(): () => void;
  /** Takes what waits, folds it, and ends the thread. */
  close(): Promise<void>;
}

interface Waiting {
  readonly batch: ArrivedBatch;
  readonly resolve: (outcome: TakeOutcome) => void;
}

/** How long whoever sent a batch waits that could not be taken. */
const retryAfterMs = 1_000;

/** How many times as long as a fold took passes before the next, and at most how long, in milliseconds. */
const foldPauses = 6;
const foldPauseMsMax = 20_000;

/** After a fold that failed, in milliseconds. */
const foldAgainMs = 10_000;

/** How many times as long as a slice took passes before the next, and at most how long: a question of some statements is through by then. */
const slicePauses = 2;
const slicePauseMsMax = 100;

/** Opens the ledger; what was committed before and not folded is folded first. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const intake = new Intake(options);
  await intake.recover();
  return {
    take: (batch) => intake.take(batch),
    settled: () => intake.settled(),
    tidy: () => intake.tidy(),
    desk: intake.thread.desk,
    holdChunks: () => intake.holdChunks(),
    close: () => intake.close(),
  };
}

/** One after the other: take and commit some batches, fold a slice, tidy a little. Reading the store goes on beside all of it. */
class Intake {
  readonly thread = openDeskThread();
  readonly #db: Kysely<Schema>;
  readonly #options: LedgerOptions;
  readonly #bounds: LedgerBounds;
  readonly #knownNodes = new Set<string>();
  readonly #toldThreads = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #work: Promise<void> = Promise.resolve();
  #isAwake = false;
  #isClosed = false;
  /** The last chunk that was committed here, and the last that is cut into slices. */
  #committed = 0;
  #sliced = 0;
  /** What the desk has rolled up: chunks behind the last that is cut, and their records. */
  #rolled = { chunks: 0, records: 0 };
  /** Slices that are in the store, and in no row. */
  #slices = 0;
  #room = createRoom();
  #foldSoon: NodeJS.Timeout | null = null;
  #cutMs = Number.NEGATIVE_INFINITY;
  #foldTookMs = 0;
  #sliceTookMs = 0;
  #isLost = false;
  #holds = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#db = options.store.db;
    this.#bounds = { ...defaultBounds, ...options.bounds };
  }

  take(batch: ArrivedBatch): Promise<TakeOutcome> {
    const bytes = batch.body.byteLength;
    if (this.#isClosed || this.#waitingBytes + bytes > this.#bounds.waitingBytesMax)
      return Promise.resolve({ kind: 'busy', retryAfterMs });
    const { promise, resolve } = Promise.withResolvers<TakeOutcome>();
    this.#waiting.push({ batch, resolve });
    this.#waitingBytes += bytes;
    this.#wakeUp();
    return promise;
  }

  #wakeUp(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    void this.#inTurn(async () => {
      this.#isAwake = false;
      await this.#takeNext();
      // A turn for each group: a slice that waits has its turn although batches come without end.
      if (this.#waiting.length > 0) this.#wakeUp();
    });
  }

  settled(): Promise<void> {
    return this.#inTurn(async () => {
      while (this.#waiting.length > 0) await this.#takeNext();
      await this.#fold();
    });
  }

  async tidy(): Promise<void> {
    const turn: Turn = (work) => this.#inTurn(work);
    await packArrivals(this.#db, this.thread.desk, () => (this.#holds === 0 ? this.#sliced : 0), turn);
    await letGo(this.#db, this.#options.retention, this.#options.clock(), () => this.#sliced, turn);
    this.#room = createRoom();
  }

  holdChunks(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#holds -= 1;
      isHeld = false;
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#foldSoon ?? undefined);
    await this.settled().catch((fault: unknown) => this.#options.notice(`the ledger was not folded: ${said(fault)}`));
    await this.thread.close();
  }

  /** Begins from what the store has: nothing is known but what is committed. */
  async recover(): Promise<void> {
    const { desk } = this.thread;
    await desk.forget();
    this.#knownNodes.clear();
    const state = await this.#db.selectFrom('ledger_state').selectAll().executeTakeFirstOrThrow();
    this.#sliced = state.rolled_up_to;
    this.#committed = state.rolled_up_to;
    this.#rolled = { chunks: 0, records: 0 };
    this.#slices = await countSlices(this.#db);
    this.#room = createRoom();
    this.#isLost = false;
    for await (const chunk of lastArrivals(this.#db, this.#sliced)) {
      await desk.rollUpAgain([chunk]);
      this.#noteCommitted(chunk.id, chunk.records);
      if (this.#rolled.records >= this.#bounds.foldRecordsMax) await this.#fold();
    }
    await this.#fold();
  }

  #noteCommitted(id: number, records: number): void {
    this.#committed = id;
    this.#rolled = { chunks: this.#rolled.chunks + 1, records: this.#rolled.records + records };
  }

  /** Runs `work` when everything before it has ended. */
  #inTurn<Outcome>(work: () => Promise<Outcome>): Promise<Outcome> {
    const turn = this.#work.then(work);
    this.#work = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #takeNext(): Promise<void> {
    const group = this.#nextGroup();
    if (group.length === 0) return;
    try {
      if (this.#isLost) await this.recover();
      await this.#takeGroup(group);
    } catch (fault) {
      this.#isLost = true;
      for (const { resolve } of group) resolve({ kind: 'busy', retryAfterMs });
      if (!(fault instanceof MarksMoved)) this.#options.notice(`records were not taken: ${said(fault)}`);
    }
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { batch } of this.#waiting) {
      if (count > 0 && bytes + batch.body.byteLength > this.#bounds.groupBytesMax) break;
      bytes += batch.body.byteLength;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #takeGroup(group: readonly Waiting[]): Promise<void> {
    const { desk } = this.thread;
    const nowMs = this.#options.clock();
    for (const { batch } of group) await this.#know(batch.node);
    const taken = await desk.take(
      group.map(({ batch }) => batch),
      nowMs,
      this.#bounds.threadsPerDayMax,
    );
    await this.#commit(taken, nowMs);
    for (const [at, { resolve }] of group.entries()) {
      const answer = taken.answers[at] ?? [];
      if (answer === 'too-many-threads') this.#tellThreads(group[at]?.batch.node ?? '', nowMs);
      resolve(this.#outcomeOf(answer));
    }
    if (this.#rolled.records >= this.#bounds.foldRecordsMax) await this.#fold();
    else this.#foldLater();
  }

  #outcomeOf(answer: TakenGroup['answers'][number]): TakeOutcome {
    if (typeof answer !== 'string') return { kind: 'taken', acknowledged: answer };
    return answer === 'too-many-threads'
      ? { kind: answer, limit: this.#bounds.threadsPerDayMax }
      : { kind: 'faulty', fault: answer };
  }

  /** Once for a node and day. */
  #tellThreads(node: string, nowMs: number): void {
    const day = startOf(nowMs, dayMs);
    if (this.#toldThreads.get(node) === day) return;
    this.#toldThreads.set(node, day);
    this.#options.notice(
      `${node} began more than ${this.#bounds.threadsPerDayMax} threads of boots today: records of further ones are not taken before tomorrow (UTC)`,
    );
  }

  /** Sees to it that what is committed goes into rows, a slice in a turn. */
  #foldLater(): void {
    const isDone = this.#slices === 0 && this.#sliced === this.#committed && !this.#isLost;
    if (this.#isClosed || isDone) return;
    this.#foldSoon ??= setTimeout(() => {
      this.#foldSoon = null;
      this.#inTurn(() => this.#foldSome()).then(
        () => this.#foldLater(),
        (fault: unknown) => {
          this.#options.notice(`records that are committed were not rolled up yet: ${said(fault)}`);
          this.#foldLater();
        },
      );
    }, this.#foldRestMs()).unref();
  }

  #foldRestMs(): number {
    if (this.#isLost) return foldAgainMs;
    if (this.#slices > 0) return Math.min(slicePauseMsMax, slicePauses * this.#sliceTookMs);
    // Calls of one caller share their rows, so that fewer and larger folds cost less: they take a seventh of the time at most.
    const pauseMs = Math.max(this.#bounds.foldSoonMs, Math.min(foldPauseMsMax, foldPauses * this.#foldTookMs));
    return Math.max(0, this.#cutMs + pauseMs - this.#options.clock());
  }

  async #foldSome(): Promise<void> {
    if (this.#isLost) await this.recover();
    else if (this.#slices > 0) await this.#foldSlice();
    else await this.#cut();
  }

  async #know(node: string): Promise<void> {
    if (this.#knownNodes.has(node)) return;
    const nowMs = this.#options.clock();
    const begun = await countBegun(this.#db, node, startOf(nowMs, dayMs));
    await this.thread.desk.knowMarks(node, await marksOf(this.#db, node), begun, nowMs);
    this.#knownNodes.add(node);
  }

  async #commit(taken: TakenGroup, nowMs: number): Promise<void> {
    const id = await this.#db.transaction().execute(async (trx) => {
      await commitKnown(trx, taken, nowMs);
      return taken.chunk === null ? null : addArrival(trx, taken, taken.chunk, nowMs);
    });
    if (id !== null) this.#noteCommitted(id, taken.chunk?.records ?? 0);
  }

  /** Puts everything that is committed into rows. */
  async #fold(): Promise<void> {
    if (this.#isLost) {
      await this.recover();
      return;
    }
    while (this.#slices > 0) await this.#foldSlice();
    await this.#cut();
    while (this.#slices > 0) await this.#foldSlice();
  }

  /** Keeps what is rolled up in slices, with the mark that says of what they are: from then on no chunk is read again. One is put in at once. */
  async #cut(): Promise<void> {
    this.#cutMs = this.#options.clock();
    this.#foldTookMs = 0;
    if (this.#sliced === this.#committed) return;
    await this.#orLost(async () => {
      const slices = await this.thread.desk.slices();
      const [before, through, { chunks }] = [this.#sliced, this.#committed, this.#rolled];
      const [only] = slices;
      await this.#timed(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('ledger_state')
          .set({ rolled_up_to: through })
          .where('rolled_up_to', '=', before)
          .executeTakeFirstOrThrow();
        // A number that is not ours is a chunk of somebody else's, which is not rolled up here.
        if (numUpdatedRows !== 1n || before + chunks !== through)
          throw new MarksMoved('another control folds into this store');
        if (slices.length > 1) await keepSlices(trx, through, slices);
        else if (only !== undefined) await foldRollup(trx, unpackSlice(only), this.#bounds, this.#room);
      });
      this.#sliced = through;
      this.#rolled = { chunks: 0, records: 0 };
      this.#slices = slices.length > 1 ? slices.length : 0;
    });
  }

  /** Puts the oldest slice into rows, and takes it away in the same transaction. */
  async #foldSlice(): Promise<void> {
    await this.#orLost(async () => {
      const isThere = await this.#timed(async (trx) => {
        const slice = await takeSlice(trx);
        if (slice !== null) await foldRollup(trx, unpackSlice(slice), this.#bounds, this.#room);
        return slice !== null;
      });
      this.#slices = isThere ? this.#slices - 1 : 0;
    });
  }

  async #timed<Outcome>(work: (trx: Kysely<Schema>) => Promise<Outcome>): Promise<Outcome> {
    const beganMs = this.#options.clock();
    const outcome = await this.#db.transaction().execute(work);
    this.#sliceTookMs = this.#options.clock() - beganMs;
    this.#foldTookMs += this.#sliceTookMs;
    return outcome;
  }

  async #orLost(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      this.#isLost = true;
      throw fault;
    }
  }
}

function said(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
