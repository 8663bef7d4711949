// What an import has taken of which log, on disk: written anew and moved in place, after what it speaks of is safe. A run that was killed
// goes on from here.
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type FileStart, hashOfStart } from './file-start.ts';

/** How far one log was taken. */
export interface TakenLog {
  /** What records of it bear as their boot. */
  readonly boot: string;
  /** The log is known by this many bytes at its start, and their SHA-256. */
  readonly startBytes: number;
  readonly startHash: string;
  /** Bytes and lines that were taken, unpacked. */
  readonly offset: number;
  readonly lines: number;
}

/** Everything that is remembered of one import. */
export interface ImportMemory {
  readonly format: 1;
  /** How lines were read, as one hash: another template would make other records of the same lines. */
  readonly reading: string;
  /** Length of the file of records; null where they go elsewhere. */
  readonly outputBytes: number | null;
  readonly logs: readonly TakenLog[];
}

/** Most logs of one import. */
const logsMax = 20_000;

/** Why a memory cannot be used. */
export class UnusableMemory extends Error {}

/** What is remembered; null where nothing is. Rejects with UnusableMemory for a file that is something else. */
export async function readMemory(file: string): Promise<ImportMemory | null> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isMemory(value)) return value;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (!(fault instanceof SyntaxError)) throw fault;
  }
  throw new UnusableMemory(`${file} is not what an import remembers`);
}

/** Writes what is remembered, so that it is the old or the new one after any crash. */
export async function writeMemory(file: string, memory: ImportMemory): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, 'w');
  try {
    await handle.writeFile(`${JSON.stringify(memory)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The log among those that are known which a file is, by the longest start that fits; null for a new one. */
export function knownLog({ logs }: Pick<ImportMemory, 'logs'>, start: FileStart): TakenLog | null {
  const hashes = new Map<number, string>();
  let best: TakenLog | null = null;
  for (const log of logs) {
    if (log.startBytes > start.bytes.byteLength || log.startBytes <= (best?.startBytes ?? 0)) continue;
    const hash = hashes.get(log.startBytes) ?? hashOfStart(start, log.startBytes);
    hashes.set(log.startBytes, hash);
    if (hash === log.startHash) best = log;
  }
  return best;
}

/** The memory with one log as it is now. */
export function withLog(memory: ImportMemory, log: TakenLog): ImportMemory {
  const others = memory.logs.filter(({ boot }) => boot !== log.boot);
  if (others.length >= logsMax)
    throw new UnusableMemory(`it knows ${logsMax} logs, which is the most: begin another import`);
  return { ...memory, logs: [...others, log] };
}

function isMemory(value: unknown): value is ImportMemory {
  if (typeof value !== 'object' || value === null) return false;
  const { format, reading, outputBytes, logs } = value as Readonly<Record<string, unknown>>;
  const isLength = outputBytes === null || Number.isSafeInteger(outputBytes);
  return format === 1 && typeof reading === 'string' && isLength && Array.isArray(logs) && logs.every(isTakenLog);
}

function isTakenLog(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { boot, startBytes, startHash, offset, lines } = value as Readonly<Record<string, unknown>>;
  return (
    [boot, startHash].every((each) => typeof each === 'string') &&
    [startBytes, offset, lines].every(Number.isSafeInteger)
  );
}
