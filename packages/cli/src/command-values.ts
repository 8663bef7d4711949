// Values that options of several commands take.
import { isDay } from '@headgate/contract';
import { InvalidArgumentError } from 'commander';

/** A day (from its beginning, UTC) or an instant, in milliseconds since 1970 UTC. */
export function toInstant(text: string): number {
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z$/.test(text) && isDay(text.slice(0, 10));
  const atMs = isDay(text) || isInstant ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('It must be a day, as 2024-02-21, or an instant, as 2024-02-21T12:00:00Z (UTC).');
  return atMs;
}

/** The same, as it is written: control reads it. */
export function toInstantText(text: string): string {
  toInstant(text);
  return text;
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A span, as 90s, 30m, 2h or 1d, in milliseconds. */
export function toSpanMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})(ms|s|min|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (count === '' || Number.isNaN(ms)) throw new InvalidArgumentError('It must be a span, as 90s, 30m, 2h or 1d.');
  return ms;
}

/** A whole number of things, from 0. */
export function toCount(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}

/** A number of rows, from 1. */
export function toRows(text: string): number {
  const rows = toCount(text);
  if (rows > 0) return rows;
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}
