// Which periods add up to a span of time: whole months, whole thirds of months at its ends, and days for the rest. Pure.
import { dayMs, monthOf, startOf, thirdOf } from './rollup.ts';

/** From an instant on, until before another; infinite where a side is open. */
export interface Span {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Periods of one length that begin in a stretch. */
export interface Stretch {
  readonly grain: 'd' | 't' | 'm';
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Stretches that do not overlap, and the span that they add up to: whole days of UTC. */
export interface Cover extends Span {
  readonly stretches: readonly Stretch[];
}

function nextMonth(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
}

function nextThird(atMs: number): number {
  const startMs = thirdOf(atMs);
  return new Date(startMs).getUTCDate() === 21 ? nextMonth(startMs) : startMs + 10 * dayMs;
}

/** First start of a period at or after an instant. */
function ceiling(atMs: number, startsAt: (atMs: number) => number, next: (atMs: number) => number): number {
  const startMs = startsAt(atMs);
  return startMs === atMs ? atMs : next(startMs);
}

const earliestMs = Date.UTC(1990, 0, 1);
const latestMs = Date.UTC(2300, 0, 1);

/** The periods of a span. A day that the span cuts counts whole. */
export function coverOf({ sinceMs, untilMs }: Span): Cover {
  const fromMs = startOf(Math.max(sinceMs, earliestMs), dayMs);
  const toMs = Math.max(
    fromMs,
    ceiling(
      Math.min(untilMs, latestMs),
      (atMs) => startOf(atMs, dayMs),
      (atMs) => atMs + dayMs,
    ),
  );
  const stretches = stretch('m', fromMs, toMs);
  return {
    sinceMs: sinceMs <= earliestMs ? Number.NEGATIVE_INFINITY : fromMs,
    untilMs: untilMs >= latestMs ? Number.POSITIVE_INFINITY : toMs,
    stretches,
  };
}

const finer = { m: 't', t: 'd', d: null } as const;
const bounds = {
  m: { down: monthOf, up: (atMs: number) => ceiling(atMs, monthOf, nextMonth) },
  t: { down: thirdOf, up: (atMs: number) => ceiling(atMs, thirdOf, nextThird) },
  d: { down: (atMs: number) => atMs, up: (atMs: number) => atMs },
} as const;

/** Whole periods inside, and finer ones before and behind them. */
function stretch(grain: Stretch['grain'], fromMs: number, untilMs: number): readonly Stretch[] {
  if (fromMs >= untilMs) return [];
  const { down, up } = bounds[grain];
  const [innerFrom, innerUntil] = [up(fromMs), down(untilMs)];
  const below = finer[grain];
  if (innerFrom >= innerUntil) return below === null ? [] : stretch(below, fromMs, untilMs);
  const inner: Stretch = { grain, fromMs: innerFrom, untilMs: innerUntil };
  if (below === null) return [inner];
  return [...stretch(below, fromMs, innerFrom), inner, ...stretch(below, innerUntil, untilMs)];
}
