// Records that control keeps, fetched into files of their own for as long as something reads them.
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { askControl } from '../control/ask-control.ts';
import { type ControlFlag, readControlProfile } from '../control/control-profile.ts';
import { exitCodes } from '../exit-codes.ts';
import { exportLines } from './export-lines.ts';

/** Fetches the records of a span, a file for each node, calls `use` with the folder, and removes it. */
export async function withRecordsOfControl(
  flags: ControlFlag,
  span: { readonly fromMs: number | null; readonly untilMs: number | null },
  context: CliContext,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const asked = askControl(await readControlProfile(flags, context));
  const folder = await mkdtemp(join(tmpdir(), 'headgate-records-'));
  try {
    const { known } = await asked.get<{ known: readonly { node: string; records: number }[] }>('/v1/evidence/nodes');
    if (known.length === 0)
      throw new CliRefusal(
        'control knows no records yet: point gateways at it with `control:` in their configuration, or bring logs with `headgate evidence import`',
        exitCodes.unusable,
      );
    for (const [at, { node }] of known.entries()) {
      const packed = createGzip({ level: 1 });
      const file = packed.pipe(createWriteStream(join(folder, `${at}.ndjson.gz`)));
      const written = finished(file);
      const ask = { of: 'records', format: 'ndjson', participant: undefined, cursor: undefined } as const;
      await exportLines(
        asked,
        { ...ask, node, since: instant(span.fromMs), until: instant(span.untilMs) },
        packed,
        context,
        () => undefined,
      );
      packed.end();
      await written;
    }
    await use(folder);
  } finally {
    asked.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function instant(atMs: number | null): string | undefined {
  return atMs === null || !Number.isFinite(atMs) ? undefined : new Date(Math.max(0, atMs)).toISOString();
}
