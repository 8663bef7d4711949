// Reads evidence files of any length, a piece at a time: records are told one by one, and how far it is.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceRecord } from '@headgate/contract';
import { createLineSplitter } from './lines.ts';
import { spoolEnding, spoolPieces } from './spool-lines.ts';

/** How names of evidence files end. */
export const evidenceEndings: readonly string[] = ['.ndjson', spoolEnding];

/** One file of evidence. */
export interface EvidenceFile {
  readonly file: string;
  readonly bytes: number;
}

/** What was read beside records. */
export interface EvidenceReading {
  records: number;
  /** Stretches of which records are missing; each file says so itself. */
  gaps: number;
  /** Lines that are neither record nor gap. The last line of a file that is being written is none of them. */
  unreadable: number;
  bytes: number;
}

/** The files that a list of files and folders means, in order; of a folder those with one of the endings. Rejects as `stat` does. */
export async function evidenceFiles(
  named: readonly string[],
  endings: readonly string[] = evidenceEndings,
): Promise<readonly EvidenceFile[]> {
  const found: EvidenceFile[] = [];
  for (const each of named) {
    const facts = await stat(each);
    if (!facts.isDirectory()) found.push({ file: each, bytes: facts.size });
    else {
      const isMeant = (name: string) => endings.some((ending) => name.endsWith(ending));
      for (const name of (await readdir(each)).filter(isMeant).toSorted()) {
        const file = join(each, name);
        found.push({ file, bytes: (await stat(file)).size });
      }
    }
  }
  return found;
}

/** Calls `seen` with every record of the files, and `progress` after each piece. */
export async function readEvidence(
  files: readonly EvidenceFile[],
  seen: (record: EvidenceRecord) => void,
  progress: (readBytes: number) => void,
): Promise<EvidenceReading> {
  const reading: EvidenceReading = { records: 0, gaps: 0, unreadable: 0, bytes: 0 };
  for (const { file } of files) {
    const lines = createLineSplitter(
      (line) => take(line, reading, seen),
      () => {
        reading.unreadable += 1;
      },
    );
    for await (const { lines: piece, bytes } of piecesOf(file)) {
      lines.push(piece);
      reading.bytes += bytes;
      progress(reading.bytes);
    }
  }
  return reading;
}

/** Pieces of lines, and what each takes of the file. */
export async function* piecesOf(file: string): AsyncGenerator<{ readonly lines: Buffer; readonly bytes: number }> {
  if (file.endsWith(spoolEnding))
    for await (const { lines, packedBytes } of spoolPieces(file)) yield { lines, bytes: packedBytes };
  else
    for await (const lines of createReadStream(file) as AsyncIterable<Buffer>) yield { lines, bytes: lines.byteLength };
}

function take(bytes: Buffer, reading: EvidenceReading, seen: (record: EvidenceRecord) => void): void {
  if (bytes.byteLength === 0) return;
  const line = parsed(bytes.toString('utf8'));
  if (line === 'gap') reading.gaps += 1;
  else if (line === null) reading.unreadable += 1;
  else {
    reading.records += 1;
    seen(line);
  }
}

function parsed(text: string): EvidenceRecord | 'gap' | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    if ('gap' in value) return 'gap';
    const isRecord = isSection(value, 'listener') && isSection(value, 'response');
    return isRecord ? (value as EvidenceRecord) : null;
  } catch (fault) {
    if (fault instanceof SyntaxError) return null;
    throw fault;
  }
}

function isSection(value: object, name: string): boolean {
  const section: unknown = (value as Readonly<Record<string, unknown>>)[name];
  return typeof section === 'object' && section !== null;
}
