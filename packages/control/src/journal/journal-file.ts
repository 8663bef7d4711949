// The journal on disk: lines in segments, on the disk before `append` resolves. What a crash tore off at the end is cut; a fault
// anywhere else stops the start, because a line there had been acknowledged.
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreRefused } from '../store/store-refused.ts';
import { claimedBatch, firstChecksum, parseLine, toLine, type WrittenEntry } from './journal-line.ts';

/** How the files are opened. */
export interface JournalFileOptions {
  /** Made where absent. */
  readonly folder: string;
  readonly notice: (sentence: string) => void;
  /** A segment that would grow past this is followed by another. Default 16 MiB. */
  readonly segmentBytesMax?: number;
}

/** The journal on disk, open for one writer. */
export interface JournalFile {
  /** Sequence number and checksum of the last entry; 0 and `firstChecksum` where there is none. */
  readonly last: { readonly sequence: number; readonly checksum: string };
  /** Entries with a greater sequence number, from the disk. */
  read(after: number): Generator<WrittenEntry>;
  /** Resolves when all of them are on the disk. Where it rejects, none is. */
  append(entries: readonly WrittenEntry[]): Promise<void>;
  close(): Promise<void>;
}

interface Segment {
  readonly file: string;
  /** Sequence number of its first entry, as its name says. */
  readonly first: number;
}

const defaultSegmentBytesMax = 16_777_216;
const nameForm = /^journal-(\d{12})\.ndjson$/;

/** Opens the journal, reading and proving all of it. Throws a `StoreRefused` with file and line where it is damaged. */
export async function openJournalFile(options: JournalFileOptions): Promise<JournalFile> {
  const { folder, notice, segmentBytesMax = defaultSegmentBytesMax } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  syncFolder(join(folder, '..'));
  const segments = segmentsIn(folder);
  let last = await prove(segments, notice);
  let handle: FileHandle | null = null;
  let size = 0;
  let broken: Error | undefined;
  const newest = segments.at(-1);
  if (newest !== undefined) {
    handle = await open(newest.file, 'r+');
    size = (await handle.stat()).size;
  }

  const startSegment = async (first: number): Promise<FileHandle> => {
    const file = join(folder, `journal-${String(first).padStart(12, '0')}.ndjson`);
    const next = await open(file, constants.O_CREAT | constants.O_RDWR, 0o600);
    if ((await next.stat()).size > 0) throw new Error(`${file} was written by something else`);
    syncFolder(folder); // Without it, a power cut could leave the lines and take the name.
    await handle?.close();
    segments.push({ file, first });
    size = 0;
    return next;
  };

  return {
    get last() {
      return last;
    },
    read: (after) => readAfter(segments, after),
    async append(entries) {
      const end = entries.at(-1);
      if (end === undefined) return;
      if (broken !== undefined) throw broken;
      const bytes = Buffer.from(entries.map(toLine).join(''));
      if (handle === null || (size > 0 && size + bytes.length > segmentBytesMax)) {
        handle = await startSegment(entries[0]?.sequence ?? 0);
      }
      try {
        await writeAll(handle, bytes, size);
        await handle.datasync();
      } catch (cause) {
        // A part of them may stand there, and must not be taken for acknowledged by the next start.
        await takeBack(handle, size).catch((second: unknown) => {
          broken = new Error('what was written by half could not be taken back', { cause: second });
        });
        throw cause;
      }
      size += bytes.length;
      last = { sequence: end.sequence, checksum: end.checksum };
    },
    async close() {
      await handle?.close();
      handle = null;
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function takeBack(handle: FileHandle, size: number): Promise<void> {
  await handle.truncate(size);
  await handle.datasync();
}

function segmentsIn(folder: string): Segment[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const first = nameForm.exec(name)?.[1];
      return first === undefined ? [] : [{ file: join(folder, name), first: Number(first) }];
    });
}

interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Where it begins in its file, in bytes. */
  readonly offset: number;
}

/** Reads every line; cuts what a crash left half; gives the last entry. Segments that are left empty leave the list. */
async function prove(segments: Segment[], notice: (sentence: string) => void): Promise<JournalFile['last']> {
  let last: JournalFile['last'] = { sequence: 0, checksum: firstChecksum };
  for (const [index, segment] of segments.entries()) {
    for (const line of linesOf(segment.file)) {
      const entry = parseLine(line.text, last.checksum);
      if (entry !== null && entry.sequence === last.sequence + 1) {
        last = { sequence: entry.sequence, checksum: entry.checksum };
        continue;
      }
      refuseDamaged(segments.slice(index), line, last.sequence + 1);
      await cut(segments.splice(index), line.offset, notice);
      if (line.offset > 0) segments.push(segment);
      return last;
    }
  }
  await dropEmpty(segments);
  return last;
}

/** Throws where something durable stands behind the bad line: a batch is begun only when the one before it is on the disk. */
function refuseDamaged(segments: readonly Segment[], bad: Line, expected: number): void {
  const isLater = (text: string): boolean => (claimedBatch(text) ?? 0) > expected;
  const [damaged] = segments;
  if (damaged === undefined) return;
  const hasLater = segments.some(({ file }) => [...linesOf(file)].some(({ text }) => isLater(text)));
  if (!hasLater) return;
  throw new StoreRefused(
    'store.journal_damaged',
    `the journal is damaged: ${damaged.file}, line ${bad.number}, is not entry ${expected} as it was written, and more entries follow it`,
    'Restore that file from a backup. Where there is none and the store is whole, move the folder of the journal away: it is written again from the store.',
  );
}

async function cut(segments: readonly Segment[], offset: number, notice: (sentence: string) => void): Promise<void> {
  const [torn, ...after] = segments;
  if (torn === undefined) return;
  const lost = statSync(torn.file).size - offset;
  notice(
    `the end of the journal was torn off by a crash before it was acknowledged: ${lost} bytes cut from ${torn.file}`,
  );
  await truncate(torn.file, offset);
  syncFile(torn.file);
  if (offset === 0) rmSync(torn.file);
  for (const { file } of after) rmSync(file);
}

async function dropEmpty(segments: Segment[]): Promise<void> {
  const newest = segments.at(-1);
  if (newest === undefined || statSync(newest.file).size > 0) return;
  rmSync(newest.file);
  segments.pop();
}

function* readAfter(segments: readonly Segment[], after: number): Generator<WrittenEntry> {
  const begin = Math.max(
    segments.findLastIndex(({ first }) => first <= after + 1),
    0,
  );
  for (const { file } of segments.slice(begin)) {
    for (const { text } of linesOf(file)) {
      // Proven when it was opened.
      const entry = JSON.parse(text) as WrittenEntry;
      if (entry.sequence > after) yield entry;
    }
  }
}

function* linesOf(file: string): Generator<Line> {
  const bytes = readFileSync(file);
  let number = 0;
  for (let offset = 0; offset < bytes.length; ) {
    const found = bytes.indexOf(0x0a, offset);
    const end = found === -1 ? bytes.length : found;
    number += 1;
    // A line without its end is not what was written, whatever it holds.
    yield { text: found === -1 ? '' : bytes.toString('utf8', offset, end), number, offset };
    offset = end + 1;
  }
}

function syncFile(file: string): void {
  const handle = openSync(file, 'r+');
  fsyncSync(handle);
  closeSync(handle);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
