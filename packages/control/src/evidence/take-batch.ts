// One batch of a node, taken: what is new of it in order, what was sent before left out, and how far each thread is known then.
// Pure: the marks are passed in, and what they become is part of the answer.
import { exchangeKey } from './exchange-index.ts';
import { createCallReader, type LedgerCall, textOf } from './ledger-call.ts';
import { readLine, type ToldGap, type UnreadableReason } from './read-line.ts';

/** Name of one thread of one boot of a node. */
export interface ThreadName {
  readonly node: string;
  readonly boot: string;
  readonly thread: number;
}

/** How far a thread is known. */
export interface Mark extends ThreadName {
  sequence: number;
  /** The latest instant of its records; 0 where there is none. */
  knownMs: number;
  records: number;
}

/** Records that are missing. `told` by the node; else found, because their numbers were passed over. */
export interface Gap extends ToldGap {
  readonly node: string;
  readonly told: boolean;
}

/** What was taken of one node beside calls. */
export interface NodeCounts {
  records: number;
  repeated: number;
  unreadable: Map<UnreadableReason, number>;
  laterVersion: number;
  oddClocks: number;
  /** Latest instant of a record whose clock can be believed. */
  knownMs: number;
}

/** A batch as it was taken. */
export interface TakenBatch {
  readonly node: string;
  /** New lines as they came, gaps too. */
  readonly lines: readonly Buffer[];
  readonly keys: readonly Buffer[];
  readonly calls: readonly LedgerCall[];
  readonly marks: readonly Mark[];
  readonly gaps: readonly Gap[];
  readonly counts: NodeCounts;
  /** Instants of the records, as they are counted; infinite where there is none. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly acknowledged: readonly Acknowledged[];
}

/** How far a thread need not be sent again. */
export interface Acknowledged {
  readonly boot: string;
  readonly thread: number;
  readonly sequence: number;
}

/** How far threads are known, by `nameOf`. */
export type Marks = ReadonlyMap<string, Mark>;

/** Takes batches of a node. */
export type TakeBatch = (node: string, body: Buffer, marks: Marks, takenMs: number) => TakenBatch;

/** One name for a thread. */
export function nameOf({ node, boot, thread }: ThreadName): string {
  return `${node}\0${boot}\0${thread}`;
}

/** Holes are normal where a record is a line of a file of somebody else's. */
export function isImport(node: string): boolean {
  return node.startsWith('import:');
}

/** Begins to take batches. */
export function createTaking(): TakeBatch {
  const readCall = createCallReader();
  return (node, body, marks, takenMs) => {
    const batch = newBatch(node);
    for (const line of linesOf(body)) takeLine(batch, line, marks, takenMs, readCall);
    return finished(batch, marks);
  };
}

/** What is being taken. */
interface OpenBatch {
  readonly node: string;
  readonly lines: Buffer[];
  readonly keys: Buffer[];
  readonly calls: LedgerCall[];
  readonly marks: Map<string, Mark>;
  readonly gaps: Map<string, Gap>;
  readonly named: Map<string, ThreadName>;
  readonly counts: NodeCounts;
  fromMs: number;
  toMs: number;
}

function newBatch(node: string): OpenBatch {
  return {
    node,
    lines: [],
    keys: [],
    calls: [],
    marks: new Map(),
    gaps: new Map(),
    named: new Map(),
    counts: { records: 0, repeated: 0, unreadable: new Map(), laterVersion: 0, oddClocks: 0, knownMs: 0 },
    fromMs: Number.POSITIVE_INFINITY,
    toMs: Number.NEGATIVE_INFINITY,
  };
}

/** Lines of a body, without their breaks; an empty one is none. */
export function* linesOf(body: Buffer): Generator<Buffer> {
  let from = 0;
  while (from < body.byteLength) {
    const end = body.indexOf(0x0a, from);
    const to = end === -1 ? body.byteLength : end;
    if (to > from) yield body.subarray(from, to);
    from = to + 1;
  }
}

function takeLine(
  batch: OpenBatch,
  line: Buffer,
  marks: Marks,
  takenMs: number,
  readCall: ReturnType<typeof createCallReader>,
): void {
  const { node, counts } = batch;
  const read = readLine(line, node);
  switch (read.kind) {
    case 'unreadable':
      counts.unreadable.set(read.why, (counts.unreadable.get(read.why) ?? 0) + 1);
      return;
    case 'gap':
      noteGap(batch, { ...read.gap, node, told: true });
      batch.lines.push(line);
      return;
    case 'record': {
      const mark = markFor(batch, { node, boot: read.boot, thread: read.thread }, marks);
      if (read.sequence <= mark.sequence) {
        counts.repeated += 1;
        return;
      }
      if (read.sequence > mark.sequence + 1 && !isImport(node)) noteGap(batch, holeBefore(read.sequence, mark));
      mark.sequence = read.sequence;
      mark.records += 1;
      counts.records += 1;
      batch.lines.push(line);
      if (read.isKnownVersion) countCall(batch, mark, readCall(read.value, takenMs));
      else counts.laterVersion += 1;
      batch.keys.push(exchangeKey(textOf((read.value as { exchange?: unknown }).exchange) ?? ''));
    }
  }
}

function countCall(batch: OpenBatch, mark: Mark, call: LedgerCall): void {
  batch.calls.push(call);
  batch.fromMs = Math.min(batch.fromMs, call.atMs);
  batch.toMs = Math.max(batch.toMs, call.atMs);
  if (call.oddClock) {
    batch.counts.oddClocks += 1;
    return;
  }
  mark.knownMs = Math.max(mark.knownMs, call.atMs);
  batch.counts.knownMs = Math.max(batch.counts.knownMs, call.atMs);
}

function markFor(batch: OpenBatch, thread: ThreadName, marks: Marks): Mark {
  const name = nameOf(thread);
  const known = batch.marks.get(name);
  if (known !== undefined) return known;
  const before = marks.get(name);
  const mark: Mark = before === undefined ? { ...thread, sequence: 0, knownMs: 0, records: 0 } : { ...before };
  batch.marks.set(name, mark);
  batch.named.set(name, thread);
  return mark;
}

function holeBefore(sequence: number, { node, boot, thread, sequence: after }: Mark): Gap {
  return { node, boot, thread, after, atMost: sequence - after - 1, fromMs: null, toMs: null, told: false };
}

function noteGap(batch: OpenBatch, gap: Gap): void {
  const thread = { node: gap.node, boot: gap.boot, thread: gap.thread };
  const name = nameOf(thread);
  batch.named.set(name, thread);
  const key = `${name}\0${gap.after}`;
  // What the node tells of a gap is more than what a missing number does.
  if (gap.told || !batch.gaps.has(key)) batch.gaps.set(key, gap);
}

function finished(batch: OpenBatch, marks: Marks): TakenBatch {
  const { node, lines, keys, calls, gaps, named, counts, fromMs, toMs } = batch;
  const changed = [...batch.marks].filter(([name, mark]) => mark.sequence !== marks.get(name)?.sequence);
  const acknowledged = [...named].map(([name, { boot, thread }]) => ({
    boot,
    thread,
    sequence: (batch.marks.get(name) ?? marks.get(name))?.sequence ?? 0,
  }));
  return {
    node,
    lines,
    keys,
    calls,
    marks: changed.map(([, mark]) => mark),
    gaps: [...gaps.values()],
    counts,
    fromMs,
    toMs,
    acknowledged,
  };
}
