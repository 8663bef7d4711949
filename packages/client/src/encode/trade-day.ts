// Trade days begin at midnight in Los Angeles and last 23, 24 or 25 hours; the wire says UTC.
import { clientProblem } from '../client-problem.ts';

/** A half-open span of time, in ms since 1970 UTC. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const pacificHour = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  hourCycle: 'h23',
  hour: '2-digit',
});
const pacificDay = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/Los_Angeles',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The trade day `YYYY-MM-DD` that lies some days after an instant's own. */
export function tradeDayAfter(instantMs: number, days: number): string {
  const [year, month, day] = pacificDay.format(instantMs).split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, (day ?? 1) + days)).toISOString().slice(0, 10);
}

/** The span of a trade day; raises `encode.invalid_input` for what is no day. */
export function tradeDaySpan(day: string): Span {
  return { startMs: startOf(day), endMs: startOf(nextDay(day)) };
}

function startOf(day: string): number {
  const midnightUtcMs = Date.parse(`${day}T00:00:00Z`);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(day) && new Date(midnightUtcMs || 0).toISOString().startsWith(day);
  if (!isDay) {
    throw clientProblem('encode.invalid_input', {
      field: 'tradeDate',
      found: `"${day}"`,
      expected: 'a day as 2024-02-21',
    });
  }
  // Pacific time is 8 hours behind UTC, or 7 in summer.
  const winterMs = midnightUtcMs + 8 * hourMs;
  return Number(pacificHour.format(winterMs)) === 0 ? winterMs : winterMs - hourMs;
}

function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}
