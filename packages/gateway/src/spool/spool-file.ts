// The spool of a node: one SQLite file with what its threads recorded, in pieces of packed lines, and how far control has it.
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { constants as zlib, zstdCompressSync } from 'node:zlib';

/** Layout of the tables. A file of another one is not opened. */
const layout = 1;

/** A thread of a boot, and how far its records are kept. */
export interface SpoolStream {
  readonly boot: string;
  readonly thread: number;
  /** Numbers up to this one may be in use. */
  readonly reservedTo: number;
  /** The last number that is kept or known to be lost, and the instant of the last that is kept. */
  readonly last: number;
  readonly lastMs: number;
  /** Nothing more comes of it. */
  readonly ended: boolean;
}

/** Lines in a row of one thread: records, or one that says which are missing. */
export interface SpoolPiece {
  readonly kind: 'records' | 'gap';
  readonly boot: string;
  readonly thread: number;
  readonly first: number;
  readonly last: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** A line break stands behind each. */
  readonly lines: Uint8Array;
}

/** Pieces that go to control together. */
export interface SpoolBatch {
  /** The last piece of it, for `acknowledge`. */
  readonly upTo: number;
  /** Lines of each piece, packed on its own. */
  readonly packed: readonly Uint8Array[];
  /** The last record of each thread. */
  readonly lasts: readonly Pick<SpoolStream, 'boot' | 'thread' | 'last'>[];
  readonly records: number;
  readonly packedBytes: number;
}

/** What control does not have yet. */
export interface Unsent {
  readonly records: number;
  /** When the oldest of them was kept; null where there is none. */
  readonly sinceMs: number | null;
}

/** How much is kept. */
export interface SpoolBounds {
  readonly keepHours: number;
  readonly keepBytes: number;
  readonly unsentBytesMax: number;
  /** Whether there is a control that takes records; without one nothing waits for it. */
  readonly sends: boolean;
}

/** An open spool. Nobody else writes to it; others may read. */
export interface SpoolFile {
  /** The threads of which more may come. */
  openStreams(): readonly SpoolStream[];
  /** Keeps pieces and how far threads are, together. Once it returns they outlast a power cut. Throws what SQLite says. */
  commit(pieces: readonly SpoolPiece[], streams: readonly SpoolStream[], nowMs: number): void;
  /** What control gets next, about `bytesMax` of lines; null where it has everything. */
  nextBatch(bytesMax: number): SpoolBatch | null;
  acknowledge(batch: SpoolBatch): void;
  unsent(): Unsent;
  /** Lets go of what is past the bounds; returns how many records go that control never had. Pieces up to `inFlight` stay. */
  retain(bounds: SpoolBounds, inFlight: number, nowMs: number): number;
  close(): void;
}

const tables = `
  CREATE TABLE streams (
    boot TEXT NOT NULL, thread INTEGER NOT NULL, reserved_to INTEGER NOT NULL,
    last INTEGER NOT NULL, last_ms INTEGER NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (boot, thread)
  ) WITHOUT ROWID;
  CREATE TABLE pieces (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, boot TEXT NOT NULL, thread INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    kept_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, packed INTEGER NOT NULL, lines BLOB NOT NULL
  );
  CREATE TABLE totals (
    acknowledged INTEGER NOT NULL, sent_bytes INTEGER NOT NULL, unsent_bytes INTEGER NOT NULL, unsent_records INTEGER NOT NULL
  );
  INSERT INTO totals VALUES (0, 0, 0, 0);
  PRAGMA user_version = ${layout};
`;

/** How long a reader may hold the file before a write fails, in milliseconds. */
const busyMs = 5_000;

/** Most pieces in a batch, and read or removed at a time. */
const batchPiecesMax = 2_000;
const pageRows = 64;
const removedAtOnce = 256;

/** Pages given back to the system after a removal (4 MiB). */
const pagesGivenBack = 1_024;

const hourMs = 3_600_000;

/** The first level packs lines of evidence to a tenth; the next ones cost twice the time for little more. */
const packing = { params: { [zlib.ZSTD_c_compressionLevel]: 1 } };

interface Totals {
  acknowledged: number;
  sentBytes: number;
  unsentBytes: number;
  unsentRecords: number;
}

interface PieceRow {
  readonly id: number;
  readonly kind: SpoolPiece['kind'];
  readonly boot: string;
  readonly thread: number;
  readonly first: number;
  readonly last: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly kept_ms: number;
  readonly bytes: number;
  readonly packed: number;
}

/** The line that tells that records are missing. */
export function gapLine({ boot, thread, first, last, fromMs, toMs }: Omit<SpoolPiece, 'kind' | 'lines'>): Uint8Array {
  const gap = { boot, thread, after: first - 1, atMost: last - first + 1, fromMs, toMs };
  return Buffer.from(`${JSON.stringify({ gap })}\n`);
}

/**
 * Opens the spool, making it where there is none. `waitMs` is how long it waits for others that use it. Throws for a file that is none,
 * or of another version.
 */
export function openSpoolFile(file: string, waitMs = busyMs): SpoolFile {
  closeSync(openSync(file, 'a', 0o640)); // As other evidence; SQLite gives the files beside it the same mode.
  const database = new DatabaseSync(file, { timeout: waitMs });
  try {
    prepareDatabase(database);
  } catch (fault) {
    database.close();
    throw fault;
  }
  return toSpoolFile(database);
}

function prepareDatabase(database: DatabaseSync): void {
  database.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('PRAGMA journal_size_limit = 67108864');
  const { user_version: found } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (found === 0) database.exec(`BEGIN IMMEDIATE; ${tables} COMMIT`);
  else if (found !== layout) throw new Error(`a spool of layout ${found}; this gateway knows ${layout}`);
}

function toSpoolFile(database: DatabaseSync): SpoolFile {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  const insertPiece = statement(
    'INSERT INTO pieces (kind, boot, thread, first, last, from_ms, to_ms, kept_ms, bytes, packed, lines) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const putStream = statement('INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?, ?)');
  const putTotals = statement(
    'UPDATE totals SET acknowledged = ?, sent_bytes = ?, unsent_bytes = ?, unsent_records = ?',
  );
  const linesFrom = statement('SELECT * FROM pieces WHERE id > ? ORDER BY id LIMIT ?');
  const factsFrom = statement(
    'SELECT id, kind, boot, thread, first, last, from_ms, to_ms, kept_ms, bytes, packed FROM pieces WHERE id > ? AND id <= ? ORDER BY id LIMIT ?',
  );
  const firstKeptMs = statement('SELECT kept_ms FROM pieces WHERE id > ? ORDER BY id LIMIT 1');
  const removeUpTo = statement('DELETE FROM pieces WHERE id > ? AND id <= ?');
  const replacePiece = statement(
    "UPDATE pieces SET kind = 'gap', first = ?, last = ?, from_ms = ?, to_ms = ?, bytes = ?, packed = ?, lines = ? WHERE id = ?",
  );
  const forgetStreams = statement('DELETE FROM streams WHERE ended = 1 AND last_ms < ?');
  let totals = statement(
    'SELECT acknowledged, sent_bytes AS sentBytes, unsent_bytes AS unsentBytes, unsent_records AS unsentRecords FROM totals',
  ).get() as unknown as Totals;

  /** All of it or nothing, the totals too. */
  const together = <Result>(write: (next: Totals) => Result): Result => {
    const next = { ...totals };
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = write(next);
      putTotals.run(next.acknowledged, next.sentBytes, next.unsentBytes, next.unsentRecords);
      database.exec('COMMIT');
      totals = next;
      return result;
    } catch (fault) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw fault;
    }
  };

  const keep = (piece: SpoolPiece, nowMs: number, next: Totals): void => {
    const { kind, boot, thread, first, last, fromMs, toMs, lines } = piece;
    const packed = zstdCompressSync(lines, packing);
    const sizes = [lines.byteLength, packed.byteLength] as const;
    insertPiece.run(kind, boot, thread, first, last, whole(fromMs), whole(toMs), nowMs, ...sizes, packed);
    next.unsentBytes += packed.byteLength;
    next.unsentRecords += recordsIn(piece);
  };

  /** The oldest pieces behind `after` of which `isPast` says so, at most so many. */
  const oldest = (after: number, upTo: number, isPast: (row: PieceRow) => boolean): PieceRow[] => {
    const rows = factsFrom.all(after, upTo, removedAtOnce) as unknown as PieceRow[];
    const end = rows.findIndex((row) => !isPast(row));
    return end === -1 ? rows : rows.slice(0, end);
  };

  const removeSent = ({ keepHours, keepBytes, sends }: SpoolBounds, nowMs: number): void => {
    const upTo = sends ? totals.acknowledged : Number.MAX_SAFE_INTEGER;
    let keptBytes = sends ? totals.sentBytes : totals.sentBytes + totals.unsentBytes;
    const rows = oldest(0, upTo, ({ kept_ms, packed }) => {
      const isPast = kept_ms < nowMs - keepHours * hourMs || keptBytes > keepBytes;
      keptBytes -= packed;
      return isPast;
    });
    const lastRow = rows.at(-1);
    if (lastRow === undefined) return;
    together((next) => {
      for (const row of rows) {
        const isSent = row.id <= totals.acknowledged;
        if (isSent) next.sentBytes -= row.packed;
        else next.unsentBytes -= row.packed;
        if (!isSent) next.unsentRecords -= recordsIn(row);
      }
      next.acknowledged = Math.max(next.acknowledged, lastRow.id);
      removeUpTo.run(0, lastRow.id);
      forgetStreams.run(nowMs - keepHours * hourMs);
    });
    database.exec(`PRAGMA incremental_vacuum(${pagesGivenBack})`);
  };

  /** What control never had goes too, oldest first; in its place stands what is missing, in order. */
  const removeUnsent = ({ unsentBytesMax }: SpoolBounds, inFlight: number): number => {
    let after = Math.max(totals.acknowledged, inFlight);
    let unsentBytes = totals.unsentBytes;
    let rows: PieceRow[];
    let records: number;
    do {
      rows = oldest(after, Number.MAX_SAFE_INTEGER, ({ packed }) => {
        const isPast = unsentBytes > unsentBytesMax;
        unsentBytes -= packed;
        return isPast;
      });
      records = rows.reduce((sum, row) => sum + recordsIn(row), 0);
      after = rows.at(-1)?.id ?? after;
    } while (records === 0 && rows.length === removedAtOnce); // Nothing but gaps: what they take is not worth their loss.
    if (records === 0) return 0;
    together((next) => {
      const lastOf = new Map<string, PieceRow>();
      for (const row of rows) {
        const key = `${row.boot} ${row.thread}`;
        const before = lastOf.get(key);
        lastOf.set(key, before === undefined ? row : { ...row, first: before.first, from_ms: before.from_ms });
        next.unsentBytes -= row.packed;
      }
      next.unsentRecords -= records;
      const stays = new Set([...lastOf.values()].map(({ id }) => id));
      for (const { id } of rows) if (!stays.has(id)) removeUpTo.run(id - 1, id);
      for (const { id, from_ms: fromMs, to_ms: toMs, ...row } of lastOf.values()) {
        const line = gapLine({ ...row, fromMs, toMs });
        const packed = zstdCompressSync(line, packing);
        replacePiece.run(row.first, row.last, fromMs, toMs, line.byteLength, packed.byteLength, packed, id);
        next.unsentBytes += packed.byteLength;
      }
    });
    database.exec(`PRAGMA incremental_vacuum(${pagesGivenBack})`);
    return records;
  };

  return {
    openStreams: () =>
      statement('SELECT boot, thread, reserved_to AS reservedTo, last, last_ms AS lastMs FROM streams WHERE ended = 0')
        .all()
        .map((row) => ({ ...(row as unknown as SpoolStream), ended: false })),
    commit(pieces, streams, nowMs) {
      together((next) => {
        for (const piece of pieces) keep(piece, nowMs, next);
        for (const { boot, thread, reservedTo, last, lastMs, ended } of streams)
          putStream.run(boot, thread, reservedTo, last, whole(lastMs), ended ? 1 : 0);
      });
    },
    nextBatch(bytesMax) {
      const rows: (PieceRow & { readonly lines: Uint8Array })[] = [];
      let bytes = 0;
      for (let isFull = false; !isFull; ) {
        const after = rows.at(-1)?.id ?? totals.acknowledged;
        const page = linesFrom.all(after, pageRows) as unknown as typeof rows;
        for (const row of page) {
          isFull ||= rows.length >= batchPiecesMax || (rows.length > 0 && bytes + row.bytes > bytesMax);
          if (isFull) break;
          bytes += row.bytes;
          rows.push(row);
        }
        isFull ||= page.length < pageRows;
      }
      const last = rows.at(-1);
      return last === undefined ? null : toBatch(last.id, rows);
    },
    acknowledge({ upTo, records, packedBytes }) {
      together((next) => {
        next.acknowledged = upTo;
        next.sentBytes += packedBytes;
        next.unsentBytes -= packedBytes;
        next.unsentRecords -= records;
      });
    },
    unsent() {
      const first = firstKeptMs.get(totals.acknowledged) as { readonly kept_ms: number } | undefined;
      return { records: totals.unsentRecords, sinceMs: first?.kept_ms ?? null };
    },
    retain(bounds, inFlight, nowMs) {
      removeSent(bounds, nowMs);
      return bounds.sends && totals.unsentBytes > bounds.unsentBytesMax ? removeUnsent(bounds, inFlight) : 0;
    },
    close: () => database.close(),
  };
}

function toBatch(upTo: number, rows: readonly (PieceRow & { readonly lines: Uint8Array })[]): SpoolBatch {
  const lasts = new Map<string, SpoolBatch['lasts'][number]>();
  for (const { kind, boot, thread, last } of rows)
    if (kind === 'records') lasts.set(`${boot} ${thread}`, { boot, thread, last });
  return {
    upTo,
    packed: rows.map(({ lines }) => lines),
    lasts: [...lasts.values()],
    records: rows.reduce((sum, row) => sum + recordsIn(row), 0),
    packedBytes: rows.reduce((sum, { packed }) => sum + packed, 0),
  };
}

function recordsIn({ kind, first, last }: Pick<SpoolPiece, 'kind' | 'first' | 'last'>): number {
  return kind === 'records' ? last - first + 1 : 0;
}

/** Instants are whole in the file, whatever clock they came from. */
function whole(ms: number): number {
  return Math.round(ms);
}
