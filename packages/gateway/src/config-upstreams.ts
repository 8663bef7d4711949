// The options of back ends: where a system listens, who gets the next call, and what proves an endpoint well or ill.
import type { Finding, ReadFile } from '@headgate/contract';
import { z } from 'zod';
import { count, file, hostName, milliseconds } from './config-values.ts';

const endpointUrl = z
  .url({ protocol: /^https?$/, hostname: /.*/, error: 'an http:// or https:// address' })
  .max(300)
  .refine(isOrigin, 'an address without user, path and query: the caller’s own path is sent');

const endpoint = z.union([
  endpointUrl,
  z.strictObject({
    url: endpointUrl.describe('http:// or https:// address, without a path.'),
    weight: count(1, 100, 1).describe('Share of the calls, beside the weights of the other endpoints. Default 1.'),
  }),
]);

const check = z.strictObject({
  kind: z
    .enum(['tcp', 'tls', 'http', 'soap'])
    .describe(
      'What proves an endpoint well. "tcp": it accepts a connection. "tls": the handshake ends and its certificate is good. "http": GET is answered with one of `statuses`. "soap": an empty envelope is answered with an envelope, a fault included.',
    ),
  path: z
    .string()
    .max(1_000)
    .regex(/^\/[\x21-\x7e]*$/, 'a path that begins with "/", without spaces')
    .default('/')
    .describe('What "http" and "soap" ask for.'),
  host: hostName.optional().describe('Host field of "http" and "soap". Default: the host of the endpoint’s address.'),
  soapAction: z
    .string()
    .max(300)
    .regex(/^[\x21\x23-\x7e]*$/, 'text without spaces and quotes')
    .default('')
    .describe('SOAPAction field of "soap".'),
  statuses: z
    .array(z.int().min(200).max(599))
    .max(50)
    .default([])
    .describe('Statuses that "http" takes for well; none: every status from 200 to 399.'),
  intervalMs: milliseconds(100, 3_600_000, 5_000).describe(
    'From the end of one check to the next, give or take a tenth. Default 5,000 ms.',
  ),
  timeoutMs: milliseconds(50, 120_000, 2_000).describe('Longest time for one whole check. Default 2,000 ms.'),
  rise: count(1, 100, 2).describe('Good checks in a row after which an endpoint is up. Default 2.'),
  fall: count(1, 100, 3).describe('Bad checks in a row after which it is down. Default 3.'),
});

const ejection = z.strictObject({
  failures: count(0, 1_000, 5).describe(
    'Calls in a row that failed at an endpoint (no connection, reset, no answer in time, invalid answer) before it is ejected; 0: never. Default 5.',
  ),
  statuses: z
    .array(z.int().min(400).max(599))
    .max(50)
    .default([])
    .describe('Statuses that count as failures too; none: what a system answers is its own affair.'),
  baseMs: milliseconds(100, 3_600_000, 10_000).describe(
    'How long the first ejection lasts; each further one twice as long. Default 10,000 ms.',
  ),
  maxMs: milliseconds(100, 86_400_000, 300_000).describe(
    'Longest ejection. One that served for so long starts again from `baseMs`. Default 300,000 ms.',
  ),
  slowStartMs: milliseconds(0, 3_600_000, 10_000).describe(
    'After an ejection or a failed check, how long its share of the calls grows from a tenth to the whole. Default 10,000 ms.',
  ),
  maxPercent: count(0, 100, 75).describe(
    'Most endpoints of one upstream that are ejected at once, in percent; never the last one. Default 75.',
  ),
});

const tls = z.strictObject({
  authorities: file.describe(
    'PEM file with the authorities that issue the certificates of the endpoints. Nobody else is trusted: not the system’s list either.',
  ),
  certificate: file
    .optional()
    .describe('PEM file: the certificate that the gateway shows to the endpoints, then its intermediates.'),
  key: file.optional().describe('PEM file with its private key. Read at start and at reload; never logged.'),
  serverName: hostName
    .optional()
    .describe(
      'Name in the handshake (SNI), and the one that certificates must have. Default: the host of the endpoint’s address.',
    ),
});

const retry = z.strictObject({
  budgetPercent: count(0, 100, 20).describe(
    'Retries at other endpoints, at most so many percent of the calls of the last 10 s. Default 20.',
  ),
  minPerSecond: count(0, 10_000, 10).describe(
    'Retries that are granted besides, per second over the last 10 s. Default 10.',
  ),
});

/** The waits for a back end, phase by phase; they stand under `path` for all, and under an upstream for its own. */
export const phases = {
  connectTimeoutMs: milliseconds(50, 120_000, 5_000).describe(
    'Longest wait for an upstream to accept a connection, or for one to be free. Default 5,000 ms.',
  ),
  tlsTimeoutMs: milliseconds(50, 120_000, 5_000).describe('Longest TLS handshake with an upstream. Default 5,000 ms.'),
  requestSendTimeoutMs: milliseconds(100, 3_600_000, 60_000).describe(
    'Longest wait for an upstream to take more of a request. Default 60,000 ms.',
  ),
  responseTimeoutMs: milliseconds(100, 3_600_000, 120_000).describe(
    'Longest wait for the head of an upstream answer, once the request is sent. Default 120,000 ms.',
  ),
  responseIdleMs: milliseconds(100, 3_600_000, 60_000).describe(
    'Longest pause within an upstream answer. Default 60,000 ms.',
  ),
  exchangeTimeoutMs: milliseconds(100, 86_400_000, 900_000).describe(
    'Longest time for a call at its upstream as a whole, every attempt and the whole answer included. Default 900,000 ms.',
  ),
} as const;

type PhaseName = keyof typeof phases;

/** How long each phase of a call at its upstream may take, in milliseconds. */
export type Phases = { readonly [Name in PhaseName]: number };

const ownPhases = z.strictObject(
  Object.fromEntries(
    Object.entries(phases).map(([name, phase]) => [
      name,
      phase.unwrap().optional().describe(`As \`path.${name}\`, for this upstream. Default: that one.`),
    ]),
  ) as { [Name in PhaseName]: z.ZodOptional<z.ZodInt> },
);

/** One entry of `upstreams`. */
export const upstream = z.strictObject({
  system: z
    .string()
    .min(1)
    .max(80)
    .describe('System id of the catalogue; "*" for every system that has no entry of its own.'),
  environment: z.string().min(1).max(40).default('*').describe('Environment id, or "*".'),
  infrastructure: z.string().min(1).max(40).default('*').describe('Infrastructure id (legacy, current), or "*".'),
  endpoints: z
    .array(endpoint)
    .min(1)
    .max(32)
    .describe('Where the system listens: addresses, or maps of an address and its weight.'),
  balance: z
    .enum(['round-robin', 'least-requests', 'consistent-hash'])
    .default('round-robin')
    .describe(
      'Who gets the next call. "round-robin": each in turn, by weight. "least-requests": who has the fewest under way, by weight. "consistent-hash": the same one for the same `hashKey`.',
    ),
  hashKey: z
    .enum(['source', 'credential', 'participant'])
    .default('credential')
    .describe(
      'For "consistent-hash": what keeps calls together. Without a participant the credential counts, without a credential the source.',
    ),
  panicPercent: count(0, 100, 0).describe(
    'When less than so many percent of the weight is up, all endpoints are used, down or not; 0: only when none is up. Default 0.',
  ),
  check: check.optional().describe('Asks every endpoint regularly; without it only calls tell.'),
  ejection: ejection.prefault({}),
  tls: tls.optional().describe('Needed for https:// addresses.'),
  retry: retry.prefault({}),
  timeouts: ownPhases.prefault({}),
});

/** One entry of `upstreams`, defaults applied. */
export type UpstreamOptions = z.infer<typeof upstream>;

/** An endpoint in its long form. */
export function endpointOf(written: UpstreamOptions['endpoints'][number]): {
  readonly url: string;
  readonly weight: number;
} {
  return typeof written === 'string' ? { url: written, weight: 1 } : written;
}

/** Finds what each option alone does not show. */
export function upstreamFindings(
  upstreams: readonly UpstreamOptions[],
  controlUrl: string | null,
  finding: ReadFile<unknown>['finding'],
): readonly Finding[] {
  return upstreams.flatMap((each, at) => {
    const where = ['upstreams', at];
    const urls = each.endpoints.map((written) => endpointOf(written).url);
    const secure = urls.filter((url) => url.startsWith('https:'));
    const found: Finding[] = [];
    for (const [index, url] of urls.entries()) {
      if (urls.indexOf(url) !== index)
        found.push(finding([...where, 'endpoints', index], `${url} a second time`, 'each address once; use weights'));
      if (controlUrl !== null && isSamePlace(url, controlUrl))
        // Callers of the data plane must never come as far as control (CVE-2023-46747 began so).
        found.push(
          finding(
            [...where, 'endpoints', index],
            `${url}, where control is`,
            'a market system: no call may reach control',
          ),
        );
      if (url.startsWith('https:') && each.tls === undefined) {
        const expected = '`tls` with `authorities`, since a back end that is not verified could be anybody';
        found.push(finding([...where, 'endpoints', index], `${url} without tls`, expected));
      }
    }
    if (each.tls !== undefined && secure.length === 0)
      found.push(finding([...where, 'tls'], 'tls for http:// addresses alone', 'https:// addresses, or no `tls`'));
    if ((each.tls?.certificate === undefined) !== (each.tls?.key === undefined))
      found.push(finding([...where, 'tls'], 'one of certificate and key', 'both, or neither'));
    if (each.check?.kind === 'tls' && secure.length < urls.length)
      found.push(finding([...where, 'check', 'kind'], 'tls for an http:// address', 'tcp, http or soap'));
    if (each.ejection.maxMs < each.ejection.baseMs)
      found.push(finding([...where, 'ejection'], 'maxMs below baseMs', 'maxMs of baseMs or more'));
    return found;
  });
}

/** Whether two addresses lead to one port, whatever they speak there. */
function isSamePlace(one: string, other: string): boolean {
  const places = [one, other].map((text) => {
    const { protocol, hostname, port } = new URL(text);
    return `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
  });
  return places[0] === places[1];
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return true; // Said already.
  const { pathname, search, hash, username, password } = new URL(text);
  return pathname === '/' && `${search}${hash}${username}${password}` === '';
}
