// What questions to the ledger have in common: whom and what they are about, which span of time, and how a page follows another.
import { type RawBuilder, sql } from 'kysely';
import { isStorable } from '../api/storable-text.ts';
import { coverOf, type Span, type Stretch } from './cover.ts';

/** What rows are wanted. */
export interface Wanted {
  readonly span: Span;
  /** Only callers of this participant. */
  readonly participant: string | null;
  readonly environment: string | null;
  readonly system: string | null;
  /** Rows of a page, and what the page before ended with. */
  readonly limit: number;
  readonly cursor: string | null;
}

/** One page. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** For the next page; null on the last. */
  readonly next: string | null;
}

/** Whether a span is bounded in any way. */
export function isBounded({ sinceMs, untilMs }: Span): boolean {
  return Number.isFinite(sinceMs) || Number.isFinite(untilMs);
}

/** A condition on the periods of a span. */
function inStretches(stretches: readonly Stretch[], alias: string): RawBuilder<boolean> {
  if (stretches.length === 0) return sql`false`;
  const each = stretches.map(
    ({ grain, fromMs, untilMs }) =>
      sql`(${sql.ref(`${alias}.grain`)} = ${sql.lit(grain)} and ${sql.ref(`${alias}.period_ms`)} >= ${fromMs}
        and ${sql.ref(`${alias}.period_ms`)} < ${untilMs})`,
  );
  return sql`(${sql.join(each, sql` or `)})`;
}

/** The same of a span. */
export function inSpan(span: Span, alias: string): RawBuilder<boolean> {
  return inStretches(coverOf(span).stretches, alias);
}

/** A condition that holds where `value` is null or equal. */
export function same(column: string, value: string | null): RawBuilder<boolean> {
  return value === null ? sql`true` : sql`${sql.ref(column)} = ${value}`;
}

/** Where a page ends, for whoever asks for the next: no more than the values of its order. */
export function cursorOf(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** The values of a cursor; null where it is none of ours. */
export function fromCursor(
  cursor: string,
  form: readonly ('string' | 'number')[],
): readonly (string | number)[] | null {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const fits = Array.isArray(values) && values.length === form.length;
    return fits && form.every((type, at) => isOrdered(values[at], type)) ? (values as (string | number)[]) : null;
  } catch (fault) {
    if (fault instanceof SyntaxError) return null;
    throw fault;
  }
}

/** Whether a value may stand in a cursor: what we put there is a whole number, or text that the store can hold. */
function isOrdered(value: unknown, type: 'string' | 'number'): boolean {
  return type === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && isStorable(value);
}

/** A cursor that is none of ours. */
export class UnknownCursor extends Error {
  override readonly name = 'UnknownCursor';
}

/** One row more than a page was asked for: whether another page follows. */
export function pageOf<Found, Row>(
  found: readonly Found[],
  limit: number,
  toRow: (row: Found) => Row,
  cursorValues: (row: Found) => readonly (string | number)[],
): Page<Row> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map(toRow),
    next: found.length > limit && last !== undefined ? cursorOf(cursorValues(last)) : null,
  };
}

/** An instant as it is told; null for none. */
export function instant(atMs: number | null): string | null {
  return atMs === null || atMs <= 0 ? null : new Date(atMs).toISOString();
}
