// The commented configuration that `headgate gateway example` prints. Comments come from the schema, values stand here.
import {
  defaultsOf,
  leftOption as left,
  type OptionSchema,
  type Shown,
  type ShownGroup,
  setOption as set,
  writeExample,
} from '@headgate/contract';
import { configOptions } from './config-reference.ts';

/** A host with a pair of files of its own: a certificate that names another host is refused by every caller. */
function hostWithPair(name: string): ShownGroup {
  return { name: set(name), certificate: set(`certificates/${name}.pem`), key: set(`certificates/${name}.key`) };
}

function optionsOfHosts(options: OptionSchema): OptionSchema | undefined {
  return options.properties?.listeners?.items?.properties?.hosts?.items;
}

/** How one upstream is used: defaults, and what has none with a value to begin from. */
function upstreamValues(options: OptionSchema | undefined): ShownGroup {
  const groupOf = (name: string, values: ShownGroup = {}): Shown => ({
    leftGroup: { ...defaultsOf(options?.properties?.[name]), ...values },
  });
  const phases = Object.keys(options?.properties?.timeouts?.properties ?? {});
  return {
    balance: left('round-robin'),
    hashKey: left('credential'),
    panicPercent: left(0),
    check: groupOf('check', { kind: left('http'), host: left('cmri.example.net'), statuses: left([200, 204]) }),
    ejection: groupOf('ejection'),
    tls: groupOf('tls', {
      authorities: left('trust/systems-anchors.pem'),
      certificate: left('certificates/gateway.pem'),
      key: left('certificates/gateway.key'),
      serverName: left('cmri.example.net'),
    }),
    retry: groupOf('retry'),
    timeouts: {
      leftGroup: Object.fromEntries(
        phases.map((name) => [name, left(configOptions().properties?.path?.properties?.[name]?.default)]),
      ),
    },
  };
}

/** Hosts over TLS: one with every choice, one that moves between two chains, one as plain as can be. */
function secureHosts(options: OptionSchema): readonly ShownGroup[] {
  const legacyChain = {
    infrastructure: 'legacy',
    certificate: 'certificates/ws-legacy.pem',
    key: 'certificates/ws-legacy.key',
  };
  return [
    {
      ...hostWithPair('ws.prod.caiso.com'),
      clientCertificate: left('requested'),
      strictTransportMs: left(0),
      trust: left('users'),
      uiSession: { leftGroup: defaultsOf(optionsOfHosts(options)?.properties?.uiSession) },
    },
    { ...hostWithPair('ws.caiso.com'), chains: left([legacyChain]) },
    hostWithPair('adsws.prod.caiso.com'),
  ];
}

const listUrl = {
  url: 'https://crl.test/a',
  authorities: 'b.pem',
  everyMs: 30_000,
  timeoutMs: 10_000,
  bytesMax: 1_048_576,
};
/** A store that gateways share, with values for what has no default. */
function countersValues(options: OptionSchema | undefined): ShownGroup {
  const tls = {
    authorities: left('trust/store-anchors.pem'),
    serverName: left('counters.example.net'),
    certificate: left('certificates/gateway.pem'),
    key: left('certificates/gateway.key'),
  };
  const values = {
    ...defaultsOf(options),
    endpoints: left([{ host: 'counters.example.net', port: 6_379 }]),
    nodes: left(['gateway-1', 'gateway-2']),
    username: left('headgate'),
    password: left('certificates/counters.password'),
    tls: { leftGroup: tls },
  };
  return { valkey: { leftGroup: values } };
}

function exampleListeners(options: OptionSchema): readonly ShownGroup[] {
  return [
    {
      name: set('secure'),
      address: set('127.0.0.1'),
      port: set(8443),
      tls: left(true),
      balancers: left(['192.0.2.0/24']),
      hosts: { list: secureHosts(options) },
    },
    { name: set('plain'), port: set(8080), tls: set(false), hosts: { list: [{ name: set('oasis.caiso.com') }] } },
  ];
}

function exampleValues(options: OptionSchema): ShownGroup {
  return {
    node: set('gateway-1'),
    threads: left(1),
    listeners: { list: exampleListeners(options) },
    snapshot: set('files'),
    catalogue: set('catalogues/caiso'),
    policy: left('catalogues/caiso/policy.yaml'),
    shadowPolicy: left('candidate.yaml'),
    provisioning: left('provisioning.yaml'),
    trust: left('trust/trust.yaml'),
    trustBundles: {
      list: [
        {
          name: set('users'),
          dated: left('production-users'),
          anchors: set('trust/users-anchors.pem'),
          intermediates: set('trust/users-intermediates.pem'),
          crls: left(['trust/users-issuing.crl']),
          crlUrls: left([listUrl]),
          staleCrls: left('accept'),
        },
      ],
    },
    positions: left({ 'ws.caiso.com': 'current' }),
    chainPositions: left({ 'ws.caiso.com': 'current' }),
    upstreams: {
      list: [
        {
          system: set('*'),
          environment: left('*'),
          infrastructure: left('*'),
          endpoints: { list: [{ url: set('http://127.0.0.1:9000'), weight: left(1) }] },
          ...upstreamValues(options.properties?.upstreams?.items),
        },
      ],
    },
    counters: { leftGroup: countersValues(options.properties?.counters?.properties?.valkey) },
    control: {
      leftGroup: {
        url: left('https://control.example.net:9443'),
        certificate: left('certificates/gateway-1.pem'),
        key: left('certificates/gateway-1.key'),
        trust: left('trust/control-anchors.pem'),
        serverName: left('control.example.net'),
      },
    },
    identityFields: exampleFields,
    echo: { group: { path: set('/headgate/echo'), environments: left(['map-stage']) } },
    documents: left({ key: 'documents.key' }),
    path: { group: { ...defaultsOf(options.properties?.path), bodyBytesMax: set(1_048_576) } },
    breakGlass: { group: { msMax: set(86_400_000) } },
    evidence: { group: { ...defaultsOf(options.properties?.evidence), folder: set('evidence'), into: left('spool') } },
  };
}

const exampleFields = left([
  { name: 'client-cert', value: 'certificate' },
  { name: 'x-ssl-client-cn', value: 'common-name' },
]);

/** Writes the commented example: every option with its meaning, default and bounds, ready to be edited. */
export function exampleConfig(): string {
  const options = configOptions();
  const head = [
    '# Configuration of a Headgate gateway. Relative file names start from the folder of this file.',
    '# As printed it serves the production API: every system below /sst/ at its new and old address, ADS and OASIS.',
    '# Other hosts of the catalogue (MAP stage, user interfaces) need a host entry and a certificate of their own.',
    '# A line that begins with "#" and no space is an option at its default, or one that few need: take the "#" away to',
    '# set it. An unknown key is refused. Every option: docs/reference/gateway-configuration.md.',
    '',
  ];
  return `${[...head, ...writeExample(options, exampleValues(options))].join('\n')}\n`;
}
