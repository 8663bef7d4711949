// What a query asks of a report, judged by the rules that hold for all reports: dates, version, format, posting time.
import { dayMs, hourMs, type Span } from '../../state/market-time.ts';
import type { World } from '../../world.ts';
import { type OasisError, oasisErrors } from './errors.ts';

/** A cell of a report: text or a number. */
export type Cell = string | number;

/** One row, its cells in the order of the columns, and its value for the XML form. */
export interface Row {
  readonly cells: readonly Cell[];
  readonly item: string;
  readonly resource: string;
  readonly span: Span;
  readonly value: number;
}

/** A report as data: what it is called, which columns it has, when its rows are there, and the rows themselves. */
export interface Report {
  readonly name: string;
  readonly version: number;
  /** Marks an item of a group: it is always CSV, is asked for by trade date, and is named by its group. */
  readonly isGroup: boolean;
  readonly intervalMs: number;
  readonly columns: readonly string[];
  /** Unit of a row's value, for the XML form. */
  readonly unit: string;
  /** `null` for a query that does not name what the report needs. */
  readonly marketRun: (query: URLSearchParams) => string | null;
  /** The last instant that rows are there for, by the present instant. */
  readonly postedUntilMs: (nowMs: number) => number;
  /** Longest span when every node is asked for. */
  readonly allNodesMsMax: number;
  readonly rows: (span: Span, query: URLSearchParams, world: World) => Row[];
}

/** Rows that can be written. `startText` and `endText` are dates for the file name. */
export interface ReportRows {
  readonly report: Report;
  readonly rows: readonly Row[];
  readonly marketRun: string;
  readonly fileName: string;
  readonly startText: string;
  readonly endText: string;
  readonly format: 'csv' | 'xml';
}

/** Longest span of one query (OASIS error 1004). */
const oasisSpanMsMax = 31 * dayMs;

/** How many months back a query may begin (OASIS error 1014). */
const oasisMonthsMax = 39;

/** Asks a report: its rows, or the error that the query deserves. */
export function askReport(report: Report, query: URLSearchParams, world: World): ReportRows | OasisError {
  const nowMs = world.clock();
  const marketRun = report.marketRun(query);
  const format = formatOf(query, report);
  if (marketRun === null || format === null || query.get('version') !== String(report.version)) {
    return oasisErrors.badParameters;
  }
  const span = spanOf(query, report, nowMs);
  if ('code' in span) return span;
  if (asksForAllNodes(query) && span.endMs - span.startMs > report.allNodesMsMax) return oasisErrors.timedOut;
  const posted = { startMs: span.startMs, endMs: Math.min(span.endMs, report.postedUntilMs(nowMs)) };
  const rows = posted.endMs > posted.startMs ? report.rows(posted, query, world) : [];
  if (rows.length === 0) return oasisErrors.noData;
  return {
    report,
    rows,
    marketRun,
    fileName: report.isGroup ? `${report.name}_N_N` : `${report.name}_${marketRun}`,
    startText: toDateText(span.startMs),
    endText: toDateText(report.isGroup ? span.startMs : span.endMs),
    format,
  };
}

/** The instant of an OASIS date, `20260720T07:00-0000`; null where it is none. Only GMT is taken, as the format says. */
function parseOasisInstant(text: string): number | null {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d):(\d\d)-0000$/.exec(text);
  if (found === null) return null;
  const [, year, month, day, hour, minute] = found;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:00.000Z`;
  const instantMs = Date.parse(iso);
  // Date.parse takes 31 February for the third of March.
  return Number.isNaN(instantMs) || new Date(instantMs).toISOString() !== iso ? null : instantMs;
}

/** True for a query of every node that has a price. */
export function asksForAllNodes(query: URLSearchParams): boolean {
  return ['ALL', 'ALL_APNODES'].includes(query.get('grp_type') ?? '');
}

function spanOf(query: URLSearchParams, report: Report, nowMs: number): Span | OasisError {
  const start = query.get('startdatetime');
  const end = query.get('enddatetime');
  if (start === null || (end === null && !report.isGroup)) return oasisErrors.badParameters;
  const startMs = parseOasisInstant(start);
  const endMs = end === null ? (startMs ?? 0) + dayMs : parseOasisInstant(end);
  if (startMs === null || endMs === null) return oasisErrors.badDate;
  if (endMs <= startMs) return oasisErrors.badParameters;
  if (endMs - startMs > oasisSpanMsMax) return oasisErrors.tooManyDays;
  return startMs < monthsBefore(nowMs, oasisMonthsMax) ? oasisErrors.startTooEarly : { startMs, endMs };
}

function formatOf(query: URLSearchParams, report: Report): 'csv' | 'xml' | null {
  if (report.isGroup) return 'csv';
  switch (query.get('resultformat')) {
    case null:
    case '5':
      return 'xml';
    case '6':
      return 'csv';
    default:
      return null;
  }
}

function monthsBefore(nowMs: number, months: number): number {
  const date = new Date(nowMs);
  date.setUTCMonth(date.getUTCMonth() - months);
  return Math.floor(date.getTime() / hourMs) * hourMs;
}

function toDateText(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10).replaceAll('-', '');
}
