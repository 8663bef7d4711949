// The ledger: takes records in, once and in order; keeps them packed; rolls them up; and lets go of what is old.
import type { Kysely } from 'kysely';
import type { Store } from '../store/open-store.ts';
import type { Schema } from '../store/schema.ts';
import { addArrival, lastArrivals, packArrivals } from './arrivals.ts';
import { type DeskThread, openDeskThread } from './desk-thread.ts';
import { foldRollup, type StoreBounds, storeBounds } from './fold.ts';
import { commitKnown, MarksMoved, marksOf } from './known-nodes.ts';
import type { ArrivedBatch, TakenGroup } from './ledger-desk.ts';
import type { BodyFault } from './packed-chunk.ts';
import { letGo, type Retention } from './retention.ts';
import type { Acknowledged } from './take-batch.ts';

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
  waitingBytesMax: 67_108_864,
  groupBytesMax: 8_388_608,
  foldSoonMs: 200,
  foldRecordsMax: 200_000,
};

/** What a batch came to. */
export type TakeOutcome =
  | { readonly kind: 'taken'; readonly acknowledged: readonly Acknowledged[] }
  | { readonly kind: 'faulty'; readonly fault: BodyFault }
  /** Too much waits already, or the store did not take it: whoever sent it sends it again. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number };

/** A ledger. */
export interface Ledger {
  /** Takes a batch; resolves once it is committed, or will not be. */
  take(batch: ArrivedBatch): Promise<TakeOutcome>;
  /** Resolves when everything that is committed is in the rows that questions are answered from. */
  settled(): Promise<void>;
  /** Packs small chunks together, folds old hours into days, and lets go of what is older than it is kept. */
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

/** One after the other: take, commit, fold, tidy. Only taking the next batches in the thread goes on beside a commit. */
class Intake {
  readonly thread = openDeskThread();
  readonly #db: Kysely<Schema>;
  readonly #options: LedgerOptions;
  readonly #bounds: LedgerBounds;
  readonly #knownNodes = new Set<string>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #work: Promise<void> = Promise.resolve();
  #isAwake = false;
  #isClosed = false;
  /** The last chunk that was committed here, and the last that is folded. */
  #committed = 0;
  #folded = 0;
  /** What the desk has rolled up: chunks behind the last that is folded, and their records. */
  #rolled = { chunks: 0, records: 0 };
  #foldSoon: NodeJS.Timeout | null = null;
  #foldedMs = Number.NEGATIVE_INFINITY;
  #foldTookMs = 0;
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
      await this.#drain();
    });
  }

  settled(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#drain();
      await this.#fold();
    });
  }

  tidy(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#fold();
      if (this.#holds === 0) await packArrivals(this.#db, this.thread.desk, this.#folded);
      await letGo(this.#db, this.#options.retention, this.#options.clock(), this.#folded);
    });
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
    this.#folded = state.rolled_up_to;
    this.#committed = state.rolled_up_to;
    this.#rolled = { chunks: 0, records: 0 };
    this.#isLost = false;
    for await (const chunk of lastArrivals(this.#db, this.#folded)) {
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
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => undefined);
    return turn;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        if (this.#isLost) await this.recover();
        await this.#takeGroup(group);
      } catch (fault) {
        this.#isLost = true;
        for (const { resolve } of group) resolve({ kind: 'busy', retryAfterMs });
        if (!(fault instanceof MarksMoved)) this.#options.notice(`records were not taken: ${said(fault)}`);
      }
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
    );
    await this.#commit(taken, nowMs);
    for (const [at, { resolve }] of group.entries()) {
      const answer = taken.answers[at] ?? [];
      resolve(typeof answer === 'string' ? { kind: 'faulty', fault: answer } : { kind: 'taken', acknowledged: answer });
    }
    // Calls of one caller share their rows, so that fewer and larger folds cost less: they take a seventh of the time at most.
    const pauseMs = Math.max(this.#bounds.foldSoonMs, Math.min(foldPauseMsMax, foldPauses * this.#foldTookMs));
    const restMs = this.#foldedMs + pauseMs - nowMs;
    if (restMs <= 0 || this.#rolled.records >= this.#bounds.foldRecordsMax) await this.#fold();
    else this.#foldSoon ??= setTimeout(() => this.#foldInTurn(), restMs).unref();
  }

  #foldInTurn(): void {
    this.#foldSoon = null;
    this.#inTurn(() => this.#fold()).catch((fault: unknown) =>
      this.#options.notice(`records that are committed were not rolled up yet: ${said(fault)}`),
    );
  }

  async #know(node: string): Promise<void> {
    if (this.#knownNodes.has(node)) return;
    await this.thread.desk.knowMarks(node, await marksOf(this.#db, node));
    this.#knownNodes.add(node);
  }

  async #commit(taken: TakenGroup, nowMs: number): Promise<void> {
    const id = await this.#db.transaction().execute(async (trx) => {
      await commitKnown(trx, taken, nowMs);
      return taken.chunk === null ? null : addArrival(trx, taken, taken.chunk, nowMs);
    });
    if (id !== null) this.#noteCommitted(id, taken.chunk?.records ?? 0);
  }

  /** Puts what is committed into rows, with the mark that says so in the same transaction. */
  async #fold(): Promise<void> {
    if (this.#isLost) {
      await this.recover();
      return;
    }
    this.#foldedMs = this.#options.clock();
    if (this.#folded === this.#committed) return;
    try {
      const rolledUp = await this.thread.desk.rolledUp();
      const [before, through, { chunks }] = [this.#folded, this.#committed, this.#rolled];
      await this.#db.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('ledger_state')
          .set({ rolled_up_to: through })
          .where('rolled_up_to', '=', before)
          .executeTakeFirstOrThrow();
        // A number that is not ours is a chunk of somebody else's, which is not rolled up here.
        if (numUpdatedRows !== 1n || before + chunks !== through)
          throw new MarksMoved('another control folds into this store');
        await foldRollup(trx, rolledUp, this.#bounds);
      });
      this.#folded = through;
      this.#rolled = { chunks: 0, records: 0 };
      this.#foldTookMs = this.#options.clock() - this.#foldedMs;
    } catch (fault) {
      this.#isLost = true;
      throw fault;
    }
  }
}

function said(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
