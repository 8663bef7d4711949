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
  ports: { tls: 8443, plain: 8080 },
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
