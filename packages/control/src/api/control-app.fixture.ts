// A control app on a real port with real certificates, for tests of routes: one account of every role, asked as whom a test likes.
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTestAuthority, createTrustBundle, type TestAuthority, type TestUser } from '@headgate/pki';
import type { Role } from '../access/account.ts';
import { createAccounts, type ParticipantOf } from '../access/accounts.ts';
import { type AccessInForce, createCallers } from '../access/identify-caller.ts';
import { type ControlConfig, controlConfigSchema, type WrittenControlConfig } from '../config/control-config.ts';
import { type ControlApp, type ControlNotice, createControlApp, socketOf } from './control-app.ts';
import type { RouteTable } from './route-table.ts';

/** Accounts of the fixture: one of each role, a second participant's and a second gateway's, and one that has no account. */
export const testPeople = [
  'operator',
  'approver',
  'support',
  'administrator',
  'reader',
  'other-reader',
  'node',
  'other-node',
  'stranger',
] as const;

/** One of them. `node` is gateway-1, `reader` and `administrator` are of participant-a, `other-reader` of participant-b. */
export type TestPersonName = (typeof testPeople)[number];

const rolesOf: Readonly<Record<string, readonly Exclude<Role, 'node'>[]>> = {
  operator: ['operator'],
  approver: ['approver'],
  support: ['support'],
  administrator: ['participant-administrator'],
  reader: ['participant-reader'],
  'other-reader': ['participant-reader'],
};

/** An answer as it came. */
export interface TestControlAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  json<Value = Record<string, unknown>>(): Value;
}

/** What a test sends. */
export interface TestControlCall {
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: object | string | Uint8Array;
}

/** A running app. */
export interface TestControl {
  readonly app: ControlApp;
  readonly routes: RouteTable;
  readonly port: number;
  readonly clock: { readonly now: () => number; readonly advanceMs: (ms: number) => void };
  readonly authority: TestAuthority;
  readonly notices: readonly ControlNotice[];
  /** Certificate and key of somebody. */
  certified(person: TestPersonName): TestUser;
  /** Asks as somebody, or as nobody (null), over a connection of its own. */
  ask(person: TestPersonName | TestUser | null, path: string, call?: TestControlCall): Promise<TestControlAnswer>;
  /** Puts other accounts in force, as reading the configuration again does; null: those of the beginning. */
  replaceAccounts(accounts: Pick<WrittenControlConfig, 'accounts' | 'nodes'> | null): void;
  readonly drain: () => void;
  close(): Promise<void>;
}

/** What an app under test has beside its own routes. */
export interface TestControlOptions {
  readonly routes?: (app: ControlApp) => void | Promise<void>;
  readonly bounds?: WrittenControlConfig['bounds'];
  readonly participantOf?: ParticipantOf;
}

/** Starts an app with everything that is on every app, and `routes`. */
export async function startTestControl({
  routes: addRoutes,
  bounds = {},
  participantOf = () => null,
}: TestControlOptions = {}): Promise<TestControl> {
  const clock = standingClock();
  const authority = await createTestAuthority({ nowMs: clock.now() });
  const certified = await certifiedPeople(authority);
  const config = parse({ ...accountsOf(certified), bounds });
  const trust = createTrustBundle({ name: 'control', ...authority.trustBundlePem('current', 'user') });
  let inForce: AccessInForce = { accounts: createAccounts(config, participantOf), trust };
  const notices: ControlNotice[] = [];
  const server = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  const nobody = { bySecret: () => Promise.resolve(null), stillHolds: () => Promise.resolve(null) };
  const callerOf = createCallers(() => inForce, nobody, clock.now);
  const { app, routes, drain } = await createControlApp({
    bounds: config.bounds,
    tls: { cert: server.certificatePem, key: server.keyPem },
    callerOf: (incoming) => callerOf({ socket: socketOf(incoming), cookies: incoming.headers.cookie, isAsking: true }),
    notice: (notice) => notices.push(notice),
  });
  await addRoutes?.(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    app,
    routes,
    port,
    clock,
    authority,
    notices,
    certified,
    drain,
    ask: (person, path, call) => asked(port, typeof person === 'string' ? certified(person) : person, path, call),
    replaceAccounts(written) {
      inForce = { ...inForce, accounts: createAccounts(written === null ? config : parse(written), participantOf) };
    },
    close: () => app.close(),
  };
}

/** A clock at noon on the day of the deck, which moves when it is told to. */
export function standingClock(): TestControl['clock'] {
  let nowMs = Date.UTC(2024, 1, 21, 12);
  return {
    now: () => nowMs,
    advanceMs: (ms) => {
      nowMs += ms;
    },
  };
}

/** A certificate for each of them. */
export async function certifiedPeople(authority: TestAuthority): Promise<(person: TestPersonName) => TestUser> {
  const users = new Map<TestPersonName, TestUser>();
  for (const [at, person] of testPeople.entries()) {
    const name = `PERSONx000${at}`;
    users.set(person, await authority.user('current', { name, organisation: 'Example', keyType: 'ec-p256' }));
  }
  return (person) => {
    const user = users.get(person);
    if (user === undefined) throw new TypeError(`nobody is ${person}`);
    return user;
  };
}

type WrittenAccounts = Pick<WrittenControlConfig, 'accounts' | 'nodes'>;

/** Their accounts, as a configuration has them. */
export function accountsOf(certified: (person: TestPersonName) => TestUser): WrittenAccounts {
  const print = (person: TestPersonName) => certified(person).fingerprint256;
  return {
    accounts: Object.entries(rolesOf).map(([name, roles]) => ({
      name,
      roles: [...roles],
      fingerprints: [print(name as TestPersonName)],
      ...(roles[0]?.startsWith('participant') === true
        ? { participant: name.startsWith('other') ? 'participant-b' : 'participant-a' }
        : {}),
    })),
    nodes: [
      { name: 'gateway-1', fingerprints: [print('node')] },
      { name: 'gateway-2', fingerprints: [print('other-node')] },
    ],
  };
}

function parse(written: WrittenAccounts & Pick<WrittenControlConfig, 'bounds'>): ControlConfig {
  return controlConfigSchema.parse({
    tls: { certificate: 'unused', key: 'unused' },
    trust: { anchors: 'unused' },
    store: { folder: 'unused' },
    ...written,
  });
}

/** One request over a connection of its own. */
export function asked(
  port: number,
  user: TestUser | null,
  path: string,
  { method = 'GET', fields = {}, body }: TestControlCall = {},
): Promise<TestControlAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<TestControlAnswer>();
  const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
  const sent = request({
    port,
    host: '127.0.0.1',
    agent: false,
    // The authority is of the clock's day, which is not this machine's: whom we reached is what the test began.
    rejectUnauthorized: false,
    method,
    path,
    headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...fields },
    ...(user === null ? {} : { cert: user.certificatePem, key: user.keyPem }),
  });
  sent.on('error', reject);
  sent.on('response', (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (piece: string) => {
      text += piece;
    });
    answer.on('error', reject);
    answer.on('end', () =>
      resolve({
        status: answer.statusCode ?? 0,
        fields: answer.headers,
        text,
        json: <Value>() => JSON.parse(text) as Value,
      }),
    );
  });
  sent.end(isJson ? JSON.stringify(body) : body);
  return promise;
}
