// What a ledger says, held against what the callers know: every answered call is there once, or within a gap that was told.
import assert from 'node:assert/strict';

/** A record, as far as it is compared. */
export interface KeptRecord {
  readonly boot: string;
  readonly thread: number;
  readonly sequence: number;
  readonly exchange: string;
}

/** Records that were told to be missing. */
export interface KeptGap {
  readonly boot: string;
  readonly thread: number;
  readonly after: number;
  readonly atMost: number;
}

/** Everything that a ledger has. */
export interface Kept {
  readonly records: readonly KeptRecord[];
  readonly gaps: readonly KeptGap[];
}

/** One life of a gateway: who was answered, and how it ended. */
export interface Life {
  readonly answered: readonly string[];
  readonly end: 'killed' | 'stopped';
}

/** How much was held, and how much of it was missing within gaps. */
export interface Comparison {
  readonly answered: number;
  readonly kept: number;
  readonly missing: number;
  readonly gaps: number;
}

/** Fails where the ledger has something twice, out of its row, or not at all without a gap that covers it. */
export function compare({ records, gaps }: Kept, lives: readonly Life[], threads: number): Comparison {
  const exchanges = new Map(records.map((record) => [record.exchange, record]));
  assert.equal(exchanges.size, records.length, 'no record stands twice');
  const lastOf = new Map<string, number>();
  for (const { boot, thread, sequence } of records.toSorted((one, other) => one.sequence - other.sequence)) {
    const key = `${boot} ${thread}`;
    const gap = gaps.find((each) => each.boot === boot && each.thread === thread && each.after + 1 < sequence);
    assert.equal(gap, undefined, 'a gap stands behind the last record of a thread');
    assert.equal(sequence, (lastOf.get(key) ?? 0) + 1, `records of ${key} are in a row`);
    lastOf.set(key, sequence);
  }
  for (const gap of gaps) {
    assert.equal(gap.after, lastOf.get(`${gap.boot} ${gap.thread}`) ?? 0, 'a gap begins behind the last record');
    assert.ok(gap.atMost > 0 && gap.atMost <= 10_000, `a gap is bounded: ${gap.atMost}`);
  }
  const keys = gaps.map(({ boot, thread }) => `${boot} ${thread}`);
  assert.equal(new Set(keys).size, keys.length, 'one gap for each thread of a boot');
  let missing = 0;
  for (const { answered, end } of lives) {
    const lost = answered.filter((exchange) => !exchanges.has(exchange));
    missing += lost.length;
    if (end === 'stopped') assert.deepEqual(lost, [], 'a stop in order loses nothing');
  }
  const killed = lives.filter(({ end }) => end === 'killed').length;
  assert.ok(gaps.length <= killed * threads, `${gaps.length} gaps of ${killed} kills`);
  assert.ok(missing <= gaps.reduce((sum, { atMost }) => sum + atMost, 0), 'what is missing stands in gaps');
  const answered = lives.reduce((sum, life) => sum + life.answered.length, 0);
  return { answered, kept: records.length, missing, gaps: gaps.length };
}
