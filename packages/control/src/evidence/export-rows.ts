// The ledger as a stream: sums as CSV or NDJSON, or records as they came. A page at a time, so that a year takes no more memory than an
// hour, and with a cursor in every row, so that whoever was cut off goes on where it was.
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../store/schema.ts';
import { cursorOf, fromCursor, same, UnknownCursor } from './ask.ts';
import type { Span } from './cover.ts';
import type { AskedDesk } from './desk-thread.ts';

/** Rows that are read at once. */
const pageRows = 1_000;

/** What is exported. */
export interface WantedExport {
  readonly span: Span;
  readonly participant: string | null;
  readonly cursor: string | null;
}

/** Columns of a sum, in the order of CSV. */
export const sumColumns = [
  'period',
  'begins',
  'caller_kind',
  'caller',
  'subject',
  'participant',
  'environment',
  'channel',
  'generation',
  'system',
  'address',
  'service',
  'operation',
  'calls',
  'answered',
  'failed',
  'refused',
  'broken',
  'request_bytes',
  'response_bytes',
  'chunked',
  'large',
  'unencoded',
  'with_cookies',
  'reused_cookies',
  'largest_bytes',
  'duration_ms',
  'first',
  'last',
  'cursor',
] as const;

/** One row: a caller at an operation of an address, in an hour or a day. */
export type SumRow = Readonly<Record<(typeof sumColumns)[number], string | number>>;

type UseColumns = Readonly<
  Record<string, string | number | null> & {
    grain: string;
    period_ms: number;
    caller_id: string;
    address_id: string;
    first_ms: number;
    last_ms: number;
  }
>;

/** Pages of sums in the order of their periods. */
async function* exportSums(db: Kysely<Schema>, wanted: WantedExport): AsyncGenerator<readonly SumRow[]> {
  let after = wanted.cursor === null ? null : positionOf(wanted.cursor);
  for (;;) {
    const rows = await sumPage(db, wanted, after);
    if (rows.length > 0) yield rows.map(toSumRow);
    const last = rows.at(-1);
    if (rows.length < pageRows || last === undefined) return;
    after = keyOf(last);
  }
}

type Position = readonly (string | number)[];

function positionOf(cursor: string): Position {
  const position = fromCursor(cursor, ['string', 'number', 'string', 'string', 'string', 'string']);
  if (position === null) throw new UnknownCursor('the cursor is none of this export');
  return position;
}

function keyOf(row: UseColumns): Position {
  const { grain, period_ms, caller_id, address_id, service, operation } = row;
  return [grain, period_ms, caller_id, address_id, service ?? '', operation ?? ''];
}

async function sumPage(
  db: Kysely<Schema>,
  { span, participant }: WantedExport,
  after: Position | null,
): Promise<readonly UseColumns[]> {
  const since = Number.isFinite(span.sinceMs) ? span.sinceMs : 0;
  const until = Number.isFinite(span.untilMs) ? span.untilMs : Number.MAX_SAFE_INTEGER;
  const behind =
    after === null
      ? sql`true`
      : sql`(u.grain, u.period_ms, u.caller, u.address, u.service, u.operation) > (${sql.join(after.map((value) => sql`${value}`))})`;
  const { rows } = await sql<UseColumns>`
    select u.grain, u.period_ms, u.caller as caller_id, u.address as address_id, u.service, u.operation, c.kind, c.name,
      c.subject, c.participant, a.environment, a.channel, a.generation, a.system, a.address,
      u.calls, u.answered, u.failed, u.refused, u.broken, u.request_bytes, u.response_bytes, u.chunked, u.large,
      u.unencoded, u.with_cookies, u.reused_cookies, u.largest_bytes, u.duration_ms, u.first_ms, u.last_ms
    from ledger_use u left join ledger_caller c on c.id = u.caller join ledger_address a on a.id = u.address
    where u.period_ms >= ${since} and u.period_ms < ${until} and ${same('c.participant', participant)} and ${behind}
    order by u.grain, u.period_ms, u.caller, u.address, u.service, u.operation limit ${pageRows}`.execute(db);
  return rows;
}

function toSumRow(row: UseColumns): SumRow {
  const told: Readonly<Record<string, string | number | null>> = {
    ...row,
    period: row.grain === 'h' ? 'hour' : 'day',
    begins: new Date(row.period_ms).toISOString(),
    caller_kind: row.kind ?? 'others',
    caller: row.name ?? '',
    first: new Date(row.first_ms).toISOString(),
    last: new Date(row.last_ms).toISOString(),
    cursor: cursorOf(keyOf(row)),
  };
  return Object.fromEntries(sumColumns.map((column) => [column, told[column] ?? ''])) as SumRow;
}

/**
 * A row of CSV (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe; what would move the cursor of a
 * terminal or turn the direction of writing is shown as a mark. NDJSON has every text as it is.
 */
export function csvRow(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: string | number): string {
  if (typeof cell === 'number') return String(cell);
  const plain = cell.replace(/(?![\t\r\n])[\p{Cc}\p{Cf}]/gu, '\ufffd');
  const safe = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Sums as text, a page at a time. */
export async function* sumTexts(
  db: Kysely<Schema>,
  wanted: WantedExport,
  format: 'csv' | 'ndjson',
): AsyncGenerator<string> {
  if (format === 'csv' && wanted.cursor === null) yield csvRow(sumColumns);
  for await (const page of exportSums(db, wanted))
    yield page
      .map((row) => (format === 'csv' ? csvRow(sumColumns.map((column) => row[column])) : `${JSON.stringify(row)}\n`))
      .join('');
}

/** What is wanted of records as they came. */
export interface WantedRecords extends WantedExport {
  readonly node: string | null;
  /** Whether a participant asks, to whom the inside of the tier is not told. */
  readonly isForParticipant: boolean;
  /** Whether a line `{"cursor": "…"}` stands behind each chunk, for whoever may be cut off. */
  readonly withCursors: boolean;
}

/** Records as they came, in the order in which they were taken, a chunk at a time. */
export async function* recordTexts(
  db: Kysely<Schema>,
  desk: AskedDesk,
  { span, participant, isForParticipant, node, cursor, withCursors }: WantedRecords,
): AsyncGenerator<Uint8Array> {
  const position = cursor === null ? [0] : fromCursor(cursor, ['number']);
  if (position === null) throw new UnknownCursor('the cursor is none of this export');
  const fromMs = Number.isFinite(span.sinceMs) ? span.sinceMs : 0;
  const untilMs = Number.isFinite(span.untilMs) ? span.untilMs : Number.MAX_SAFE_INTEGER;
  for (let last = Number(position[0]); ; ) {
    let question = db
      .selectFrom('ledger_arrival')
      .select(['id', 'lines'])
      .where('id', '>', last)
      .where('to_ms', '>=', fromMs)
      .where('from_ms', '<', untilMs)
      .orderBy('id')
      .limit(1);
    if (node !== null) question = question.where(sql<boolean>`${node} = any(nodes)`);
    const chunk = await question.executeTakeFirst();
    if (chunk === undefined) return;
    last = chunk.id;
    const { text } = await desk.wanted(chunk.lines, { fromMs, untilMs, node, participant, isForParticipant });
    if (text.byteLength > 0) yield text;
    if (withCursors) yield Buffer.from(`${JSON.stringify({ cursor: cursorOf([last]) })}\n`);
  }
}
