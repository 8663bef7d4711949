// The history of the documents in a file beside the evidence, so that a version means the same after a restart.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Snapshot } from '@headgate/contract';
import { z } from 'zod';
import { type DocumentHistory, historyWith } from './document-history.ts';

const version = z.object({ version: z.int().min(1), hash: z.string(), sinceMs: z.number() });
const keys = z.array(z.string());
const historySchema = z.object({
  policy: version,
  catalogue: version,
  items: z.record(z.string(), z.string()),
  changes: z.array(z.object({ version: z.int(), atMs: z.number(), added: keys, changed: keys, removed: keys })),
});

/** Keeps a history. */
export interface HistoryFile {
  /** The history with a snapshot in force; written down where it changed. */
  with(snapshot: Pick<Snapshot, 'policy' | 'catalogue'>, atMs: number): Promise<DocumentHistory>;
}

/**
 * Opens the file, which need not be there. What cannot be read or written is told, and versions then begin at 1 again, or begin
 * there after the next start: a gateway serves without them.
 */
export async function openHistoryFile(file: string, trouble: (sentence: string) => void): Promise<HistoryFile> {
  let history = await readHistory(file, trouble);
  return {
    async with(snapshot, atMs) {
      const next = historyWith(history, snapshot, atMs);
      if (next === history) return next;
      history = next;
      try {
        await mkdir(dirname(file), { recursive: true });
        // Whole or not at all: a crash in between leaves the one before.
        await writeFile(`${file}.new`, `${JSON.stringify(next)}\n`);
        await rename(`${file}.new`, file);
      } catch (fault) {
        trouble(`versions of the documents could not be kept: ${faultText(fault)}`);
      }
      return next;
    },
  };
}

async function readHistory(file: string, trouble: (sentence: string) => void): Promise<DocumentHistory | null> {
  try {
    return historySchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT')
      trouble(`versions of the documents begin anew: ${file} cannot be read`);
    return null;
  }
}

function faultText(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
