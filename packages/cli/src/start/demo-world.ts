// The demo's own world on disk: an authority made at run time, server chains of both families, a few participants with their
// certificates, and the files that the gateway and the command line read. Nothing of it is a secret of anybody.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestAuthority, type TestAuthority, type TestUser } from '@headgate/pki';
import { parse, stringify } from 'yaml';
import { lockName } from './demo-lock.ts';

/** A participant of the demo: an organisation with one certificate, calling from one loopback address. */
export interface DemoParticipant {
  readonly id: string;
  readonly name: string;
  readonly scids: readonly string[];
  /** The participant whose rights it uses, where it has none of its own. */
  readonly endorsedBy?: string;
  /** `CN` of its certificate: a name, "x" and four digits. */
  readonly credential: string;
  readonly source: string;
}

/** Everybody in the demo, for coordinators that the simulator knows. `you` is the person at the keyboard; nobody else calls as it. */
export const demoParticipants = [
  { id: 'alpha-energy', name: 'Alpha Energy', scids: ['EXA1'], credential: 'ALPHAx1001', source: '127.0.1.11' },
  { id: 'bravo-municipal', name: 'Bravo Municipal', scids: ['EXB2'], credential: 'BRAVOx1002', source: '127.0.1.12' },
  { id: 'charlie-storage', name: 'Charlie Storage', scids: ['EXC3'], credential: 'CHARLIEx1003', source: '127.0.1.13' },
  { id: 'delta-trading', name: 'Delta Trading', scids: [], credential: 'DELTAx1004', source: '127.0.1.14' },
  { id: 'you', name: 'You', scids: [], endorsedBy: 'alpha-energy', credential: 'YOUx1000', source: '127.0.1.10' },
] as const satisfies readonly DemoParticipant[];

/** Name of the demo's gateway. */
const demoNode = 'demo';

/** Hosts that the demo's gateway serves over TLS, with the family of the chain each shows before any cutover (deck p. 23). */
const secureHosts = [
  { name: 'ws.prod.caiso.com', family: 'current' },
  { name: 'ws.caiso.com', family: 'legacy' },
  { name: 'mapstage-ws.caiso.com', family: 'current' },
  { name: 'wsmap.caiso.com', family: 'legacy' },
  { name: 'adsws.prod.caiso.com', family: 'current' },
  { name: 'cmri.caiso.com', family: 'current' },
] as const;

/** Anonymous hosts over plain HTTP (deck p. 5: http://oasis.caiso.com). */
const plainHosts = ['oasis.caiso.com'] as const;

/** Where the demo's files are. */
export interface DemoWorld {
  readonly folder: string;
  readonly gatewayConfig: string;
  readonly controlConfig: string;
  readonly evidenceFolder: string;
  /** What the gateway says beside its evidence. */
  readonly gatewayLog: string;
  /** What control says on its standard error. */
  readonly controlLog: string;
  /** Profile file of a participant, for `headgate call --profile`. */
  profile(id: string): string;
}

/** Where the demo listens. */
export interface DemoPorts {
  readonly tls: number;
  readonly plain: number;
  readonly control: number;
}

/** What the demo's world is made from. */
export interface DemoWorldOptions {
  readonly folder: string;
  readonly catalogue: string;
  readonly nowMs: number;
  readonly ports: DemoPorts;
  /** Where the market systems listen, by infrastructure. */
  readonly upstreams: { readonly legacy: string; readonly current: string };
}

/** Makes the world anew in a folder whose lock is held: everything of an earlier run is removed first, its evidence too. */
export async function createDemoWorld(options: DemoWorldOptions): Promise<DemoWorld> {
  const { folder } = options;
  const earlier = (await readdir(folder)).filter((name) => name !== lockName);
  await Promise.all(earlier.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  const gatewayConfig = join(folder, 'gateway.yaml');
  await writeFile(gatewayConfig, gatewayYaml(options)); // First: by it an unfinished world is known as a demo's.
  await mkdir(join(folder, 'keys'), { recursive: true, mode: 0o700 });
  const authority = await createTestAuthority({ nowMs: options.nowMs });
  await Promise.all([
    writeServers(folder, authority),
    writeTrust(options, authority),
    writePeople(options, authority),
    writeControl(options, authority),
  ]);
  return {
    folder,
    gatewayConfig,
    controlConfig: join(folder, 'control.yaml'),
    evidenceFolder: join(folder, 'evidence'),
    gatewayLog: join(folder, 'gateway.log'),
    controlLog: join(folder, 'control.log'),
    profile: (id) => join(folder, `${id}.yaml`),
  };
}

async function writeServers(folder: string, authority: TestAuthority): Promise<void> {
  for (const { name, family } of secureHosts) {
    const chain = await authority.serverChain(family, [name]);
    await writeFile(join(folder, 'keys', `${name}.pem`), chain.certificatePem);
    await writeFile(join(folder, 'keys', `${name}.key`), chain.keyPem, { mode: 0o600 });
  }
}

/** Whom control knows by certificate: the gateway, and the person at the keyboard as operator. */
const controlUsers = [
  { file: 'gateway', name: 'GATEWAYx9001' },
  { file: 'operator', name: 'OPERATORx9002' },
] as const;

/** Control with its certificate, its accounts, and the profile by which the command line asks it. */
async function writeControl({ folder, catalogue, ports }: DemoWorldOptions, authority: TestAuthority): Promise<void> {
  const keys = join(folder, 'keys');
  const chain = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  await writeFile(join(keys, 'control.pem'), chain.certificatePem);
  await writeFile(join(keys, 'control.key'), chain.keyPem, { mode: 0o600 });
  const prints = new Map<string, string>();
  for (const { file, name } of controlUsers) {
    const user = await authority.user('current', { name, organisation: 'Headgate Demo', keyType: 'ec-p256' });
    await writeFile(join(keys, `${file}.pem`), user.certificatePem);
    await writeFile(join(keys, `${file}.key`), user.keyPem, { mode: 0o600 });
    prints.set(file, user.fingerprint256);
  }
  const control = {
    listen: { port: ports.control },
    tls: { certificate: 'keys/control.pem', key: 'keys/control.key' },
    trust: { anchors: 'user-anchors.pem', intermediates: 'user-intermediates.pem' },
    store: { folder: 'control' },
    accounts: [
      { name: 'operator', roles: ['operator'], fingerprints: [prints.get('operator')] },
      { name: 'approver', roles: ['approver'] },
      { name: 'support', roles: ['support'] },
      { name: 'alpha-reader', roles: ['participant-reader'], participant: 'alpha-energy' },
    ],
    nodes: [{ name: demoNode, fingerprints: [prints.get('gateway')] }],
    // Published by itself when the files change. The demo's gateway reads the same files, so that it can be looked at alone.
    snapshot: {
      catalogue,
      provisioning: 'provisioning.yaml',
      trust: 'trust.yaml',
      trustBundles: [{ name: 'users', dated: 'demo-users' }],
      watchMs: 2_000,
    },
  };
  await writeFile(join(folder, 'control.yaml'), `# Control of the demo.\n${stringify(control)}`);
  const profile = {
    control: `https://127.0.0.1:${ports.control}`,
    certificate: 'keys/operator.pem',
    key: 'keys/operator.key',
    trust: 'trust/current-servers.pem',
  };
  await writeFile(
    join(folder, 'operator.yaml'),
    `# How the demo’s control is asked, as its operator.\n${stringify(profile)}`,
  );
}

const families = ['legacy', 'current'] as const;

/** How long the legacy authority of users still counts, in days: within what `headgate trust plan` looks ahead, past what is warned of. */
const legacyUsersDays = 60;
const dayMs = 86_400_000;

/**
 * Callers trust both server roots, as the deck asks (p. 24); the gateway accepts both user authorities in overlap, until the trust file
 * says that the legacy one is gone. The same certificates as plain files are for gateways of one's own.
 */
async function writeTrust({ folder, catalogue, nowMs }: DemoWorldOptions, authority: TestAuthority): Promise<void> {
  await mkdir(join(folder, 'trust'), { recursive: true });
  const all = { 'server-anchors': '', 'user-anchors': '', 'user-intermediates': '' };
  for (const family of families) {
    const servers = authority.trustBundlePem(family, 'server');
    const users = authority.trustBundlePem(family, 'user');
    await writeFile(join(folder, 'trust', `${family}-servers.pem`), servers.anchorsPem);
    await writeFile(join(folder, 'trust', `${family}-users.pem`), users.anchorsPem);
    await writeFile(join(folder, 'trust', `${family}-users-issuing.pem`), users.intermediatesPem);
    all['server-anchors'] += servers.anchorsPem;
    all['user-anchors'] += users.anchorsPem;
    all['user-intermediates'] += users.intermediatesPem;
    const issuer = authority.userIssuer(family);
    await writeFile(join(folder, 'keys', `authority-${family}.pem`), issuer.certificatePem);
    await writeFile(join(folder, 'keys', `authority-${family}.key`), issuer.keyPem, { mode: 0o600 });
  }
  for (const [name, pem] of Object.entries(all)) await writeFile(join(folder, `${name}.pem`), pem);
  const published = parse(await readFile(join(catalogue, 'trust.yaml'), 'utf8')) as Record<string, unknown>;
  const lastDay = new Date(nowMs + legacyUsersDays * dayMs).toISOString().slice(0, 10);
  const said = { ...published, bundles: demoBundles(lastDay) };
  await writeFile(
    join(folder, 'trust.yaml'),
    `# Whom the demo trusts, and from when until when. Try another day, then apply.\n${stringify(said, { aliasDuplicateObjects: false })}`,
  );
}

function demoBundles(lastDay: string): readonly unknown[] {
  const environments = ['production', 'map-stage'];
  const source = 'invented for the demo';
  const usersOf = (family: 'legacy' | 'current') => {
    const rest =
      family === 'legacy'
        ? { from: 'done', until: lastDay, reason: 'The current authority has taken over', source }
        : { from: 'done', until: 'tbd', reason: 'The successor of the legacy authority', source };
    return [
      { id: `${family}-users`, role: 'anchor', file: `trust/${family}-users.pem`, ...rest },
      { id: `${family}-users-issuing`, role: 'intermediate', file: `trust/${family}-users-issuing.pem`, ...rest },
    ];
  };
  return [
    { id: 'demo-users', purpose: 'user-certificates', environments, members: families.flatMap(usersOf) },
    ...families.map((family) => ({
      id: `demo-servers-${family}`,
      purpose: 'server-chains',
      environments,
      infrastructures: [family],
      members: [
        {
          id: `${family}-servers`,
          role: 'anchor',
          file: `trust/${family}-servers.pem`,
          from: 'done',
          until: 'tbd',
          reason: `Shown by hosts of the ${family} infrastructure`,
          source,
        },
      ],
    })),
  ];
}

async function writePeople(options: DemoWorldOptions, authority: TestAuthority): Promise<void> {
  const users = await Promise.all(
    demoParticipants.map((participant, at) =>
      authority.user(at % 2 === 0 ? 'legacy' : 'current', {
        name: participant.credential,
        organisation: participant.name,
      }),
    ),
  );
  const subjects = new Map(demoParticipants.map(({ id }, at) => [id as string, users[at]?.subject ?? '']));
  await writeFile(join(options.folder, 'provisioning.yaml'), provisioningYaml(subjects));
  for (const [at, participant] of demoParticipants.entries()) {
    const user = users[at];
    if (user !== undefined) await writeProfile(options, participant, participant.id, user);
  }
  const you = demoParticipants[4];
  const expired = await authority.expiredUser('legacy', { name: you.credential, organisation: you.name });
  await writeProfile(options, you, 'expired', expired, { allowExpired: true });
  await writeOasisProfile(options);
}

/** OASIS asks for no certificate and speaks plain HTTP, so that it has a profile of its own. */
async function writeOasisProfile({ folder, catalogue, ports }: DemoWorldOptions): Promise<void> {
  const profile = { catalogue, plain: true, connectTo: `127.0.0.1:${ports.plain}`, source: demoParticipants[4].source };
  await writeFile(join(folder, 'oasis.yaml'), `# OASIS of the demo: anonymous, plain HTTP.\n${stringify(profile)}`);
}

async function writeProfile(
  options: Pick<DemoWorldOptions, 'folder' | 'catalogue' | 'ports'>,
  participant: Pick<DemoParticipant, 'name' | 'source'>,
  file: string,
  user: TestUser,
  more: Record<string, unknown> = {},
): Promise<void> {
  const { folder, ports } = options;
  await writeFile(join(folder, 'keys', `${file}.pem`), user.certificatePem);
  await writeFile(join(folder, 'keys', `${file}.key`), user.keyPem, { mode: 0o600 });
  const profile = {
    catalogue: options.catalogue,
    certificate: join(folder, 'keys', `${file}.pem`),
    key: join(folder, 'keys', `${file}.key`),
    trust: join(folder, 'server-anchors.pem'),
    connectTo: `127.0.0.1:${ports.tls}`,
    source: participant.source,
    ...more,
  };
  await writeFile(
    join(folder, `${file}.yaml`),
    `# ${participant.name} of the demo: how to call its gateway.\n${stringify(profile)}`,
  );
}

function provisioningYaml(subjects: ReadonlyMap<string, string>): string {
  const rights = ['production', 'map-stage'].map((environment) => ({
    system: 'all',
    environment,
    channels: ['api', 'ui'],
    role: 'submit',
    scids: 'all',
  }));
  const participants = demoParticipants.map(({ id, name, scids, ...participant }) => {
    const environments = ['production', 'map-stage'];
    const given =
      'endorsedBy' in participant ? { rights: [], endorsements: [{ by: participant.endorsedBy, rights }] } : { rights };
    const grantedBy = `access@${id}.example.org`;
    return { id, name, scids, grantedBy, credentials: [{ subject: subjects.get(id), environments, ...given }] };
  });
  const grantedBy = 'access@operator.example.org';
  return stringify({ format: 1, grantedBy, participants }, { aliasDuplicateObjects: false });
}

function gatewayYaml({ catalogue, ports, upstreams }: DemoWorldOptions): string {
  return stringify({
    node: demoNode,
    listeners: [
      {
        name: 'secure',
        port: ports.tls,
        hosts: secureHosts.map(({ name }) => ({ name, certificate: `keys/${name}.pem`, key: `keys/${name}.key` })),
      },
      {
        name: 'plain',
        port: ports.plain,
        tls: false,
        hosts: plainHosts.map((name) => ({ name })),
      },
    ],
    catalogue,
    provisioning: 'provisioning.yaml',
    trust: 'trust.yaml',
    trustBundles: [{ name: 'users', dated: 'demo-users' }],
    upstreams: [
      { system: '*', infrastructure: 'legacy', endpoints: [upstreams.legacy] },
      { system: '*', infrastructure: 'current', endpoints: [upstreams.current] },
    ],
    evidence: { folder: 'evidence' },
    control: {
      url: `https://127.0.0.1:${ports.control}`,
      certificate: 'keys/gateway.pem',
      key: 'keys/gateway.key',
      trust: 'trust/current-servers.pem',
      serverName: 'localhost',
    },
  });
}
