// What a published date may say, and whether it has passed by a day. A date is kept exactly as vague as it was
// announced: a month stays a month and TBD stays TBD (the deck moves one cutover four times).
import { z } from 'zod';

/** A calendar day, `YYYY-MM-DD`, in the operator's own time zone. */
export type Day = string;

/** A date as announced: a day, a month (perhaps with a local time), a window on one day, already done, or to be determined. */
export type DateValue =
  | { readonly kind: 'day'; readonly day: Day }
  | { readonly kind: 'month'; readonly month: string; readonly time?: string; readonly zone?: string }
  | {
      readonly kind: 'window';
      readonly day: Day;
      readonly from: string;
      readonly until: string;
      readonly zone: string;
    }
  | { readonly kind: 'done' }
  | { readonly kind: 'tbd' };

/** When an announcement was made: a day, a month, or not stated anywhere we have read. */
export type AnnouncedOn = DateValue | 'unknown';

const DAY = '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';
const MONTH = '\\d{4}-(?:0[1-9]|1[0-2])';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const ZONE = '[A-Za-z_]+(?:/[A-Za-z_]+)*';

const dayForm = new RegExp(`^${DAY}$`);
const monthForm = new RegExp(`^(${MONTH})(?: (${TIME}) (${ZONE}))?$`);
const windowForm = new RegExp(`^(${DAY}) (${TIME})-(${TIME}) (${ZONE})$`);
const anyForm = new RegExp(`^(?:${DAY}|${MONTH}(?: ${TIME} ${ZONE})?|${DAY} ${TIME}-${TIME} ${ZONE}|done|tbd)$`);

/** The five written forms of a date, for messages. */
const dateForms =
  '2024-02-21, or 2024-02, or 2024-02 14:00 America/Los_Angeles, or 2024-02-22 14:00-15:00 America/Los_Angeles, or done, or tbd';

/** True when the text is a day that exists in the calendar. */
export function isDay(text: string): text is Day {
  if (!dayForm.test(text)) return false;
  const instant = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text);
}

/** Reads one of the five written forms; `null` when the text is none of them or names a day, order or zone that does not exist. */
export function parseDateValue(text: string): DateValue | null {
  if (text === 'done' || text === 'tbd') return { kind: text };
  if (dayForm.test(text)) return isDay(text) ? { kind: 'day', day: text } : null;
  return parseMonth(text) ?? parseWindow(text);
}

function parseMonth(text: string): DateValue | null {
  const [, month, time, zone] = monthForm.exec(text) ?? [];
  if (month === undefined) return null;
  if (time === undefined || zone === undefined) return { kind: 'month', month };
  return isZone(zone) ? { kind: 'month', month, time, zone } : null;
}

function parseWindow(text: string): DateValue | null {
  const [, day, from, until, zone] = windowForm.exec(text) ?? [];
  if (day === undefined || from === undefined || until === undefined || zone === undefined) return null;
  if (!isDay(day) || from >= until || !isZone(zone)) return null;
  return { kind: 'window', day, from, until, zone };
}

/** True when a time zone of that name exists. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The written form of a date: the inverse of `parseDateValue`. */
export function writeDateValue(date: DateValue): string {
  switch (date.kind) {
    case 'day':
      return date.day;
    case 'month':
      return date.time === undefined ? date.month : `${date.month} ${date.time} ${date.zone}`;
    case 'window':
      return `${date.day} ${date.from}-${date.until} ${date.zone}`;
    case 'done':
    case 'tbd':
      return date.kind;
  }
}

/**
 * True when the date lies behind the day: a day from that day on, a window from the day after it, a month when its last
 * day is over, `done` always, `tbd` never.
 */
export function hasPassed(date: DateValue, asOf: Day): boolean {
  switch (date.kind) {
    case 'day':
      return date.day <= asOf;
    case 'window':
      return date.day < asOf;
    case 'month':
      return date.month < asOf.slice(0, 7);
    case 'done':
      return true;
    case 'tbd':
      return false;
  }
}

/** Schema of a calendar day. */
export const daySchema = z.string().regex(dayForm).refine(isDay, { error: 'a day of the calendar, as 2024-02-21' });

/** Schema of a date as announced; parses to `DateValue`. */
export const dateValueSchema = z
  .string()
  .max(80)
  .regex(anyForm, { error: dateForms })
  .transform((text, context): DateValue => {
    const date = parseDateValue(text);
    if (date !== null) return date;
    context.addIssue({ code: 'custom', message: dateForms, input: text });
    return z.NEVER;
  });

/** Schema of the day an announcement was made, or `unknown`. */
export const announcedOnSchema = z.union([z.literal('unknown'), dateValueSchema], {
  error: 'unknown, or a day as 2024-02-21, or a month as 2024-02',
});
