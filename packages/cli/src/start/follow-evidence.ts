// Follows the gateway's evidence files as they grow, the way an operator's own tools would.
import { watch } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceRecord } from '@headgate/contract';

/** A follower that reads on until it is closed. */
export interface EvidenceFollower {
  /** Reads what was written since the last time. */
  catchUp(): Promise<void>;
  close(): void;
}

const readBytesMax = 1_048_576;

/** Calls `seen` with every whole record in the newest evidence file of a folder. Half-written lines wait for their end. */
export function followEvidence(folder: string, seen: (record: EvidenceRecord) => void): EvidenceFollower {
  let file: string | null = null;
  let offset = 0;
  let partial = '';
  let busy: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    file ??= await newest(folder);
    if (file === null) return;
    await using handle = await open(file);
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(readBytesMax), 0, readBytesMax, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      const lines = (partial + buffer.toString('utf8', 0, bytesRead)).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) {
        const record = JSON.parse(line) as EvidenceRecord | { gap: unknown };
        if (!('gap' in record)) seen(record);
      }
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

async function newest(folder: string): Promise<string | null> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).toSorted();
  const last = files.at(-1);
  return last === undefined ? null : join(folder, last);
}
