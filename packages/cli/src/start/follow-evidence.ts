// Follows the gateway's evidence as it grows, in files or in its spool, the way an operator's own tools would.
import { watch } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceRecord } from '@headgate/contract';
import { spoolEnding, spoolPieces } from '../evidence/spool-lines.ts';

/** A follower that reads on until it is closed. */
export interface EvidenceFollower {
  /** Reads what was written since the last time. */
  catchUp(): Promise<void>;
  close(): void;
}

const readBytesMax = 1_048_576;

/** Reads on in one file: whole lines that are new. */
type ReadOn = () => AsyncGenerator<string>;

/** Calls `seen` with every whole record in the evidence of a folder. Half-written lines wait for their end. */
export function followEvidence(folder: string, seen: (record: EvidenceRecord) => void): EvidenceFollower {
  const followed = new Map<string, ReadOn>();
  let busy: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    for (const name of (await readdir(folder)).toSorted()) {
      if (!followed.has(name) && name.endsWith('.ndjson')) followed.set(name, lineReader(join(folder, name)));
      if (!followed.has(name) && name.endsWith(spoolEnding)) followed.set(name, spoolReader(join(folder, name)));
    }
    for (const readOn of followed.values())
      for await (const line of readOn()) {
        const record = JSON.parse(line) as EvidenceRecord | { gap: unknown };
        if (!('gap' in record)) seen(record);
      }
  };
  const catchUp = (): Promise<void> => {
    busy ??= read().finally(() => {
      busy = null;
    });
    return busy;
  };
  const watcher = watch(folder, () => void catchUp().catch(() => undefined));
  watcher.on('error', () => undefined); // The folder is gone; the next catchUp says so.
  return { catchUp, close: () => watcher.close() };
}

function lineReader(file: string): ReadOn {
  let offset = 0;
  let partial = '';
  return async function* readOn() {
    await using handle = await open(file);
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(readBytesMax), 0, readBytesMax, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      const lines = (partial + buffer.toString('utf8', 0, bytesRead)).split('\n');
      partial = lines.pop() ?? '';
      yield* lines;
    }
  };
}

function spoolReader(file: string): ReadOn {
  let last = 0;
  return async function* readOn() {
    for await (const { id, lines } of spoolPieces(file, last)) {
      last = id;
      yield* lines.toString('utf8').trimEnd().split('\n');
    }
  };
}
