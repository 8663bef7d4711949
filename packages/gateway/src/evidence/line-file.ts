// Lines appended to a file in pieces. A disk that takes nothing costs no call: lines are held, then lost and counted, and the
// operator is told once when it begins and once when it ends.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Lines are written in pieces of at least this many bytes, or after `flushMs`. */
const pieceBytes = 256 * 1024;
const flushMs = 50;
const retryMs = 1_000;

/** Most bytes held while the disk takes nothing (64 MiB); past it new lines are lost and counted. */
const heldBytesMax = 64 * 1024 * 1024;

/** A file that lines are appended to. */
export interface LineFile {
  /** Keeps a line; its end is added. Never throws. */
  append(line: string): void;
  /** Writes everything held and waits until it is on the disk. Throws when the disk takes nothing. */
  sync(): void;
  /** Writes everything held and closes. Throws when the disk takes nothing. */
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
}

/** Creates the file; throws when it exists or cannot be made. */
export function openLineFile(options: LineFileOptions): LineFile {
  const handle = openSync(options.file, 'ax', 0o640);
  const write = options.write ?? writeSync;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let lostCount = 0;
  let failing = false;
  let timer: NodeJS.Timeout | null = null;

  const writeHeld = (): void => {
    while (held.length > 0) {
      const joined = Buffer.concat(held);
      const writtenBytes = write(handle, joined);
      heldBytes -= writtenBytes;
      held = writtenBytes === joined.byteLength ? [] : [joined.subarray(writtenBytes)];
    }
  };
  const hold = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`);
    held.push(bytes);
    heldBytes += bytes.byteLength;
  };
  const flush = (): void => {
    timer = null;
    try {
      writeHeld();
      if (!failing) return;
      failing = false;
      options.trouble(`evidence is written again to ${options.file}; ${lostCount} records were lost`);
      if (lostCount > 0) hold(options.lossLine(lostCount));
      lostCount = 0;
      writeHeld();
    } catch (cause) {
      if (!failing)
        options.trouble(
          `evidence cannot be written to ${options.file} (${(cause as Error).message}); it is held in memory`,
        );
      failing = true;
      timer = setTimeout(flush, retryMs).unref();
    }
  };

  return {
    append(line) {
      if (heldBytes > heldBytesMax) {
        lostCount += 1;
        return;
      }
      hold(line);
      if (heldBytes >= pieceBytes && !failing) {
        if (timer !== null) clearTimeout(timer);
        flush();
      }
      if (held.length > 0) timer ??= setTimeout(flush, flushMs).unref();
    },
    sync() {
      writeHeld();
      fsyncSync(handle);
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      try {
        if (lostCount > 0) hold(options.lossLine(lostCount));
        writeHeld();
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    },
  };
}
