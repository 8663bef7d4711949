// Header field names and the conversions at the HTTP edge. Seconds exist only here.

/** Field names we read or write, in lower case. */
export const fields = {
  /** Our exchange id, on every answer and on every forwarded request. */
  exchange: 'headgate-exchange',
  /** RFC 9440 §2.2: the verified client certificate, forwarded to upstreams. */
  clientCert: 'client-cert',
  /** RFC 9440 §2.3: the intermediates between it and an anchor. */
  clientCertChain: 'client-cert-chain',
  /** The verified subject, for back ends of this market that read it. Overwritten, never believed. */
  ctRemoteUser: 'ct-remote-user',
  /** Seconds that are left of a person's session at a user interface; on its answers alone. */
  sessionEnds: 'headgate-session-ends',
  /** What a UI asks with when nobody did anything: the session goes on to its end as if it had not asked. */
  session: 'headgate-session',
  /** RFC 9110 §10.2.3. */
  retryAfter: 'retry-after',
  /** draft-ietf-httpapi-ratelimit-headers: a draft, so named only here. */
  rateLimit: 'ratelimit',
  rateLimitPolicy: 'ratelimit-policy',
  /** A detached JWS (RFC 7515 appendix F) over the bytes of a document. */
  signature: 'headgate-signature',
  /** RFC 9745: since when, or from when, callers should use another address. */
  deprecation: 'deprecation',
  /** RFC 8594: from when the address may answer no more. */
  sunset: 'sunset',
  /** RFC 8288. */
  link: 'link',
  /** RFC 9209. */
  proxyStatus: 'proxy-status',
  /** RFC 9110 §7.6.3. */
  via: 'via',
  /** RFC 7239. */
  forwarded: 'forwarded',
} as const;

/**
 * Identity and routing fields that callers may not set: dropped from every request, whoever sends them.
 * `client-cert` to `headgate-exchange` are ours; the rest are read by common application servers and by older balancers.
 */
export const identityFields: ReadonlySet<string> = new Set([
  'client-cert',
  'client-cert-chain',
  'ct-remote-user',
  'clientless-mode',
  'forwarded',
  'headgate-exchange',
  'cf-connecting-ip',
  'front-end-https',
  'proxy-client-ip',
  'proxy-remote-user',
  'remote-user',
  'sm-user',
  'true-client-ip',
  'x-arr-clientcert',
  'x-arr-ssl',
  'x-authenticated-user',
  'x-client-cn',
  'x-client-dn',
  'x-client-ip',
  'x-client-subject',
  'x-client-verify',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'x-original-host',
  'x-original-url',
  'x-originating-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-remote-user',
  'x-rewrite-url',
  'x-url-scheme',
]);

/** What the names of further such fields begin with: each balancer has variants of its own. */
export const identityFieldPrefixes: readonly string[] = [
  'ssl-client-',
  'wl-proxy-',
  'x-amzn-mtls-',
  'x-auth-request-',
  'x-client-cert',
  'x-forwarded',
  'x-ms-client-principal',
  'x-ssl-',
  'x-webauth-',
];

/**
 * The letters and digits of a field name, in lower case. Application servers hand fields on as variables, and make one mark of
 * another to do so (RFC 3875 §4.1.18; some take any mark): to one of them, names that are bare alike may be one.
 */
export function bareName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

const bareIdentityFields: ReadonlySet<string> = new Set([...identityFields].map(bareName));
const bareIdentityFieldPrefixes = identityFieldPrefixes.map(bareName);

/** Whether a field claims, in any spelling of its name, an identity, a source or a route that only we may state. */
export function claimsIdentity(name: string): boolean {
  const bare = bareName(name);
  return bareIdentityFields.has(bare) || bareIdentityFieldPrefixes.some((prefix) => bare.startsWith(prefix));
}

/** Whole seconds to announce for a wait, rounded up so that the promise holds, at least one. */
export function toRetryAfterSeconds(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1_000));
}
