// Records as they came, in the store: chunks of packed lines by number, small ones put together, and lists that say which chunk holds
// an exchange.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import type { AskedDesk } from './desk-thread.ts';
import { chunksPerSegment, exchangeKey, hasKey, placesOf } from './exchange-index.ts';
import type { StoredChunk, TakenGroup } from './ledger-desk.ts';
import { wholeRawBytes, wholeRecords } from './packed-chunk.ts';
import type { Turn } from './turn.ts';

/** Small chunks are put together once there are so many of them, or enough for a whole one. */
const smallChunksMax = 64;

/** Adds a chunk; gives its number. */
export async function addArrival(
  trx: Kysely<Schema>,
  { nodes }: TakenGroup,
  chunk: NonNullable<TakenGroup['chunk']>,
  nowMs: number,
): Promise<number> {
  const { last_arrival: id } = await trx
    .updateTable('ledger_state')
    .set(({ eb }) => ({ last_arrival: eb('last_arrival', '+', 1) }))
    .returning('last_arrival')
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('ledger_arrival')
    .values({
      id,
      taken_ms: nowMs,
      from_ms: chunk.fromMs,
      to_ms: chunk.toMs,
      records: chunk.records,
      raw_bytes: chunk.rawBytes,
      packed_bytes: chunk.lines.byteLength,
      nodes: [...new Set(nodes.map(({ node }) => node))],
      whole: chunk.records >= wholeRecords || chunk.rawBytes >= wholeRawBytes,
      segment: null,
      keys: Buffer.from(chunk.keys),
      lines: Buffer.from(chunk.lines),
    })
    .execute();
  return id;
}

/** Chunks behind a number, one after the other. */
export async function* lastArrivals(
  db: Kysely<Schema>,
  after: number,
): AsyncGenerator<StoredChunk & { readonly id: number; readonly records: number }> {
  for (let last = after; ; ) {
    const row = await db
      .selectFrom('ledger_arrival')
      .select(['id', 'taken_ms', 'records', 'lines'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (row === undefined) return;
    last = row.id;
    yield { id: row.id, takenMs: row.taken_ms, records: row.records, lines: row.lines };
  }
}

/**
 * Puts small chunks together, and makes lists of the whole ones. Only of those that need not be rolled up again after a crash. Each run is
 * a turn of its own.
 */
export async function packArrivals(
  db: Kysely<Schema>,
  desk: AskedDesk,
  rolledUpTo: () => number,
  turn: Turn,
): Promise<void> {
  const merge = async (): Promise<boolean> => {
    const run = await smallRun(db, rolledUpTo());
    if (run.length > 0) await mergeRun(db, desk, run);
    return run.length > 0;
  };
  const list = async (): Promise<boolean> => {
    const run = await wholeRun(db);
    if (run.length === chunksPerSegment) await listRun(db, desk, run);
    return run.length === chunksPerSegment;
  };
  while (await turn(merge));
  while (await turn(list));
}

interface ChunkFacts {
  readonly id: number;
  readonly taken_ms: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly records: number;
  readonly raw_bytes: number;
  readonly nodes: readonly string[];
}

/** The first chunks behind each other that make a whole one, or are too many. */
async function smallRun(db: Kysely<Schema>, rolledUpTo: number): Promise<readonly ChunkFacts[]> {
  const small = await db
    .selectFrom('ledger_arrival')
    .select(['id', 'taken_ms', 'from_ms', 'to_ms', 'records', 'raw_bytes', 'nodes'])
    .where('segment', 'is', null)
    .where('whole', '=', false)
    .where('id', '<=', rolledUpTo)
    .orderBy('id')
    .limit(smallChunksMax)
    .execute();
  const run: ChunkFacts[] = [];
  let records = 0;
  let bytes = 0;
  for (const chunk of small) {
    run.push(chunk);
    records += chunk.records;
    bytes += chunk.raw_bytes;
    if (records >= wholeRecords || bytes >= wholeRawBytes) return run;
  }
  return run.length === smallChunksMax ? run : [];
}

async function mergeRun(db: Kysely<Schema>, desk: AskedDesk, run: readonly ChunkFacts[]): Promise<void> {
  const ids = run.map(({ id }) => id);
  const rows = await db
    .selectFrom('ledger_arrival')
    .select(['id', 'lines', 'keys'])
    .where('id', 'in', ids)
    .orderBy('id')
    .execute();
  const merged = await desk.merge(rows.map(({ lines, keys }) => ({ lines, keys: keys ?? Buffer.alloc(0) })));
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('ledger_arrival').where('id', 'in', ids).execute();
    await trx
      .insertInto('ledger_arrival')
      .values({
        // The last number: an export that has passed some of them meets all of them again, and misses none.
        id: Math.max(...ids),
        taken_ms: Math.max(...run.map(({ taken_ms }) => taken_ms)),
        from_ms: Math.min(...run.map(({ from_ms }) => from_ms)),
        to_ms: Math.max(...run.map(({ to_ms }) => to_ms)),
        records: merged.records,
        raw_bytes: merged.rawBytes,
        packed_bytes: merged.lines.byteLength,
        nodes: [...new Set(run.flatMap(({ nodes }) => nodes))],
        whole: merged.records >= wholeRecords || merged.rawBytes >= wholeRawBytes,
        segment: null,
        keys: Buffer.from(merged.keys),
        lines: Buffer.from(merged.lines),
      })
      .execute();
  });
}

async function wholeRun(db: Kysely<Schema>): Promise<readonly number[]> {
  const whole = await db
    .selectFrom('ledger_arrival')
    .select('id')
    .where('segment', 'is', null)
    .where('whole', '=', true)
    .orderBy('id')
    .limit(chunksPerSegment)
    .execute();
  return whole.map(({ id }) => id);
}

async function listRun(db: Kysely<Schema>, desk: AskedDesk, chunks: readonly number[]): Promise<void> {
  const rows = await db
    .selectFrom('ledger_arrival')
    .select(['id', 'keys'])
    .where('id', 'in', chunks)
    .orderBy('id')
    .execute();
  const lists = await desk.lists(rows.map(({ keys }) => keys ?? Buffer.alloc(0)));
  const [segment = 0] = chunks;
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('ledger_segment')
      .values({ id: segment, chunks: rows.map(({ id }) => id) })
      .execute();
    await trx
      .insertInto('ledger_segment_list')
      .values(lists.map((entries, bucket) => ({ bucket, segment, entries: Buffer.from(entries) })))
      .execute();
    await trx.updateTable('ledger_arrival').set({ segment, keys: null }).where('id', 'in', chunks).execute();
  });
}

/** Most chunks that are opened for one exchange; of more than one, all but one are mistaken. */
const openedMax = 16;

/** The records of an exchange as they came; empty where none is kept. */
export async function findExchange(db: Kysely<Schema>, desk: AskedDesk, exchange: string): Promise<readonly string[]> {
  const key = exchangeKey(exchange);
  const found: string[] = [];
  for (const id of (await chunksWith(db, key)).slice(0, openedMax)) {
    const chunk = await db.selectFrom('ledger_arrival').select('lines').where('id', '=', id).executeTakeFirst();
    if (chunk !== undefined) found.push(...(await desk.find(chunk.lines, exchange)));
  }
  return found;
}

async function chunksWith(db: Kysely<Schema>, key: Buffer): Promise<readonly number[]> {
  const unlisted = await db.selectFrom('ledger_arrival').select(['id', 'keys']).where('segment', 'is', null).execute();
  const lists = await sql<{ entries: Buffer; chunks: readonly number[] }>`
    select l.entries, s.chunks from ledger_segment_list l join ledger_segment s on s.id = l.segment
    where l.bucket = ${key[0] ?? 0} and position(${key.subarray(1)}::bytea in l.entries) > 0`.execute(db);
  const listed = lists.rows.flatMap(({ entries, chunks }) =>
    placesOf(entries, key).flatMap((place) => chunks[place] ?? []),
  );
  const early = unlisted.filter(({ keys }) => keys !== null && hasKey(keys, key)).map(({ id }) => id);
  return [...listed, ...early].toSorted((a, b) => b - a);
}
