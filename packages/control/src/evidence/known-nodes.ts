// How far each node is known: marks of its threads, gaps, and what could not be counted.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import type { TakenGroup } from './ledger-desk.ts';
import type { Mark } from './take-batch.ts';

/** Somebody else has taken records of the same threads meanwhile. What was taken here is not committed, and is taken anew. */
export class MarksMoved extends Error {
  override readonly name = 'MarksMoved';
}

/** How far the threads of a node were taken. */
export async function marksOf(db: Kysely<Schema>, node: string): Promise<readonly Mark[]> {
  const rows = await db
    .selectFrom('ledger_mark')
    .select(['node', 'boot', 'thread', 'sequence', 'known_ms', 'records'])
    .where('node', '=', node)
    .execute();
  return rows.map(({ known_ms: knownMs, ...mark }) => ({ ...mark, knownMs }));
}

/** How many threads of a node began at an instant or later. */
export async function countBegun(db: Kysely<Schema>, node: string, sinceMs: number): Promise<number> {
  const { count } = await db
    .selectFrom('ledger_mark')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('node', '=', node)
    .where('first_ms', '>=', sinceMs)
    .executeTakeFirstOrThrow();
  return count;
}

/** Moves marks, notes gaps and counts. Throws `MarksMoved` where a mark is not where it was. */
export async function commitKnown(trx: Kysely<Schema>, taken: TakenGroup, nowMs: number): Promise<void> {
  if (taken.marks.length > 0) await moveMarks(trx, taken, nowMs);
  if (taken.gaps.length > 0) await noteGaps(trx, taken);
  if (taken.nodes.length > 0) await noteNodes(trx, taken, nowMs);
}

async function moveMarks(trx: Kysely<Schema>, { marks }: TakenGroup, nowMs: number): Promise<void> {
  const rows = JSON.stringify(marks.map(({ knownMs, ...mark }) => ({ ...mark, known_ms: knownMs })));
  const { numAffectedRows } = await sql`
    insert into ledger_mark as old (node, boot, thread, sequence, known_ms, records, first_ms)
    select r.node, r.boot, r.thread, r.sequence, r.known_ms, r.records, ${nowMs}::bigint
    from jsonb_to_recordset(${rows}::jsonb)
      as r(node text, boot text, thread bigint, sequence bigint, known_ms bigint, records bigint, before bigint)
    left join ledger_mark m on m.node = r.node and m.boot = r.boot and m.thread = r.thread
    where coalesce(m.sequence, 0) = r.before
    order by r.node, r.boot, r.thread
    on conflict (node, boot, thread) do update set
      sequence = excluded.sequence, known_ms = excluded.known_ms, records = excluded.records
      where old.sequence < excluded.sequence`.execute(trx);
  if (numAffectedRows !== BigInt(marks.length)) throw new MarksMoved('another control takes records of this node');
}

async function noteGaps(trx: Kysely<Schema>, { gaps }: TakenGroup): Promise<void> {
  const rows = JSON.stringify(
    gaps.map(({ after, atMost, fromMs, toMs, ...gap }) => ({
      ...gap,
      after_sequence: after,
      at_most: atMost,
      from_ms: fromMs,
      to_ms: toMs,
    })),
  );
  // What a node tells stays, whatever is found of it later.
  await sql`
    insert into ledger_gap as old (node, boot, thread, after_sequence, at_most, from_ms, to_ms, told)
    select node, boot, thread, after_sequence, at_most, from_ms, to_ms, told from jsonb_to_recordset(${rows}::jsonb)
      as r(node text, boot text, thread bigint, after_sequence bigint, at_most bigint, from_ms bigint, to_ms bigint, told boolean)
    on conflict (node, boot, thread, after_sequence) do update set
      at_most = excluded.at_most, from_ms = excluded.from_ms, to_ms = excluded.to_ms, told = excluded.told
      where not old.told`.execute(trx);
}

async function noteNodes(trx: Kysely<Schema>, { nodes }: TakenGroup, nowMs: number): Promise<void> {
  const sums = new Map<string, Record<'records' | 'repeated' | 'unreadable' | 'later' | 'odd' | 'knownMs', number>>();
  for (const { node, unreadable, ...counts } of nodes) {
    const sum = sums.get(node) ?? { records: 0, repeated: 0, unreadable: 0, later: 0, odd: 0, knownMs: 0 };
    sum.records += counts.records;
    sum.repeated += counts.repeated;
    for (const count of unreadable.values()) sum.unreadable += count;
    sum.later += counts.laterVersion;
    sum.odd += counts.oddClocks;
    sum.knownMs = Math.max(sum.knownMs, counts.knownMs);
    sums.set(node, sum);
  }
  for (const [node, sum] of sums) {
    await sql`
      insert into ledger_node as old (node, known_ms, heard_ms, records, repeated, unreadable, later_version, odd_clocks)
      values (${node}, ${sum.knownMs}, ${nowMs}, ${sum.records}, ${sum.repeated}, ${sum.unreadable}, ${sum.later}, ${sum.odd})
      on conflict (node) do update set
        known_ms = greatest(old.known_ms, excluded.known_ms), heard_ms = greatest(old.heard_ms, excluded.heard_ms),
        records = old.records + excluded.records, repeated = old.repeated + excluded.repeated,
        unreadable = old.unreadable + excluded.unreadable, later_version = old.later_version + excluded.later_version,
        odd_clocks = old.odd_clocks + excluded.odd_clocks`.execute(trx);
  }
}
