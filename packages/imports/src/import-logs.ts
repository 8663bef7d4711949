// Reads logs of another tier to their ends, as streams: lines become records, in order, each once, however often a run is killed or
// begun again. What cannot be read is counted and told.
import { createHash } from 'node:crypto';
import { type FileStart, hashOfStart, readStart } from './files/file-start.ts';
import { type ImportMemory, knownLog, type TakenLog, withLog } from './files/import-memory.ts';
import { createLineBlocks, type LineBlock, lineBytesMax } from './files/line-blocks.ts';
import { openLog } from './files/open-log.ts';
import type { LineReader } from './logs/formats.ts';
import type { RecordSink } from './records/record-sink.ts';
import type { ToRecord } from './records/to-record.ts';

/** One file of a log. */
export interface NamedLog {
  readonly file: string;
  readonly bytes: number;
  readonly reader: () => LineReader;
}

/** A line that cannot be read. `text` is its beginning, as it stands. */
export interface BadLine {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly text: string;
}

/** What is imported, and with what. */
export interface ImportAsk {
  readonly logs: readonly NamedLog[];
  readonly node: string;
  readonly toRecord: ToRecord;
  readonly sink: RecordSink;
  readonly memory: ImportMemory;
  /** Keeps what is taken; called after what it speaks of is safe. */
  readonly remember: (memory: ImportMemory) => Promise<void>;
  readonly onBad: (line: BadLine) => void;
  /** Ends at the first bad line, with what was taken before the block that it stands in. */
  readonly isStrict: boolean;
  /** Whether a last line without a line break is whole; else it is left until it has one. */
  readonly endsWhole: boolean;
  /** Told after each piece: bytes of all files so far, and lines. */
  readonly progress: (readBytes: number, lines: number) => void;
  /** Bytes of lines after which what was taken is made safe: so much comes again at most. Default 16 MiB. */
  readonly commitBytes?: number;
}

/** What became of one file. */
export interface LogReport {
  readonly file: string;
  readonly boot: string;
  /** Lines that were taken in earlier runs, or under another name. */
  readonly known: number;
  readonly lines: number;
  readonly records: number;
  readonly bad: number;
  /** Lines that tell of no call. */
  readonly nothing: number;
  /** Calls of an environment that is left out. */
  readonly leftOut: number;
  /** Calls at no address of the catalogue, and the hosts of those, most first. */
  readonly unrouted: number;
  readonly unroutedHosts: readonly { readonly host: string; readonly calls: number }[];
  /** The calls that became records came from here to there. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Whether a last line without a line break was left. */
  readonly hasOpenLine: boolean;
  /** Whether it is shorter than what was taken of it before. */
  readonly isShorter: boolean;
  /** Why a packed file ended before its end. */
  readonly damage: string | null;
}

/** The first bad line, where none may be. */
export class StrictlyBad extends Error {
  readonly line: BadLine;

  constructor(line: BadLine) {
    super(`${line.file}:${line.line}: ${line.reason}`);
    this.line = line;
  }
}

const commitBytesDefault = 16_777_216;

/** Hosts that are told apart. */
const hostsMax = 1_000;

/** Imports the files in their order. Rejects as the system does, with StrictlyBad, and as the sink does. */
export async function importLogs(ask: ImportAsk): Promise<readonly LogReport[]> {
  const reports: LogReport[] = [];
  const run: Run = { ask, memory: ask.memory, doneBytes: 0, lines: 0 };
  for (const log of ask.logs) {
    reports.push(await importLog(log, run));
    run.doneBytes += log.bytes;
  }
  return reports;
}

interface Run {
  readonly ask: ImportAsk;
  memory: ImportMemory;
  doneBytes: number;
  lines: number;
}

type Counts = { -readonly [Key in keyof Omit<LogReport, 'unroutedHosts'>]: LogReport[Key] } & {
  readonly hosts: Map<string, number>;
};

async function importLog(log: NamedLog, run: Run): Promise<LogReport> {
  const start = await readStart(log.file, run.ask.endsWhole);
  const taken = knownLog(run.memory, start) ?? newLog(start, run.memory.reading);
  const counts = countsOf(log.file, taken);
  // A log without a line that is whole is not there yet.
  if (start.bytes.byteLength > 0) await readLog(log, taken, counts, run);
  const { hosts, ...report } = counts;
  const unroutedHosts = [...hosts].map(([host, calls]) => ({ host, calls })).toSorted((a, b) => b.calls - a.calls);
  return { ...report, unroutedHosts };
}

function newLog(start: FileStart, reading: string): TakenLog {
  const startBytes = start.bytes.byteLength;
  const startHash = hashOfStart(start, startBytes);
  const boot = createHash('sha256').update(`${startHash} ${startBytes} ${reading}`).digest('hex');
  return { boot, startBytes, startHash, offset: 0, lines: 0 };
}

function countsOf(file: string, { boot, lines }: TakenLog): Counts {
  const none = { lines: 0, records: 0, bad: 0, nothing: 0, leftOut: 0, unrouted: 0 };
  return {
    file,
    boot,
    known: lines,
    ...none,
    firstMs: null,
    lastMs: null,
    hasOpenLine: false,
    isShorter: false,
    damage: null,
    hosts: new Map(),
  };
}

async function readLog(named: NamedLog, taken: TakenLog, counts: Counts, run: Run): Promise<void> {
  const { ask } = run;
  const reader = named.reader();
  const log = await openLog(named.file);
  let mark = taken;
  const keep = async (block: LineBlock) => {
    mark = { ...mark, offset: block.endOffset, lines: block.firstLine + block.lines.length - 1 };
    await ask.sink.settle();
  };
  try {
    const skip = reader.remembers ? 0 : taken.offset;
    const blocks = createLineBlocks(skip, reader.remembers ? 1 : taken.lines + 1);
    let toSkip = skip;
    let safe = taken.offset;
    for (let piece = await log.next(); piece !== null; piece = await log.next()) {
      const fresh = piece.subarray(Math.min(toSkip, piece.byteLength));
      toSkip -= piece.byteLength - fresh.byteLength;
      for (const block of blocks.push(fresh)) {
        takeBlock(block, reader, taken, counts, run);
        if (block.endOffset > taken.offset) await keep(block);
      }
      if (mark.offset - safe >= (ask.commitBytes ?? commitBytesDefault)) {
        await commit(mark, run);
        safe = mark.offset;
      }
      ask.progress(run.doneBytes + log.readBytes(), run.lines);
    }
    counts.damage = log.damage();
    counts.isShorter = toSkip > 0;
    const rest = blocks.rest();
    // What is packed is not written to any more, unless its end is missing.
    const isWhole = ask.endsWhole || (log.packing !== 'none' && counts.damage === null);
    if (rest !== null && isWhole && rest.endOffset > taken.offset) {
      takeBlock(rest, reader, taken, counts, run);
      await keep(rest);
    } else counts.hasOpenLine = rest !== null && rest.endOffset > taken.offset;
    await commit(mark, run);
  } finally {
    await log.close();
  }
}

async function commit(mark: TakenLog, run: Run): Promise<void> {
  const { outputBytes } = await run.ask.sink.commit();
  run.memory = { ...withLog(run.memory, mark), outputBytes };
  await run.ask.remember(run.memory);
}

function takeBlock(block: LineBlock, reader: LineReader, taken: TakenLog, counts: Counts, run: Run): void {
  const { lines, firstLine, isTooLong } = block;
  if (isTooLong) {
    if (firstLine > taken.lines)
      takeBad(lines[0] ?? '', firstLine, `longer than ${lineBytesMax.toLocaleString('en-US')} bytes`, counts, run);
    return;
  }
  for (let at = 0; at < lines.length; at += 1)
    takeLine(lines[at] ?? '', firstLine + at, reader, taken.lines, counts, run);
}

function takeLine(text: string, line: number, reader: LineReader, known: number, counts: Counts, run: Run): void {
  const reading = reader.read(text);
  if (line <= known) return; // Read for what it is remembered for.
  if (reading.kind === 'bad') {
    takeBad(text, line, reading.reason, counts, run);
    return;
  }
  counts.lines += 1;
  run.lines += 1;
  if (reading.kind === 'nothing') {
    counts.nothing += 1;
    return;
  }
  const { node, toRecord, sink } = run.ask;
  const record = toRecord(reading.entry, { node, boot: counts.boot }, line);
  if (record === null) {
    counts.leftOut += 1;
    return;
  }
  sink.add(record);
  counts.records += 1;
  const { atMs } = reading.entry;
  if (counts.firstMs === null || atMs < counts.firstMs) counts.firstMs = atMs;
  if (counts.lastMs === null || atMs > counts.lastMs) counts.lastMs = atMs;
  if (record.route === null) noteUnrouted(record.listener.host, counts);
}

function takeBad(text: string, line: number, reason: string, counts: Counts, run: Run): void {
  counts.lines += 1;
  run.lines += 1;
  counts.bad += 1;
  const bad = { file: counts.file, line, reason, text: text.slice(0, 2_000) };
  if (run.ask.isStrict) throw new StrictlyBad(bad);
  run.ask.onBad(bad);
}

function noteUnrouted(host: string, counts: Counts): void {
  counts.unrouted += 1;
  const known = counts.hosts.get(host);
  if (known === undefined && counts.hosts.size >= hostsMax) return;
  counts.hosts.set(known === undefined ? Buffer.from(host).toString() : host, (known ?? 0) + 1);
}
