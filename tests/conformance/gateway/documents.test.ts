// What a gateway tells programs of itself: its policy, its catalogue with what changed, and each caller its own standing.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type JsonWebKey, verify } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  caisoCatalogue,
  type FakeClock,
  fakeClock,
  soapRequest,
  startTestGateway,
  type TestAnswer,
  type TestCall,
  type TestGateway,
} from '@headgate/testkit';
import { operators } from './operators.ts';
import { provisioned, provisioningText } from './provisioning.ts';
import { codeOf } from './told.ts';

const limit = (name: string, lines: string) => `  - name: ${name}
    layer: acceptable-use
    unit: requests
    refusal: { text: 'Wait <n> seconds.' }
    evidence: assumed
    source: test
    ${lines.split('\n').join('\n    ')}
`;
const policy = `limits:
${limit('awards', 'where: { system: cmri }\nkey: [credential, service]\nquota: 2\nwindowMs: 60000')}${limit('all', 'where: {}\nkey: [participant]\nquota: 10000\nwindowMs: 126000')}${limit('gone', 'where: {}\nkey: [source]\nquota: 1\nwindowMs: 1000\nmode: off')}`;

/** A document of a gateway. */
function documentOf(gateway: TestGateway, name: string, call: TestCall = {}): Promise<TestAnswer> {
  return gateway.call({ path: `/.well-known/headgate/${name}`, method: 'GET', ...call });
}

type PublishedKey = JsonWebKey & { readonly kid: string; readonly alg: string };

/** What the standing of a caller says, as far as these tests look. */
interface ToldStanding {
  readonly limits: readonly { rule: string; key: string | null; used: number; remaining: number }[];
  readonly refused: readonly ToldRefusal[];
  readonly endorsers: readonly { participant: string; systems: readonly string[]; refused: readonly ToldRefusal[] }[];
}

/** What changed of a catalogue. */
interface ToldChanges {
  readonly version: number;
  readonly since: string;
  readonly whole: boolean;
  readonly after: number;
  readonly removed: readonly string[];
  readonly changes: readonly object[];
  readonly items: Readonly<Record<string, { readonly note?: string }>>;
}

interface ToldRefusal {
  readonly exchange: string;
  readonly rule: string;
  readonly system: string;
  readonly retryAfterMs: number | null;
}

async function standingTold(gateway: TestGateway, call: TestCall): Promise<ToldStanding> {
  return JSON.parse((await documentOf(gateway, 'standing', call)).body) as ToldStanding;
}

/** Checks a detached signature as a reader does that knows nothing but the published keys. */
function isSigned({ body, fields }: TestAnswer, keys: readonly PublishedKey[]): boolean {
  const [header = '', payload, signature = ''] = String(fields['headgate-signature']).split('.');
  assert.equal(payload, '');
  const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const jwk = keys.find((key) => key.kid === kid);
  assert.ok(jwk !== undefined && jwk.alg === alg);
  const input = Buffer.from(`${header}.${Buffer.from(body).toString('base64url')}`);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const bytes = Buffer.from(signature, 'base64url');
  return alg === 'EdDSA'
    ? verify(null, input, key, bytes)
    : verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, bytes);
}

for (const [algorithm, pair] of [
  ['Ed25519', generateKeyPairSync('ed25519')],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
] as const)
  test(`documents are signed by the key that is configured, here ${algorithm}, over the bytes that are sent`, async (t) => {
    const documentKeyPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const gateway = await startTestGateway({ policy, documentKeyPem });
    t.after(() => gateway.close());
    const { keys } = JSON.parse((await documentOf(gateway, 'keys')).body) as { keys: readonly PublishedKey[] };
    assert.ok(keys.every((key) => !('d' in key)));
    for (const name of ['policy', 'catalogue', 'catalogue?since=1']) {
      const answer = await documentOf(gateway, name);
      assert.ok(isSigned(answer, keys), name);
      assert.ok(!isSigned({ ...answer, body: `${answer.body} ` }, keys));
    }
  });

describe('the documents of a gateway', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ policy });
  });
  after(() => gateway.close());
  beforeEach(() => gateway.clock.advanceMs(200_000));

  test('tell the limits in force, without those that are off, and how late room may come back', async () => {
    const { status, body, fields } = await documentOf(gateway, 'policy');
    assert.equal(status, 200);
    assert.equal(fields['content-type'], 'application/json');
    assert.equal(fields['headgate-signature'], undefined);
    const told = JSON.parse(body);
    assert.equal(told.version, 1);
    assert.deepEqual(
      told.limits.map(({ name, quota, lateMsMax }: Record<string, unknown>) => [name, quota, lateMsMax]),
      [
        ['awards', 2, 0],
        ['all', 10_000, 1_000],
      ],
    );
  });

  test('are not sent again to whoever has them', async () => {
    const first = await documentOf(gateway, 'policy');
    const again = await documentOf(gateway, 'policy', {
      fields: { 'if-none-match': `"x", ${String(first.fields.etag)}` },
    });
    assert.deepEqual([again.status, again.body, again.fields.etag], [304, '', first.fields.etag]);
    const any = await documentOf(gateway, 'policy', { method: 'HEAD', fields: { 'if-none-match': '*' } });
    assert.deepEqual([any.status, any.body], [304, '']);
    const head = await documentOf(gateway, 'policy', { method: 'HEAD' });
    assert.deepEqual([head.status, head.body, head.fields.etag], [200, '', first.fields.etag]);
  });

  test('are read with GET and HEAD alone, on hosts that programs call', async () => {
    assert.equal(codeOf(await documentOf(gateway, 'policy', { method: 'POST', body: '' })), 'route.method_not_allowed');
    // A host of user interfaces has systems at every path.
    const page = await documentOf(gateway, 'policy', { host: 'cmri.caiso.com' });
    assert.equal(gateway.upstream.received.at(-1)?.target, '/.well-known/headgate/policy', page.body);
    assert.equal(codeOf(await documentOf(gateway, 'unknown')), 'route.not_found');
  });

  test('are limited by themselves, and spend nothing of what a caller may call', async () => {
    for (let read = 0; read < 10; read += 1) assert.equal((await documentOf(gateway, 'policy')).status, 200);
    const refused = await documentOf(gateway, 'policy');
    assert.equal(codeOf(refused), 'admission.global_limit');
    const { admission } = await gateway.recordOf(refused);
    assert.deepEqual(admission?.rules, ['headgate.documents']);
    assert.equal((await gateway.call()).fields.ratelimit, '"awards";r=1;t=60, "all";r=9999;t=126');
  });
});

test('versions grow by one with each change, over restarts too, and what changed since one is told alone', async (t) => {
  const clock = fakeClock();
  const evidenceFolder = await mkdtemp(join(tmpdir(), 'headgate-documents-'));
  const start = (text: string) => startTestGateway({ clock, policy: text, evidenceFolder });
  const first = await start(policy);
  const versionsOf = async (gateway: TestGateway) => {
    const answers = [await documentOf(gateway, 'policy'), await documentOf(gateway, 'catalogue')];
    return answers.map(({ body }) => (JSON.parse(body) as { version: number }).version);
  };
  assert.deepEqual(await versionsOf(first), [1, 1]);
  await writeFile(join(first.folder, 'policy.yaml'), policy.replace('quota: 2', 'quota: 3'));
  await first.running.reload();
  await first.running.reload(); // Nothing is different now.
  assert.deepEqual(await versionsOf(first), [2, 1]);
  await first.close();
  const second = await start(policy);
  t.after(async () => {
    await second.close();
    await rm(evidenceFolder, { recursive: true, force: true });
  });
  assert.deepEqual(await versionsOf(second), [3, 1]);
});

test('what of the catalogue changed after a version is told with the items as they are now', async (t) => {
  const catalogue = await mkdtemp(join(tmpdir(), 'headgate-catalogue-'));
  await cp(caisoCatalogue, catalogue, { recursive: true });
  const gateway = await startTestGateway({ catalogue, policy });
  t.after(async () => {
    await gateway.close();
    await rm(catalogue, { recursive: true, force: true });
  });
  const file = join(catalogue, 'announcements.yaml');
  const text = await readFile(file, 'utf8');
  const [id = ''] = /(?<=- id: )\S+/.exec(text) ?? [];
  await writeFile(file, text.replace(`- id: ${id}`, `- id: ${id}\n    note: Told anew`));
  await gateway.running.reload();
  const whole = JSON.parse((await documentOf(gateway, 'catalogue')).body);
  assert.deepEqual([whole.version, whole.whole], [2, true]);
  const told = JSON.parse((await documentOf(gateway, 'catalogue?since=1')).body) as ToldChanges;
  assert.deepEqual([told.version, told.whole, told.after, told.removed], [2, false, 1, []]);
  assert.deepEqual(told.changes, [
    { version: 2, added: [], changed: [`announcements/${id}`], removed: [], at: told.since },
  ]);
  assert.deepEqual(Object.keys(told.items), [`announcements/${id}`]);
  assert.equal(told.items[`announcements/${id}`]?.note, 'Told anew');
  const current = JSON.parse((await documentOf(gateway, 'catalogue?since=2')).body);
  assert.deepEqual([current.changes, current.items], [[], {}]);
  for (const since of ['0', '3', 'x']) {
    assert.equal(JSON.parse((await documentOf(gateway, `catalogue?since=${since}`)).body).whole, true, since);
  }
});

describe('the standing of a caller', () => {
  const [operator] = operators;
  let clock: FakeClock;
  let gateway: TestGateway;
  before(async () => {
    assert.ok(operator);
    clock = fakeClock(operator.startMs);
    gateway = await startTestGateway({
      clock,
      policy,
      provisioning: provisioningText(operator, 'CN=ALPHAx0001,OU=people,O=CAISO,C=US'),
    });
  });
  after(() => gateway.close());
  beforeEach(() => clock.advanceMs(200_000));
  const standing = (call: TestCall = {}) => standingTold(gateway, call);

  test('tells what is used and left of each allowance, and what was refused by exchange, and charges nothing', async () => {
    assert.equal((await gateway.call()).status, 200);
    for (let asked = 0; asked < 5; asked += 1) await standing();
    assert.equal((await gateway.call()).status, 200);
    const refused = await gateway.call();
    assert.equal(codeOf(refused), 'admission.acceptable_use');
    const told = await standing();
    const used = told.limits.filter((row) => row.used > 0);
    assert.deepEqual(
      used.map(({ rule, used: count, remaining }) => [rule, count, remaining]),
      [
        ['all', 2, 9_998],
        ['awards', 2, 0],
      ],
    );
    assert.match(String(used[1]?.key), /^credential=[0-9a-f]{16}, service=retrievemarketawards$/);
    assert.equal(told.refused[0]?.exchange, refused.fields['headgate-exchange']);
    assert.deepEqual(
      [told.refused[0]?.rule, told.refused[0]?.system, told.refused[0]?.retryAfterMs],
      ['awards', 'cmri', 60_000],
    );
  });

  test('tells nothing of another caller', async () => {
    const beta = await gateway.authority.user('current', provisioned.beta);
    await gateway.call();
    const told = await standing({ user: beta });
    assert.deepEqual(
      told.limits.filter((row) => row.used > 0),
      [],
    );
    assert.deepEqual(told.refused, []);
  });

  test('tells a vendor of those who endorse it, for the systems that they granted alone', async (t) => {
    assert.ok(operator);
    const { environment } = operator;
    const right = { environment, channels: ['api'], operations: ['retrieve'], scids: 'all' };
    const holder = (id: string, subject: string, more: object) => ({
      id,
      name: id,
      scids: [id.toUpperCase()],
      credentials: [{ subject, environments: [environment], ...more }],
    });
    const endorsements = [{ by: 'alpha', rights: [{ ...right, system: 'cmri' }] }];
    const provisioning = JSON.stringify({
      format: 1,
      participants: [
        holder('alpha', 'CN=ALPHAx0001,OU=people,O=CAISO,C=US', { rights: [{ ...right, system: 'all' }] }),
        holder('vendor', 'CN=VENDORx0001,OU=people,O=Vendor,C=US', { rights: [], endorsements }),
      ],
    });
    const each = limit('each', 'where: {}\nkey: [participant, system]\nquota: 2\nwindowMs: 60000');
    const shared = await startTestGateway({ clock, policy: `limits:\n${each}`, provisioning });
    t.after(() => shared.close());
    const user = await shared.authority.user('current', { name: 'VENDORx0001', organisation: 'Vendor' });
    assert.equal((await shared.call({ user })).status, 200);
    assert.equal((await shared.call()).status, 200);
    const refused = await shared.call();
    const drrs = { path: '/sst/drrs/RetrieveDRRegistrationData_DRRSv2_AP' };
    for (let call = 0; call < 3; call += 1) await shared.call(drrs);
    const told = await standingTold(shared, { user });
    assert.deepEqual(
      told.limits.map(({ key, used, remaining }) => [key, used, remaining]),
      [['participant=alpha, system=cmri', 2, 0]],
    );
    assert.deepEqual(told.refused, []);
    const [endorser] = told.endorsers;
    assert.deepEqual([told.endorsers.length, endorser?.participant, endorser?.systems], [1, 'alpha', ['cmri']]);
    assert.deepEqual(
      endorser?.refused.map(({ exchange }) => exchange),
      [refused.fields['headgate-exchange']],
    );
  });

  test('tells a quota that break-glass raised, and of SCIDs the allowance of whom they are proven for', async (t) => {
    assert.ok(operator);
    const { environment } = operator;
    const right = { environment, channels: ['api'], operations: ['retrieve'], scids: 'all', system: 'all' };
    const credentialOf = (subject: string, more: object) => [{ subject, environments: [environment], ...more }];
    const provisioning = JSON.stringify({
      format: 1,
      participants: [
        {
          id: 'alpha',
          name: 'a',
          scids: ['A1'],
          credentials: credentialOf('CN=ALPHAx0001,OU=people,O=CAISO,C=US', { rights: [right] }),
        },
        {
          id: 'beta',
          name: 'b',
          scids: ['B1'],
          credentials: credentialOf('CN=BETAx0001,OU=people,O=Test,C=US', { rights: [right] }),
        },
        {
          id: 'vendor',
          name: 'v',
          scids: [],
          credentials: credentialOf('CN=VENDORx0001,OU=people,O=Vendor,C=US', {
            rights: [],
            endorsements: [
              { by: 'alpha', rights: [right] },
              { by: 'beta', rights: [right] },
            ],
          }),
        },
      ],
    });
    const each = limit(
      'each',
      'where: { system: cmri, channel: api }\nkey: [scid, participant]\nquota: 2\nwindowMs: 60000',
    );
    const shared = await startTestGateway({ clock, policy: `limits:\n${each}`, provisioning });
    t.after(() => shared.close());
    const user = await shared.authority.user('current', { name: 'VENDORx0001', organisation: 'Vendor' });
    const scid =
      '<m:MessagePayload xmlns:m="urn:x"><m:Any><m:schedulingCoordinator>B1</m:schedulingCoordinator></m:Any></m:MessagePayload>';
    const body = soapRequest.replace(
      '<RequestMarketAwards/>',
      `<m:RequestMarketAwards xmlns:m="urn:x">${scid}</m:RequestMarketAwards>`,
    );
    const spent = await shared.call({ user, body });
    assert.equal((await shared.recordOf(spent)).admission?.scid?.outcome, 'proven');
    const told = async () =>
      (await standingTold(shared, { user })).limits.map(({ key, used, remaining }) => [key, used, remaining]);
    assert.deepEqual(await told(), [['scid=B1, participant=beta', 1, 1]]);
    const untilMs = clock.now() + 60_000;
    const words = { reason: 'this test', author: 'anna', untilMs };
    await shared.running.beginOverride({
      rule: 'each',
      change: { kind: 'quota', quota: 5 },
      scope: { participant: 'beta' },
      ...words,
    });
    assert.deepEqual(await told(), [['scid=B1, participant=beta', 1, 4]]);
  });

  test('tells a vendor nothing of what was refused in another environment, nor past the end of an endorsement', async (t) => {
    assert.ok(operator);
    const { environment, otherEnvironment } = operator;
    const others = 'map-stage';
    const right = (where: string) => ({
      environment: where,
      channels: ['api'],
      operations: ['retrieve'],
      scids: 'all',
      system: 'all',
    });
    const until = new Date(clock.now() + 3_600_000).toISOString();
    const both = [environment, others];
    const provisioning = JSON.stringify({
      format: 1,
      participants: [
        {
          id: 'alpha',
          name: 'alpha',
          scids: ['ALPHA'],
          credentials: [
            { subject: 'CN=ALPHAx0001,OU=people,O=CAISO,C=US', environments: both, rights: both.map(right) },
          ],
        },
        {
          id: 'vendor',
          name: 'vendor',
          scids: ['VENDOR'],
          credentials: [
            {
              subject: 'CN=VENDORx0001,OU=people,O=Vendor,C=US',
              environments: both,
              rights: [],
              endorsements: [{ by: 'alpha', until, rights: [right(environment)] }],
            },
          ],
        },
      ],
    });
    const each = limit('each', 'where: { environment: map-stage }\nkey: [credential]\nquota: 1\nwindowMs: 60000');
    const hosts = [...new Set([...(operator.hosts.hosts ?? []), otherEnvironment.host])];
    const gateway = await startTestGateway({ clock, policy: `limits:\n${each}`, provisioning, hosts });
    t.after(() => gateway.close());
    const user = await gateway.authority.user('current', { name: 'VENDORx0001', organisation: 'Vendor' });
    assert.equal((await gateway.call(otherEnvironment)).status, 200);
    assert.equal(codeOf(await gateway.call(otherEnvironment)), 'admission.acceptable_use');
    const told = await standingTold(gateway, { user });
    assert.deepEqual(
      told.endorsers.map(({ participant, refused }) => [participant, refused]),
      [['alpha', []]],
    );
    clock.setMs(Date.parse(until) - 1);
    assert.equal((await standingTold(gateway, { user })).endorsers.length, 1);
    clock.advanceMs(1);
    assert.deepEqual((await standingTold(gateway, { user })).endorsers, []);
  });
});
