// The cookie of a person's session at a user interface: when it began and when it ends, signed for one certificate at one host.
// It says nothing of who that is. The gateway keeps no state of it, so that no number of sessions can fill anything.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SessionKey, SessionKeys } from './session-keys.ts';

/** RFC 6265bis §4.1.3.2: a browser takes this prefix only from this very host, with Secure, for all paths. */
export const sessionCookieName = '__Host-headgate-session';

/** A session as its cookie tells it, in whole seconds. */
export interface SessionMark {
  readonly beganMs: number;
  readonly endsMs: number;
  /** The person ended it. */
  readonly loggedOut: boolean;
}

/** Whose session it is: a cookie is good for this certificate at this host and for nothing else. */
export interface SessionHolder {
  readonly host: string;
  /** SHA-256 of the client certificate. */
  readonly fingerprint: string;
}

/** Version, key, begin and end in seconds (base 36), open or left, signature. Nothing longer is looked at. */
const form = /^1\.([0-9a-f]{8})\.([0-9a-z]{1,8})\.([0-9a-z]{1,8})\.([ox])\.([\w-]{22})$/;

/** What the values of the field Cookie say: the holder's session, `foreign` for a cookie that is not the holder's, or null. */
export function readSessionCookie(
  values: readonly string[],
  holder: SessionHolder,
  keys: SessionKeys,
): SessionMark | 'foreign' | null {
  const text = valueIn(values);
  if (text === null) return null;
  const [, id, began = '', ends = '', state, signature = ''] = form.exec(text) ?? [];
  const key = keys.find((each) => each.id === id);
  if (key === undefined) return 'foreign';
  const mark = { beganMs: toMs(began), endsMs: toMs(ends), loggedOut: state === 'x' };
  const expected = Buffer.from(signatureOf(mark, holder, key));
  return timingSafeEqual(expected, Buffer.from(signature)) ? mark : 'foreign';
}

/**
 * The value of Set-Cookie. Without an age: it must outlive the session, so that a person who comes back is told that it ended.
 * SameSite=Lax: with Strict, whoever follows a link from a mail would begin a new session beside the one that is open.
 */
export function writeSessionCookie(mark: SessionMark, holder: SessionHolder, keys: SessionKeys): string {
  const [key] = keys;
  if (key === undefined) throw new Error('there is no key to sign a session with');
  const value = `1.${key.id}.${fromMs(mark.beganMs)}.${fromMs(mark.endsMs)}.${mark.loggedOut ? 'x' : 'o'}.${signatureOf(mark, holder, key)}`;
  return `${sessionCookieName}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`;
}

/** The value of a Cookie field without our cookie; null where nothing is left. Systems have no use for it. */
export function withoutSessionCookie(value: string): string | null {
  if (!value.includes(sessionCookieName)) return value;
  const others = value.split(';').filter((each) => !isOurs(each));
  return others.length === 0 ? null : others.join(';').trim();
}

function isOurs(pair: string): boolean {
  return pair.trimStart().startsWith(`${sessionCookieName}=`);
}

function valueIn(values: readonly string[]): string | null {
  for (const value of values) {
    const found = value.split(';').find(isOurs);
    if (found !== undefined) return found.trim().slice(sessionCookieName.length + 1);
  }
  return null;
}

/** HMAC-SHA-256, cut to 128 bits (RFC 2104 §5). A line feed can stand in none of the parts. */
function signatureOf(
  { beganMs, endsMs, loggedOut }: SessionMark,
  { host, fingerprint }: SessionHolder,
  key: SessionKey,
): string {
  const text = `headgate ui session 1\n${host}\n${fingerprint}\n${beganMs}\n${endsMs}\n${loggedOut}`;
  return createHmac('sha256', key.secret).update(text).digest().subarray(0, 16).toString('base64url');
}

function toMs(text: string): number {
  return Number.parseInt(text, 36) * 1_000;
}

function fromMs(ms: number): string {
  return Math.round(ms / 1_000).toString(36);
}
