// An export of control, line by line, with the cursor of the last row that came whole.
import { once } from 'node:events';
import type { CliContext, Output } from '../context.ts';
import type { AskedControl } from '../control/ask-control.ts';
import { createLineSplitter } from './lines.ts';

/** What is exported. */
export interface ExportAsk {
  readonly of: 'sums' | 'records';
  readonly format: 'csv' | 'ndjson';
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly participant: string | undefined;
  readonly node: string | undefined;
  readonly cursor: string | undefined;
}

/** Told after each piece: where to go on, and how many rows it had. */
export type Gone = (gone: { readonly cursor: string | null; readonly rows: number }) => void;

const progressEveryMs = 200;

/** Writes an export. Rejects as the connection does; what was written until then is whole lines. */
export async function exportLines(
  asked: AskedControl,
  ask: ExportAsk,
  to: Output,
  { stderr, clock }: Pick<CliContext, 'stderr' | 'clock'>,
  gone: Gone,
): Promise<void> {
  const stream = await asked.stream(`/v1/evidence/export?${queryOf(ask).toString()}`);
  let lines: Buffer[] = [];
  let cursor: string | null = null;
  const take = (line: Buffer): void => {
    if (ask.of === 'records' && line.subarray(0, cursorStart.byteLength).equals(cursorStart))
      cursor = (JSON.parse(line.toString('utf8')) as { cursor: string }).cursor;
    else lines.push(Buffer.from(line), lineBreak);
  };
  const splitter = createLineSplitter(take, () => undefined);
  let writtenBytes = 0;
  let toldMs = clock();
  for await (const piece of stream as AsyncIterable<Buffer>) {
    splitter.push(piece);
    if (lines.length === 0) continue;
    const text = Buffer.concat(lines);
    const last = lines.at(-2);
    const rows = lines.length / 2;
    lines = [];
    if (!to.write(text)) await once(to, 'drain');
    gone({ cursor: ask.of === 'records' ? cursor : cursorOfRow(last, ask.format), rows });
    writtenBytes += text.byteLength;
    if (stderr.isTTY !== true || clock() - toldMs < progressEveryMs) continue;
    toldMs = clock();
    stderr.write(`\r\u001b[K${Math.round(writtenBytes / 1_000_000).toLocaleString('en-US')} MB`);
  }
  if (stderr.isTTY === true) stderr.write('\r\u001b[K');
}

const cursorStart = Buffer.from('{"cursor"');
const lineBreak = Buffer.from('\n');

function queryOf({ cursor, ...ask }: ExportAsk): URLSearchParams {
  const said = { ...ask, cursor, ...(ask.of === 'records' ? { cursors: 'true' } : {}) };
  return new URLSearchParams(
    Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]])),
  );
}

/** The last column; of a header there is none. */
function cursorOfRow(line: Buffer | undefined, format: ExportAsk['format']): string | null {
  const text = line?.toString('utf8').trimEnd() ?? '';
  if (format === 'ndjson') return (JSON.parse(text) as { cursor: string }).cursor;
  const cell = text.slice(text.lastIndexOf(',') + 1);
  return cell === 'cursor' ? null : cell;
}
