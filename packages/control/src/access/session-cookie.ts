// The cookie of a session. Its prefix makes browsers refuse it from anybody but this host over TLS (RFC 6265bis §4.1.3.2), and
// SameSite=Strict keeps other sites from sending it.

/** Name of the cookie. */
export const sessionCookieName = '__Host-headgate';

/** A secret as it is made: 32 bytes in base64url. */
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** Most bytes of cookies that are looked through. */
const cookiesBytesMax = 8_192;

/** The secret in a Cookie field; null where there is none, or two that differ. */
export function secretInCookies(field: string | undefined): string | null {
  if (field === undefined || field.length > cookiesBytesMax) return null;
  const found = field
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${sessionCookieName}=`))
    .map((pair) => pair.slice(sessionCookieName.length + 1));
  const [secret] = found;
  return secret !== undefined && new Set(found).size === 1 && secretForm.test(secret) ? secret : null;
}

/** The Set-Cookie field that begins a session; it lasts as long as the browser runs, and the session less. */
export function beginCookie(secret: string): string {
  return `${sessionCookieName}=${secret}; Path=/; Secure; HttpOnly; SameSite=Strict`;
}

/** The Set-Cookie field that takes the cookie away. */
export const endCookie = `${sessionCookieName}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`;
