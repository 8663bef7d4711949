// Where records of an import go: into a file of evidence, or elsewhere in the same way. What is committed is safe.
import { type FileHandle, open } from 'node:fs/promises';
import type { EvidenceRecord } from '@headgate/contract';

/** Takes records. */
export interface RecordSink {
  /** Never waits; `settle` does. */
  add(record: EvidenceRecord): void;
  /** Waits until there is room for more. */
  settle(): Promise<void>;
  /** Resolves once everything so far is safe, with the length of its file where it has one. */
  commit(): Promise<{ readonly outputBytes: number | null }>;
  close(): Promise<void>;
}

/** Why a file is not written to. */
export class UnusableOutput extends Error {}

/** Written in pieces of about this many characters. */
const pieceCharacters = 1_048_576;

/**
 * A file of evidence that goes on at `fromBytes`: what stands behind was written by a run that was killed, and comes again. At 0 it is
 * made where it is not there. Rejects with UnusableOutput.
 */
export async function openRecordFile(file: string, fromBytes: number): Promise<RecordSink> {
  const handle = await openFor(file, fromBytes);
  let written = fromBytes;
  let pending: string[] = [];
  let pendingCharacters = 0;
  async function flush(): Promise<void> {
    if (pending.length === 0) return;
    const bytes = Buffer.from(pending.join(''));
    pending = [];
    pendingCharacters = 0;
    for (let at = 0; at < bytes.byteLength; ) {
      const { bytesWritten } = await handle.write(bytes, at, bytes.byteLength - at, written);
      at += bytesWritten;
      written += bytesWritten;
    }
  }
  return {
    add(record) {
      const line = `${JSON.stringify(record)}\n`;
      pending.push(line);
      pendingCharacters += line.length;
    },
    async settle() {
      if (pendingCharacters >= pieceCharacters) await flush();
    },
    async commit() {
      await flush();
      await handle.datasync();
      return { outputBytes: written };
    },
    close: () => handle.close(),
  };
}

async function openFor(file: string, fromBytes: number): Promise<FileHandle> {
  if (fromBytes === 0) return open(file, 'w');
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  if (size >= fromBytes) {
    await handle.truncate(fromBytes);
    return handle;
  }
  await handle.close();
  throw new UnusableOutput(`${file} has ${size} bytes, and the import wrote ${fromBytes}: something else changed it`);
}
