// From when until when a right holds. A day counts whole, in UTC; an instant says its own offset. Pure.
import { isDay } from './dates.ts';

const instantForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const dayMs = 86_400_000;

/** The written forms, for messages. */
export const rightDateForms = 'a day as 2024-03-31 (UTC), or an instant as 2024-03-31T17:00:00-07:00';

/** Whether a text is a day of the calendar, or an instant with its offset. */
export function isRightDate(text: string): boolean {
  // Date.parse takes 30 February for 1 March.
  return (
    isDay(text.slice(0, 10)) && (text.length === 10 || (instantForm.test(text) && !Number.isNaN(Date.parse(text))))
  );
}

/** The first millisecond at which a right with this `from` holds; without one it always did. */
export function holdsFromMs(from: string | undefined): number {
  return from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
}

/** The first millisecond at which a right with this `until` holds no more: a day is its last whole one, an instant is the end. */
export function holdsUntilMs(until: string | undefined): number {
  if (until === undefined) return Number.POSITIVE_INFINITY;
  return isDay(until) ? Date.parse(until) + dayMs : Date.parse(until);
}
