// Words for how long something lasts and why it ended, as a person reads them.
import type { SessionBounds, SessionEnd } from './ui-session.ts';

/** Why a session ended. */
export function endWords(end: SessionEnd, { idleMs, absoluteMs }: SessionBounds): string {
  switch (end) {
    case 'idle':
      return `nothing was asked for ${durationWords(idleMs)}`;
    case 'absolute':
      return `it had lasted ${durationWords(absoluteMs)}, the longest that one may`;
    case 'logout':
      return 'you logged out';
  }
}

/** A time span in hours and minutes, rounded down; below a minute in seconds. */
export function durationWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts =
    seconds < 60
      ? [counted(seconds, 'second')]
      : [counted(Math.floor(seconds / 3_600), 'hour'), counted(Math.floor(seconds / 60) % 60, 'minute')];
  return parts.filter((part) => !part.startsWith('0 ')).join(' ') || '0 seconds';
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
