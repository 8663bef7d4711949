// Lines of a gateway's spool: the SQLite file that its threads keep evidence in. Read beside the gateway, which goes on writing.
import { open } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** How names of spools end. */
export const spoolEnding = '.spool.sqlite';

/** Lines that were kept together. */
export interface SpoolPiece {
  readonly id: number;
  /** Whole lines, a line break behind each. */
  readonly lines: Buffer;
  /** What they take in the file. */
  readonly packedBytes: number;
}

/** Pieces read at a time: no reading may hold the gateway's clean-up back for long. */
const pagePieces = 64;

/** How long a moment's lock of the gateway is waited for, in milliseconds. */
const busyMs = 5_000;

/** SQLite's own numbers (sqlite.org/rescode.html). */
const cannotOpen = 14;
const noDatabase = 26;

/** Tells pieces in order, from behind one on. Rejects as the system does for a file that cannot be read, and refuses one that is no spool. */
export async function* spoolPieces(file: string, after = 0): AsyncGenerator<SpoolPiece> {
  await using readable = await open(file); // The system's own words for a file that is not there, or not for this user.
  void readable;
  const { zstdDecompressSync } = await import('node:zlib');
  const database = await openSpool(file);
  try {
    const page = database.prepare('SELECT id, packed, lines FROM pieces WHERE id > ? ORDER BY id LIMIT ?');
    for (let last = after; ; ) {
      const rows = page.all(last, pagePieces) as unknown as { id: number; packed: number; lines: Uint8Array }[];
      for (const { id, packed, lines } of rows) yield { id, lines: zstdDecompressSync(lines), packedBytes: packed };
      const next = rows.at(-1);
      if (next === undefined) return;
      last = next.id;
    }
  } catch (fault) {
    throw numberOf(fault) === null ? fault : new CliRefusal(`${file} is no spool of evidence`, exitCodes.unusable);
  } finally {
    database.close();
  }
}

async function openSpool(file: string) {
  const { DatabaseSync } = await import('node:sqlite');
  const opened = (path: string | URL) => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
    try {
      database.prepare('SELECT count(*) FROM sqlite_schema').get(); // Nothing is opened before it is used.
      return database;
    } catch (fault) {
      database.close();
      throw fault;
    }
  };
  try {
    return opened(file);
  } catch (fault) {
    if (numberOf(fault) === noDatabase) throw new CliRefusal(`${file} is no spool of evidence`, exitCodes.unusable);
    if (numberOf(fault) !== cannotOpen) throw fault;
    // Whoever may not write to the folder cannot share the gateway's index of what is new. Where there is none nobody writes.
    return opened(new URL(`${pathToFileURL(file).href}?immutable=1`));
  }
}

function numberOf(fault: unknown): number | null {
  const number: unknown = Reflect.get(Object(fault), 'errcode');
  return typeof number === 'number' ? number : null;
}
