// The work of the ledger that takes time and no store: reading batches, rolling them up, packing and searching what came. It is done in
// a thread of its own, and remembers between batches what is not rolled up into the store yet.
import { segmentLists } from './exchange-index.ts';
import { packSlice, slicesOf } from './fold-slice.ts';
import { createCallReader, sectionOf, textOf } from './ledger-call.ts';
import {
  type BodyEncoding,
  type BodyFault,
  mergeChunks,
  type PackedChunk,
  packChunk,
  unpackBody,
  unpackChunk,
} from './packed-chunk.ts';
import { readLine } from './read-line.ts';
import { addCall, createRollup, dayMs, startOf } from './rollup.ts';
import {
  type Acknowledged,
  createTaking,
  type Gap,
  linesOf,
  type Mark,
  type NodeCounts,
  nameOf,
  type TakenBatch,
} from './take-batch.ts';

/** A batch as it arrived. */
export interface ArrivedBatch {
  readonly node: string;
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
}

/** A mark, and what it was before: whoever commits it proves that nobody else has moved it. */
export interface MovedMark extends Mark {
  readonly before: number;
}

/** What some batches come to. */
export interface TakenGroup {
  /** Null where nothing was new. */
  readonly chunk: (PackedChunk & { readonly fromMs: number; readonly toMs: number }) | null;
  readonly nodes: readonly (NodeCounts & { readonly node: string })[];
  readonly marks: readonly MovedMark[];
  readonly gaps: readonly Gap[];
  /** Of each batch in order: how far its threads are known, or what is wrong with its body. */
  readonly answers: readonly (readonly Acknowledged[] | BodyFault)[];
}

/** A chunk of the store. */
export interface StoredChunk {
  readonly takenMs: number;
  readonly lines: Uint8Array;
}

/** Which lines of a chunk are wanted. */
export interface LineWish {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly node: string | null;
  /** Only records of this participant: as holder of the certificate, or as the one it acted for. */
  readonly participant: string | null;
  /** Whether it is that participant who asks: then without what is inside the tier. */
  readonly isForParticipant: boolean;
}

/** The desk. */
export interface LedgerDesk {
  /** Tells how far the threads of a node are known, and how many of them began on the day of `nowMs`; before its first batch. */
  knowMarks(node: string, marks: readonly Mark[], begun: number, nowMs: number): void;
  /** Of a batch that would have a node begin more threads on one day than it may, nothing is taken. */
  take(batches: readonly ArrivedBatch[], takenMs: number, threadsPerDayMax: number): TakenGroup;
  /** What was taken since the last time, rolled up and cut into slices. */
  slices(): readonly Uint8Array[];
  /** Rolls up what was committed and not rolled up when a process ended. */
  rollUpAgain(chunks: readonly StoredChunk[]): void;
  /** Forgets marks and everything that is not rolled up. */
  forget(): void;
  merge(chunks: readonly Pick<PackedChunk, 'lines' | 'keys'>[]): PackedChunk;
  lists(keys: readonly Uint8Array[]): readonly Uint8Array[];
  /** The records of an exchange in a chunk, as they came. */
  find(lines: Uint8Array, exchange: string): readonly string[];
  /** The lines of a chunk that are wanted, with their breaks. */
  wanted(lines: Uint8Array, wish: LineWish): { readonly text: Uint8Array; readonly count: number };
}

/** Sets the desk up. */
export function createLedgerDesk(): LedgerDesk {
  const takeBatch = createTaking();
  const readCall = createCallReader();
  const marks = new Map<string, Mark>();
  const begunOn = new Map<string, { dayMs: number; threads: number }>();
  let rollup = createRollup();
  const begunToday = (node: string, nowMs: number): { threads: number } => {
    const today = startOf(nowMs, dayMs);
    const known = begunOn.get(node);
    if (known?.dayMs === today) return known;
    const day = { dayMs: today, threads: 0 };
    begunOn.set(node, day);
    return day;
  };
  return {
    knowMarks(node, known, begun, nowMs) {
      for (const mark of known) marks.set(nameOf(mark), mark);
      begunOn.set(node, { dayMs: startOf(nowMs, dayMs), threads: begun });
    },
    take(batches, takenMs, threadsPerDayMax) {
      const before = new Map<string, number>();
      const bodies = batches.map(({ node, body, encoding }) => {
        const raw = unpackBody(body, encoding);
        if (typeof raw === 'string') return raw;
        const taken = takeBatch(node, raw, marks, takenMs);
        const day = begunToday(node, takenMs);
        const begins = taken.marks.filter((mark) => !marks.has(nameOf(mark))).length;
        if (begins > 0 && day.threads + begins > threadsPerDayMax) return 'too-many-threads';
        day.threads += begins;
        for (const mark of taken.marks) {
          const name = nameOf(mark);
          if (!before.has(name)) before.set(name, marks.get(name)?.sequence ?? 0);
          marks.set(name, mark);
        }
        for (const call of taken.calls) addCall(rollup, call, takenMs);
        return taken;
      });
      return grouped(bodies, before, marks, takenMs);
    },
    slices() {
      const done = rollup;
      rollup = createRollup();
      return slicesOf(done).map(packSlice);
    },
    rollUpAgain(chunks) {
      for (const { takenMs, lines } of chunks)
        for (const record of recordsOf(unpackChunk(lines))) addCall(rollup, readCall(record, takenMs), takenMs);
    },
    forget() {
      marks.clear();
      begunOn.clear();
      rollup = createRollup();
    },
    merge: mergeChunks,
    lists: (keys) => segmentLists(keys.map((each) => Buffer.from(each.buffer, each.byteOffset, each.byteLength))),
    find: (lines, exchange) => findIn(unpackChunk(lines), exchange),
    wanted: (lines, wish) => wantedOf(unpackChunk(lines), wish),
  };
}

function grouped(
  bodies: readonly (TakenBatch | BodyFault)[],
  before: ReadonlyMap<string, number>,
  marks: ReadonlyMap<string, Mark>,
  takenMs: number,
): TakenGroup {
  const taken = bodies.filter((body) => typeof body !== 'string');
  const lines = taken.flatMap((batch) => batch.lines);
  const gaps = new Map(taken.flatMap((batch) => batch.gaps.map((gap) => [`${nameOf(gap)}\0${gap.after}`, gap])));
  const spans = taken.filter(({ calls }) => calls.length > 0);
  const moved = [...before].flatMap(([name, sequence]) => {
    const mark = marks.get(name);
    return mark === undefined ? [] : [{ ...mark, before: sequence }];
  });
  return {
    chunk:
      lines.length === 0
        ? null
        : {
            ...packChunk(
              lines,
              taken.flatMap(({ keys }) => keys),
            ),
            // What holds gaps alone, or records of a later version, is of when it came.
            fromMs: spans.length === 0 ? takenMs : Math.min(...spans.map(({ fromMs }) => fromMs)),
            toMs: spans.length === 0 ? takenMs : Math.max(...spans.map(({ toMs }) => toMs)),
          },
    nodes: taken.map(({ node, counts }) => ({ node, ...counts })),
    marks: moved,
    gaps: [...gaps.values()],
    answers: bodies.map((body) => (typeof body === 'string' ? body : body.acknowledged)),
  };
}

/** Records of lines that were taken once: no gap, and none of a later version than ours. */
function* recordsOf(raw: Buffer): Generator<unknown> {
  for (const line of linesOf(raw)) {
    const node = sectionOf(JSON.parse(line.toString('utf8'))).node;
    const read = readLine(line, typeof node === 'string' ? node : '');
    if (read.kind === 'record' && read.isKnownVersion) yield read.value;
  }
}

function findIn(raw: Buffer, exchange: string): readonly string[] {
  const wanted = JSON.stringify(exchange);
  const found: string[] = [];
  for (let at = raw.indexOf(wanted); at !== -1; at = raw.indexOf(wanted, at + 1)) {
    const from = raw.lastIndexOf(0x0a, at) + 1;
    const end = raw.indexOf(0x0a, at);
    const text = raw.toString('utf8', from, end === -1 ? raw.byteLength : end);
    // The id may stand in another member of another record.
    if (sectionOf(JSON.parse(text)).exchange === exchange && !found.includes(text)) found.push(text);
  }
  return found;
}

function wantedOf(raw: Buffer, wish: LineWish): { readonly text: Uint8Array; readonly count: number } {
  const isWhole =
    wish.node === null && wish.participant === null && wish.fromMs <= 0 && wish.untilMs === Number.MAX_SAFE_INTEGER;
  let count = 0;
  const kept: Buffer[] = [];
  for (const line of linesOf(raw)) {
    const record = isWhole ? null : sectionOf(JSON.parse(line.toString('utf8')));
    if (record !== null && !isWanted(record, wish)) continue;
    count += 1;
    kept.push(record !== null && wish.isForParticipant ? Buffer.from(JSON.stringify(forParticipant(record))) : line);
  }
  const pieces = kept.flatMap((line) => [line, lineBreak]);
  return { text: Buffer.concat(pieces), count };
}

const lineBreak = Buffer.from('\n');

function isWanted(record: Readonly<Record<string, unknown>>, wish: LineWish): boolean {
  if (Object.hasOwn(record, 'gap')) return wish.participant === null;
  const { receivedMs } = sectionOf(record.listener);
  if (wish.node !== null && record.node !== wish.node) return false;
  if (typeof receivedMs === 'number' && (receivedMs < wish.fromMs || receivedMs >= wish.untilMs)) return false;
  return wish.participant === null || isOf(record, wish.participant);
}

/** Whether a record is of a participant: it held the certificate, or the call acted for it. */
export function isOf(record: Readonly<Record<string, unknown>>, participant: string): boolean {
  const holder = textOf(sectionOf(record.identity).participant);
  const acted = textOf(sectionOf(record.admission).participant);
  return holder === participant || acted === participant;
}

/** A record for its participant: without what is inside the tier, and without what was thrown. */
export function forParticipant(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const forward = record.forward === null || record.forward === undefined ? record.forward : sectionOf(record.forward);
  return {
    ...record,
    forward: forward === null || forward === undefined ? null : { ...forward, endpoint: null },
    response: { ...sectionOf(record.response), defect: null },
  };
}
