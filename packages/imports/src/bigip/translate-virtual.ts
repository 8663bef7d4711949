// A virtual server becomes a listener with its hosts, and what it sends where becomes addresses.
import { type ConfigView, listOf, memberOf, plainName, portOf, socketOf } from './config-view.ts';
import type { Notes } from './notes.ts';
import type { ConfigObject, Statement } from './tmsh-text.ts';
import { type CallerTls, translateClientSsl } from './translate-hosts.ts';
import { type PolicyPlace, placesOf } from './translate-policy.ts';
import type { TranslatedHost } from './translation.ts';

/** A virtual server that speaks HTTP, as far as it translates. */
export interface TranslatedVirtual {
  readonly object: ConfigObject;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly hosts: readonly TranslatedHost[];
  readonly need: TranslatedHost['clientCertificate'];
  readonly trust: readonly CallerTls['trust'][];
  /** Where calls go: by host and path, and to the pool of the whole. */
  readonly places: readonly PolicyPlace[];
  readonly pool: string | null;
  readonly serverSsl: ConfigObject | string | undefined;
  readonly bySource: boolean;
  /** An access profile of APM stands before it. */
  readonly hasAccess: boolean;
}

/** Profiles that every BIG-IP has, by their names. */
const builtIn: Readonly<Record<string, string>> = {
  http: 'http',
  'http-transparent': 'http',
  clientssl: 'client-ssl',
  'clientssl-insecure-compatible': 'client-ssl',
  'clientssl-secure': 'client-ssl',
  serverssl: 'server-ssl',
  'serverssl-insecure-compatible': 'server-ssl',
  tcp: 'tcp',
  'tcp-lan-optimized': 'tcp',
  'tcp-wan-optimized': 'tcp',
  'f5-tcp-lan': 'tcp',
  'f5-tcp-wan': 'tcp',
  'f5-tcp-progressive': 'tcp',
  oneconnect: 'one-connect',
  fastL4: 'fastl4',
  websocket: 'websocket',
  http2: 'http2',
  httpcompression: 'http-compression',
  'wan-optimized-compression': 'http-compression',
  webacceleration: 'web-acceleration',
  udp: 'udp',
  'request-log': 'request-log',
  rewrite: 'rewrite',
  stream: 'stream',
  analytics: 'analytics',
  'access-portal': 'access',
};

/** Members of a virtual server with a counterpart, or that change nothing here. */
const silent: ReadonlySet<string> = new Set(
  'destination ip-protocol mask pool profiles rules policies persist source source-address-translation translate-address translate-port description app-service partition creation-time last-modified-time vs-index address-status metadata serverssl-use-sni vlans-enabled service-down-immediate-action enabled'.split(
    ' ',
  ),
);

const instead: Readonly<Record<string, string>> = {
  'connection-limit': '`path.connectionsMax`',
  'rate-limit': 'limits of the policy',
  'rate-class': 'limits of the policy',
  'rate-limit-mode': 'limits of the policy',
  vlans: 'the address of the listener, and the routes of the machine',
  'security-log-profiles': 'evidence',
  'fw-enforced-policy': 'a packet filter of the machine',
  'ip-intelligence-policy': 'a packet filter in front',
  'fallback-persistence': '`balance: consistent-hash`',
  'last-hop-pool': 'routes of the machine',
  'clone-pools': 'nothing: no copy of a call is sent',
  mirror: 'nothing: connections are drained, not mirrored; see docs/guides/several-nodes.md',
  disabled: 'leave it out',
};

/** Translates a virtual server; null where it does not speak HTTP, or is not in use. */
export function translateVirtual(virtual: ConfigObject, view: ConfigView, notes: Notes): TranslatedVirtual | null {
  const profiles = profilesOf(virtual, view);
  const socket = destinationOf(virtual, view);
  if (memberOf(virtual.block, 'disabled') !== undefined) {
    notes.add(virtual, 'disabled', 'it is disabled', 'nothing, or enable it and read the file again');
    return null;
  }
  if (!profiles.some(({ kind }) => kind === 'http' || kind === 'http2')) {
    notes.add(
      virtual,
      'profiles',
      'it does not speak HTTP: a gateway forwards calls, not connections',
      'a balancer of connections beside the gateway',
    );
    return null;
  }
  if (socket === null) {
    notes.add(
      virtual,
      'destination',
      'the destination is no address with a port',
      'name address and port of the listener',
    );
    return null;
  }
  const tls = profiles.filter(({ kind }) => kind === 'client-ssl');
  const callers = tls.map(({ name, object }) => callersOf(virtual, name, object, view, notes));
  noteProfiles(virtual, profiles, view, notes);
  noteMembers(virtual, notes);
  const hsts = hstsOf(profiles, view);
  const server = profiles.find(({ kind }) => kind === 'server-ssl');
  const pool = memberOf(virtual.block, 'pool')?.words[1];
  return {
    object: virtual,
    ...socket,
    tls: tls.length > 0,
    hosts: callers.flatMap((each) => each.hosts).map((host) => ({ ...host, strictTransportMs: hsts })),
    need: callers[0]?.need ?? null,
    trust: callers.map((each) => each.trust),
    places: policiesOf(virtual, view, notes),
    pool: pool === undefined || pool === 'none' ? null : pool,
    serverSsl: server === undefined ? undefined : (server.object ?? server.name),
    bySource: isBySource(virtual, view, notes),
    hasAccess: profiles.some(({ kind }) => kind === 'access'),
  };
}

interface NamedProfile {
  readonly name: string;
  readonly kind: string;
  readonly object: ConfigObject | null;
  readonly said: Statement;
}

function profilesOf(virtual: ConfigObject, view: ConfigView): readonly NamedProfile[] {
  const named = memberOf(virtual.block, 'profiles')?.block ?? [];
  return named.flatMap((said) =>
    said.words.map((name): NamedProfile => {
      const ltm = view.findAny('ltm profile ', name, virtual);
      const object = ltm ?? view.findAny('apm profile ', name, virtual) ?? null;
      const kind =
        object?.kind.replace(/^(?:ltm|apm) profile /, '') ?? builtIn[name.slice(name.lastIndexOf('/') + 1)] ?? '';
      return { name, kind, object, said };
    }),
  );
}

function destinationOf(
  virtual: ConfigObject,
  view: ConfigView,
): { readonly address: string; readonly port: number } | null {
  const written = memberOf(virtual.block, 'destination')?.words[1];
  const socket = written === undefined ? null : socketOf(written);
  const port = socket === null ? null : portOf(socket.port);
  if (written === undefined || socket === null || port === null || port === 0) return null;
  const named = view.find('ltm virtual-address', written.replace(/[:.][^:.]*$/, ''), virtual);
  const address =
    (named === undefined ? undefined : memberOf(named.block, 'address')?.words[1]?.split('%')[0]) ?? socket.address;
  if (address === 'any') return { address: '0.0.0.0', port };
  return /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? { address: address.toLowerCase(), port } : null;
}

function callersOf(
  virtual: ConfigObject,
  name: string,
  object: ConfigObject | null,
  view: ConfigView,
  notes: Notes,
): CallerTls {
  if (object !== null) return translateClientSsl(object, view, notes);
  notes.add(
    virtual,
    'profiles',
    `the files do not have ${name}, so that neither hosts nor certificates are known`,
    'name hosts with their certificates under `listeners[].hosts`',
  );
  return { hosts: [], need: null, trust: null };
}

/** What other profiles do, and what does it here; null: nothing to be told. */
const profileInstead: Readonly<Record<string, string | null>> = {
  http: null,
  'client-ssl': null,
  'server-ssl': null,
  'one-connect': null,
  tcp: null,
  'request-log': null,
  websocket: '`upgrade: [websocket]` of the addresses of user interfaces',
  http2: 'nothing: callers that offer HTTP/2 are served over HTTP/1.1',
  'http-compression': 'nothing: answers pass as systems send them',
  'web-acceleration': 'nothing: nothing is cached',
  access: 'client certificates; `uiSession` of the host for sessions of people',
  rewrite: 'nothing: neither paths nor bodies are changed',
  stream: 'nothing: neither paths nor bodies are changed',
};

function noteProfiles(virtual: ConfigObject, profiles: readonly NamedProfile[], view: ConfigView, notes: Notes): void {
  for (const { name, kind, object, said } of profiles) {
    const counterpart = profileInstead[kind];
    if (counterpart !== null)
      notes.add(
        virtual,
        said,
        kind === '' ? `what ${name} is, the files do not say` : `a profile of kind ${kind} has no counterpart`,
        counterpart ?? 'see whether it is needed',
      );
    if (kind === 'http' && object !== null) for (const each of view.lineage(object)) noteHttp(each, view, notes);
    if (kind === 'tcp' && object !== null && memberOf(object.block, 'idle-timeout') !== undefined)
      notes.add(
        object,
        memberOf(object.block, 'idle-timeout') ?? null,
        'how long idle connections are kept is said once for all',
        '`path.keepAliveMs`',
      );
  }
}

/** Members of an http profile that change calls, and what does the same. */
const httpInstead: Readonly<Record<string, string>> = {
  'insert-xforwarded-for': 'nothing is inserted; back ends learn who calls by `identityFields`',
  'accept-xff': '`balancers` of the listener, with the PROXY protocol',
  'header-insert': '`identityFields`, if it says who calls',
  'header-erase': 'nothing for fields of identity: those of callers never pass',
  'fallback-host': 'nothing: a caller reads why its call was refused',
  'fallback-status-codes': 'nothing: a caller reads what the system answered',
  'encrypt-cookies': 'nothing: cookies of systems pass as they are',
  'redirect-rewrite': 'nothing: answers pass as systems send them',
  'request-chunking': 'nothing: bodies in chunks get a length where systems need one',
  'response-chunking': 'nothing',
  'server-agent-name': 'nothing',
  'lws-separator': 'nothing',
  enforcement: '`path.headerBytesMax`, and a strict reader of HTTP',
};

function noteHttp(profile: ConfigObject, view: ConfigView, notes: Notes): void {
  for (const said of profile.block) {
    const [member = '', value = ''] = said.words;
    const isSet = said.block !== null || !['none', 'disabled', 'preserve', 'selective', 'sustain', ''].includes(value);
    const counterpart = httpInstead[member];
    if (counterpart !== undefined && isSet)
      notes.add(profile, said, 'a call is not changed by a gateway in this way', counterpart);
  }
  if (view.words(profile, 'proxy-type')?.[0] === 'explicit')
    notes.add(profile, 'proxy-type', 'an explicit proxy', 'nothing: a gateway serves the hosts of its catalogue');
}

function hstsOf(profiles: readonly NamedProfile[], view: ConfigView): number | null {
  for (const { kind, object } of profiles) {
    const hsts = kind === 'http' && object !== null ? view.block(object, 'hsts') : undefined;
    if (hsts === undefined || memberOf(hsts, 'mode')?.words[1] !== 'enabled') continue;
    const seconds = Number(memberOf(hsts, 'maximum-age')?.words[1] ?? 16_070_400);
    return Number.isSafeInteger(seconds) && seconds > 0 ? Math.min(seconds * 1_000, 63_072_000_000) : null;
  }
  return null;
}

function noteMembers(virtual: ConfigObject, notes: Notes): void {
  for (const said of virtual.block) {
    const [member = '', value = ''] = said.words;
    if (!silent.has(member) && value !== 'none' && value !== 'disabled')
      notes.add(virtual, said, 'has no counterpart of a listener', instead[member] ?? 'see whether it is needed');
  }
  const source = memberOf(virtual.block, 'source');
  if (source !== undefined && !/^(?:0\.0\.0\.0(?:%\d+)?\/0|::(?:%\d+)?\/0)$/.test(source.words[1] ?? ''))
    notes.add(virtual, source, 'it serves some networks only', 'a packet filter of the machine');
  const translation = memberOf(virtual.block, 'source-address-translation');
  if (translation?.block !== null && memberOf(translation?.block ?? [], 'type')?.words[1] === 'snat')
    notes.add(
      virtual,
      translation ?? null,
      'back ends see addresses of a pool',
      'a gateway calls from its own address: open it at the back ends',
    );
}

function policiesOf(virtual: ConfigObject, view: ConfigView, notes: Notes): readonly PolicyPlace[] {
  return listOf(memberOf(virtual.block, 'policies')?.block ?? undefined).flatMap((name) => {
    const policy = view.find('ltm policy', name, virtual);
    if (policy !== undefined) return placesOf(policy, view, notes);
    notes.add(virtual, 'policies', `the files do not have ${name}`, 'read the file that has it, too');
    return [];
  });
}

/** Persistence by source or by a hash of it keeps callers together; by cookies it would need cookies. */
function isBySource(virtual: ConfigObject, view: ConfigView, notes: Notes): boolean {
  const named = memberOf(virtual.block, 'persist')?.block ?? [];
  const [name] = named.flatMap(({ words }) => words.slice(0, 1));
  if (name === undefined) return false;
  const kind =
    view.findAny('ltm persistence ', name, virtual)?.kind.slice('ltm persistence '.length) ??
    name.slice(name.lastIndexOf('/') + 1);
  if (/^source[-_]addr$/.test(kind)) return true;
  notes.add(
    virtual,
    'persist',
    `calls are kept together by ${kind}`,
    '`balance: consistent-hash` with `hashKey: credential`, which needs no cookie',
  );
  return false;
}

/** A name for the listener of a virtual server. */
export function listenerName(virtual: ConfigObject): string {
  return plainName(virtual.name).replace(/\./g, '-').slice(0, 60);
}
