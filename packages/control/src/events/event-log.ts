// Events in the order in which they were published, numbered without holes and stored before anybody is told. What is dropped in the
// end is known by its last number, so that a reader that comes too late is told what it misses.
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Kysely } from 'kysely';
import type { Schema } from '../store/schema.ts';

/** What is published. `participant`: who may see it besides staff; null or absent: staff alone. */
export interface EventOptions {
  readonly participant?: string | null;
}

/** An event as it is kept. */
export interface KeptEvent {
  readonly number: number;
  readonly topic: string;
  readonly participant: string | null;
  readonly atMs: number;
  /** JSON. */
  readonly data: string;
}

/** Which events a reader is to see. */
export interface EventFilter {
  /** Topics; null: all. */
  readonly topics: readonly string[] | null;
  /** The one participant whose events it may see; null: all. */
  readonly participant: string | null;
}

/** A part of the log, in order. */
export interface EventPage {
  readonly events: readonly KeptEvent[];
  /** The page tells all up to this number, whether or not the filter let anything through. */
  readonly upTo: number;
}

/** Where areas publish. */
export interface Events {
  /** Publishes an event; resolves once it is stored. `topic` as `snapshot` or `evidence.gap`. */
  publish(topic: string, data: object, options?: EventOptions): Promise<void>;
}

/** The log of one store. */
export interface EventLog extends Events {
  /** Random, of the store: numbers of another one mean nothing here. */
  readonly epoch: string;
  /** The last number that was published; 0 before the first. */
  newest(): number;
  /** The last number that is not kept any more; 0 while all are. */
  dropped(): number;
  /** Events after a number, as many as a page holds. Behind what was dropped none: whoever asks must be told of the gap first. */
  after(number: number, filter: EventFilter): Promise<EventPage>;
  /** Resolves when something was published after a number, or when the signal says so. */
  published(after: number, signal: AbortSignal): Promise<void>;
}

/** How many events are kept. */
export interface EventLogBounds {
  readonly keptMax: number;
  readonly keptMs: number;
}

/** Events stored at once, and read at once. */
const pageMax = 64;
/** The latest events are in memory too, so that many readers who follow cost the store nothing: how many, and characters of them. */
const recentMax = 1_024;
const recentCharsMax = 4_194_304;
/** Published events that wait to be stored; the store is out of order when more do. */
const waitingMax = 10_000;
/** Largest event, in bytes of its JSON. */
const dataBytesMax = 65_536;
/** Of how many events, and how often, what is too old is dropped. */
const dropEvery = 256;

interface Waiting {
  readonly event: Omit<KeptEvent, 'number'>;
  readonly stored: PromiseWithResolvers<void>;
}

/** Opens the log of a store; one at a time, as the store itself is. */
export async function openEventLog(
  db: Kysely<Schema>,
  { keptMax, keptMs }: EventLogBounds,
  clock: () => number,
): Promise<EventLog> {
  const stream = await streamOf(db);
  const last = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('number').as('number'))
    .executeTakeFirst();
  let newest = Math.max(stream.dropped, last?.number ?? 0);
  let { dropped } = stream;
  const recent = createRecent();
  let waiting: Waiting[] = [];
  let isStoring = false;
  const told = new EventEmitter();
  told.setMaxListeners(0);

  const store = async (batch: readonly Waiting[]): Promise<void> => {
    const events = batch.map(({ event }, at) => ({ ...event, number: newest + 1 + at }));
    const rows = events.map(({ atMs, ...event }) => ({ ...event, at_ms: atMs }));
    await db.insertInto('events').values(rows).execute();
    recent.add(events);
    const before = newest;
    newest += rows.length;
    if (Math.floor(newest / dropEvery) !== Math.floor(before / dropEvery)) await drop();
  };
  const drop = async (): Promise<void> => {
    const tooOld = await db
      .selectFrom('events')
      .select(({ fn }) => fn.max('number').as('number'))
      .where('at_ms', '<', clock() - keptMs)
      .executeTakeFirst();
    const upTo = Math.max(dropped, newest - keptMax, tooOld?.number ?? 0);
    if (upTo === dropped) return;
    await db.transaction().execute(async (trx) => {
      await trx.updateTable('event_stream').set({ dropped: upTo }).execute();
      await trx.deleteFrom('events').where('number', '<=', upTo).execute();
    });
    dropped = upTo;
  };
  const storeAll = async (): Promise<void> => {
    isStoring = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, pageMax);
      try {
        await store(batch);
        for (const { stored } of batch) stored.resolve();
        told.emit('published');
      } catch (fault) {
        for (const { stored } of batch) stored.reject(fault);
      }
    }
    isStoring = false;
  };
  return {
    epoch: stream.epoch,
    newest: () => newest,
    dropped: () => dropped,
    async publish(topic, data, { participant = null } = {}) {
      const text = JSON.stringify(data);
      if (Buffer.byteLength(text) > dataBytesMax)
        throw new RangeError(`an event of ${topic} is over ${dataBytesMax} bytes`);
      if (waiting.length >= waitingMax) throw new Error(`${waiting.length} events wait to be stored`);
      const stored = Promise.withResolvers<void>();
      waiting = [...waiting, { event: { topic, participant, atMs: clock(), data: text }, stored }];
      if (!isStoring) void storeAll();
      await stored.promise;
    },
    async after(number, { topics, participant }) {
      const upTo = newest;
      if (number < dropped) return { events: [], upTo: number };
      const kept = recent.after(number);
      if (kept !== null)
        return pageOf(
          kept.filter((event) => isFor(event, { topics, participant })),
          upTo,
        );
      let query = db
        .selectFrom('events')
        .selectAll()
        .where('number', '>', number)
        .where('number', '<=', upTo)
        .orderBy('number')
        .limit(pageMax);
      if (topics !== null) query = query.where('topic', 'in', topics);
      if (participant !== null) query = query.where('participant', '=', participant);
      const rows = await query.execute();
      // What was dropped meanwhile may be missing among them.
      if (number < dropped) return { events: [], upTo: number };
      return pageOf(
        rows.map(({ at_ms: atMs, ...event }) => ({ ...event, atMs })),
        upTo,
      );
    },
    async published(after, signal) {
      if (newest > after || signal.aborted) return;
      await once(told, 'published', { signal }).catch(() => undefined);
    },
  };
}

function isFor(event: KeptEvent, { topics, participant }: EventFilter): boolean {
  return (topics?.includes(event.topic) ?? true) && (participant === null || event.participant === participant);
}

function pageOf(found: readonly KeptEvent[], upTo: number): EventPage {
  const events = found.slice(0, pageMax);
  return { events, upTo: events.length < pageMax ? upTo : (events.at(-1)?.number ?? upTo) };
}

/** The latest events in memory. */
function createRecent(): {
  add(events: readonly KeptEvent[]): void;
  /** All events after a number; null where some of them are not in memory. */
  after(number: number): readonly KeptEvent[] | null;
} {
  let held: KeptEvent[] = [];
  let chars = 0;
  return {
    add(events) {
      held = [...held, ...events];
      for (const { data } of events) chars += data.length;
      while (held.length > recentMax || chars > recentCharsMax) chars -= held.shift()?.data.length ?? 0;
    },
    after(number) {
      const [first] = held;
      return first === undefined || first.number > number + 1 ? null : held.slice(number + 1 - first.number);
    },
  };
}

async function streamOf(db: Kysely<Schema>): Promise<{ readonly epoch: string; readonly dropped: number }> {
  const first = { id: 1, epoch: randomBytes(6).toString('hex'), dropped: 0 } as const;
  await db
    .insertInto('event_stream')
    .values(first)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return db.selectFrom('event_stream').select(['epoch', 'dropped']).executeTakeFirstOrThrow();
}
