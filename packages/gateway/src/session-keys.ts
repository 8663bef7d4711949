// Keys that sign session cookies: made at run time, never written anywhere, the same in every thread, and renewed. A cookie of a
// key that is forgotten is nobody's: a session begins anew, and nothing is lost.
import { randomBytes } from 'node:crypto';

/** A key and the name by which a cookie says that it was signed with it. */
export interface SessionKey {
  /** 8 hexadecimal digits. */
  readonly id: string;
  readonly secret: Uint8Array;
}

/** Newest first: it signs, all of them are believed. */
export type SessionKeys = readonly SessionKey[];

/** How long a key signs, in milliseconds (a day), and how many are believed: a week and more, longer than any session. */
const renewMs = 86_400_000;
const keysMax = 9;

/** One key to begin with. */
export function createSessionKeys(): SessionKeys {
  return withFreshKey([]);
}

/** The same keys with a new one that signs from now on; the oldest goes. */
export function withFreshKey(keys: SessionKeys): SessionKeys {
  return [{ id: randomBytes(4).toString('hex'), secret: randomBytes(32) }, ...keys].slice(0, keysMax);
}

/** Gives other keys to `take` every day until closed. */
export function renewSessionKeys(first: SessionKeys, take: (keys: SessionKeys) => void): { close(): void } {
  let keys = first;
  const timer = setInterval(() => {
    keys = withFreshKey(keys);
    take(keys);
  }, renewMs).unref();
  return { close: () => clearInterval(timer) };
}
