// How far an answer knows each node: a question that did not say would take silence for proof.
import type { Kysely } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { instant } from './ask.ts';
import { isImport } from './take-batch.ts';

/** Records that are missing. */
export interface ToldGapRow {
  readonly boot: string;
  readonly thread: number;
  readonly after: number;
  readonly atMost: number;
  readonly from: string | null;
  readonly until: string | null;
  /** Whether the node told of it; else numbers were passed over. */
  readonly told: boolean;
}

/** How far a node is known. */
export interface KnownNode {
  readonly node: string;
  /** The latest call of which a record came; null where none did. */
  readonly knownUntil: string | null;
  readonly heard: string | null;
  readonly records: number;
  readonly unreadableLines: number;
  /** Records of a later version than this control's: kept as they came, and in no sum. */
  readonly laterVersion: number;
  /** Records whose clock could not be right: counted for when they came. */
  readonly oddClocks: number;
  /** The last gaps, at most 20. */
  readonly gaps: readonly ToldGapRow[];
  readonly gapCount: number;
  /** All that in a sentence. */
  readonly sentence: string;
}

const gapsShownMax = 20;
const nodesMax = 1_000;

/** Asks how far the nodes are known. */
export async function askKnown(db: Kysely<Schema>): Promise<readonly KnownNode[]> {
  const nodes = await db.selectFrom('ledger_node').selectAll().orderBy('node').limit(nodesMax).execute();
  const counts = await db
    .selectFrom('ledger_gap')
    .select(({ fn }) => ['node', fn.countAll<number>().as('count')])
    .groupBy('node')
    .execute();
  const countOf = new Map(counts.map(({ node, count }) => [node, count]));
  const known: KnownNode[] = [];
  for (const { node, known_ms, heard_ms, records, unreadable, later_version, odd_clocks } of nodes) {
    const gaps = countOf.has(node) ? await gapsOf(db, node) : [];
    const facts = {
      node,
      knownUntil: instant(known_ms),
      heard: instant(heard_ms),
      records,
      unreadableLines: unreadable,
      laterVersion: later_version,
      oddClocks: odd_clocks,
      gaps,
      gapCount: countOf.get(node) ?? 0,
    };
    known.push({ ...facts, sentence: sayKnown(facts) });
  }
  return known;
}

async function gapsOf(db: Kysely<Schema>, node: string): Promise<readonly ToldGapRow[]> {
  const rows = await db
    .selectFrom('ledger_gap')
    .selectAll()
    .where('node', '=', node)
    .orderBy('to_ms', (order) => order.desc().nullsFirst())
    .limit(gapsShownMax)
    .execute();
  return rows.map(({ boot, thread, after_sequence, at_most, from_ms, to_ms, told }) => ({
    boot,
    thread,
    after: after_sequence,
    atMost: at_most,
    from: instant(from_ms),
    until: instant(to_ms),
    told,
  }));
}

function sayKnown(facts: Omit<KnownNode, 'sentence'>): string {
  const { node, knownUntil, gaps, gapCount, unreadableLines, laterVersion, oddClocks } = facts;
  if (knownUntil === null) return `${node}: nothing is known yet.`;
  const [gap] = gaps;
  const notes = [
    `${node}: known until ${sayInstant(knownUntil)}`,
    ...(gap === undefined ? [] : [sayGap(gap, gapCount)]),
    ...(unreadableLines === 0 ? [] : [`${many(unreadableLines, 'line')} could not be read`]),
    ...(laterVersion === 0 ? [] : [`${many(laterVersion, 'record')} of a later version in no sum`]),
    ...(oddClocks === 0 ? [] : [`${many(oddClocks, 'record')} with a clock that cannot be right`]),
  ];
  return `${notes.join('; ')}${isImport(node) ? ' (imported)' : ''}.`;
}

function sayGap({ atMost, from, until, after, boot, thread }: ToldGapRow, count: number): string {
  const when =
    from === null || until === null
      ? `after number ${grouped(after)} of thread ${thread} of ${boot}`
      : `between ${sayInstant(from)} and ${sayInstant(until)}`;
  const more = count > 1 ? ` and ${many(count - 1, 'more gap')}` : '';
  return `a gap of at most ${many(atMost, 'record')} ${when}${more}`;
}

function sayInstant(instantText: string): string {
  return `${instantText.slice(0, 10)} ${instantText.slice(11, 19)} UTC`;
}

function many(count: number, one: string): string {
  return `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
