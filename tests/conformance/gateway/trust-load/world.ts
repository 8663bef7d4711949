// The files of one operator's gateway, written as an operator writes them, and the users who call it.
import { X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askGateway, type ControlAsk } from '@headgate/gateway';
import type { Family, TestServer } from '@headgate/pki';
import { fakeClock, startTestGateway, type TestGateway, type TestTrust } from '@headgate/testkit';
import { gatewayOf, type Operator } from '../operators.ts';
import type { User } from './callers.ts';
import type { State } from './history.ts';
import type { Ledger } from './ledger.ts';

/** Everything on disk, and whoever made it. */
export interface World {
  readonly folder: string;
  /** The configuration file. */
  readonly config: string;
  readonly evidenceFolder: string;
  /** A steady one, one who is revoked by a complete list, one by a delta, one whose rights change, and two of the old authority. */
  readonly users: Readonly<Record<UserName, User>>;
  readonly first: State;
  /** Roots of both families, as callers have them in a transition. */
  readonly anchors: readonly string[];
  /** Writes a file whole: nobody reads half of it. */
  write(file: string, text: string | Uint8Array): Promise<void>;
  read(file: string): Promise<Buffer>;
  /** Writes a new chain and key for every host but the one that moves; its fingerprint. */
  renewServer(family: Family): Promise<State['shown']>;
  writeTrust(authority: State['legacyAuthority']): Promise<void>;
  writeRights(rights: State['rights']): Promise<void>;
  /** Writes a list, complete or a delta to a complete one, with these users on it. */
  writeList(list: {
    readonly number: number;
    readonly base?: number;
    readonly revoked: readonly UserName[];
  }): Promise<void>;
  /** Moves the host with old addresses to a chain; what it shows then. */
  moveChain(to: Family): Promise<State['shown']>;
  /** Asks the gateway that runs by these files what the command asks; with the exit code of the command. */
  ask(word: ControlAsk): Promise<{ readonly status: number; readonly text: string }>;
  readonly close: () => Promise<void>;
}

/** Users by what befalls them. */
export const userNames = ['steady', 'listed', 'delta', 'rights', 'old', 'older'] as const;
/** One of them. */
export type UserName = (typeof userNames)[number];

const completeList = 'users.crl';
const deltaList = 'users-delta.crl';
const bothCount: TestTrust = { legacy: { from: 'done', until: 'tbd' }, current: { from: 'done', until: 'tbd' } };
const legacyGone: TestTrust = { ...bothCount, legacy: { from: 'done', until: 'done' } };

/** Writes the files of an operator. Nothing runs by them yet. */
export async function createWorld(operator: Operator, ledger: Ledger, threads: number): Promise<World> {
  const [movingHost, current] = operator.old.moves;
  const legacy = operator.old.infrastructure;
  // The kit writes the files, and its own gateway shows at once whether they can be used.
  const kit = await startTestGateway({
    ...gatewayOf(operator),
    clock: fakeClock(Date.now()),
    policy: 'limits: []\n',
    trust: bothCount,
    provisioning: JSON.stringify({ format: 1, participants: [] }),
    chains: { hosts: [movingHost], legacy, current },
    crls: (authority) => ({
      [completeList]: authority.userRevocationList('current', { number: 1 }),
      [deltaList]: authority.userRevocationList('current', { number: 1, base: 1 }),
    }),
    upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [ledger.url] }],
  });
  await kit.running.close();
  const { folder, authority } = kit;
  const users = await createUsers(kit);
  const hosts = kit.config.listeners[0]?.hosts.map(({ name }) => name) ?? [];
  const write = async (file: string, text: string | Uint8Array): Promise<void> => {
    await writeFile(join(folder, `${file}.new`), text, { mode: 0o600 });
    await rename(join(folder, `${file}.new`), join(folder, file));
  };
  const read = (file: string): Promise<Buffer> => readFile(join(folder, file));
  const [node, evidence] = ['loaded', { folder: 'evidence-loaded' }];
  const writeConfig = (to: Family): Promise<void> => {
    const chainPositions = to === 'legacy' ? {} : { [movingHost]: current };
    return write('gateway.json', JSON.stringify({ ...kit.config, node, threads, evidence, chainPositions }));
  };
  const shownBy = (pem: string | Buffer): Record<string, string> =>
    Object.fromEntries(hosts.filter((host) => host !== movingHost).map((host) => [host, fingerprintOf(pem)]));
  const world: Omit<World, 'first'> = {
    folder,
    config: join(folder, 'gateway.json'),
    evidenceFolder: join(folder, evidence.folder),
    users,
    anchors: (['legacy', 'current'] as const).map((family) => authority.trustBundlePem(family, 'server').anchorsPem),
    write,
    read,
    async renewServer(family) {
      const { certificatePem, keyPem }: TestServer = await authority.serverChain(family, hosts);
      await write('server.pem', certificatePem);
      await write('server.key', keyPem);
      return shownBy(certificatePem);
    },
    async writeTrust(state) {
      await kit.setTrust(state === 'withdrawn' ? legacyGone : bothCount);
      if (state !== 'absent') return;
      await write('trust.yaml', (await read('trust.yaml')).toString().replaceAll(/^ *- \{ id: legacy-.*\n/gm, ''));
    },
    writeRights: (rights) => write('provisioning.yaml', provisioningOf(operator, users, rights)),
    writeList({ revoked, ...list }) {
      const der = authority.userRevocationList('current', {
        ...list,
        revoked: revoked.map((name) => users[name].user),
      });
      return write(list.base === undefined ? completeList : deltaList, der);
    },
    async moveChain(to) {
      await writeConfig(to);
      return { [movingHost]: fingerprintOf(await read(`${movingHost}-${to}.pem`)) };
    },
    async ask(word) {
      const answer = await askGateway({ node, evidence }, folder, word);
      const okStatus = answer.ok && word !== 'status' && answer.listFaults.length > 0 ? 7 : 0;
      return { status: answer.ok ? okStatus : 4, text: JSON.stringify(answer) };
    },
    close: () => kit.close(),
  };
  const shown = { ...shownBy(await read('server.pem')), ...(await world.moveChain('legacy')) };
  await world.writeTrust('absent');
  await world.writeRights('submit');
  return { ...world, first: { legacyAuthority: 'absent', revoked: [], rights: 'submit', shown } };
}

async function createUsers({ authority, user }: TestGateway): Promise<World['users']> {
  const made = await Promise.all(
    userNames.map(async (name, at): Promise<[UserName, User]> => {
      const family = name.startsWith('old') ? 'legacy' : 'current';
      const person = { name: `${name.toUpperCase()}x0001`, organisation: 'Callers', keyType: 'ec-p256' } as const;
      const own = name === 'steady' ? user : await authority.user(family, person);
      return [name, { name, family, hasChangingRights: name === 'rights', user: own, source: `127.0.8.${at + 1}` }];
    }),
  );
  return Object.fromEntries(made) as World['users'];
}

function provisioningOf(operator: Operator, users: World['users'], rights: State['rights']): string {
  const { environment } = operator;
  const participants = Object.values(users).flatMap(({ name, user, hasChangingRights }) => {
    const role = hasChangingRights ? rights : 'submit';
    if (role === 'none') return [];
    const right = { system: 'all', environment, channels: ['api', 'ui'], role, scids: 'all' };
    return [
      {
        id: name,
        name,
        scids: [],
        credentials: [{ subject: user.subject, environments: [environment], rights: [right] }],
      },
    ];
  });
  return JSON.stringify({ format: 1, participants });
}

/** As callers see it: of the first certificate of a chain. */
function fingerprintOf(chainPem: string | Buffer): string {
  return new X509Certificate(chainPem).fingerprint256;
}
