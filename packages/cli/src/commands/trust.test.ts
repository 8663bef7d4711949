// An operator's questions about trust, asked of real files, real evidence and a gateway that runs.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createTestAuthority } from '@headgate/pki';
import { fakeClock, startTestGateway, type TestGateway, type TestTrust } from '@headgate/testkit';
import { runLine } from '../cli.fixture.ts';
import { exitCodes } from '../exit-codes.ts';
import { registerGateway } from './gateway.ts';
import { registerTrust } from './trust.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2024, 1, 21, 12);
/** Of the deck's zone, so that it ends at 07:00 UTC of the next day. */
const lastDay = '2024-04-30';
const trust: TestTrust = { legacy: { from: 'done', until: lastDay }, current: { from: '2023-11-15', until: 'tbd' } };
const organisation = 'CAISO';

interface Kit {
  readonly gateway: TestGateway;
  readonly config: string;
  readonly run: (...args: readonly string[]) => ReturnType<typeof runLine>;
}

async function startKit(t: TestContext, options: Parameters<typeof startTestGateway>[0] = {}): Promise<Kit> {
  const gateway = await startTestGateway({ clock: fakeClock(startMs), policy: 'limits: []\n', trust, ...options });
  t.after(() => gateway.close());
  const config = join(gateway.folder, 'gateway.yaml');
  await writeFile(config, JSON.stringify(gateway.config));
  const run = (command = '', ...args: readonly string[]) =>
    runLine(['trust', command, '--config', config, ...args], {
      more: [registerTrust],
      clock: () => gateway.clock.now(),
    });
  return { gateway, config, run };
}

/** What `plan --json` prints. */
interface Plan {
  readonly read: Readonly<Record<string, number>>;
  readonly ends: readonly {
    readonly bundle: string;
    readonly at: string;
    readonly members: readonly { readonly id: string | null; readonly how: string }[];
    readonly accepted: readonly string[];
    readonly credentials: readonly Readonly<Record<string, unknown>>[];
  }[];
  readonly unseen: readonly Readonly<Record<string, unknown>>[];
}

/** Records are written in batches: waits until the file has so many. */
async function written({ gateway }: Kit, records: number): Promise<void> {
  const file = gateway.running.evidenceFile;
  while ((await readFile(file, 'utf8').catch(() => '')).split('\n').length <= records) await setImmediate();
}

const provisioning = (subjects: readonly (readonly [string, string])[]) =>
  JSON.stringify({
    format: 1,
    participants: subjects.map(([id, subject]) => ({
      id,
      name: id,
      scids: [],
      credentials: [
        {
          subject,
          environments: ['production'],
          rights: [{ system: 'all', environment: 'production', channels: ['api'], role: 'submit', scids: 'all' }],
        },
      ],
    })),
  });
const subjectOf = (name: string) => `CN=${name},OU=people,O=${organisation},C=US`;

test('a planned removal shows weeks ahead whom it would strand, with the last use, the participant and what to do', async (t) => {
  const kit = await startKit(t, {
    provisioning: provisioning([
      ['alpha', subjectOf('ALPHAx0001')],
      ['bravo', subjectOf('BRAVOx0002')],
      ['charlie', subjectOf('CHARLIEx0003')],
      ['delta', subjectOf('DELTAx0004')],
    ]),
  });
  const { authority, clock } = kit.gateway;
  const stranded = await authority.user('legacy', { name: 'BRAVOx0002', organisation });
  const renewing = await authority.user('legacy', {
    name: 'CHARLIEx0003',
    organisation,
    notAfterMs: startMs + 30 * dayMs,
  });
  for (const user of [stranded, stranded, renewing, kit.gateway.user])
    assert.equal((await kit.gateway.call({ user })).status, 200);
  clock.advanceMs(dayMs);
  const last = await kit.gateway.call({ user: stranded });
  await kit.gateway.recordOf(last);
  await kit.gateway.running.close();

  const planned = await kit.run('plan', '--json');
  assert.equal(planned.code, 0, planned.stderr);
  const { read, ends, unseen } = JSON.parse(planned.stdout) as Plan;
  assert.deepEqual(read, { files: 1, records: 5, uncounted: 0 });
  assert.equal(ends.length, 1);
  const [end] = ends;
  assert.deepEqual(
    [end?.bundle, end?.at, end?.members.map(({ id, how }) => [id, how])],
    [
      'users',
      '2024-05-01T06:59:59.999Z',
      [
        ['legacy-anchor', 'withdrawn'],
        ['legacy-intermediate', 'withdrawn'],
      ],
    ],
  );
  assert.deepEqual(end?.accepted, ['CN=Headgate Test Current User Root,O=Headgate Test,C=US']);
  assert.deepEqual(
    end.credentials.map(({ subject, participant, how, lastUsed, calls, fingerprint, hosts, todo }) => ({
      subject,
      participant,
      how,
      lastUsed,
      calls,
      fingerprint,
      hosts,
      todo,
    })),
    [
      {
        subject: stranded.subject,
        participant: 'bravo',
        how: 'stranded',
        lastUsed: '2024-02-22T12:00:00.000Z',
        calls: 3,
        fingerprint: stranded.fingerprint256,
        hosts: ['ws.prod.caiso.com'],
        todo: 'Renew it before 2024-05-01T06:59:59.999Z with CN=Headgate Test Current User Root,O=Headgate Test,C=US.',
      },
      {
        subject: renewing.subject,
        participant: 'charlie',
        how: 'renews-before',
        lastUsed: '2024-02-21T12:00:00.000Z',
        calls: 1,
        fingerprint: renewing.fingerprint256,
        hosts: ['ws.prod.caiso.com'],
        todo: 'Renew it before 2024-03-22T12:00:00.000Z with CN=Headgate Test Current User Root,O=Headgate Test,C=US.',
      },
    ],
  );
  assert.deepEqual(unseen, [
    { participant: 'delta', credential: subjectOf('DELTAx0004'), environments: ['production'], expired: null },
  ]);

  const { stdout, stderr } = await kit.run('plan');
  assert.match(
    stdout,
    /^2024-05-01T06:59Z {2}users\nanchor CN=Headgate Test Legacy User Root\S*.* is withdrawn: Of this test \(This test\)\n/,
  );
  assert.match(stdout, /CN=BRAVOx0002\S+ +bravo +stranded +2024-02-22T12:00Z +3 +\d{4}-\d\d-\d\d +Renew it before/);
  assert.match(stdout, /no certificate that is valid now: ask who issued it\n[\s\S]*CN=DELTAx0004\S+ +delta +never/);
  assert.match(
    stderr,
    /^5 records in 1 file; 3 credentials were accepted\nwhat would end at once with apply is not known: no gateway "test" runs here/,
  );
});

test('whoever called since with a certificate of the successor is told as renewed', async (t) => {
  const { gateway, run } = await startKit(t);
  const person = { name: 'BRAVOx0002', organisation };
  const [before, renewed] = [
    await gateway.authority.user('legacy', person),
    await gateway.authority.user('current', person),
  ];
  await gateway.call({ user: before });
  gateway.clock.advanceMs(dayMs);
  await gateway.recordOf(await gateway.call({ user: renewed }));
  await gateway.running.close();
  const { ends } = JSON.parse((await run('plan', '--json')).stdout) as Plan;
  assert.deepEqual(
    ends[0]?.credentials.map(({ fingerprint, how, todo }) => [fingerprint, how, todo]),
    [
      [
        before.fingerprint256,
        'renewed',
        'Nothing: it calls with a certificate of CN=Headgate Test Current User Issuing,O=Headgate Test,C=US now.',
      ],
    ],
  );
});

test('gateway --check warns of what ends within thirty days, and says that every file can be used', async (t) => {
  const { gateway, config } = await startKit(t);
  const check = () =>
    runLine(['gateway', '--config', config, '--check'], { more: [registerGateway], clock: () => gateway.clock.now() });
  assert.equal((await check()).stderr, '');
  gateway.clock.setMs(Date.UTC(2024, 3, 15));
  const { code, stdout, stderr } = await check();
  assert.equal(code, 0);
  assert.match(stdout, /^every file can be used: ([0-9a-f]{12}); they are snapshot 1 of the gateway that runs\n$/);
  assert.match(stderr, /^headgate gateway: trust bundle users: CN=Headgate Test Legacy User Root\S* .*in 16 days\. /m);
  gateway.clock.setMs(startMs + (9 * 365 - 20) * dayMs); // The chains of this test end after nine years.
  assert.match((await check()).stderr, /: ws\.caiso\.com: server\.pem ends on \S+, in 20 days\. Replace it/);
});

test('a plan looks no farther than it is asked, and from the day it is asked', async (t) => {
  const { run } = await startKit(t);
  assert.equal(
    (await run('plan', '--within', '30d')).stdout,
    'no authority of a bundle ends within 30 days, from 2024-02-21 to 2024-03-22\n',
  );
  const endsIn = async (...args: readonly string[]) =>
    (JSON.parse((await run('plan', '--json', ...args)).stdout) as Plan).ends.length;
  assert.equal(await endsIn('--within', '69'), 0);
  assert.equal(await endsIn('--within', '70d'), 1);
  assert.deepEqual([await endsIn('--within', '9w'), await endsIn('--within', '10w')], [0, 1]);
  assert.equal(await endsIn('--at', '2024-05-02'), 0);
  assert.equal(await endsIn('--at', '2024-04-30T12:00:00Z', '--within', '1d'), 1);
});

test('where no authority is left, the plan says that the successor comes first', async (t) => {
  const { gateway, run } = await startKit(t);
  await gateway.recordOf(await gateway.call());
  await gateway.setTrust({ ...trust, current: { from: 'done', until: '2024-03-31' }, legacy: trust.current });
  await gateway.setTrust({
    current: { from: 'done', until: '2024-03-31' },
    legacy: { from: 'done', until: 'done' },
  });
  await gateway.running.close();
  const { ends } = JSON.parse((await run('plan', '--json')).stdout) as Plan;
  assert.deepEqual(ends[0]?.accepted, []);
  assert.equal(
    ends[0].credentials[0]?.todo,
    'No authority is accepted after 2024-04-01T06:59:59.999Z: add its successor to the bundle first.',
  );
  const shown = await run('show');
  assert.match(shown.stdout, /no anchor counts after 2024-04-01T06:59:59\.999Z: without a successor in overlap/);
});

for (const [how, until] of [
  ['marked as done', 'done'],
  ['given a past day', '2024-02-20'],
] as const)
  test(`an authority that is ${how} and still in force is told by plan, by --check and by apply as ending at once, with whom it strands`, async (t) => {
    const kit = await startKit(t);
    const { gateway, config, run } = kit;
    const user = await gateway.authority.user('legacy', { name: 'BRAVOx0002', organisation });
    await gateway.call({ user });
    await gateway.call();
    await written(kit, 2);
    await gateway.setTrust({ ...trust, legacy: { from: 'done', until } });

    const planned = await run('plan');
    assert.match(
      planned.stdout,
      /^1 anchor and 1 intermediate end AT ONCE with apply; 1 credential is stranded: CN=BRAVOx0002,OU=people,O=CAISO,C=US\n/,
    );
    assert.match(
      planned.stdout,
      /^CN=BRAVOx0002\S+ +stranded .* Do not apply before it has a certificate of CN=Headgate Test Current User Root/m,
    );
    assert.match(planned.stdout, /^no authority of a bundle ends within 90 days/m);
    const { atOnce } = JSON.parse((await run('plan', '--json')).stdout) as {
      atOnce: readonly { members: readonly { id: string; reason: string }[] }[];
    };
    assert.deepEqual(
      atOnce[0]?.members.map(({ id, reason }) => [id, reason]),
      [
        ['legacy-anchor', 'Of this test'],
        ['legacy-intermediate', 'Of this test'],
      ],
    );
    const checked = await runLine(['gateway', '--config', config, '--check'], {
      more: [registerGateway],
      clock: () => gateway.clock.now(),
    });
    assert.match(
      checked.stderr,
      /1 anchor and 1 intermediate end AT ONCE with apply\. `headgate trust plan` tells whom/,
    );
    assert.match(checked.stdout, /^every file can be used: .*; snapshot 1 of the gateway that runs is .*apply changes/);
    assert.match(
      (await run('apply')).stdout,
      /\nchanged: trust bundle users\n1 anchor and 1 intermediate ended AT ONCE; 1 credential is stranded: CN=BRAVOx0002/,
    );
    assert.match((await gateway.call({ user })).body, /identity\.authority_withdrawn/);
    assert.doesNotMatch((await run('plan')).stdout, /AT ONCE/);
  });

test('whoever called with an expired certificate alone is told as that, and a credential that has ended is told to be replaced', async (t) => {
  const kit = await startKit(t, {
    provisioning: provisioning([
      ['alpha', subjectOf('ALPHAx0001')],
      ['bravo', subjectOf('BRAVOx0002')],
      ['delta', subjectOf('DELTAx0004')],
    ]),
  });
  const { gateway, run } = kit;
  const { authority, clock } = gateway;
  const expired = await authority.expiredUser('current', { name: 'BRAVOx0002', organisation });
  const short = await authority.user('legacy', {
    name: 'DELTAx0004',
    organisation,
    notAfterMs: startMs + dayMs,
  });
  assert.match((await gateway.call({ user: expired })).body, /identity\.certificate_expired/);
  assert.equal((await gateway.call({ user: short })).status, 200);
  clock.advanceMs(2 * dayMs);
  await gateway.call();
  await written(kit, 3);
  const { ends, unseen } = JSON.parse((await run('plan', '--json')).stdout) as Plan;
  assert.deepEqual(
    ends[0]?.credentials.map(({ how, todo }) => [how, todo]),
    [
      [
        'expired',
        'It ended on 2024-02-22T12:00:00.000Z: whoever still calls needs a new one from CN=Headgate Test Current User Root,O=Headgate Test,C=US.',
      ],
    ],
  );
  assert.deepEqual(
    unseen.map(({ participant, expired: before }) => [participant, before]),
    [
      ['bravo', { notAfter: '2024-02-20T12:00:00.000Z', lastUsed: '2024-02-21T12:00:00.000Z' }],
      ['delta', { notAfter: '2024-02-22T12:00:00.000Z', lastUsed: '2024-02-21T12:00:00.000Z' }],
    ],
  );
});

test('authorities of plain files have no last day, and strand nobody before they expire', async (t) => {
  const { gateway, run } = await startKit(t);
  await gateway.recordOf(
    await gateway.call({ user: await gateway.authority.user('legacy', { name: 'BRAVOx0002', organisation }) }),
  );
  await gateway.running.close();
  await writeFile(
    join(gateway.folder, 'gateway.yaml'),
    JSON.stringify({
      ...gateway.config,
      trustBundles: [{ name: 'users', anchors: 'anchors.pem', intermediates: 'intermediates.pem' }],
    }),
  );
  const { ends } = JSON.parse((await run('plan', '--json')).stdout) as Plan;
  assert.deepEqual(ends, []);
});

test('a person sees bundles with members, dates and reasons, the hosts that use them, the chains, and what is announced', async (t) => {
  const { run } = await startKit(t, {
    chains: { hosts: ['ws.caiso.com'], legacy: 'legacy', current: 'current' },
  });
  const { code, stdout } = await run('show');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^users, test-users of the trust file\njudges the callers of ws\.prod\.caiso\.com, ws\.caiso\.com, /,
  );
  assert.match(stdout, /^legacy-anchor +anchor +yes +done +2024-04-30 +2034-\d\d-\d\d +Of this test +This test$/m);
  assert.match(stdout, /^current-intermediate +intermediate +yes +2023-11-15 +tbd +2034/m);
  assert.match(stdout, /^production-servers-legacy, shown to callers\nis about ws\.caiso\.com\n/m);
  assert.match(stdout, /^entrust-root-g2 +anchor +2023-11-15 +tbd +Shown by the new production API addresses/m);
  assert.match(stdout, /^ws\.caiso\.com +legacy +yes +20\d\d-\d\d-\d\d +ws\.caiso\.com-legacy\.pem$/m);
  assert.match(stdout, /^ws\.caiso\.com +current +no +/m);
  const later = JSON.parse((await run('show', '--at', '2024-05-01T07:00:00Z', '--json')).stdout) as {
    bundles: readonly { members: readonly { id: string; counts: boolean }[] }[];
  };
  assert.deepEqual(
    later.bundles[0]?.members.map(({ id, counts }) => [id, counts]),
    [
      ['legacy-anchor', false],
      ['current-anchor', true],
      ['legacy-intermediate', false],
      ['current-intermediate', true],
    ],
  );
  const soon = await run('show', '--at', '2024-04-15');
  assert.match(
    soon.stdout,
    /warning: trust bundle users: CN=Headgate Test Legacy User Root\S* .*is withdrawn after 2024-05-01T06:59:59\.999Z, in 16 days/,
  );
});

const listsOf = (authority: TestGateway['authority']) => ({
  'legacy.crl': authority.userRevocationList('legacy', { number: 41, nextUpdateMs: startMs + 3 * dayMs }),
  'current.crl': authority.userRevocationList('current', { number: 7 }),
  'current-delta.crl': authority.userRevocationList('current', {
    number: 8,
    base: 7,
    thisUpdateMs: startMs - dayMs / 2,
  }),
  'late-delta.crl': authority.userRevocationList('current', { number: 12, base: 9, thisUpdateMs: startMs - dayMs / 4 }),
});

test('show lists each revocation list: issuer, number, full or delta, entries, dates, age, where from, and whether it can be used', async (t) => {
  const stranger = await createTestAuthority({ nowMs: startMs });
  const user = await stranger.user('legacy', { name: 'BRAVOx0002', organisation });
  const { run } = await startKit(t, {
    crls: (authority) => ({
      ...listsOf(authority),
      'legacy.crl': authority.userRevocationList('legacy', {
        number: 41,
        nextUpdateMs: startMs + 3 * dayMs,
        revoked: [user],
      }),
    }),
  });
  const { stdout } = await run('show');
  const legacy = 'CN=Headgate Test Legacy User Issuing,O=Headgate Test,C=US';
  const current = 'CN=Headgate Test Current User Issuing,O=Headgate Test,C=US';
  for (const line of [
    `${legacy}  full         41      1        2024-02-20T12:00Z  24 h  2024-02-24T12:00Z  yes`,
    `${current}  full         7       0        2024-02-20T12:00Z  24 h  2024-02-22T12:00Z  yes`,
    `${current}  delta to 7   8       0        2024-02-21T00:00Z  12 h  2024-02-22T12:00Z  yes`,
    `${current}  delta to 9   12      0        2024-02-21T06:00Z  6 h   2024-02-22T12:00Z  no: It changes nothing: it goes on from list 9, and the complete list is 7.`,
  ])
    assert.ok(stdout.replaceAll(/ +/g, ' ').includes(line.replaceAll(/ +/g, ' ')), `${line}\n${stdout}`);
  assert.match(
    stdout,
    /^no list on disk that can be used of CN=Headgate Test Legacy User Root.* or CN=Headgate Test Current User Root.*$/m,
  );
  const told = JSON.parse((await run('show', '--json')).stdout) as {
    bundles: readonly { lists: readonly Record<string, unknown>[] }[];
    running: { pid: number; lists: readonly { inForce: boolean }[] };
  };
  assert.deepEqual(
    [told.running.pid, told.running.lists.map(({ inForce }) => inForce)],
    [process.pid, [true, true, true, false]],
  );
  assert.deepEqual(told.bundles[0]?.lists[0], {
    bundle: 'users',
    from: 'legacy.crl',
    issuer: legacy,
    kind: 'full',
    number: '41',
    base: null,
    entries: 1,
    thisUpdate: '2024-02-20T12:00:00.000Z',
    nextUpdate: '2024-02-24T12:00:00.000Z',
    ageMs: dayMs,
    isPastEnd: false,
    why: null,
    usable: true,
  });
  assert.equal(
    (await run('status')).stdout.split('\n')[2],
    '3 revocation lists with 1 entry in force; next due 2024-02-22T12:00Z; 1 list not in force',
  );
});

test('a list that is gone, of another authority or past its end is shown with the reason, and what follows', async (t) => {
  const { gateway, run } = await startKit(t, { crls: listsOf, staleCrls: 'refuse' });
  await rm(join(gateway.folder, 'late-delta.crl'));
  await writeFile(join(gateway.folder, 'current-delta.crl'), 'not a list');
  const { code, stdout } = await run('show', '--at', '2024-02-23');
  assert.equal(code, 0);
  assert.match(stdout, /no: The file is not there\. +late-delta\.crl$/m);
  assert.match(stdout, /no: The file is neither DER nor a PEM file of X509 CRL\. +current-delta\.crl$/m);
  assert.match(
    stdout,
    /Current User Issuing.* yes: It is past its end; nobody of its issuer is accepted until a newer one/,
  );
  gateway.clock.setMs(startMs + 2 * dayMs);
  assert.match(
    (await run('status')).stdout,
    /^3 revocation lists with 0 entries in force; 2 past the end, since 2024-02-22T12:00Z; 1 list not in force\ncurrent\.crl, list of CN=.*: It is past its end/m,
  );
});

const startWithList = (t: TestContext, staleCrls: 'accept' | 'refuse' = 'accept') =>
  startKit(t, {
    staleCrls,
    crls: (authority) => ({ 'users.crl': authority.userRevocationList('current', { number: 5 }) }),
  });

test('of a list that is broken on disk, show tells what the disk has, what is kept, and what the running gateway has in force', async (t) => {
  const { gateway, run } = await startWithList(t);
  await writeFile(join(gateway.folder, 'users.crl'), 'not a list');
  const shown = await run('show');
  assert.match(shown.stdout, / usable from disk +from\n/);
  assert.doesNotMatch(shown.stdout, /never refused as revoked/);
  assert.match(shown.stdout, / no: The file is neither DER nor a PEM file of X509 CRL\. +users\.crl$/m);
  assert.match(shown.stdout, /Current User Issuing.* full +5 .* yes +users\.crl, the copy that is kept of it$/m);
  assert.match(
    shown.stdout,
    /^1 revocation list with 0 entries in force; .* in the running gateway \(process \d+\); `headgate trust status` tells of each$/m,
  );
  await gateway.running.close();
  assert.match((await run('show')).stdout, /^no gateway "test" runs here: .* takes what the disk has, and the copies/m);
});

for (const [what, change] of [
  ['gone', (gateway) => rm(join(gateway.folder, 'users.crl'))],
  ['a page', (gateway) => writeFile(join(gateway.folder, 'users.crl'), '<html>Log in</html>')],
  [
    'older',
    (gateway) =>
      writeFile(join(gateway.folder, 'users.crl'), gateway.authority.userRevocationList('current', { number: 4 })),
  ],
] as const satisfies readonly (readonly [string, (gateway: TestGateway) => Promise<void>])[])
  test(`apply and --check say of a list that is ${what} that its file is not what is in force`, async (t) => {
    const { gateway, config, run } = await startWithList(t);
    await change(gateway);
    const applied = await run('apply');
    assert.equal(applied.code, exitCodes.listKept);
    assert.doesNotMatch(applied.stdout, /say what they said before/);
    assert.match(
      applied.stdout,
      /\nrevocation lists: 1 fault of their sources, told on standard error; what was in force of them goes on to count\nnothing changed: what was in force before stays in force\n$/,
    );
    const checked = await runLine(['gateway', '--config', config, '--check'], {
      more: [registerGateway],
      clock: () => gateway.clock.now(),
    });
    assert.equal(checked.code, exitCodes.listKept);
    assert.match(checked.stdout, /^every file can be used, but for revocation lists: 1 fault of their sources/);
    assert.match(checked.stderr, /^revocation lists of users: users\.crl: /);
  });

test('apply tells as a change that the same list comes by URL from now on, and another pace of asking for it', async (t) => {
  const { gateway, run } = await startKit(t);
  const bytes = gateway.authority.userRevocationList('current', { number: 5 });
  const server = createServer((_request, response) => response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/users.crl`;
  const fetched = { url, everyMs: 30_000, timeoutMs: 10_000, bytesMax: 1_000_000, authorities: undefined };
  const [bundle] = gateway.config.trustBundles;
  assert.ok(bundle);
  await writeFile(join(gateway.folder, 'users.crl'), bytes);
  gateway.rewrite({ trustBundles: [{ ...bundle, crls: ['users.crl'] }] });
  await run('apply');
  gateway.rewrite({ trustBundles: [{ ...bundle, crlUrls: [fetched] }] });
  const moved = await run('apply');
  assert.deepEqual([moved.code, moved.stderr], [exitCodes.ok, '']);
  assert.match(moved.stdout, /\nchanged: revocation lists of users\n$/);
  gateway.rewrite({ trustBundles: [{ ...bundle, crlUrls: [{ ...fetched, everyMs: 60_000 }] }] });
  assert.match((await run('apply')).stdout, /\nchanged: sources of revocation lists of users, which have the same/);
});

test('apply and --check warn where a list past its end keeps everybody of its issuer out', async (t) => {
  const { gateway, config, run } = await startWithList(t, 'refuse');
  const check = () =>
    runLine(['gateway', '--config', config, '--check'], { more: [registerGateway], clock: () => gateway.clock.now() });
  assert.deepEqual([(await run('apply')).stderr, (await check()).stderr], ['', '']);
  gateway.clock.setMs(startMs + 2 * dayMs);
  const says =
    /trust bundle users: the revocation list of CN=Headgate Test Current User Issuing,.* came to its end on 2024-02-22T12:00:00\.000Z: nobody of this issuer is served until a newer one is there/;
  assert.match((await run('apply')).stderr, says);
  assert.match((await check()).stderr, says);
  assert.match((await gateway.call()).body, /identity\.revocation_unknown/);
});

test('a bundle without lists says that nobody is refused as revoked', async (t) => {
  const { run } = await startKit(t);
  assert.match((await run('show')).stdout, /^no revocation lists: none of these callers is refused as revoked$/m);
});

test('apply returns once the files are in force, and says what changed; status says what is', async (t) => {
  const { gateway, run } = await startKit(t);
  await gateway.setTrust({ ...trust, legacy: { from: 'done', until: 'done' } });
  const applied = await run('apply');
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(
    applied.stdout,
    /^test \(process \d+\): snapshot 2 [0-9a-f]{12} is in force in 1 of 1 thread\nchanged: trust file\nchanged: trust bundle users\n1 anchor and 1 intermediate ended AT ONCE; nobody who was seen is stranded\n$/,
  );
  const old = await gateway.authority.user('legacy', { name: 'BRAVOx0002', organisation });
  assert.match((await gateway.call({ user: old })).body, /identity\.authority_withdrawn/);
  assert.match(
    (await run('status')).stdout,
    /snapshot 2 [0-9a-f]{12} is in force in 1 of 1 thread\nthread 0: snapshot 2\nno revocation lists in force: nobody is refused as revoked\n$/,
  );
  assert.match((await run('apply')).stdout, /\nnothing changed: the files say what they said before\n$/);
  const json = JSON.parse((await run('status', '--json')).stdout) as { ok: boolean; number: number };
  assert.deepEqual([json.ok, json.number], [true, 3]);
});

test('apply says first which options on disk are not in force until a restart, with an exit code of its own', async (t) => {
  const { gateway, run } = await startKit(t);
  gateway.rewrite({ threads: 2 });
  const { code, stdout } = await run('apply');
  assert.equal(code, exitCodes.needsRestart);
  assert.match(
    stdout,
    /^1 option of the configuration is changed on disk and NOT in force until the gateway is restarted: threads\ntest \(process \d+\): snapshot 2 .*\nnothing else changed\n$/,
  );
  gateway.rewrite({ echo: { path: '/echo' } });
  await gateway.setTrust({ ...trust, legacy: { from: 'done', until: 'done' } });
  const two = await run('apply');
  assert.equal(two.code, exitCodes.needsRestart);
  assert.match(
    two.stdout,
    /^2 options of the configuration are changed on disk and NOT in force until the gateway is restarted: threads, echo\n.*\nchanged: trust file\n/,
  );
  const json = await run('apply', '--json');
  assert.deepEqual(
    [json.code, (JSON.parse(json.stdout) as { needRestart: readonly string[] }).needRestart],
    [exitCodes.needsRestart, ['threads', 'echo']],
  );
  gateway.rewrite({ threads: gateway.config.threads, echo: gateway.config.echo });
  assert.equal((await run('apply')).code, exitCodes.ok);
});

test('apply takes the first list of a bundle up, and says with an exit code of its own where a later one cannot be used', async (t) => {
  const { gateway, run } = await startKit(t);
  const list = join(gateway.folder, 'users.crl');
  const listOf = (number: number) =>
    gateway.authority.userRevocationList('current', { number, revoked: [gateway.user] });
  const [bundle] = gateway.config.trustBundles;
  assert.ok(bundle);
  await writeFile(list, listOf(5));
  gateway.rewrite({ trustBundles: [{ ...bundle, crls: ['users.crl'] }] });
  const first = await run('apply');
  assert.deepEqual([first.code, first.stderr], [exitCodes.ok, '']);
  assert.match(first.stdout, /\nchanged: revocation lists of users\n$/);
  assert.match((await gateway.call()).body, /identity\.certificate_revoked/);

  await writeFile(list, listOf(4));
  const kept = await run('apply');
  assert.equal(kept.code, exitCodes.listKept);
  assert.match(kept.stdout, /nothing changed/);
  const says =
    /^revocation lists of users: users\.crl: The list of .* \(number 4, .*\) is older than .* --accept-older-lists/;
  assert.match(kept.stderr, says);
  const status = await run('status');
  assert.deepEqual([status.code, says.test(status.stderr)], [exitCodes.ok, true]);

  const accepted = await run('apply', '--accept-older-lists');
  assert.deepEqual([accepted.code, accepted.stderr], [exitCodes.ok, '']);
  assert.match(accepted.stdout, /\nchanged: revocation lists of users\n$/);
});

test('gateway --check says which list is older than the one that goes on to count, and passes where that is accepted', async (t) => {
  const { gateway, config } = await startKit(t, {
    crls: (authority) => ({ 'users.crl': authority.userRevocationList('current', { number: 5 }) }),
  });
  const check = (...more: readonly string[]) =>
    runLine(['gateway', '--config', config, '--check', ...more], {
      more: [registerGateway],
      clock: () => gateway.clock.now(),
    });
  assert.equal((await check()).code, exitCodes.ok);
  await writeFile(join(gateway.folder, 'users.crl'), gateway.authority.userRevocationList('current', { number: 4 }));
  const refused = await check();
  assert.equal(refused.code, exitCodes.listKept);
  assert.match(refused.stderr, /users\.crl: .*\(number 4, .*\) is older than .*\(number 5, .*--accept-older-lists/);
  assert.equal((await check('--accept-older-lists')).code, exitCodes.ok);
});

test('show tells of a fetched list by what is kept of it, and of one that was never fetched', async (t) => {
  const { gateway, config, run } = await startKit(t);
  const server = createServer((_request, response) =>
    response.end(gateway.authority.userRevocationList('current', { number: 12 })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/users.crl`;
  const fetched = { url, everyMs: 30_000, timeoutMs: 10_000, bytesMax: 1_000_000, authorities: undefined };
  const trustBundles = gateway.config.trustBundles.map((bundle) => ({ ...bundle, crlUrls: [fetched] }));
  await writeFile(config, JSON.stringify({ ...gateway.config, trustBundles }));
  assert.match((await run('show')).stdout, /no: Nothing that was fetched is kept yet\. +http:\S+users\.crl$/m);
  gateway.rewrite({ trustBundles });
  assert.equal((await run('apply')).code, exitCodes.ok);
  assert.match((await run('show')).stdout, / full +12 .* yes +http:\S+users\.crl$/m);
});

test('apply says with file and line why files cannot be used, and that nothing changed', async (t) => {
  const { gateway, run } = await startKit(t);
  await rm(join(gateway.folder, 'legacy-anchor.pem'));
  const { code, stdout, stderr } = await run('apply');
  assert.deepEqual([code, stdout], [4, '']);
  assert.match(
    stderr,
    /^headgate trust: nothing changed, snapshot 1 stays in force:\n {2}trust\.yaml:\d+:\d+ bundles\.0\.members\.0: found legacy-anchor\.pem: no such file; expected its PEM file\n$/,
  );
  const shown = await run('show');
  assert.equal(shown.code, 4);
  assert.match(shown.stderr, /trust\.yaml:\d+:\d+ bundles\.0\.members\.0/);
});

test('where no gateway runs, apply says so and how to start one; a wrong day and a missing configuration are refused each in its way', async (t) => {
  const { gateway, run } = await startKit(t);
  await gateway.running.close();
  const { code, stderr } = await run('apply');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /no gateway "test" runs here: there is no .*test\.control\. Start it with `headgate gateway --config`/,
  );
  for (const [option, value] of [
    ['--at', '2024-02-30'],
    ['--at', 'monday'],
    ['--within', 'soon'],
    ['--within', '9999d'],
  ])
    assert.equal((await run('plan', option ?? '', value ?? '')).code, 2);
  assert.equal((await run('plan', '--evidence', join(gateway.folder, 'nowhere'))).code, 4);
  const nowhere = await runLine(['trust', 'show', '--config', join(gateway.folder, 'nowhere.yaml')], {
    more: [registerTrust],
  });
  assert.equal(nowhere.code, 4);
  assert.equal((await runLine(['trust', 'show'], { more: [registerTrust] })).code, 2);
});

test('a folder in place of the configuration, and a file that is not in this folder, are told as what they are', async (t) => {
  const { gateway } = await startKit(t);
  const of = (...args: readonly string[]) => runLine(['trust', ...args], { more: [registerTrust] });
  const folder = await of('plan', '--config', gateway.folder);
  assert.equal(folder.code, 4);
  assert.match(folder.stderr, /is a folder; name the configuration file in it, as \S+gateway\.yaml/);
  const near = await of('status', '--config', 'nowhere.yaml');
  assert.ok(near.stderr.includes(`there is no nowhere.yaml in ${process.cwd()};`), near.stderr);
});

test('where a gateway has never run, apply says so; a plan without evidence says that it knows nobody', async (t) => {
  const { gateway, config, run } = await startKit(t);
  await writeFile(config, JSON.stringify({ ...gateway.config, evidence: { folder: 'elsewhere' } }));
  const applied = await run('apply');
  assert.equal(applied.code, 1);
  assert.match(
    applied.stderr,
    /has run by this configuration yet: its evidence folder \S+elsewhere is not there\. Start it/,
  );
  const planned = await run('plan');
  assert.equal(planned.code, 0);
  assert.match(
    planned.stderr,
    /^no evidence in \S+elsewhere: whom an end strands is not known\. Name that of a gateway/,
  );
});

test('a file of a bundle that is a folder is told as one', async (t) => {
  const { gateway, run } = await startKit(t);
  await rm(join(gateway.folder, 'server.pem'));
  await mkdir(join(gateway.folder, 'server.pem'));
  assert.match((await run('show')).stderr, /server\.pem:1:1 found a folder; expected a file that can be read/);
});

/** Does work as a user who is not the owner of files with mode 0: root becomes nobody meanwhile. */
async function asStranger<Done>(work: () => Promise<Done>): Promise<Done> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test('what another user may not read is told as that, and never as a plan without anybody', async (t) => {
  const { gateway, config, run } = await startKit(t);
  await gateway.recordOf(await gateway.call());
  const evidence = join(gateway.folder, 'evidence');
  await chmod(gateway.folder, 0o755);
  await chmod(config, 0o644);
  const key = join(gateway.folder, 'server.key');
  await chmod(key, 0o000);
  await chmod(evidence, 0o000);
  const said = await asStranger(async () => ({
    planned: await run('plan'),
    applied: await run('apply'),
    shown: await run('show'),
    checked: await runLine(['gateway', '--config', config, '--check'], { more: [registerGateway] }),
  }));
  await chmod(evidence, 0o700);
  await chmod(key, 0o600);
  assert.match(said.planned.stderr, /this user may not read \S+evidence/);
  assert.match(said.applied.stderr, /this user may not ask the gateway "test"/);
  assert.match(
    said.shown.stderr,
    /server\.key:1:1 found a file that this user may not read; expected a file that can be/,
  );
  assert.match(said.checked.stderr, /test\.break-glass\.json:1:1 found a file that this user may not read/);
  await chmod(config, 0o000);
  const closed = await asStranger(() => run('show'));
  assert.match(closed.stderr, /this user may not read \S+gateway\.yaml; run the command as the user that the gateway/);
});
