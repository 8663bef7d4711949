// Every option of the gateway: one schema gives the type, the defaults, the bounds, the errors and the reference page.
import {
  certificateNeeds,
  type Finding,
  type ReadFile,
  readYamlFile,
  trustBundleSettingsSchema,
  trustBundlesMax,
} from '@headgate/contract';
import { listBytesMax } from '@headgate/pki';
import { z } from 'zod';
import { controlOption } from './config-control.ts';
import { countersFindings, countersOption } from './config-counters.ts';
import { evidenceFindings, evidenceOption } from './config-evidence.ts';
import { identityFieldFindings, identityFieldList } from './config-identity.ts';
import { phases, upstream, upstreamFindings } from './config-upstreams.ts';
import { bytes, count, file, hostName, milliseconds, name } from './config-values.ts';
import { parseNetwork } from './networks.ts';

const chain = z
  .strictObject({
    infrastructure: z.string().min(1).max(40).describe('Infrastructure id of the catalogue.'),
    certificate: file.describe('PEM file: the server certificate, then its intermediates.'),
    key: file.describe('PEM file with its private key. The same is asked of it as of `listeners[].hosts[].key`.'),
  })
  .describe('The chain that the host shows while it is at this infrastructure.');

const uiSession = z.strictObject({
  idleMs: milliseconds(60_000, 86_400_000, 1_800_000).describe(
    'How long a session lasts from the last call of its browser at least; a minute more at most. Default 1,800,000 ms (30 min).',
  ),
  absoluteMs: milliseconds(600_000, 604_800_000, 43_200_000).describe(
    'How long a session lasts at most, however busy it is. Default 43,200,000 ms (12 h).',
  ),
  announceMs: milliseconds(10_000, 3_600_000, 300_000).describe(
    'How long before its end a session is said to end soon. Default 300,000 ms (5 min).',
  ),
});

const host = z
  .strictObject({
    name: hostName.describe('Host name as callers send it in SNI and Host.'),
    certificate: file
      .optional()
      .describe(
        'PEM file: the server certificate, then its intermediates, each signed by the next. Needed where the listener speaks TLS, unless there are `chains`.',
      ),
    key: file
      .optional()
      .describe(
        'PEM file with the private key. Read at start and at reload; never logged. Nobody but its owner and its group may read it, and nobody but its owner may write it.',
      ),
    chains: z
      .array(chain)
      .max(20)
      .default([])
      .describe(
        'Chains for infrastructures that the host moves between; at any other one it shows `certificate`. `chainPositions` says where it is.',
      ),
    clientCertificate: z
      .enum(certificateNeeds)
      .optional()
      .describe(
        'Whether callers of every address here show a client certificate. "required": a call without one is refused. "requested": it is judged if it is offered, and refused if it is bad; who offers none is anonymous. "none": nobody is asked. Default: what the catalogue says of each address; the handshake asks where any address of the host wants one.',
      ),
    trust: name.default('users').describe('Name of the trust bundle that judges client certificates of this host.'),
    strictTransportMs: milliseconds(0, 63_072_000_000, 0).describe(
      'How long browsers are told to ask this host over TLS alone (Strict-Transport-Security, in whole seconds); 0: nothing is said. They remember it, so that a host which must serve plain HTTP again is lost to them. Default 0; 31,536,000,000 (a year) is usual for user interfaces.',
    ),
    uiSession: uiSession
      .optional()
      .describe(
        'Sessions of people at the user interfaces of this host; an empty group takes the defaults. Absent: none, a call needs its certificate and nothing else. Programs have no sessions in any case.',
      ),
  })
  .describe('One host name served on a listener.');

const network = z
  .string()
  .refine(
    (text) => parseNetwork(text) !== null,
    'an address with a prefix length, such as 192.0.2.0/24 or 2001:db8::/32',
  );

const listener = z.strictObject({
  name: name.describe('Appears in evidence.'),
  address: z.string().min(1).max(64).default('127.0.0.1').describe('Local address to listen on.'),
  port: z.int().min(0).max(65_535).describe('TCP port; 0 lets the system choose, and the gateway prints its choice.'),
  tls: z.boolean().default(true).describe('false: plain HTTP, for anonymous addresses such as http://oasis.'),
  balancers: z
    .array(network)
    .max(64)
    .default([])
    .describe(
      'Networks of trusted TCP balancers, as 192.0.2.0/24. A connection from one must begin with a PROXY protocol header (version 1 or 2), which tells the caller’s own address; one from elsewhere must not.',
    ),
  hosts: z.array(host).min(1).max(200).describe('The first host answers handshakes that name no known host.'),
});

const crlUrl = z.strictObject({
  url: z
    .string()
    .max(1_000)
    .refine(isListUrl, 'an http or https URL without user, password and fragment')
    .describe(
      'Address of the lists, http or https. Nothing else is ever asked for lists: what a certificate says of them is not, and redirects are not followed.',
    ),
  authorities: file
    .optional()
    .describe(
      'PEM file with the authorities that the server must be certified by. Needed for https and for nothing else: the lists are signed by themselves.',
    ),
  everyMs: milliseconds(15_000, 86_400_000, 30_000).describe(
    'How often it is asked, with ETag and If-Modified-Since, so that a list that did not change is not sent. Up to 15,000 ms later, with the look at the files. Default 30,000 ms: a change is in force within 60 s.',
  ),
  timeoutMs: milliseconds(100, 60_000, 10_000).describe(
    'Longest time for all of an answer, from looking up the name to the last byte. Default 10,000 ms.',
  ),
  bytesMax: bytes(1_024, listBytesMax, listBytesMax).describe(
    'Largest answer, in bytes. Default 16,777,215 (16 MiB less one).',
  ),
});

function isListUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username + url.password + url.hash === '';
}

const trustBundle = trustBundleSettingsSchema.extend({
  crls: z
    .array(file)
    .max(32)
    .default([])
    .describe(
      'Files with revocation lists of the authorities of this bundle, PEM or DER, complete ones and deltas; at most 16 MiB each. They are looked at every 15 s; a changed list is in force within 60 s, for open connections too.',
    ),
  crlUrls: z
    .array(crlUrl)
    .max(8)
    .default([])
    .describe(
      'Revocation lists that the gateway fetches, PEM or DER, beside those of files. The last good answer is kept in the evidence folder, for a restart while the server is down.',
    ),
});

const echo = z.strictObject({
  path: z
    .string()
    .regex(/^(?:\/[a-z0-9-]{1,40}){1,4}$/, 'a path of lower-case segments, such as /headgate/echo')
    .max(164)
    .default('/headgate/echo')
    .describe('Path of the echo address on every host of these environments: it tells a caller what the gateway saw.'),
  environments: z
    .array(z.string().min(1).max(80))
    .max(20)
    .optional()
    .describe(
      'Environment ids that offer it; an empty list switches it off. Default: those that the catalogue marks `rehearsal`.',
    ),
});

const path = z.strictObject({
  headerBytesMax: bytes(4_096, 65_536, 16_384).describe(
    'Request line and header fields together, in bytes. Default 16,384.',
  ),
  bodyBytesMax: bytes(1_024, 67_108_864, 1_048_576).describe(
    'Largest request body, in bytes. Default 1 MiB (deck p. 11).',
  ),
  peekBytesMax: bytes(1_024, 262_144, 65_536).describe(
    'How much of a body is read before it is routed or inspected. Default 65,536 bytes.',
  ),
  headerTimeoutMs: milliseconds(1_000, 300_000, 30_000).describe(
    'Longest wait for a TLS handshake, and for a complete header section. Default 30,000 ms.',
  ),
  bodyTimeoutMs: milliseconds(100, 300_000, 30_000).describe(
    'Longest pause between two pieces of a request body. Default 30,000 ms.',
  ),
  bodyBytesPerSecondMin: bytes(0, 1_048_576, 500).describe(
    'Slowest request body that is waited for, in bytes a second on the average, behind the first `bodyTimeoutMs`; 0: none is too slow. Default 500.',
  ),
  requestTimeoutMs: milliseconds(1_000, 3_600_000, 600_000).describe(
    'Longest time for a whole request to arrive. Default 600,000 ms.',
  ),
  keepAliveMs: milliseconds(1_000, 3_600_000, 120_000).describe(
    'How long an idle connection is kept. Default 120,000 ms.',
  ),
  targetBytesMax: bytes(256, 32_768, 8_192).describe('Longest request target, in bytes. Default 8,192.'),
  sendTimeoutMs: milliseconds(100, 3_600_000, 60_000).describe(
    'Longest wait for a caller to take more of its answer. Default 60,000 ms.',
  ),
  upstreamIdleMs: milliseconds(100, 3_600_000, 4_000).describe(
    'How long an unused connection to a back end is kept; below what back ends keep. Default 4,000 ms.',
  ),
  ...phases,
  connectionsMax: count(1, 1_000_000, 10_000).describe('Connections open at once per listener. Default 10,000.'),
  connectionsPerSourceMax: count(1, 100_000, 512).describe('Connections open at once from one source. Default 512.'),
  handshakesMax: count(1, 100_000, 1_000).describe(
    'TLS handshakes under way at once per listener and thread; further connections are closed. Default 1,000.',
  ),
  handshakesPerSourceMax: count(1, 10_000, 16).describe(
    'TLS handshakes under way at once from one source in each thread; further ones wait for their turn, as long as for a handshake. A turn of a thread may bring as many signatures, one to two milliseconds each, and a newcomer waits for four such turns. Default 16.',
  ),
  exchangesPerSourceMax: count(1, 100_000, 64).describe(
    'Calls under way at once from one source in each thread; further ones wait for their turn. Below `upstreamConnectionsMax`, so that one source cannot take every connection to a back end. Default 64.',
  ),
  waitingBodiesPerSourceMax: count(1, 10_000, 64).describe(
    'Unfinished bodies held at once for one source. Default 64.',
  ),
  upstreamConnectionsMax: count(1, 10_000, 256).describe(
    'Connections open at once to one endpoint, from each thread. Default 256.',
  ),
  upstreamQueueMax: count(0, 65_536, 1_024).describe(
    'Calls that wait at once for a connection to one endpoint, in each thread. Default 1,024.',
  ),
  tunnelIdleMs: milliseconds(100, 3_600_000, 300_000).describe(
    'How long an upgraded connection (WebSocket) may bring nothing in either direction. Default 300,000 ms.',
  ),
  tunnelMs: milliseconds(100, 604_800_000, 43_200_000).describe(
    'Longest time that an upgraded connection is kept. Default 43,200,000 ms (12 h).',
  ),
  tunnelBytesMax: bytes(1_024, 1_099_511_627_776, 1_073_741_824).describe(
    'Most bytes of an upgraded connection, in each direction. Default 1,073,741,824 (1 GiB).',
  ),
  tunnelsMax: count(0, 100_000, 128).describe(
    'Upgraded connections open at once in each thread. They count among `upstreamConnectionsMax` too. Default 128.',
  ),
  tunnelsPerSourceMax: count(1, 100_000, 64).describe(
    'Upgraded connections open at once from one source. Below `tunnelsMax`, so that one source cannot take them all. Default 64.',
  ),
  drainBytesMax: bytes(0, 67_108_864, 67_108_864).describe(
    'Most bytes of a refused body that are read and dropped. Default 64 MiB.',
  ),
  drainMs: milliseconds(0, 30_000, 30_000).describe('Longest time for dropping a refused body. Default 30,000 ms.'),
  shutdownMs: milliseconds(0, 600_000, 30_000).describe(
    'Longest wait for calls in flight at shutdown. Default 30,000 ms.',
  ),
});

/** Bounds and waits of the request path, with defaults applied. */
export type PathOptions = z.infer<typeof path>;

const documents = z.strictObject({
  key: file
    .optional()
    .describe(
      'Private key (PEM, Ed25519 or P-256) that signs the documents under /.well-known/headgate/. Without it they are sent unsigned. Read again at reload.',
    ),
});

/** Schema of the gateway's configuration file. */
export const configSchema = z.strictObject({
  node: name.default('gateway').describe('Name of this gateway in evidence.'),
  threads: count(1, 64, 1).describe(
    'Threads that serve, each on a core of its own; about as many as the machine has cores. They share ports, limits, the bounds on connections, waiting bodies and upgraded connections per source, and TLS tickets; `path.upstreamConnectionsMax` holds for each thread. With more than one the ports are shared, so that the system does not refuse a second gateway on the same port. Default 1.',
  ),
  listeners: z.array(listener).min(1).max(16),
  snapshot: z
    .enum(['files', 'control'])
    .default('files')
    .describe(
      '"files": the catalogue, policy, provisioning, trust and positions of this file. "control": what control publishes; nothing of the kind may stand here then, but for the revocation lists of `trustBundles`, which stay with each gateway. The last one is kept in the evidence folder, for while control is away.',
    ),
  catalogue: file
    .default('.')
    .describe('Catalogue folder: systems, addresses, services. Default: the folder of this file.'),
  policy: file.optional().describe('Policy file with the limits. Default: policy.yaml in the catalogue folder.'),
  shadowPolicy: file
    .optional()
    .describe(
      'Policy file with a candidate: its rules, but for those over connections, are judged beside the policy on every call, refuse nobody, and stand in evidence (`admission.candidate`). Read again at reload. Default: none.',
    ),
  provisioning: file
    .optional()
    .describe('Provisioning file. Without it certificates are judged, but enrolment and rights are not.'),
  trust: file
    .optional()
    .describe(
      'Trust file: authorities, and the bundles that `trustBundles[].dated` means. Default: trust.yaml in the catalogue folder. Read again at reload.',
    ),
  trustBundles: z
    .array(trustBundle)
    .max(trustBundlesMax)
    .default([])
    .describe('Whom the gateway trusts to certify callers, and lists of whom it does not. Read again at reload.'),
  positions: z
    .record(z.string().min(1).max(200), z.string().min(1).max(40))
    .default({})
    .describe(
      'Infrastructure that serves an address, by host name, where it differs from the catalogue (a hard cutover). Read again at reload.',
    ),
  chainPositions: z
    .record(hostName, z.string().min(1).max(40))
    .default({})
    .describe(
      'Infrastructure whose server chain a host shows, by host name, where it differs from the catalogue. A step of its own: the chain belongs to the host, and its addresses may move before or after it. Read again at reload.',
    ),
  upstreams: z.array(upstream).min(1).max(500),
  counters: countersOption.optional(),
  control: controlOption.optional(),
  identityFields: identityFieldList,
  echo: echo.prefault({}),
  documents: documents.prefault({}),
  path: path.prefault({}),
  breakGlass: z
    .strictObject({
      msMax: milliseconds(60_000, 604_800_000, 86_400_000).describe(
        'Longest that `headgate policy break-glass` may change a rule for. Default 86,400,000 ms (24 h).',
      ),
    })
    .prefault({}),
  evidence: evidenceOption,
});

/** The gateway's configuration, defaults applied; file names are as written. */
export type Config = z.infer<typeof configSchema>;

/** The gateway's configuration as it may be written: whatever has a default may be absent. */
export type WrittenConfig = z.input<typeof configSchema>;

/** Reads a configuration file. Findings name file, line, what was found and what was expected. */
export function parseConfig(
  fileName: string,
  text: string,
): { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly findings: readonly Finding[] } {
  const parsed = readYamlFile(fileName, text, configSchema);
  if (!parsed.ok) return parsed;
  const { value: config, finding } = parsed.read;
  const findings: Finding[] = [];
  const bundles = new Set(config.trustBundles.map((bundle) => bundle.name));
  for (const [at, each] of config.listeners.entries()) {
    for (const [hostAt, served] of each.hosts.entries()) {
      const where = ['listeners', at, 'hosts', hostAt];
      if (each.tls && served.chains.length === 0 && (served.certificate === undefined || served.key === undefined)) {
        findings.push(
          finding(where, `${served.name} without certificate or key`, 'both, since the listener speaks TLS'),
        );
      }
      const infrastructures = served.chains.map(({ infrastructure }) => infrastructure);
      for (const [chainAt, infrastructure] of infrastructures.entries()) {
        if (infrastructures.indexOf(infrastructure) !== chainAt)
          findings.push(
            finding(
              [...where, 'chains', chainAt, 'infrastructure'],
              `${infrastructure} again`,
              'each infrastructure once',
            ),
          );
      }
      const wants = served.clientCertificate !== undefined && served.clientCertificate !== 'none';
      if (!each.tls && wants) {
        findings.push(
          finding(
            where,
            `${served.name} on plain HTTP`,
            'clientCertificate: none, or no such line, since plain HTTP brings no certificate',
          ),
        );
      }
      findings.push(...sessionFindings(served, (found, expected) => finding([...where, 'uiSession'], found, expected)));
      if (config.snapshot === 'files' && wants && !bundles.has(served.trust)) {
        findings.push(
          finding(
            [...where, 'trust'],
            `trust bundle "${served.trust}"`,
            `one of trustBundles: ${[...bundles].join(', ') || 'none is declared'}`,
          ),
        );
      }
    }
  }
  for (const [at, { name: bundle, dated, anchors, crlUrls }] of config.trustBundles.entries()) {
    if (config.snapshot === 'files' && dated === undefined && anchors === undefined)
      findings.push(finding(['trustBundles', at], `${bundle} without anchors`, '`anchors`, `dated`, or both'));
    for (const [urlAt, { url, authorities }] of crlUrls.entries()) {
      const isHttps = url.toLowerCase().startsWith('https:');
      const where = ['trustBundles', at, 'crlUrls', urlAt];
      if (isHttps && authorities === undefined)
        findings.push(finding(where, 'https without authorities', '`authorities`, whom the server is certified by'));
      if (!isHttps && authorities !== undefined)
        findings.push(finding(where, 'http with authorities', 'https, or no `authorities`'));
    }
  }
  findings.push(...snapshotFindings(config, finding));
  findings.push(...upstreamFindings(config.upstreams, config.control?.url ?? null, finding));
  findings.push(...identityFieldFindings(config.identityFields, finding));
  findings.push(...countersFindings(config.counters, config.node, finding));
  findings.push(...evidenceFindings(config, finding));
  return findings.length > 0 ? { ok: false, findings } : { ok: true, config };
}

/** A session belongs to a certificate, ends by being idle before it ends for good, and is announced while it is open. */
function sessionFindings(
  { name: hostNamed, clientCertificate, uiSession: session }: z.infer<typeof host>,
  finding: (found: string, expected: string) => Finding,
): Finding[] {
  if (session === undefined) return [];
  const { idleMs, absoluteMs, announceMs } = session;
  return [
    ...(clientCertificate === 'none'
      ? [finding(`sessions at ${hostNamed} without client certificates`, 'clientCertificate: required')]
      : []),
    ...(idleMs > absoluteMs ? [finding(`idleMs ${idleMs}`, `at most absoluteMs, ${absoluteMs}`)] : []),
    ...(announceMs >= idleMs ? [finding(`announceMs ${announceMs}`, `less than idleMs, ${idleMs}`)] : []),
  ];
}

/** What is control's to say is not said twice. */
function snapshotFindings(
  config: z.infer<typeof configSchema>,
  finding: ReadFile<unknown>['finding'],
): readonly Finding[] {
  if (config.snapshot === 'files') return [];
  const { catalogue, policy, shadowPolicy, provisioning, trust, positions, chainPositions } = config;
  const isWritten = {
    catalogue: catalogue !== '.',
    policy: policy !== undefined,
    shadowPolicy: shadowPolicy !== undefined,
    provisioning: provisioning !== undefined,
    trust: trust !== undefined,
    positions: Object.keys(positions).length > 0,
    chainPositions: Object.keys(chainPositions).length > 0,
  };
  const ownTrust = config.trustBundles.flatMap(({ dated, anchors, intermediates }, at) =>
    dated === undefined && anchors === undefined && intermediates === undefined
      ? []
      : [
          finding(
            ['trustBundles', at],
            'certificates beside `snapshot: control`',
            'lists alone: control publishes whom to trust',
          ),
        ],
  );
  return [
    ...(config.control === undefined
      ? [finding(['snapshot'], 'control without `control`', 'the section `control`')]
      : []),
    ...Object.entries(isWritten).flatMap(([name, written]) =>
      written ? [finding([name], `${name} beside \`snapshot: control\``, 'no such line: control publishes it')] : [],
    ),
    ...ownTrust,
  ];
}
