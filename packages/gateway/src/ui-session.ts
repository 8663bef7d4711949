// How long a person's session at a user interface lasts. Pure: the clock is passed in, and what it is about is a mark in a cookie.
import { fields as fieldNames, type SessionState } from '@headgate/contract';
import type { SessionMark } from './session-cookie.ts';

/** The bounds of a host's sessions, in milliseconds. */
export interface SessionBounds {
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly announceMs: number;
}

/** By what a session ends: nobody asked for anything, it lasted as long as one may, or the person left. */
export type SessionEnd = 'idle' | 'absolute' | 'logout';

/** The session of one exchange, once it was looked at. */
export interface UiSession {
  /** `renewed` and `left` by the person in this very exchange. */
  readonly state: SessionState | 'renewed' | 'left';
  /** Null where there is none. */
  readonly mark: SessionMark | null;
  readonly bounds: SessionBounds;
  /** The value of Set-Cookie that goes with the answer; null where the browser has it already. */
  readonly cookie: string | null;
}

/** A session that begins now. */
export function beginSession(bounds: SessionBounds, nowMs: number): SessionMark {
  const beganMs = Math.floor(nowMs / 1_000) * 1_000;
  return { beganMs, endsMs: endFrom(beganMs, bounds, nowMs), loggedOut: false };
}

/** The session after a call: the very same mark while it lasts long enough already, so that few answers carry a cookie. */
export function slideSession(mark: SessionMark, bounds: SessionBounds, nowMs: number): SessionMark {
  const dueMs = Math.min(mark.beganMs + bounds.absoluteMs, nowMs + bounds.idleMs);
  return mark.endsMs >= dueMs ? mark : { ...mark, endsMs: endFrom(mark.beganMs, bounds, nowMs) };
}

/** A session that its person left. */
export function leaveSession(mark: SessionMark, nowMs: number): SessionMark {
  return { ...mark, endsMs: Math.floor(nowMs / 1_000) * 1_000, loggedOut: true };
}

/** Whether a session is over. */
export function isOver(mark: SessionMark, nowMs: number): boolean {
  return mark.loggedOut || nowMs >= mark.endsMs;
}

/** By what a session ends, or ended. */
export function endOf({ beganMs, endsMs, loggedOut }: SessionMark, { absoluteMs }: SessionBounds): SessionEnd {
  if (loggedOut) return 'logout';
  return endsMs >= beganMs + absoluteMs ? 'absolute' : 'idle';
}

/** Whole seconds that are left, rounded down: so long it lasts for certain. */
export function secondsLeft(mark: SessionMark, nowMs: number): number {
  return isOver(mark, nowMs) ? 0 : Math.floor((mark.endsMs - nowMs) / 1_000);
}

/** Whether the end is near enough to be announced to the person. */
export function isSoon(mark: SessionMark, { announceMs }: SessionBounds, nowMs: number): boolean {
  return mark.endsMs - nowMs <= announceMs;
}

/** The fields that tell a browser and its UI of a session, flat. A structured field (RFC 9651): seconds, by what, and whether soon. */
export function sessionFields({ mark, bounds, cookie }: UiSession, nowMs: number): string[] {
  const list: string[] = [];
  if (mark !== null) {
    const soon = isSoon(mark, bounds, nowMs) ? ';soon' : '';
    list.push(fieldNames.sessionEnds, `${secondsLeft(mark, nowMs)};by=${endOf(mark, bounds)}${soon}`);
  }
  if (cookie !== null) list.push('set-cookie', cookie);
  return list;
}

/**
 * The end moves in steps of a tenth of the idle time, a minute at most, and always to a step behind what is due: a session
 * lasts at least its idle time from the last call, and a step more at most.
 */
function endFrom(beganMs: number, { idleMs, absoluteMs }: SessionBounds, nowMs: number): number {
  const stepMs = Math.min(60_000, idleMs / 10);
  return Math.ceil(Math.min(beganMs + absoluteMs, nowMs + idleMs + stepMs) / 1_000) * 1_000;
}
