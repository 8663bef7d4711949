// Lines appended to a file in pieces. A disk that takes nothing costs no call: lines are held, then lost and counted, and the
// operator is told once when it begins and once when it ends.
import { close, closeSync, fstatSync, fsync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';

/** Lines are written in pieces of at least this many bytes, or after `flushMs`. */
const pieceBytes = 256 * 1024;
const flushMs = 50;

/** Lines are gathered in blocks of this size: more than a piece, so that one block is usually written as it stands. */
const blockBytes = pieceBytes + 64 * 1024;

const LF = 0x0a;
const retryMs = 1_000;

/** Most bytes held while the disk takes nothing (64 MiB); past it new lines are lost and counted. */
const heldBytesMax = 64 * 1024 * 1024;

/** A file that lines are appended to. */
export interface LineFile {
  /** Keeps a line; its end is added. Bytes are copied. Never throws. */
  append(line: string | Uint8Array): void;
  /** Writes everything held and waits until it is on the disk. Throws when the disk takes nothing. */
  sync(): void;
  /** Writes everything held and closes; a file that stayed empty is removed. Throws when the disk takes nothing. */
  close(): void;
}

/** Options of a line file. */
export interface LineFileOptions {
  readonly file: string;
  /** Says that writing fails, and that it works again. */
  readonly trouble: (sentence: string) => void;
  /** The line that stands for lost ones, written once the disk takes lines again. */
  readonly lossLine: (lostCount: number) => string;
  /** Default: the system's write. Tests make it fail. */
  readonly write?: (handle: number, bytes: Uint8Array) => number;
  /** Asked after lines were written, with the bytes of the file: another file that is to take its place, or null. */
  readonly follow?: (bytes: number) => string | null;
}

/** Creates the file; throws when it exists or cannot be made. */
export function openLineFile(options: LineFileOptions): LineFile {
  const written = openWrittenFile(options);
  const held = createHeldLines((bytes) => written.write(bytes));
  let lostCount = 0;
  let failing = false;
  let timer: NodeJS.Timeout | null = null;

  const flush = (): void => {
    timer = null;
    try {
      held.write();
      written.follow();
      if (!failing) return;
      failing = false;
      options.trouble(`evidence is written again to ${written.name()}; ${lostCount} records were lost`);
      if (lostCount > 0) held.add(options.lossLine(lostCount));
      lostCount = 0;
      held.write();
    } catch (cause) {
      const why = (cause as Error).message;
      if (!failing) options.trouble(`evidence cannot be written to ${written.name()} (${why}); it is held in memory`);
      failing = true;
      timer = setTimeout(flush, retryMs).unref();
    }
  };

  return {
    append(line) {
      if (held.bytes() > heldBytesMax) {
        lostCount += 1;
        return;
      }
      held.add(line);
      if (held.bytes() >= pieceBytes && !failing) {
        if (timer !== null) clearTimeout(timer);
        flush();
      }
      if (held.bytes() > 0) timer ??= setTimeout(flush, flushMs).unref();
    },
    sync() {
      held.write();
      written.sync();
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      try {
        if (lostCount > 0) held.add(options.lossLine(lostCount));
        held.write();
        written.sync();
      } finally {
        written.close();
      }
    },
  };
}

/** The file that lines are written to: one after the other where `follow` says so. */
function openWrittenFile({ file, write = writeSync, follow }: LineFileOptions) {
  let name = file;
  let handle = openSync(name, 'ax', 0o640);
  let fileBytes = 0;
  return {
    name: () => name,
    write(bytes: Uint8Array): number {
      const writtenBytes = write(handle, bytes);
      fileBytes += writtenBytes;
      return writtenBytes;
    },
    follow(): void {
      const next = fileBytes === 0 ? null : (follow?.(fileBytes) ?? null);
      if (next === null) return;
      const before = handle;
      handle = openSync(next, 'ax', 0o640);
      name = next;
      fileBytes = 0;
      fsync(before, () => close(before)); // The path does not wait for it.
    },
    sync: () => fsyncSync(handle),
    /** One that stayed empty is removed. */
    close(): void {
      if (fstatSync(handle).size === 0) rmSync(name, { force: true });
      closeSync(handle);
    },
  };
}

/** Lines that wait for the disk, in blocks; what a write did not take stays. */
function createHeldLines(writeBytes: (bytes: Uint8Array) => number) {
  const waiting: Uint8Array[] = [];
  let block = Buffer.allocUnsafeSlow(blockBytes);
  let usedBytes = 0;
  let bytes = 0;
  /** What the block holds joins what waits, and another block takes its place. */
  const putAside = (nextBytes: number): void => {
    if (usedBytes > 0) waiting.push(block.subarray(0, usedBytes));
    block = Buffer.allocUnsafeSlow(Math.max(blockBytes, nextBytes));
    usedBytes = 0;
  };
  /** Writes from the first on until all is written. Throws what the disk says. */
  const writeWaiting = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const writtenBytes = writeBytes(first);
      bytes -= writtenBytes;
      if (writtenBytes === first.byteLength) waiting.shift();
      else waiting[0] = first.subarray(writtenBytes);
    }
  };
  return {
    bytes: () => bytes,
    add(line: string | Uint8Array): void {
      const text = typeof line === 'string' ? Buffer.from(line) : line;
      const lineBytes = text.byteLength + 1;
      if (usedBytes + lineBytes > block.byteLength) putAside(lineBytes);
      block.set(text, usedBytes);
      usedBytes += lineBytes;
      bytes += lineBytes;
      block[usedBytes - 1] = LF;
    },
    /** Throws what the disk says; everything not written is kept. */
    write(): void {
      writeWaiting();
      if (usedBytes === 0) return;
      const held = block.subarray(0, usedBytes);
      const writtenBytes = writeBytes(held);
      bytes -= writtenBytes;
      if (writtenBytes === usedBytes) {
        usedBytes = 0; // The disk has all of the block: it is used again.
        return;
      }
      putAside(0);
      waiting[0] = held.subarray(writtenBytes);
      writeWaiting();
    },
  };
}
