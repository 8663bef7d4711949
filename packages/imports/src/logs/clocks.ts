// Instants as logs write them. A clock without a zone is read in the zone that is said; one without a year, in the year that the file
// allows. What is read once is remembered: lines of one second say the same.

/** How clocks of a log are read. */
export interface ClockOptions {
  /** IANA name of the zone of clocks that state none. */
  readonly zone: string;
  /** No line is later than this: the file was written last then. Tells the year where none is stated. */
  readonly writtenMs: number;
}

/** Reads instants; null for what is none. */
export type ReadClock = (text: string) => number | null;

const months: Readonly<Record<string, number>> = {
  Jan: 0,
  Feb: 1,
  Mar: 2,
  Apr: 3,
  May: 4,
  Jun: 5,
  Jul: 6,
  Aug: 7,
  Sep: 8,
  Oct: 9,
  Nov: 10,
  Dec: 11,
}; // prettier-ignore

/** `10/Oct/2024:13:55:36.123 -0700`, in brackets or not: NCSA, nginx `$time_local`, BIG-IP `$DATE_NCSA`, HAProxy `%t`, `%tr`, `%T`, `%Tl`. */
const ncsa =
  /^\[?(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?: ([+-])(\d{2}):?(\d{2}))?\]?$/;

/** RFC 3339 and its like, to nanoseconds. */
const iso = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?:(Z)|([+-])(\d{2}):?(\d{2}))?$/;

/** `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). */
const http = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** `Feb  6 12:14:14` (RFC 3164 §4.1.2): neither year nor zone. */
const syslog = /^([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2})$/;

const dayMs = 86_400_000;

/** Whether a text has the form of an instant. */
export function isClock(text: string): boolean {
  return ncsa.test(text) || iso.test(text) || http.test(text) || syslog.test(text);
}

/** A reader of the clocks of one file. */
export function createClock({ zone, writtenMs }: ClockOptions): ReadClock {
  const offsetMs = zoneOffsets(zone);
  let lastText = '';
  let lastMs: number | null = null;
  return (text) => {
    if (text === lastText) return lastMs;
    lastMs =
      readNcsa(text, offsetMs) ?? readIso(text, offsetMs) ?? readHttp(text) ?? readSyslog(text, offsetMs, writtenMs);
    // A slice of a block of the file would keep the whole block.
    lastText = text.length > 64 ? '' : Buffer.from(text).toString();
    return lastMs;
  };
}

/** What to add to an instant to get what clocks in the zone show, in milliseconds. */
type OffsetMs = (atMs: number) => number;

function readNcsa(text: string, offsetMs: OffsetMs): number | null {
  const found = ncsa.exec(text);
  if (found === null) return null;
  const [, day = '', month = '', year = '', hour = '', minute = '', second = '', fraction, sign, hours, minutes] =
    found;
  const clockMs = toClockMs([year, monthOf(month), day, hour, minute, second], fraction);
  return clockMs === null ? null : toInstantMs(clockMs, statedOffsetMs(sign, hours, minutes), offsetMs);
}

function readIso(text: string, offsetMs: OffsetMs): number | null {
  const found = iso.exec(text);
  if (found === null) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction, utc, sign, hours, minutes] =
    found;
  const clockMs = toClockMs([year, Number(month) - 1, day, hour, minute, second], fraction);
  if (clockMs === null) return null;
  return utc === 'Z' ? clockMs : toInstantMs(clockMs, statedOffsetMs(sign, hours, minutes), offsetMs);
}

function readHttp(text: string): number | null {
  const [whole, day = '', month = '', year = '', hour = '', minute = '', second = ''] = http.exec(text) ?? [];
  return whole === undefined ? null : toClockMs([year, monthOf(month), day, hour, minute, second], undefined);
}

function readSyslog(text: string, offsetMs: OffsetMs, writtenMs: number): number | null {
  const [whole, month = '', day = '', hour = '', minute = '', second = ''] = syslog.exec(text) ?? [];
  if (whole === undefined) return null;
  const latestMs = writtenMs + dayMs; // Two clocks, and one of them may be a little ahead.
  const year = new Date(latestMs).getUTCFullYear();
  for (const each of [year, year - 1, year - 2, year - 3, year - 4]) {
    const clockMs = toClockMs([String(each), monthOf(month), day.trim(), hour, minute, second], undefined);
    const atMs = clockMs === null ? null : toInstantMs(clockMs, null, offsetMs);
    if (atMs !== null && atMs <= latestMs) return atMs; // 29 February is looked for in the last leap year.
  }
  return null;
}

function monthOf(name: string): number {
  return months[name] ?? -1;
}

type ClockParts = readonly [year: string, month: number, day: string, hour: string, minute: string, second: string];

/** The clock as though it were in UTC; null for one that no clock shows. A leap second is the second after it. */
function toClockMs([year, month, day, hour, minute, second]: ClockParts, fraction: string | undefined): number | null {
  const [y, d, h, m, s] = [Number(year), Number(day), Number(hour), Number(minute), Number(second)];
  if (month < 0 || month > 11 || d < 1 || h > 23 || m > 59 || s > 60) return null;
  const atMs = Date.UTC(y, month, d, h, m, s);
  // Date.UTC turns 31 February into a day of March.
  if (new Date(Date.UTC(y, month, d)).getUTCDate() !== d) return null;
  return atMs + (fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1_000));
}

function statedOffsetMs(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | null {
  if (sign === undefined) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function toInstantMs(clockMs: number, statedMs: number | null, offsetMs: OffsetMs): number {
  if (statedMs !== null) return clockMs - statedMs;
  // Of an hour that clocks show twice the first is meant; one that they skip is read as though they had not.
  const beforeMs = clockMs - offsetMs(clockMs - dayMs);
  if (beforeMs + offsetMs(beforeMs) === clockMs) return beforeMs;
  const afterMs = clockMs - offsetMs(clockMs + dayMs);
  return afterMs + offsetMs(afterMs) === clockMs ? afterMs : beforeMs;
}

/** Zones move on the quarter of an hour, so that one answer holds for each. */
const stepMs = 900_000;
const stepsMax = 100_000;

function zoneOffsets(zone: string): OffsetMs {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const known = new Map<number, number>();
  return (atMs) => {
    const step = Math.floor(atMs / stepMs);
    const found = known.get(step);
    if (found !== undefined) return found;
    const shown = Object.fromEntries(
      format.formatToParts(step * stepMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    const offsetMs = Date.UTC(year, month - 1, day, hour, minute, second) - step * stepMs;
    if (known.size >= stepsMax) known.clear();
    known.set(step, offsetMs);
    return offsetMs;
  };
}

/** Whether a zone is one that this machine knows. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
