// Reads evidence files of any length, a piece at a time: records are told one by one, and how far it is.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceRecord } from '@headgate/contract';

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

/** Longest line that is read, in bytes (1 MiB); no gateway writes one that is near it. */
const lineBytesMax = 1_048_576;

/** The files that a list of files and folders means, in order; of a folder every `.ndjson` in it. Rejects as `stat` does. */
export async function evidenceFiles(named: readonly string[]): Promise<readonly EvidenceFile[]> {
  const found: EvidenceFile[] = [];
  for (const each of named) {
    const facts = await stat(each);
    if (!facts.isDirectory()) found.push({ file: each, bytes: facts.size });
    else {
      for (const name of (await readdir(each)).filter((name) => name.endsWith('.ndjson')).toSorted()) {
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
    let line: Buffer = Buffer.alloc(0);
    let isTooLong = false;
    for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, from)) {
        const rest = piece.subarray(from, at);
        if (isTooLong) reading.unreadable += 1;
        else take(line.byteLength === 0 ? rest : Buffer.concat([line, rest]), reading, seen);
        line = Buffer.alloc(0);
        isTooLong = false;
        from = at + 1;
      }
      line = isTooLong ? line : Buffer.concat([line, piece.subarray(from)]);
      if (line.byteLength > lineBytesMax) {
        isTooLong = true;
        line = Buffer.alloc(0);
      }
      reading.bytes += piece.byteLength;
      progress(reading.bytes);
    }
  }
  return reading;
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
