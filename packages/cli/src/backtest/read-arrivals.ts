// Reads recordings of any size in the order of their calls: many files at once, packed or not, a piece at a time.
import { createReadStream, type ReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { type Arrival, createReorder, type Lane, type Reorder } from '@headgate/rules';
import { createLineSplitter, type LineSplitter } from '../evidence/lines.ts';
import { spoolEnding, spoolPieces } from '../evidence/spool-lines.ts';
import type { Decode, Decoded } from './decode-arrival.ts';

/** One file of a recording. */
export interface RecordingFile {
  readonly file: string;
  readonly bytes: number;
  /** A fresh decoder: it may remember the first row. */
  readonly decoder: () => Decode;
  /** A file that is not being written any more has a last line even without a line break. */
  readonly endsWhole: boolean;
}

/** What is read, and within which bounds. */
export interface ReadingOptions {
  /** A record may stand this much behind later ones of its file, in milliseconds. */
  readonly reorderMs: number;
  /** Calls before it, and from `untilMs` on, are left out. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Told after each piece: bytes of the files so far, and arrivals. */
  readonly progress: (readBytes: number, arrivals: number) => void;
}

/** What was read beside arrivals. */
export interface ArrivalReading {
  readonly files: number;
  readonly lines: number;
  readonly arrivals: number;
  /** Calls that no limit was asked about, by why. */
  readonly noArrivals: Readonly<Record<string, number>>;
  /** Calls outside of the span. */
  readonly outside: number;
  /** Stretches of which records are missing, as the files say. */
  readonly gaps: number;
  readonly unreadable: number;
  /** The first lines that cannot be read, at most 10. */
  readonly examples: readonly { readonly file: string; readonly line: number; readonly why: string }[];
  /** Packed files that end in the middle or are damaged; what stands before was read. */
  readonly damaged: readonly string[];
  /** Calls left out because later ones of other files were decided already, and how much later, in milliseconds. */
  readonly late: number;
  readonly lateMsMax: number;
  /** Calls decided before the window was over, because too many were held. */
  readonly hurried: number;
}

/** Pieces of this many bytes (256 KiB). */
const pieceBytes = 262_144;

/** Most calls held for their order. */
const heldMax = 500_000;

/** Reasons told apart, and lines shown. */
const reasonsMax = 100;
const examplesMax = 10;

type Counting = {
  -readonly [Key in 'lines' | 'arrivals' | 'outside' | 'gaps' | 'unreadable']: ArrivalReading[Key];
} & {
  readonly noArrivals: Map<string, number>;
  readonly examples: ArrivalReading['examples'][number][];
  readonly damaged: string[];
};

/** Calls `take` with every arrival of the span in the order of their instants. Rejects as the system does for a file it cannot read. */
export async function readArrivals(
  files: readonly RecordingFile[],
  options: ReadingOptions,
  take: (arrival: Arrival) => void,
): Promise<ArrivalReading> {
  const counts: Counting = {
    lines: 0,
    arrivals: 0,
    outside: 0,
    gaps: 0,
    unreadable: 0,
    noArrivals: new Map(),
    examples: [],
    damaged: [],
  };
  // Of one millisecond, those that were admitted came first: no room becomes free within it.
  const wasRefused = ({ wasAdmitted }: Arrival) => wasAdmitted === false;
  const reorder = createReorder<Arrival>({ windowMs: options.reorderMs, heldMax }, take, wasRefused);
  const readers = new Map<Lane<Arrival>, FileReader>();
  for (const file of files) {
    const lane = reorder.lane(await firstInstant(file));
    readers.set(lane, createFileReader(file, lane, counts, options));
  }
  let doneBytes = 0;
  const readBytes = () => [...readers.values()].reduce((sum, reader) => sum + reader.readBytes(), doneBytes);
  for (let lane = reorder.laggard(); lane !== null; lane = reorder.laggard()) {
    const reader = readers.get(lane);
    const isBeyond = lane.seenMs - options.reorderMs > options.untilMs;
    if (reader === undefined || isBeyond || !(await reader.readPiece())) {
      await reader?.close();
      doneBytes += reader?.readBytes() ?? 0;
      readers.delete(lane);
      lane.end();
    }
    reorder.settle();
    options.progress(readBytes(), counts.arrivals);
  }
  reorder.settle();
  return toReading(files.length, counts, reorder);
}

function toReading(files: number, counts: Counting, reorder: Reorder<Arrival>): ArrivalReading {
  const { lateCount, lateMsMax, hurriedCount } = reorder.stats();
  const { noArrivals, ...rest } = counts;
  return {
    files,
    ...rest,
    noArrivals: Object.fromEntries(noArrivals),
    late: lateCount,
    lateMsMax,
    hurried: hurriedCount,
  };
}

interface FileReader {
  /** Reads one piece; false when there is none left. */
  readPiece(): Promise<boolean>;
  readBytes(): number;
  close(): Promise<void>;
}

function createFileReader(
  { file, decoder, endsWhole }: RecordingFile,
  lane: Lane<Arrival>,
  counts: Counting,
  { fromMs, untilMs }: ReadingOptions,
): FileReader {
  const decode = decoder();
  let lineNumber = 0;
  let opened: Opened | null = null;

  function complain(why: string): void {
    counts.unreadable += 1;
    if (counts.examples.length < examplesMax) counts.examples.push({ file, line: lineNumber, why });
  }

  function takeLine(line: Buffer): void {
    lineNumber += 1;
    if (line.byteLength === 0) return;
    counts.lines += 1;
    takeDecoded(decode(line.toString('utf8')));
  }

  function takeDecoded(decoded: Decoded): void {
    switch (decoded.kind) {
      case 'arrival': {
        const { atMs } = decoded.arrival;
        if (atMs < fromMs || atMs >= untilMs) {
          counts.outside += 1;
          lane.saw(atMs);
          return;
        }
        counts.arrivals += 1;
        lane.push(decoded.arrival);
        return;
      }
      case 'no-arrival':
        noteReason(counts.noArrivals, decoded.why);
        lane.saw(decoded.atMs);
        return;
      case 'gap':
        counts.gaps += 1;
        return;
      case 'unreadable':
        complain(decoded.why);
        return;
      case 'nothing':
    }
  }

  const lines: LineSplitter = createLineSplitter(takeLine, () => {
    lineNumber += 1;
    complain('a line of more than 1 MiB');
  });

  return {
    async readPiece() {
      opened ??= open(file);
      const piece = await nextPiece(opened, file, counts.damaged);
      if (piece !== null) lines.push(piece);
      else if (endsWhole || file.endsWith('.gz')) takeLine(lines.rest());
      return piece !== null;
    },
    readBytes: () => opened?.readBytes() ?? 0,
    async close() {
      await opened?.close();
    },
  };
}

function noteReason(reasons: Map<string, number>, why: string): void {
  const reason = reasons.has(why) || reasons.size < reasonsMax ? why : 'other reasons';
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

interface Opened {
  readonly pieces: AsyncIterator<Buffer>;
  /** How much of the file was read. */
  readBytes(): number;
  close(): Promise<void>;
}

function open(file: string): Opened {
  if (file.endsWith(spoolEnding)) return openSpool(file);
  const stream = createReadStream(file, { highWaterMark: pieceBytes });
  const source = file.endsWith('.gz') ? unpacked(stream) : stream;
  const pieces = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return {
    pieces,
    readBytes: () => stream.bytesRead,
    async close() {
      await pieces.return?.(undefined);
      stream.destroy();
    },
  };
}

function openSpool(file: string): Opened {
  let readBytes = 0;
  const lines = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of spoolPieces(file)) {
      readBytes += piece.packedBytes;
      yield piece.lines;
    }
  };
  const pieces = lines();
  return {
    pieces,
    readBytes: () => readBytes,
    async close() {
      await pieces.return(undefined);
    },
  };
}

function unpacked(stream: ReadStream) {
  const gunzip = createGunzip({ chunkSize: pieceBytes });
  stream.on('error', (fault) => gunzip.destroy(fault));
  return stream.pipe(gunzip);
}

/** Null at the end; also where a packed file is damaged, which is noted. */
async function nextPiece({ pieces }: Opened, file: string, damaged: string[]): Promise<Buffer | null> {
  try {
    const { done, value } = await pieces.next();
    return done === true ? null : value;
  } catch (fault) {
    if (!((fault as NodeJS.ErrnoException).code ?? '').startsWith('Z_')) throw fault;
    damaged.push(file);
    return null;
  }
}

/** The first instant that a file tells, so that files of different days need not be open together; −Infinity where it tells none. */
async function firstInstant({ file, decoder }: RecordingFile): Promise<number> {
  const opened = open(file);
  const decode = decoder();
  let firstMs: number | null = null;
  const lines = createLineSplitter(
    (line) => {
      if (firstMs !== null || line.byteLength === 0) return;
      const decoded = decode(line.toString('utf8'));
      if (decoded.kind === 'arrival') firstMs = decoded.arrival.atMs;
      if (decoded.kind === 'no-arrival') firstMs = decoded.atMs;
    },
    () => undefined,
  );
  const piece = await nextPiece(opened, file, []);
  if (piece !== null) lines.push(piece);
  await opened.close();
  return firstMs ?? Number.NEGATIVE_INFINITY;
}
