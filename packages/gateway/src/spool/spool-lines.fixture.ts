// The lines of a spool, in order, as another process reads them.
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';

/** Reads all of them; the spool may be in use. */
export function linesIn(fileName: string): string[] {
  const database = new DatabaseSync(fileName, { readOnly: true });
  const rows = database.prepare('SELECT lines FROM pieces ORDER BY id').all();
  database.close();
  return rows.flatMap(({ lines }) =>
    zstdDecompressSync(lines as Uint8Array)
      .toString()
      .trimEnd()
      .split('\n'),
  );
}
