// From announced dates to instants: when something that holds from one date until another begins and ends. A date stays as vague
// as it was announced; what it means for a clock is written here, once.
import type { DateValue, Day } from './dates.ts';

/** From the first instant to the last, both inclusive, in ms since 1970 UTC; infinite where a side is open. */
export interface InstantSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * When something holds that is announced from one date until another. The first day counts from its beginning, the last to its
 * end; a month likewise; a window from or until its own time. From `done`: always; until `done`: no more. From `tbd`: not yet;
 * until `tbd`: without end. Days and months are those of `zone`. Throws RangeError for a zone that does not exist.
 */
export function toInstantSpan(from: DateValue, until: DateValue, zone: string): InstantSpan {
  return { fromMs: firstInstant(from, zone), untilMs: lastInstant(until, zone) };
}

function firstInstant(date: DateValue, zone: string): number {
  switch (date.kind) {
    case 'day':
      return instantOf(date.day, '00:00', zone);
    case 'month':
      return instantOf(`${date.month}-01`, '00:00', date.zone ?? zone);
    case 'window':
      return instantOf(date.day, date.from, date.zone);
    case 'done':
      return Number.NEGATIVE_INFINITY;
    case 'tbd':
      return Number.POSITIVE_INFINITY;
  }
}

function lastInstant(date: DateValue, zone: string): number {
  switch (date.kind) {
    case 'day':
      return instantOf(dayAfter(date.day), '00:00', zone) - 1;
    case 'month':
      return instantOf(firstDayAfter(date.month), '00:00', date.zone ?? zone) - 1;
    case 'window':
      return instantOf(date.day, date.until, date.zone) - 1;
    case 'done':
      return Number.NEGATIVE_INFINITY;
    case 'tbd':
      return Number.POSITIVE_INFINITY;
  }
}

function dayAfter(day: Day): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}

function firstDayAfter(month: string): Day {
  // No month has more than 31 days, and none ends within 31 days of the one before.
  const within = new Date(Date.parse(`${month}-01T00:00:00Z`) + 31 * dayMs).toISOString();
  return `${within.slice(0, 7)}-01`;
}

const dayMs = 86_400_000;

/** The instant at which clocks of a zone show a time on a day. Where they jump over it, the instant of the jump or close to it. */
function instantOf(day: Day, time: string, zone: string): number {
  const shownMs = Date.parse(`${day}T${time}:00Z`);
  const guessMs = shownMs - offsetMs(shownMs, zone);
  // The offset at the guess is the right one, except within hours of a change.
  return shownMs - offsetMs(guessMs, zone);
}

/** How far clocks of a zone are ahead of UTC at an instant. */
function offsetMs(atMs: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? '';
  const shown = `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:00Z`;
  return Date.parse(shown) - Math.floor(atMs / 60_000) * 60_000;
}
