// How long more of a body is waited for: a pause has an end, a whole request has one, and so has a body that only drips.
import { Refusal } from '@headgate/contract';
import type { PathOptions } from '../config.ts';
import type { Bound } from './listener-options.ts';

/** One wait for more of a body. Instants are monotonic milliseconds. */
export interface BodyWait {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** The option that ends it. */
  readonly bound: Extract<Bound, 'bodyTimeoutMs' | 'requestTimeoutMs' | 'bodyBytesPerSecondMin'>;
  /** Longest pause that this wait allows, in milliseconds. */
  readonly pauseMs: number;
}

/** What is known of a body when more of it is waited for. */
export interface BodySoFar {
  readonly requestSinceMs: number;
  readonly receivedBytes: number;
  /** How long it was waited for before, in milliseconds; time in which nobody wanted more of it does not count. */
  readonly awaitedMs: number;
}

/** The wait that begins now, with the first end that any bound gives it. */
export function beginBodyWait(nowMs: number, pauseMs: number, soFar: BodySoFar, path: PathOptions): BodyWait {
  const { bodyBytesPerSecondMin: pace, bodyTimeoutMs, requestTimeoutMs } = path;
  const begun = { sinceMs: nowMs, pauseMs };
  const paceUntilMs =
    pace === 0
      ? Number.POSITIVE_INFINITY
      : nowMs + bodyTimeoutMs + (soFar.receivedBytes * 1_000) / pace - soFar.awaitedMs;
  const wholeUntilMs = soFar.requestSinceMs + requestTimeoutMs;
  const pauseUntilMs = nowMs + pauseMs;
  const untilMs = Math.min(pauseUntilMs, paceUntilMs, wholeUntilMs);
  if (untilMs === pauseUntilMs) return { ...begun, untilMs, bound: 'bodyTimeoutMs' };
  return { ...begun, untilMs, bound: untilMs === paceUntilMs ? 'bodyBytesPerSecondMin' : 'requestTimeoutMs' };
}

/** What the caller is told once the wait is over. */
export function bodyWaitRefusal({ bound, pauseMs }: BodyWait, requestMs: number): Refusal {
  return bound === 'bodyTimeoutMs'
    ? new Refusal('inspection.body_timeout', { waitedMs: pauseMs })
    : new Refusal('listener.request_timeout', { waitedMs: Math.round(requestMs) });
}
