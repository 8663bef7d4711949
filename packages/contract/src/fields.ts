// Header field names and the conversions at the HTTP edge. Seconds exist only here.

/** Field names we read or write, in lower case. */
export const fields = {
  /** Our exchange id, on every answer and on every forwarded request. */
  exchange: 'headgate-exchange',
  /** RFC 9440 §2.2: the verified client certificate, forwarded to upstreams. */
  clientCert: 'client-cert',
  /** The verified subject, for back ends of this market that read it. Overwritten, never believed. */
  ctRemoteUser: 'ct-remote-user',
  /** RFC 9110 §10.2.3. */
  retryAfter: 'retry-after',
  /** draft-ietf-httpapi-ratelimit-headers: a draft, so named only here. */
  rateLimit: 'ratelimit',
  rateLimitPolicy: 'ratelimit-policy',
  /** RFC 9209. */
  proxyStatus: 'proxy-status',
  /** RFC 9110 §7.6.3. */
  via: 'via',
  /** RFC 7239. */
  forwarded: 'forwarded',
} as const;

/**
 * Identity and routing fields that callers may not set: dropped from every request, whoever sends them.
 * The first group is read by back ends of this market; the rest by common application servers.
 */
export const identityFields: ReadonlySet<string> = new Set([
  'client-cert',
  'client-cert-chain',
  'ct-remote-user',
  'clientless-mode',
  'forwarded',
  'headgate-exchange',
  'remote-user',
  'x-client-cert',
  'x-client-dn',
  'x-client-verify',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-user',
  'x-real-ip',
  'x-remote-user',
  'x-ssl-cert',
  'x-ssl-client-cert',
  'x-ssl-client-dn',
  'x-ssl-client-s-dn',
  'x-ssl-client-verify',
]);

/** Whole seconds to announce for a wait, rounded up so that the promise holds, at least one. */
export function toRetryAfterSeconds(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1_000));
}
