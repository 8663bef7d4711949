// A real gateway on loopback with real certificates, for one test file. A test names only what it is about.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { type Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EvidenceRecord, loadCatalogueFolder } from '@headgate/contract';
import {
  type Config,
  configSchema,
  type GatewayNotice,
  type RunningGateway,
  startGateway,
  type WrittenConfig,
} from '@headgate/gateway';
import {
  createTestAuthority,
  type Family,
  type KeyType,
  type TestAuthority,
  type TestUser,
  type TrustBundlePem,
} from '@headgate/pki';
import { type FakeClock, fakeClock } from './clock.ts';
import { startTestUpstream, type TestUpstream, type UpstreamAnswer } from './test-upstream.ts';

type HostOptions = WrittenConfig['listeners'][number]['hosts'][number];

/** The deck's profile, as shipped. */
export const caisoCatalogue = fileURLToPath(new URL('../../../catalogues/caiso', import.meta.url));
/** The invented operator, as shipped. */
export const exampleCatalogue = fileURLToPath(new URL('../../../catalogues/example', import.meta.url));

/** What differs from a gateway of the deck's profile with its own policy. */
export interface TestGatewayOptions {
  readonly clock?: FakeClock;
  readonly catalogue?: string;
  /** Hosts on the TLS listener. Default: the deck's production and MAP Stage hosts for programs, and one page host. */
  readonly hosts?: readonly string[];
  /** Hosts on the plain listener, anonymous. Default: oasis.caiso.com. */
  readonly plainHosts?: readonly string[];
  /** Hosts on the TLS listener that ask for no client certificate. Default: none. */
  readonly anonymousHosts?: readonly string[];
  /** Key of the server's certificate. Default: ec-p256. */
  readonly serverKeyType?: KeyType;
  /** Sessions of people, by host. Default: none. */
  readonly uiSession?: Readonly<Record<string, NonNullable<HostOptions['uiSession']>>>;
  /** Every wait of the gateway goes by the test's clock too. Advance it only while nothing is under way that must not time out. */
  readonly virtualWaits?: boolean;
  /** Of hosts of the TLS listener. Default: not said. */
  readonly strictTransportMs?: Readonly<Record<string, number>>;
  /** What hosts of the TLS listener ask for, where it is not what the catalogue says. */
  readonly clientCertificates?: Readonly<Record<string, 'required' | 'requested' | 'none'>>;
  readonly answer?: UpstreamAnswer;
  readonly path?: Partial<Config['path']>;
  readonly echo?: Partial<Config['echo']>;
  readonly breakGlass?: Partial<Config['breakGlass']>;
  readonly identityFields?: WrittenConfig['identityFields'];
  /** Threads that serve. With more than one the system's clock is read: start the test's clock at the present. */
  readonly threads?: number;
  readonly positions?: Record<string, string>;
  /** When the two user authorities count, by the trust file. Default: plain PEM files with both. */
  readonly trust?: TestTrust;
  /** Whether the trust file announces the servers' roots to callers. Default: it does. */
  readonly announced?: boolean;
  /** Hosts with a chain of each family, `HOST-legacy.pem` and `HOST-current.pem`, for the infrastructures named. Default: none. */
  readonly chains?: { readonly hosts: readonly string[]; readonly legacy: string; readonly current: string };
  readonly chainPositions?: Record<string, string>;
  /** Relative to the folder of the test. Default: `evidence`. */
  readonly evidenceFolder?: string;
  /** Where and how long evidence is kept. Default: as the configuration has it. */
  readonly evidence?: Omit<WrittenConfig['evidence'], 'folder'>;
  /** Where control is. Default: none. */
  readonly control?: WrittenConfig['control'];
  /** Networks of trusted balancers of the TLS listener. */
  readonly balancers?: readonly string[];
  /** YAML text of a provisioning file. */
  readonly provisioning?: string;
  /** Key of the gateway's documents, in PEM. Default: none. */
  readonly documentKeyPem?: string;
  /** Name of the gateway. Default: test. */
  readonly node?: string;
  /** A store that gateways share. Default: none. */
  readonly counters?: WrittenConfig['counters'];
  /** YAML text of a policy file; default: the catalogue's own. */
  readonly policy?: string;
  /** YAML text of a candidate policy in shadow. */
  readonly shadowPolicy?: string;
  /** PEM texts of the trust bundle; default: both families of users. */
  readonly trustPem?: Partial<TrustBundlePem>;
  /** Files of revocation lists, name and bytes, which the authority of the test may make. */
  readonly crls?: (authority: TestAuthority) => Readonly<Record<string, Uint8Array>>;
  /** Revocation lists that are fetched. Default: none. */
  readonly crlUrls?: readonly NonNullable<NonNullable<WrittenConfig['trustBundles']>[number]['crlUrls']>[number][];
  readonly staleCrls?: 'accept' | 'refuse';
  /** Replaces the test's own back end. */
  readonly upstreams?: WrittenConfig['upstreams'];
  /** What every call says that a test does not say otherwise. Default: as in `TestCall`. */
  readonly call?: TestCall;
}

/** From when until when the authorities of each family count, root and intermediate alike, as a trust file says it. */
export type TestTrust = Readonly<Record<Family, { readonly from: string; readonly until: string }>>;

/** A call to make; the default is a plain retrieve of market awards by the first user on the new address. */
export interface TestCall {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  /** Replaces or adds fields; null leaves one out. */
  readonly fields?: Record<string, string | string[] | null>;
  readonly body?: string | Buffer;
  /** null: no client certificate. Default: the first user. */
  readonly user?: Pick<TestUser, 'certificatePem' | 'keyPem'> | null;
  /** SNI; default: the host. Where it differs, the server's name is not checked. */
  readonly serverName?: string;
  /** Sends the body chunked, without a length. */
  readonly chunked?: boolean;
  /** Keeps connections alive over calls. Default: one connection per call. */
  readonly agent?: Agent;
  /** Abandons the call when it fires. */
  readonly signal?: AbortSignal;
  /** OpenSSL cipher string of the caller; a low security level lets it offer a weak certificate. */
  readonly ciphers?: string;
  /** Source address, 127.0.x.y. */
  readonly source?: string;
  readonly plain?: boolean;
}

/** What came back. */
export interface TestAnswer {
  readonly status: number;
  readonly fields: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** A gateway under test. */
export interface TestGateway {
  readonly port: number;
  readonly plainPort: number;
  readonly authority: TestAuthority;
  readonly user: TestUser;
  readonly clock: FakeClock;
  readonly upstream: TestUpstream;
  readonly running: RunningGateway;
  readonly folder: string;
  readonly config: Config;
  readonly records: readonly EvidenceRecord[];
  readonly notices: readonly GatewayNotice[];
  call(call?: TestCall): Promise<TestAnswer>;
  /** Says another configuration at the next reload. */
  rewrite(change: Partial<Config>): void;
  /** Writes the trust file anew; it counts from the next reload on. */
  setTrust(trust: TestTrust): Promise<void>;
  /** The record of an exchange, waiting until it is written. */
  recordOf(answer: TestAnswer): Promise<EvidenceRecord>;
  /** Waits until at least so many records are written, in all. */
  recorded(count: number): Promise<readonly EvidenceRecord[]>;
  close(): Promise<void>;
}

/** A small SOAP 1.1 request that every stage lets pass. */
export const soapRequest =
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/><soapenv:Body><RequestMarketAwards/></soapenv:Body></soapenv:Envelope>';

const hostsDefault = [
  'ws.prod.caiso.com',
  'ws.caiso.com',
  'mapstage-ws.caiso.com',
  'wsmap.caiso.com',
  'adsws.prod.caiso.com',
  'cmri.caiso.com',
];

/** Making keys takes a third of a second, so the tests of one process share an authority per start instant. */
const authorities = new Map<number, Promise<{ authority: TestAuthority; user: TestUser }>>();

function sharedAuthority(nowMs: number): Promise<{ authority: TestAuthority; user: TestUser }> {
  const made = authorities.get(nowMs) ?? makeAuthority(nowMs);
  authorities.set(nowMs, made);
  return made;
}

async function makeAuthority(nowMs: number): Promise<{ authority: TestAuthority; user: TestUser }> {
  const authority = await createTestAuthority({ nowMs });
  return { authority, user: await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' }) };
}

/** Starts a gateway in front of a back end of its own. Close it in `t.after`. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const clock = options.clock ?? fakeClock();
  const { authority, user } = await sharedAuthority(clock.now());
  const folder = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  const upstream = await startTestUpstream(options.answer);
  const config = await writeConfig(folder, authority, upstream, options);
  let written = config;
  const records: EvidenceRecord[] = [];
  const notices: GatewayNotice[] = [];
  const waiting: { exchange: string; resolve: (record: EvidenceRecord) => void }[] = [];
  const counting: { count: number; resolve: (records: readonly EvidenceRecord[]) => void }[] = [];
  const waits = virtualWaits(clock);
  const running = await startGateway({
    config,
    base: folder,
    readConfig: () => Promise.resolve(written),
    clock: () => clock.now(),
    ...(options.virtualWaits === true ? { elapsed: () => waits.now() } : {}),
    notice: (notice) => notices.push(notice),
    seen: (record) => {
      records.push(record);
      for (const waiter of waiting) if (waiter.exchange === record.exchange) waiter.resolve(record);
      for (const counter of counting) if (records.length >= counter.count) counter.resolve(records);
    },
  }).catch(async (fault: unknown) => {
    await upstream.close();
    throw fault;
  });
  const portOf = (name: string) => running.listeners.find((listener) => listener.name === name)?.port ?? 0;
  const gateway: TestGateway = {
    port: portOf('secure'),
    plainPort: portOf('plain'),
    authority,
    user,
    clock,
    upstream,
    running,
    folder,
    config,
    records,
    notices,
    call: (call = {}) => makeCall(gateway, { ...options.call, ...call }),
    rewrite(change) {
      written = { ...written, ...change };
    },
    setTrust: (trust) => writeTrust(folder, config.catalogue, authority, trust, options.announced ?? true),
    recordOf(answer) {
      const exchange = String(answer.fields['headgate-exchange']);
      const found = records.find((record) => record.exchange === exchange);
      if (found !== undefined) return Promise.resolve(found);
      const { promise, resolve } = Promise.withResolvers<EvidenceRecord>();
      waiting.push({ exchange, resolve });
      return promise;
    },
    recorded(count) {
      if (records.length >= count) return Promise.resolve(records);
      const { promise, resolve } = Promise.withResolvers<readonly EvidenceRecord[]>();
      counting.push({ count, resolve });
      return promise;
    },
    async close() {
      waits.release();
      await running.close();
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return gateway;
}

/** Waits that go by the test's clock, and once released by the machine's: what stops must not wait for a test that is over. */
function virtualWaits(clock: FakeClock): { now(): number; release(): void } {
  let aheadMs: number | null = null;
  return {
    now: () => (aheadMs === null ? clock.now() : aheadMs + performance.now()),
    release: () => {
      aheadMs ??= clock.now() - performance.now();
    },
  };
}

async function writeConfig(
  folder: string,
  authority: TestAuthority,
  upstream: TestUpstream,
  options: TestGatewayOptions,
): Promise<Config> {
  const hosts = options.hosts ?? hostsDefault;
  const anonymousHosts = options.anonymousHosts ?? [];
  const asked = options.clientCertificates ?? {};
  const chain = await authority.serverChain('current', [...hosts, ...anonymousHosts], options.serverKeyType);
  const trust = (['legacy', 'current'] as const).map((family) => authority.trustBundlePem(family, 'user'));
  await writeFile(join(folder, 'server.pem'), chain.certificatePem);
  await writeFile(join(folder, 'server.key'), chain.keyPem, { mode: 0o600 });
  const pem = {
    anchorsPem: trust.map(({ anchorsPem }) => anchorsPem).join(''),
    intermediatesPem: trust.map(({ intermediatesPem }) => intermediatesPem).join(''),
    ...options.trustPem,
  };
  await writeFile(join(folder, 'anchors.pem'), pem.anchorsPem);
  await writeFile(join(folder, 'intermediates.pem'), pem.intermediatesPem);
  const crls = Object.entries(options.crls?.(authority) ?? {});
  for (const [name, bytes] of crls) await writeFile(join(folder, name), bytes);
  for (const host of options.chains?.hosts ?? []) {
    for (const family of ['legacy', 'current'] as const) {
      const { certificatePem, keyPem } = await authority.serverChain(family, [host]);
      await writeFile(join(folder, `${host}-${family}.pem`), certificatePem);
      await writeFile(join(folder, `${host}-${family}.key`), keyPem, { mode: 0o600 });
    }
  }
  const isAnnounced = options.announced ?? true;
  await writeTrust(folder, options.catalogue ?? caisoCatalogue, authority, options.trust ?? null, isAnnounced);
  if (options.provisioning !== undefined) await writeFile(join(folder, 'provisioning.yaml'), options.provisioning);
  if (options.shadowPolicy !== undefined) await writeFile(join(folder, 'shadow-policy.yaml'), options.shadowPolicy);
  if (options.policy !== undefined) await writeFile(join(folder, 'policy.yaml'), options.policy);
  if (options.documentKeyPem !== undefined)
    await writeFile(join(folder, 'documents.key'), options.documentKeyPem, { mode: 0o600 });
  return configSchema.parse({
    node: options.node ?? 'test',
    threads: options.threads ?? 1,
    listeners: [
      {
        name: 'secure',
        port: 0,
        balancers: options.balancers ?? [],
        hosts: [...hosts, ...anonymousHosts].map((name) => ({
          name,
          certificate: 'server.pem',
          key: 'server.key',
          chains: chainsOf(name, options),
          ...(anonymousHosts.includes(name) ? { clientCertificate: 'none' } : {}),
          ...(options.uiSession?.[name] === undefined ? {} : { uiSession: options.uiSession[name] }),
          ...(asked[name] === undefined ? {} : { clientCertificate: asked[name] }),
          strictTransportMs: options.strictTransportMs?.[name] ?? 0,
        })),
      },
      {
        name: 'plain',
        port: 0,
        tls: false,
        hosts: (options.plainHosts ?? ['oasis.caiso.com']).map((name) => ({ name })),
      },
    ],
    catalogue: options.catalogue ?? caisoCatalogue,
    ...(options.policy === undefined ? {} : { policy: 'policy.yaml' }),
    ...(options.shadowPolicy === undefined ? {} : { shadowPolicy: 'shadow-policy.yaml' }),
    ...(options.provisioning === undefined ? {} : { provisioning: 'provisioning.yaml' }),
    trust: 'trust.yaml',
    trustBundles: [
      {
        name: 'users',
        ...(options.trust === undefined
          ? { anchors: 'anchors.pem', intermediates: 'intermediates.pem' }
          : { dated: 'test-users' }),
        crls: crls.map(([name]) => name),
        crlUrls: options.crlUrls ?? [],
        ...(options.staleCrls === undefined ? {} : { staleCrls: options.staleCrls }),
      },
    ],
    positions: options.positions ?? {},
    chainPositions: options.chainPositions ?? {},
    upstreams: options.upstreams ?? [{ system: '*', endpoints: [upstream.url] }],
    ...(options.counters === undefined ? {} : { counters: options.counters }),
    ...(options.identityFields === undefined ? {} : { identityFields: options.identityFields }),
    echo: options.echo ?? {},
    documents: options.documentKeyPem === undefined ? {} : { key: 'documents.key' },
    breakGlass: options.breakGlass ?? {},
    path: options.path ?? {},
    evidence: { ...options.evidence, folder: options.evidenceFolder ?? 'evidence' },
    ...(options.control === undefined ? {} : { control: options.control }),
  } satisfies Record<keyof Config, unknown> | Record<string, unknown>);
}

function chainsOf(host: string, { chains }: TestGatewayOptions) {
  if (chains?.hosts.includes(host) !== true) return [];
  return (['legacy', 'current'] as const).map((family) => ({
    infrastructure: chains[family],
    certificate: `${host}-${family}.pem`,
    key: `${host}-${family}.key`,
  }));
}

/** The catalogue's own trust file, in which callers are told of the test's roots too, with one bundle more where its users are dated. */
async function writeTrust(
  folder: string,
  catalogue: string,
  authority: TestAuthority,
  trust: TestTrust | null,
  isAnnounced: boolean,
): Promise<void> {
  const families = ['legacy', 'current'] as const;
  const announced = await Promise.all(families.map((family) => writeAnnounced(folder, authority, family)));
  const users = trust === null ? '' : await writeUsers(folder, catalogue, authority, trust);
  const text = await readFile(join(catalogue, 'trust.yaml'), 'utf8');
  await writeFile(
    join(folder, 'trust.yaml'),
    text
      .replaceAll(/purpose: server-chains\n[\s\S]*?\n {4}members:\n/g, (head) =>
        isAnnounced ? head + announced.join('') : head,
      )
      .replace('\nbundles:\n', `\nbundles:\n${users}`),
  );
}

async function writeUsers(
  folder: string,
  catalogue: string,
  authority: TestAuthority,
  trust: TestTrust,
): Promise<string> {
  const parsed = await loadCatalogueFolder(catalogue);
  if (!parsed.ok) throw new Error(`${catalogue} cannot be read`);
  const members: string[] = [];
  for (const family of ['legacy', 'current'] as const) {
    const { anchorsPem, intermediatesPem } = authority.trustBundlePem(family, 'user');
    const roles = [
      ['anchor', anchorsPem],
      ['intermediate', intermediatesPem],
    ] as const;
    for (const [role, pem] of roles) {
      await writeFile(join(folder, `${family}-${role}.pem`), pem);
      const { from, until } = trust[family];
      members.push(
        `      - { id: ${family}-${role}, role: ${role}, file: ${family}-${role}.pem, from: ${from}, until: ${until}, reason: Of this test, source: This test }\n`,
      );
    }
  }
  const environments = parsed.catalogue.environments.map(({ id }) => id).join(', ');
  return `  - id: test-users\n    purpose: user-certificates\n    environments: [${environments}]\n    members:\n${members.join('')}`;
}

/** A member of an announced bundle: callers are told of the roots that the servers of the test lead to. */
async function writeAnnounced(folder: string, authority: TestAuthority, family: Family): Promise<string> {
  await writeFile(join(folder, `${family}-server.pem`), authority.trustBundlePem(family, 'server').anchorsPem);
  return `      - { id: ${family}-server, role: anchor, file: ${family}-server.pem, from: done, until: tbd, reason: Of this test, source: This test }\n`;
}

/** What callers trust in a transition: the roots of both families (deck p. 24). */
export function serverAnchors(authority: TestAuthority): string[] {
  return (['legacy', 'current'] as const).map((family) => authority.trustBundlePem(family, 'server').anchorsPem);
}

async function makeCall(gateway: TestGateway, call: TestCall): Promise<TestAnswer> {
  const host = call.host ?? 'ws.prod.caiso.com';
  const user = call.user === undefined ? gateway.user : call.user;
  const method = call.method ?? 'POST';
  const body = call.body ?? (method === 'POST' ? soapRequest : undefined);
  const plain = {
    host: '127.0.0.1',
    method,
    path: call.path ?? '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP',
    headers: fieldsSent({
      host,
      ...(body === undefined ? {} : { 'content-type': 'text/xml', ...lengthOf(body, call.chunked === true) }),
      ...call.fields,
    }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    ...(call.source === undefined ? {} : { localAddress: call.source }),
  };
  const secure: RequestOptions = {
    ...plain,
    port: gateway.port,
    agent: call.agent ?? false,
    servername: call.serverName ?? host,
    ...(call.serverName === undefined ? {} : { checkServerIdentity: () => undefined }),
    ca: serverAnchors(gateway.authority),
    ...(call.ciphers === undefined ? {} : { ciphers: call.ciphers }),
    ...(user === null ? {} : { cert: user.certificatePem, key: user.keyPem }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<TestAnswer>();
  const outgoing =
    call.plain === true ? httpRequest({ ...plain, agent: false, port: gateway.plainPort }) : httpsRequest(secure);
  outgoing.on('error', reject);
  outgoing.on('response', (answer) => {
    const chunks: Buffer[] = [];
    answer.on('error', reject);
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () =>
      resolve({ status: answer.statusCode ?? 0, fields: answer.headers, body: Buffer.concat(chunks).toString('utf8') }),
    );
  });
  outgoing.end(body);
  return promise;
}

function lengthOf(body: string | Buffer, chunked: boolean): Record<string, string> {
  return chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(Buffer.byteLength(body)) };
}

function fieldsSent(fields: Record<string, string | string[] | null>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}
