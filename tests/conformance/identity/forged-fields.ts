/**
 * Forged identity: request fields with which a caller might claim to be somebody else. Written from the issue and the RFCs alone,
 * before the code was read, and frozen: forms are added, never changed. `forged-fields.test.ts` sends each over real sockets.
 */

/** Stands in every forged value. What a back end receives must not contain it. */
export const FORGED = 'forged-identity';

/** A name that the gateway under test is configured to send for an older back end, beside the standard ones. */
export const CONFIGURED_NAME = 'X-Market-Caller';

/** `dropped`: the call is served without it. `refused`: 400 before anything is forwarded, since a strict reader cannot read it. */
export type ForgedOutcome = 'dropped' | 'refused';

export interface ForgedForm {
  readonly name: string;
  /** Field lines, each with its CRLF, as bytes (latin1). They follow Host. */
  readonly fields: string;
  /** Trailer lines after a chunked body, or an extension of its first chunk. Forms with either have a chunked body. */
  readonly trailers?: string;
  readonly chunkExtension?: string;
  readonly version?: 'HTTP/1.0';
  readonly outcome: ForgedOutcome;
  readonly source: string;
}

const dropped = (name: string, source: string, ...lines: readonly string[]): ForgedForm => ({
  name,
  fields: lines.map((line) => `${line}\r\n`).join(''),
  outcome: 'dropped',
  source,
});

const refused = (name: string, source: string, ...lines: readonly string[]): ForgedForm => ({
  ...dropped(name, source, ...lines),
  outcome: 'refused',
});

/** RFC 8941 §3.3.5: a byte sequence stands between colons. */
const forgedCert = `:${FORGED}:`;
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const standardNames: readonly ForgedForm[] = [
  dropped('Client-Cert', 'RFC 9440 §4: a TLS terminating proxy MUST sanitise', `Client-Cert: ${forgedCert}`),
  dropped('Client-Cert-Chain', 'RFC 9440 §4', `Client-Cert-Chain: ${forgedCert}, ${forgedCert}`),
  dropped('both RFC 9440 fields', 'RFC 9440 §4', `Client-Cert: ${forgedCert}`, `Client-Cert-Chain: ${forgedCert}`),
  dropped(
    'ct-remote-user as known callers send it',
    'facts §3.4',
    `ct-remote-user: CN=${FORGED},OU=people,O=CAISO,C=US`,
  ),
  dropped('Remote-User', 'RFC 3875 §4.1.11 as a field', `Remote-User: ${FORGED}`),
  dropped('X-Remote-User', 'issue', `X-Remote-User: ${FORGED}`),
  dropped('X-Client-Cert', 'issue', `X-Client-Cert: ${FORGED}`),
  dropped('X-Client-Cert-Chain', 'issue', `X-Client-Cert-Chain: ${FORGED}`),
  dropped('X-Client-DN', 'older proxies', `X-Client-DN: CN=${FORGED}`),
  dropped('X-Client-CN', 'older proxies', `X-Client-CN: ${FORGED}`),
  dropped('X-Client-Verify', 'older proxies', `X-Client-Verify: SUCCESS ${FORGED}`),
  dropped('X-SSL-Cert', 'issue: X-SSL-*', `X-SSL-Cert: ${FORGED}`),
  dropped('X-SSL-Client-Cert', 'issue: X-SSL-*', `X-SSL-Client-Cert: ${FORGED}`),
  dropped('X-SSL-Client-S-DN', 'issue: X-SSL-*', `X-SSL-Client-S-DN: CN=${FORGED}`),
  dropped('an X-SSL name that nobody uses yet', 'issue: X-SSL-*', `X-SSL-Whatever: ${FORGED}`),
  dropped('SSL_CLIENT_S_DN', 'issue: SSL_CLIENT_*', `SSL_CLIENT_S_DN: CN=${FORGED}`),
  dropped('SSL-Client-Cert', 'issue: SSL_CLIENT_*', `SSL-Client-Cert: ${FORGED}`),
  dropped('SSL_CLIENT_VERIFY', 'issue: SSL_CLIENT_*', `SSL_CLIENT_VERIFY: SUCCESS ${FORGED}`),
  dropped('X-Forwarded-Client-Cert', 'Envoy', `X-Forwarded-Client-Cert: By=a;Hash=b;Subject="CN=${FORGED}"`),
  dropped('X-Forwarded-Tls-Client-Cert', 'Traefik', `X-Forwarded-Tls-Client-Cert: ${FORGED}`),
  dropped('X-Forwarded-Tls-Client-Cert-Info', 'Traefik', `X-Forwarded-Tls-Client-Cert-Info: ${FORGED}`),
  dropped('X-Amzn-Mtls-Clientcert', 'AWS balancers', `X-Amzn-Mtls-Clientcert: ${FORGED}`),
  dropped('X-Amzn-Mtls-Clientcert-Subject', 'AWS balancers', `X-Amzn-Mtls-Clientcert-Subject: CN=${FORGED}`),
  dropped('X-ARR-ClientCert', 'Azure and IIS', `X-ARR-ClientCert: ${FORGED}`),
  dropped('X-Client-Cert-Present', 'Google balancers', `X-Client-Cert-Present: true ${FORGED}`),
  dropped('X-Forwarded-User', 'older proxies', `X-Forwarded-User: ${FORGED}`),
  dropped('clientless-mode', 'facts §9.1: it turns an access policy off', `clientless-mode: 1 ${FORGED}`),
];

const spellings: readonly ForgedForm[] = [
  dropped('lower case', 'RFC 9110 §5.1', `client-cert: ${forgedCert}`),
  dropped('upper case', 'RFC 9110 §5.1', `CLIENT-CERT: ${forgedCert}`),
  dropped('mixed case', 'RFC 9110 §5.1', `cLiEnT-cErT: ${forgedCert}`),
  dropped('underscore for hyphen', 'RFC 3875 §4.1.18', `Client_Cert: ${forgedCert}`),
  dropped('underscores and upper case', 'RFC 3875 §4.1.18', `CLIENT_CERT_CHAIN: ${forgedCert}`),
  dropped('CT_REMOTE_USER', 'RFC 3875 §4.1.18', `CT_REMOTE_USER: ${FORGED}`),
  dropped('one hyphen, one underscore', 'RFC 3875 §4.1.18', `ct-remote_user: ${FORGED}`),
  dropped('REMOTE_USER', 'RFC 3875 §4.1.11', `REMOTE_USER: ${FORGED}`),
  dropped('X_Forwarded_Client_Cert', 'RFC 3875 §4.1.18', `X_Forwarded_Client_Cert: ${FORGED}`),
  dropped('x_ssl_client_cert', 'RFC 3875 §4.1.18', `x_ssl_client_cert: ${FORGED}`),
  dropped('dots for hyphens', 'PHP turns dots into underscores', `ct.remote.user: ${FORGED}`),
  dropped('a dot for one hyphen', 'PHP turns dots into underscores', `Client.Cert: ${forgedCert}`),
  dropped(
    'other token marks for the hyphen',
    'RFC 9110 §5.6.2; servers that map every mark to an underscore',
    ...Array.from("!#$%&'*+^`|~").map((mark) => `Client${mark}Cert: ${forgedCert}`),
  ),
  dropped('no separator at all', 'X-ARR-ClientCert shows the spelling', `ClientCert: ${forgedCert}`),
  dropped('two hyphens', 'readers that squeeze separators', `Client--Cert: ${forgedCert}`),
  dropped(
    'a hyphen before and after',
    'readers that trim separators',
    `-Client-Cert: ${forgedCert}`,
    `Client-Cert-: ${forgedCert}`,
  ),
  dropped(
    'an underscore before and after',
    'readers that trim separators',
    `_Client_Cert: ${forgedCert}`,
    `Client_Cert_: ${forgedCert}`,
  ),
];

const configuredName: readonly ForgedForm[] = [
  dropped('the configured name', 'issue', `${CONFIGURED_NAME}: ${FORGED}`),
  dropped('the configured name, lower case', 'issue', `${CONFIGURED_NAME.toLowerCase()}: ${FORGED}`),
  dropped('the configured name, underscores', 'issue', `${CONFIGURED_NAME.replaceAll('-', '_')}: ${FORGED}`),
  dropped(
    'the configured name, dots and upper case',
    'issue',
    `${CONFIGURED_NAME.toUpperCase().replaceAll('-', '.')}: ${FORGED}`,
  ),
  dropped('the configured name, twice', 'issue', `${CONFIGURED_NAME}: ${FORGED}`, `${CONFIGURED_NAME}: ${FORGED}`),
];

const repeatedAndHidden: readonly ForgedForm[] = [
  dropped('twice', 'issue: doubled names', `Client-Cert: ${forgedCert}`, `Client-Cert: ${forgedCert}`),
  dropped('twice in two spellings', 'issue: doubled names', `Client-Cert: ${forgedCert}`, `client_cert: ${forgedCert}`),
  dropped('thirty times', 'issue: doubled names', ...Array.from({ length: 30 }, () => `Client-Cert: ${forgedCert}`)),
  dropped('an empty value before a forged one', 'RFC 9110 §5.3', 'Client-Cert:', `Client-Cert: ${forgedCert}`),
  dropped('an empty value', 'RFC 9440 §2.2', 'Client-Cert:', 'ct-remote-user:'),
  dropped('no space after the colon', 'RFC 9112 §5', `Client-Cert:${forgedCert}`),
  dropped('tabs around the value', 'RFC 9112 §5', `Client-Cert:\t${forgedCert}\t`),
  dropped(
    'between many other fields',
    'readers that stop counting',
    ...Array.from({ length: 20 }, (_, index) => `X-Filler-${index}: a`),
    `Client-Cert: ${forgedCert}`,
  ),
  dropped('in HTTP/1.0', 'RFC 9112 §2.3', `Client-Cert: ${forgedCert}`, `ct-remote-user: ${FORGED}`),
].map((form) => (form.name === 'in HTTP/1.0' ? { ...form, version: 'HTTP/1.0' as const } : form));

/** The caller names OUR fields as hop-by-hop: a proxy that drops them late sends the call on without an identity. */
const connectionTokens: readonly ForgedForm[] = [
  dropped('Connection names Client-Cert', 'RFC 9110 §7.6.1', 'Connection: Client-Cert'),
  dropped(
    'Connection names both RFC 9440 fields',
    'RFC 9110 §7.6.1',
    'Connection: keep-alive, Client-Cert, Client-Cert-Chain',
  ),
  dropped('Connection names ct-remote-user', 'RFC 9110 §7.6.1', 'Connection: ct-remote-user'),
  dropped('Connection names the configured name', 'RFC 9110 §7.6.1', `Connection: ${CONFIGURED_NAME}`),
  dropped('Connection names an underscore spelling', 'RFC 9110 §7.6.1', 'Connection: client_cert, ct_remote_user'),
  dropped('two Connection fields', 'RFC 9110 §5.3', 'Connection: keep-alive', 'Connection: CLIENT-CERT'),
  dropped(
    'Connection names it and it is there',
    'RFC 9110 §7.6.1',
    'Connection: Client-Cert',
    `Client-Cert: ${forgedCert}`,
  ),
  dropped(
    'Connection names it, it is there underscored',
    'RFC 9110 §7.6.1',
    'Connection: Client-Cert',
    `Client_Cert: ${forgedCert}`,
  ),
  dropped(
    'Keep-Alive and Proxy-Connection name it',
    'RFC 9110 §7.6.1',
    'Proxy-Connection: Client-Cert',
    'Keep-Alive: Client-Cert',
  ),
];

const inTheBody: readonly ForgedForm[] = [
  { ...dropped('a trailer', 'RFC 9110 §6.5.1'), trailers: `Client-Cert: ${forgedCert}\r\n` },
  {
    ...dropped('an announced trailer', 'RFC 9110 §6.6.2', 'Trailer: Client-Cert'),
    trailers: `Client-Cert: ${forgedCert}\r\n`,
  },
  { ...dropped('a trailer with TE', 'RFC 9110 §10.1.4', 'TE: trailers'), trailers: `ct-remote-user: ${FORGED}\r\n` },
  { ...dropped('an underscored trailer', 'RFC 9110 §6.5.1'), trailers: `CT_REMOTE_USER: ${FORGED}\r\n` },
  { ...dropped('the configured name as a trailer', 'RFC 9110 §6.5.1'), trailers: `${CONFIGURED_NAME}: ${FORGED}\r\n` },
  { ...dropped('a chunk extension', 'RFC 9112 §7.1.1'), chunkExtension: `;Client-Cert="${FORGED}"` },
];

const unreadable: readonly ForgedForm[] = [
  refused('a folded value', 'RFC 9112 §5.2', 'Client-Cert:', ` ${forgedCert}`),
  refused('folded into another field', 'RFC 9112 §5.2', 'X-Note: a', ` Client-Cert: ${forgedCert}`),
  refused('folded with a tab', 'RFC 9112 §5.2', 'X-Note: a', `\tClient-Cert: ${forgedCert}`),
  refused('a space before the colon', 'RFC 9112 §5.1', `Client-Cert : ${forgedCert}`),
  refused('a tab before the colon', 'RFC 9112 §5.1', `Client-Cert\t: ${forgedCert}`),
  refused('a space within the name', 'RFC 9110 §5.6.2', `Client Cert: ${forgedCert}`),
  refused('a NUL within the name', 'RFC 9110 §5.6.2', `Client-Cert\0: ${forgedCert}`),
  refused('a NUL within the value', 'RFC 9110 §5.5', `X-Note: a\0Client-Cert: ${forgedCert}`),
  refused('after a bare LF', 'RFC 9112 §2.2; facts: bare LF is refused', `X-Note: a\nClient-Cert: ${forgedCert}`),
  refused('after a bare CR', 'RFC 9112 §2.2', `X-Note: a\rClient-Cert: ${forgedCert}`),
  refused('a soft hyphen in latin1', 'RFC 9110 §5.6.2', `Client\xadCert: ${forgedCert}`),
  refused('a non-breaking hyphen in UTF-8', 'RFC 9110 §5.6.2', utf8(`Client\u2011Cert: ${forgedCert}`)),
  refused('full-width letters', 'RFC 9110 §5.6.2', utf8(`\uff23lient-Cert: ${forgedCert}`)),
  refused('a long s, whose upper case is S', 'RFC 9110 §5.6.2', utf8(`X-\u017fSL-Client-Cert: ${forgedCert}`)),
  refused('a name in quotes', 'RFC 9110 §5.6.2', `"Client-Cert": ${forgedCert}`),
  refused('a name in brackets', 'RFC 9110 §5.6.2', `[Client-Cert]: ${forgedCert}`),
  refused('a second colon for the name', 'RFC 9112 §5', `:Client-Cert: ${forgedCert}`),
  refused('an equals sign for the hyphen', 'Go maps it to an underscore', `Client=Cert: ${forgedCert}`),
];

export const forgedForms: readonly ForgedForm[] = [
  ...standardNames,
  ...spellings,
  ...configuredName,
  ...repeatedAndHidden,
  ...connectionTokens,
  ...inTheBody,
  ...unreadable,
];

/** What a back end may try to set toward the caller. Field lines of an answer; none of these names may arrive. */
export const answerForms: readonly { readonly name: string; readonly fields: string }[] = [
  { name: 'Client-Cert', fields: `Client-Cert: ${forgedCert}\r\n` },
  { name: 'Client-Cert-Chain', fields: `Client-Cert-Chain: ${forgedCert}\r\n` },
  { name: 'underscores', fields: `client_cert: ${forgedCert}\r\n` },
  { name: 'ct-remote-user', fields: `ct-remote-user: ${FORGED}\r\n` },
  { name: 'CT_REMOTE_USER', fields: `CT_REMOTE_USER: ${FORGED}\r\n` },
  { name: 'Remote-User', fields: `Remote-User: ${FORGED}\r\n` },
  { name: 'X-Remote-User', fields: `X-Remote-User: ${FORGED}\r\n` },
  { name: 'the configured name', fields: `${CONFIGURED_NAME}: ${FORGED}\r\n` },
  { name: 'the configured name, dots', fields: `${CONFIGURED_NAME.replaceAll('-', '.')}: ${FORGED}\r\n` },
  { name: 'X-SSL-Client-Cert', fields: `X-SSL-Client-Cert: ${FORGED}\r\n` },
  { name: 'SSL_CLIENT_S_DN', fields: `SSL_CLIENT_S_DN: ${FORGED}\r\n` },
  { name: 'X-Forwarded-Client-Cert', fields: `X-Forwarded-Client-Cert: ${FORGED}\r\n` },
  { name: 'named by Connection', fields: `Connection: Client-Cert\r\nClient-Cert: ${forgedCert}\r\n` },
  { name: 'thrice', fields: `Client-Cert: ${forgedCert}\r\n`.repeat(3) },
];
