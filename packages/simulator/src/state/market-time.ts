// Instants, Pacific trade days and intervals. The market's day begins at midnight in Los Angeles; its wires say UTC.

/** Milliseconds of a minute, an hour and a day of 24 hours. */
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** A half-open span of time, in ms since 1970 UTC. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What a clock on the wall in Los Angeles shows. `hour` from 0 to 23. */
export interface PacificTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const pacific = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
});

/** The Pacific wall clock at an instant. */
export function toPacific(instantMs: number): PacificTime {
  const found: Record<string, number> = {};
  for (const { type, value } of pacific.formatToParts(instantMs)) found[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = found;
  return { year, month, day, hour, minute };
}

/** The trade date of an instant, as `2026-07-20`. */
export function toTradeDate(instantMs: number): string {
  const { year, month, day } = toPacific(instantMs);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** The first instant of the trade day that an instant lies in. Days of 23 and 25 hours are right as well. */
export function toTradeDayStart(instantMs: number): number {
  const { hour, minute } = toPacific(instantMs);
  const withinHourMs = instantMs % minuteMs;
  const guess = instantMs - withinHourMs - minute * minuteMs - hour * hourMs;
  const drift = toPacific(guess);
  // One hour off on the two days when the clocks change.
  if (drift.hour === 23) return guess + hourMs;
  return drift.hour === 1 ? guess - hourMs : guess;
}

/** The last instant that day-ahead results are there for: from 13:00 Pacific the whole next trade day. */
export function dayAheadPostedUntilMs(nowMs: number): number {
  const today = toTradeDayStart(nowMs);
  const tomorrow = toTradeDayStart(today + dayMs + 2 * hourMs);
  return nowMs < today + 13 * hourMs ? tomorrow : toTradeDayStart(tomorrow + dayMs + 2 * hourMs);
}

/** The hour of operation, 1 to 25, that an instant lies in. */
export function toOperatingHour(instantMs: number): number {
  return Math.floor((instantMs - toTradeDayStart(instantMs)) / hourMs) + 1;
}

/** Every interval of a length that lies wholly in a span, in order. Intervals are aligned to 1970 UTC. */
export function* intervalsOf(span: Span, lengthMs: number): Generator<Span> {
  const first = Math.ceil(span.startMs / lengthMs) * lengthMs;
  for (let startMs = first; startMs + lengthMs <= span.endMs; startMs += lengthMs) {
    yield { startMs, endMs: startMs + lengthMs };
  }
}

/** How many intervals of a length lie wholly in a span. */
export function intervalCount(span: Span, lengthMs: number): number {
  const first = Math.ceil(span.startMs / lengthMs);
  return Math.max(0, Math.floor(span.endMs / lengthMs) - first);
}

// XML Schema Part 2 section 3.2.7, years 1970 to 2199. Without a zone it is taken as UTC.
const dateTime = /^(?:19[7-9]\d|2[01]\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?$/;

/** The instant of an xs:dateTime, in ms since 1970 UTC, or null where it is none. */
export function parseInstant(text: string): number | null {
  const trimmed = text.trim();
  if (!dateTime.test(trimmed)) return null;
  const instantMs = Date.parse(/Z|[+-]\d\d:\d\d$/.test(trimmed) ? trimmed : `${trimmed}Z`);
  return Number.isNaN(instantMs) ? null : instantMs;
}

/** An instant as the market writes it, `2026-07-20T07:00:00Z`; milliseconds only where there are any. */
export function toInstantText(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z');
}

/** The same as OASIS writes it, `2026-07-20T07:00:00-00:00`. */
export function toGmtText(instantMs: number): string {
  return toInstantText(instantMs).replace('Z', '-00:00');
}
