// A translation as files: a catalogue folder, and the configuration of a gateway. Both are read by what reads them everywhere. What a file
// must say and the configuration does not is marked UNKNOWN.
import type { ImportedBigip } from './import-bigip.ts';
import type { TranslatedAddress, TranslatedHost, TranslatedListener, TranslatedUpstream } from './translation.ts';

/** Files by their names, relative to a folder. */
export type WrittenFiles = ReadonlyMap<string, string>;

/** What a host is called of which nothing is known: no such name can exist (RFC 2606). */
const unknownHost = 'unknown.invalid';

/** Writes the files. `files` are those that were read, `day` the last day on which one of them was written. */
export function writeFiles(imported: ImportedBigip, files: readonly string[], day: string): WrittenFiles {
  return new Map([
    ['catalogue/catalogue.yaml', catalogueText(imported, files, day)],
    ['catalogue/policy.yaml', 'limits: [] # UNKNOWN: iRules may count; no limit is said otherwise\n'],
    ['catalogue/announcements.yaml', 'announcements: []\n'],
    ['catalogue/known-issues.yaml', 'issues: []\n'],
    ['catalogue/trust.yaml', 'anchors: []\nbundles: []\n'],
    ['catalogue/programme.yaml', programmeText(day)],
    ['gateway.yaml', gatewayText(imported)],
  ]);
}

/** A text in quotes of YAML, which takes those of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A remark that ends its line. */
function remark(text: string): string {
  return ` # ${text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200)}`;
}

function catalogueText({ addresses, upstreams }: ImportedBigip, files: readonly string[], day: string): string {
  const hosts = [...new Map(addresses.map((address) => [address.host, address])).values()];
  const schemes = (host: string) => [
    ...new Set(addresses.filter((each) => each.host === host).map(({ secure }) => (secure ? 'https' : 'http'))),
  ];
  const systems = upstreams.flatMap((upstream) =>
    upstream.systems.map((id) => systemLines(id, upstream, addresses, files)),
  );
  return `# Made by \`headgate import bigip\` of ${files.length} file(s). UNKNOWN marks what a catalogue says and a configuration does not.
format: 1
operator: { id: unknown, name: "UNKNOWN" }
document:
  title: ${quoted(`Configuration of BIG-IP: ${files.join(', ')}`.slice(0, 400))}
  citation: file
  edition: ${day}
  zone: UTC # UNKNOWN
environments:
  - { id: unknown, name: "UNKNOWN" } # production, or one to try things out: the files do not say
namespaces: [] # UNKNOWN: pools of global limits
infrastructures:
  - { id: big-ip, name: BIG-IP }
servedBy: { new: big-ip, old: big-ip, afterHardCutover: big-ip }
matrixKey: []
forms: []
hosts:
${hosts.length === 0 ? `  - { name: ${unknownHost}, environment: unknown, schemes: [https] } # UNKNOWN: no host is named in the files\n` : hosts.map(({ host }) => `  - { name: ${host}, environment: unknown, schemes: [${schemes(host).join(', ')}] }\n`).join('')}naming:
  verbs:
    - { prefix: Retrieve, operation: retrieve } # UNKNOWN: by which verbs names of services begin
  source: UNKNOWN
systems:
${systems.length === 0 ? '  - { id: unknown, name: "UNKNOWN", matrix: false, addresses: {} }\n' : systems.join('')}`;
}

function systemLines(
  id: string,
  { pool, file, line }: TranslatedUpstream,
  addresses: readonly TranslatedAddress[],
  files: readonly string[],
): string {
  const address = addresses.find(({ system }) => system === id);
  // Names are told apart, as ids are.
  const name = address === undefined ? pool : `${pool} at ${address.host}${address.path}`;
  const head = `  - id: ${id}
    name: ${quoted(name.slice(0, 400))}${remark('UNKNOWN: what participants call it')}
    matrix: false
`;
  const note = `    note: ${quoted(`ltm pool ${pool}, ${file} line ${line}`.slice(0, 2_000))}\n`;
  if (address === undefined)
    return `${head}    addresses: {}${remark('UNKNOWN: no host is known at which it is served')}\n${note}`;
  const { host, path, secure, certificate, channel, source } = address;
  const need = certificate === null ? '' : `, certificate: ${certificate}`;
  const url = quoted(`${secure ? 'https' : 'http'}://${host}${path}`);
  const page = Math.max(1, files.indexOf(file) + 1);
  return `${head}    addresses:
      unknown:
        ${channel ?? 'api'}:${channel === null ? remark('UNKNOWN: for programs (api) or people (ui)') : remark('an access profile signs people in')}
          new: { url: ${url}, pages: [${page}]${need} }${remark(`UNKNOWN: new or old; from ${source}`)}
${note}`;
}

function programmeText(day: string): string {
  return `actions: []
statements: []
addressRanges: []
forum:
  name: UNKNOWN
  rhythm: UNKNOWN
  zone: UTC
  from: ${day}
  links: []
  pages: [1]
  editions: []
  topics: []
support:
  contact: unknown@example.org
  channel: UNKNOWN
  asked: []
  pages: [1]
areas: []
references: []
discrepancies: []
`;
}

function gatewayText({ listeners, upstreams, trust }: ImportedBigip): string {
  const bundles = trust.map(
    ({ name, anchors, crls }) =>
      `  - { name: ${quoted(name)}, anchors: ${quoted(anchors)}${crls.length === 0 ? '' : `, crls: [${crls.map(quoted).join(', ')}]`} }\n`,
  );
  return `# Made by \`headgate import bigip\`. Certificates, keys and authorities are not in a configuration of BIG-IP: export them into the
# files that are named. \`npx --no headgate gateway --config gateway.yaml --check\` says what is missing.
node: gateway
evidence: { folder: evidence }
listeners:${listeners.length === 0 ? `${remark('UNKNOWN: no host is named in the files, and a listener needs one')}\n  []` : ''}
${listeners.map(listenerLines).join('')}catalogue: catalogue
${bundles.length === 0 ? 'trustBundles: []\n' : `trustBundles:\n${bundles.join('')}`}upstreams:${upstreams.length === 0 ? `${remark('UNKNOWN: no pool has a member')}\n  []` : ''}
${upstreams.map(upstreamLines).join('')}`;
}

function listenerLines({ name, address, port, tls, hosts, file, line, virtuals }: TranslatedListener): string {
  return `  - name: ${quoted(name)}${remark(`${virtuals.join(', ')}, ${file} line ${line}`)}
    address: ${quoted(address)}${remark('of the BIG-IP: this machine needs it, or one of its own')}
    port: ${port}
    tls: ${tls}
    hosts:
${hosts.map(hostLines).join('')}`;
}

function hostLines({
  name,
  from,
  certificate,
  key,
  clientCertificate,
  trust,
  strictTransportMs,
}: TranslatedHost): string {
  const lines = [
    `      - name: ${quoted(name)}${remark(from)}`,
    ...(certificate === null ? [] : [`        certificate: ${quoted(certificate)}`]),
    ...(certificate === null
      ? []
      : [`        key: ${quoted(key ?? 'certificates/unknown.key')}${key === null ? remark('UNKNOWN') : ''}`]),
    ...(clientCertificate === null ? [] : [`        clientCertificate: ${clientCertificate}`]),
    ...(trust === null ? [] : [`        trust: ${quoted(trust)}`]),
    ...(strictTransportMs === null ? [] : [`        strictTransportMs: ${strictTransportMs}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function upstreamLines(upstream: TranslatedUpstream): string {
  return upstream.systems.map((system) => entryLines(system, upstream)).join('');
}

function entryLines(
  system: string,
  { pool, file, line, endpoints, balance, hashKey, check, tls }: TranslatedUpstream,
): string {
  const lines = [
    `  - system: ${quoted(system)}${remark(`${pool}, ${file} line ${line}`)}`,
    '    endpoints:',
    ...endpoints.map(({ url, weight }) =>
      weight === 1 ? `      - ${quoted(url)}` : `      - { url: ${quoted(url)}, weight: ${weight} }`,
    ),
    ...(balance === 'round-robin' ? [] : [`    balance: ${balance}`]),
    ...(hashKey === null ? [] : [`    hashKey: ${hashKey}`]),
    ...(check === null ? [] : ['    check:', `      kind: ${check.kind}`]),
    ...(check === null || check.path === null ? [] : [`      path: ${quoted(check.path)}`]),
    ...(check === null || check.host === null ? [] : [`      host: ${quoted(check.host)}`]),
    ...(check === null || check.statuses.length === 0 ? [] : [`      statuses: [${check.statuses.join(', ')}]`]),
    ...(check === null
      ? []
      : [`      intervalMs: ${check.intervalMs}`, `      timeoutMs: ${check.timeoutMs}`, `      fall: ${check.fall}`]),
    ...(tls === null ? [] : ['    tls:', `      authorities: ${quoted(tls.authorities)}`]),
    ...(tls === null || tls.certificate === null
      ? []
      : [`      certificate: ${quoted(tls.certificate)}`, `      key: ${quoted(tls.key ?? '')}`]),
    ...(tls === null || tls.serverName === null ? [] : [`      serverName: ${quoted(tls.serverName)}`]),
  ];
  return `${lines.join('\n')}\n`;
}
