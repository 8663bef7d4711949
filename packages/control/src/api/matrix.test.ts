// Who may do what, asked of the running table of routes: a route that is added is a row here without anybody writing one.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { after, before, test } from 'node:test';
import { startControlFixture, type TestRunningControl } from '../start-control.fixture.ts';
import type { TestPersonName } from './control-app.fixture.ts';
import type { RouteEntry } from './route-table.ts';

/** Answered where the table grants a request, in place of what its handler does: this is about the table. */
const grantedStatus = 299;

let control: TestRunningControl;
const cookies = new Map<TestPersonName, string>();
const agents: Agent[] = [];

before(async () => {
  control = await startControlFixture({ bounds: { requestsPerAccountMax: 200 } }, (app) => {
    app.addHook('preParsing', async (incoming, reply) => {
      if (incoming.headers['x-matrix'] !== undefined && !incoming.is404) await reply.code(grantedStatus).send();
    });
  });
  for (const { name } of people) {
    if (name === 'node' || name === 'other-node' || name === 'stranger') continue;
    const made = await control.running.makeLink(name);
    const link = new URL(made?.link ?? '').searchParams.get('link');
    const answer = await control.ask(null, '/v1/sign-in', { method: 'POST', body: { link } });
    cookies.set(name, String(answer.fields['set-cookie']).split(';', 1)[0] ?? '');
  }
});

after(async () => {
  for (const agent of agents) agent.destroy();
  await control.close();
});

interface Person {
  readonly name: TestPersonName;
  readonly role: string;
  readonly participant?: string;
  readonly node?: string;
}

const people: readonly Person[] = [
  { name: 'operator', role: 'operator' },
  { name: 'approver', role: 'approver' },
  { name: 'support', role: 'support' },
  { name: 'administrator', role: 'participant-administrator', participant: 'participant-a' },
  { name: 'reader', role: 'participant-reader', participant: 'participant-a' },
  { name: 'other-reader', role: 'participant-reader', participant: 'participant-b' },
  { name: 'node', role: 'node', node: 'gateway-1' },
  { name: 'other-node', role: 'node', node: 'gateway-2' },
];

type Said = { readonly status: number; readonly code: string | null; readonly allow: string | undefined };
type Ask = (method: string, path: string) => Promise<Said>;

function asking(identity: object, fields: Readonly<Record<string, string>>): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  const { port } = control.running;
  const origin = `https://127.0.0.1:${port}`;
  return async (method, path) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { 'x-matrix': '1', origin, ...fields };
    const target = { host: '127.0.0.1', port, agent, rejectUnauthorized: false, ...identity };
    request({ ...target, method, path, headers }, resolve)
      .on('error', reject)
      .end();
    const answer = await promise;
    const text = (await answer.setEncoding('utf8').toArray()).join('');
    const code = text === '' ? null : (JSON.parse(text) as { code: string }).code;
    return { status: answer.statusCode ?? 0, code, allow: answer.headers.allow };
  };
}

/** How somebody asks: by certificate, and by session where people have one. */
function waysOf({ name }: Person): readonly Ask[] {
  const { certificatePem: cert, keyPem: key } = control.certified(name);
  const cookie = cookies.get(name);
  return [asking({ cert, key }, {}), ...(cookie === undefined ? [] : [asking({}, { cookie })])];
}

/** A path of a route: its participant and gateway as given, every other parameter as anything. */
function pathOf({ url, access }: RouteEntry, participant: string, node: string): string {
  return url
    .split('/')
    .map((part) => {
      if (!part.startsWith(':')) return part;
      const parameter = part.slice(1);
      return parameter === access.participant ? participant : parameter === access.node ? node : 'anything';
    })
    .join('/');
}

/** What is to be said, from what the route says of itself. Written apart from what decides. */
function expectedOf({ access, method }: RouteEntry, person: Person | null, participant: string, node: string): Said {
  const said = (status: number, code: string | null): Said => ({
    status,
    code: method === 'HEAD' ? null : code,
    allow: undefined,
  });
  if (access.roles === 'anyone') return said(grantedStatus, null);
  if (person === null) return said(401, 'control.sign_in_needed');
  if (!(access.roles as readonly string[]).includes(person.role)) return said(403, 'control.not_permitted');
  const isForeign =
    (access.participant !== undefined && person.participant !== undefined && person.participant !== participant) ||
    (access.node !== undefined && person.node !== undefined && person.node !== node);
  return isForeign ? said(404, 'control.not_found') : said(grantedStatus, null);
}

test('every route answers every role, by certificate and by session, as its access says; another one’s things are 404', async () => {
  const { routes } = control.running;
  assert.ok(routes.length > 5);
  let asked = 0;
  const things = [
    ['participant-a', 'gateway-1'],
    ['participant-b', 'gateway-2'],
  ] as const;
  const row = async (entry: RouteEntry, person: Person | null, ask: Ask): Promise<void> => {
    for (const [participant, node] of things) {
      const path = pathOf(entry, participant, node);
      const who = person === null ? 'nobody' : person.name;
      const said = await ask(entry.method, path);
      assert.deepEqual(said, expectedOf(entry, person, participant, node), `${entry.method} ${path} by ${who}`);
      asked += 1;
      if (entry.access.participant === undefined && entry.access.node === undefined) return;
    }
  };
  const nobody = asking({}, {});
  const everybody = people.map((person) => [person, waysOf(person)] as const);
  for (const entry of routes) {
    await row(entry, null, nobody);
    for (const [person, ways] of everybody) for (const ask of ways) await row(entry, person, ask);
  }
  const waysCount = everybody.reduce((count, [, ways]) => count + ways.length, 1);
  assert.ok(asked >= routes.length * waysCount);
});

test('a method that a route does not take is refused with those that it takes, and to nobody with a sign-in', async () => {
  const nobody = asking({}, {});
  const [operator] = waysOf({ name: 'operator', role: 'operator' });
  assert.ok(operator !== undefined);
  const { routes } = control.running;
  for (const url of new Set(routes.map((entry) => entry.url))) {
    const entry = routes.find((each) => each.url === url);
    assert.ok(entry !== undefined);
    const path = pathOf(entry, 'participant-a', 'gateway-1');
    const isAt = (each: RouteEntry) => new RegExp(`^${each.url.replaceAll(/:[^/]+/g, '[^/]+')}$`).test(path);
    const allowed = [...new Set(routes.filter(isAt).map(({ method }) => method))].toSorted();
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT']) {
      if (allowed.includes(method)) continue;
      const said = { status: 405, code: 'control.method_not_allowed', allow: allowed.join(', ') };
      assert.deepEqual(await operator(method, path), said, `${method} ${path}`);
      assert.equal((await nobody(method, path)).code, 'control.sign_in_needed', `${method} ${path}`);
    }
  }
});

test('a certificate without an account is granted nothing that needs one', async () => {
  const { certificatePem: cert, keyPem: key } = control.certified('stranger');
  const stranger = asking({ cert, key }, {});
  for (const entry of control.running.routes) {
    const { status, code } = await stranger(entry.method, pathOf(entry, 'participant-a', 'gateway-1'));
    if (entry.access.roles === 'anyone') assert.equal(status, grantedStatus);
    else assert.deepEqual([status, code], [403, entry.method === 'HEAD' ? null : 'control.no_account']);
  }
});
