// The demo's files as a new user meets them: trust with dates, whom to ask, and one certificate more.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import type { Register } from '../context.ts';
import { createDemoWorld } from '../start/demo-world.ts';
import { registerDemo } from './demo.ts';
import { registerGateway } from './gateway.ts';
import { registerProvisioning } from './provisioning.ts';
import { registerTrust } from './trust.ts';

const nowMs = Date.UTC(2026, 10, 27, 12);
const more: readonly Register[] = [registerDemo, registerGateway, registerProvisioning, registerTrust];
const run = (...args: readonly string[]) => runLine(args, { more, clock: () => nowMs });

const folder = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
const { gatewayConfig } = await createDemoWorld({
  folder,
  catalogue: join(workspaceRoot, 'catalogues/caiso'),
  nowMs,
  ports: { tls: 8443, plain: 8080, control: 9443 },
  upstreams: { legacy: 'http://127.0.0.1:9001', current: 'http://127.0.0.1:9000' },
});
const provisioning = join(folder, 'provisioning.yaml');
after(() => rm(folder, { recursive: true }));

describe('the demo', () => {
  test('trusts by dates: two authorities of users in overlap, of which one goes within what a plan looks ahead', async () => {
    const shown = await run('trust', 'show', '--config', gatewayConfig);
    assert.match(shown.stdout, /^legacy-users +anchor +yes +done +2027-01-26 /m);
    assert.match(shown.stdout, /^current-users +anchor +yes +done +tbd /m);
    const planned = await run('trust', 'plan', '--config', gatewayConfig);
    assert.match(
      planned.stdout,
      /^2027-01-27T07:59Z {2}users\nanchor CN=Headgate Test Legacy User Root\S* .* is withdrawn: /,
    );
  });

  test('shows chains that lead to what it announces, and is warned of nothing', async () => {
    const { code, stderr } = await run('gateway', '--config', gatewayConfig, '--check');
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('says in a refusal for want of a right who grants it', async () => {
    const subject = 'CN=ALPHAx1001,OU=people,O=Alpha Energy,C=US';
    const place = ['--system', 'cmri', '--operation', 'submit', '--environment', 'production'];
    const file = ['--provisioning', provisioning];
    const { stdout } = await run('provisioning', 'explain', '--subject', subject, '--scid', 'EXZ9', ...place, ...file);
    assert.match(stdout, /access@(?:alpha-energy|operator)\.example\.org/);
  });
});

describe('demo certificate', () => {
  const make = (...args: readonly string[]) => run('demo', 'certificate', '--folder', folder, ...args);

  test('makes a certificate of the demo’s own authority with key and profile, which is enrolled by the row beside it', async () => {
    const { code, stdout } = await make('--name', 'ECHOx1005', '--authority', 'legacy');
    assert.equal(code, 0);
    assert.match(stdout, /^CN=ECHOx1005,OU=people,O=Alpha Energy,C=US\ncertificate +\S+echox1005\.pem\n/);
    assert.match(stdout, /^ {2}npx --no headgate trust apply --config \S+gateway\.yaml$/m);
    const pem = ['--certificate', join(folder, 'keys/echox1005.pem'), '--provisioning', provisioning];
    const place = ['--system', 'cmri', '--operation', 'submit', '--environment', 'production'];
    const explain = () => run('provisioning', 'explain', ...pem, ...place);
    assert.match((await explain()).stdout, /not enrolled in production\. access@operator\.example\.org enrols/);
    const imported = await run('provisioning', 'import', join(folder, 'echox1005.csv'), '--into', provisioning);
    assert.equal(imported.code, 0, imported.stderr);
    assert.equal((await explain()).code, 0);
    assert.match(await readFile(join(folder, 'echox1005.yaml'), 'utf8'), /^certificate: \S+keys\/echox1005\.pem$/m);
  });

  test('is valid as long as it is asked to be, and tells programs all of it', async () => {
    const { stdout } = await make('--name', 'FOXTROTx1006', '--participant', 'delta-trading', '--days', '2', '--json');
    const told = JSON.parse(stdout) as { subject: string; enrol: readonly string[] };
    assert.equal(told.subject, 'CN=FOXTROTx1006,OU=people,O=Delta Trading,C=US');
    assert.equal(told.enrol.length, 2);
    const { validTo } = new X509Certificate(await readFile(join(folder, 'keys/foxtrotx1006.pem')));
    assert.equal(Date.parse(validTo), nowMs + 2 * 86_400_000);
  });

  test('of a subject that is enrolled is a renewal: no row, and nothing to enrol', async () => {
    const { stdout } = await make('--name', 'YOUx1000', '--participant', 'you');
    assert.match(
      stdout,
      /^Its subject is enrolled: to the gateway it is a renewal, .* This calls:\n {2}npx \S+ headgate call .*\n$/m,
    );
    assert.doesNotMatch(stdout, /provisioning import/);
    assert.equal((await readdir(folder)).includes('youx1000.csv'), false);
  });

  test('of a participant without rights of its own is enrolled by the endorsement that it has', async () => {
    await make('--name', 'KILOx1011', '--participant', 'you');
    await run('provisioning', 'import', join(folder, 'kilox1011.csv'), '--into', provisioning);
    const [shown] = JSON.parse(
      (await run('provisioning', 'show', '--json', '--provisioning', provisioning, 'CN=KILOx1011,OU=people,O=You,C=US'))
        .stdout,
    ) as [{ credentials: readonly { rights: readonly unknown[]; endorsements: readonly { by: string }[] }[] }];
    assert.deepEqual(
      shown.credentials.map(({ rights, endorsements }) => [rights.length, endorsements.map(({ by }) => by)]),
      [[0, ['alpha-energy']]],
    );
  });

  test('can be one that has ended, with a profile that sends it all the same', async () => {
    const { stdout } = await make('--name', 'LIMAx1012', '--expired');
    assert.match(stdout, /^It ended yesterday: a call is refused, with its last day\. It is not enrolled yet/m);
    const { validTo } = new X509Certificate(await readFile(join(folder, 'keys/limax1012.pem')));
    assert.equal(Date.parse(validTo), nowMs - 86_400_000);
    assert.match(await readFile(join(folder, 'limax1012.yaml'), 'utf8'), /^allowExpired: true$/m);
  });

  for (const [what, args, code, words] of [
    ['a name that is there', ['--name', 'GOLFx1007'], 4, /golfx1007\.pem is there already; choose another --name/],
    ['a name out of form', ['--name', 'GOLF'], 2, /letters or digits, an x and four digits, as ECHOx1005/],
    [
      'a participant that nobody is',
      ['--name', 'GOLFx1008', '--participant', 'alpha'],
      3,
      /it has alpha-energy, bravo/,
    ],
    [
      'a mistyped participant',
      ['--name', 'GOLFx1008', '--participant', 'alpha-enregy'],
      3,
      /did you mean alpha-energy\?/,
    ],
    ['a place without a demo', ['--name', 'GOLFx1008', '--folder', '/nonexistent'], 4, /`npm start` makes one/],
    ['days that are none', ['--name', 'GOLFx1008', '--days', '0'], 2, /1 to 3650/],
  ] as const)
    test(`refuses ${what}, and leaves nothing behind`, async () => {
      if (code === 4) await make('--name', 'GOLFx1007');
      const before = await readdir(join(folder, 'keys'));
      const refused = await make(...args);
      assert.equal(refused.code, code, refused.stderr);
      assert.match(refused.stderr, words);
      assert.deepEqual(await readdir(join(folder, 'keys')), before);
    });
});

describe('demo revoke', () => {
  const place = ['--system', 'cmri', '--operation', 'submit', '--environment', 'production'];
  const explain = (pem: string) =>
    run('provisioning', 'explain', '--config', gatewayConfig, '--certificate', join(folder, 'keys', pem), ...place);
  const change = (command: 'revoke' | 'release', name: string) =>
    run('demo', command, '--folder', folder, '--name', name);

  test('puts a certificate on a list that the configuration names, which release takes it off again', async () => {
    assert.equal((await explain('bravo-municipal.pem')).code, 0);
    const revoked = await change('revoke', 'BRAVOx1002');
    assert.equal(revoked.code, 0, revoked.stderr);
    assert.match(
      revoked.stdout,
      /^CN=BRAVOx1002,\S+ .* is on \S+crls\/current-users\.crl, number 1, which has 1 now\n/,
    );
    assert.match(revoked.stdout, /trust apply --config \S+gateway\.yaml\n$/);
    assert.match((await explain('bravo-municipal.pem')).stdout, /^refused: identity\.certificate_on_hold\n/);
    assert.equal((await explain('alpha-energy.pem')).code, 0);
    const both = await change('revoke', 'ALPHAx1001');
    assert.match(both.stdout, /legacy-users\.crl, number 1, which has 1 now/);
    assert.match((await explain('bravo-municipal.pem')).stdout, /identity\.certificate_on_hold/);
    const released = await change('release', 'BRAVOx1002');
    assert.match(released.stdout, /is off \S+current-users\.crl, number 2, which has 0 now/);
    assert.equal((await explain('bravo-municipal.pem')).code, 0);
    assert.equal((await run('gateway', '--config', gatewayConfig, '--check')).code, 0);
  });

  test('refuses a name that no certificate has, and a place without a demo', async () => {
    const nobody = await change('revoke', 'NOBODYx9999');
    assert.equal(nobody.code, 3);
    assert.match(nobody.stderr, /no certificate of \S+keys is of CN=NOBODYx9999; `headgate demo certificate --name/);
    assert.equal((await run('demo', 'revoke', '--folder', '/nonexistent', '--name', 'YOUx1000')).code, 4);
  });
});
