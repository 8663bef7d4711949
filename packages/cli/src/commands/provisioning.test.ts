import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import { createTestAuthority, type TestUser } from '@headgate/pki';
import { fakeClock, startTestGateway } from '@headgate/testkit';
import { runLine, workspaceRoot } from '../cli.fixture.ts';
import { evidenceRecord } from '../start/evidence-record.fixture.ts';
import { registerProvisioning } from './provisioning.ts';

const sample = join(workspaceRoot, 'catalogues', 'caiso', 'provisioning.example.yaml');
const harbor = 'CN=HARBORx0001,OU=people,O=EXAMPLE,C=US';
const vendor = 'CN=SETTLEx0003,OU=people,O=EXAMPLE,C=US';
const run = (...args: string[]) => runLine(['provisioning', ...args], { more: [registerProvisioning] });

/** A folder with the sample as `p.yaml`; `bring` writes rows as `a.csv` and imports them. */
async function folderOf(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-provisioning-'));
  t.after(() => rm(folder, { recursive: true }));
  const [file, csv] = [join(folder, 'p.yaml'), join(folder, 'a.csv')];
  await copyFile(sample, file);
  const bring = async (rows: string, ...more: string[]) => {
    await writeFile(csv, rows);
    return run('import', csv, '--into', file, ...more);
  };
  return { folder, file, csv, bring, text: () => readFile(file, 'utf8') };
}

const columns =
  'participant,subject,endorsed_by,environment,system,channel,role,scids,from,until,participant_name,participant_scids,label';
const row = (said: Readonly<Record<string, string>>) =>
  columns
    .split(',')
    .map((name) => quoted(said[name] ?? ''))
    .join(',');
const quoted = (text: string) => (text.includes(',') ? `"${text}"` : text);
const desk = { participant: 'harbor-power', subject: harbor, environment: 'production' };
const csvOf = (...rows: readonly Readonly<Record<string, string>>[]) =>
  `${[columns, ...rows.map(row)].join('\r\n')}\r\n`;

describe('provisioning show', () => {
  const show = (...args: string[]) => run('show', ...args, '--provisioning', sample);

  test('lists participants with who endorses them', async () => {
    const { code, stdout } = await show();
    assert.equal(code, 0);
    assert.match(stdout, /^harbor-power +Harbor Power Authority +HPA1 HPA2 +1 +1$/m);
    assert.match(stdout, /^settle-soft +Settle Software +1 +harbor-power mesa-demand +0$/m);
  });

  test('prints the rights of a participant, and of one certificate, as they are at an instant', async () => {
    const rights = (await show(vendor, '--at', '2025-06-01')).stdout;
    assert.match(rights, /^stlmt +production +api +retrieve +HPA2 +2024-01-01 +2024-12-31 +ended +harbor-power$/m);
    assert.match(rights, /^stlmt +production +api +retrieve, submit +all SCIDs +holds +mesa-demand$/m);
    assert.match((await show('harbor-power')).stdout, /^oms +production +ui +retrieve, submit +group lake +holds$/m);
    const [{ credentials }] = JSON.parse((await show('mesa-demand', '--json')).stdout);
    assert.deepEqual(credentials[0].rights[0].operations, ['submit']);
  });

  test('says so where nobody is called that', async () => {
    const { code, stderr } = await show('harbour-power');
    assert.equal(code, 3);
    assert.match(stderr, /no participant and no certificate is called harbour-power\. Do you mean harbor-power\?/);
  });
});

describe('provisioning explain', () => {
  const explain = (subject: string, system: string, operation: string, ...more: string[]) =>
    run(
      'explain',
      '--provisioning',
      sample,
      '--subject',
      subject,
      '--system',
      system,
      '--operation',
      operation,
      '--environment',
      'production',
      ...more,
    );

  test('says for whom a call would act, for which SCIDs and until when', async () => {
    const { code, stdout } = await explain(vendor, 'STLMT', 'retrieve', '--json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      allowed: true,
      participant: 'settle-soft',
      endorsers: ['harbor-power', 'mesa-demand'],
      scids: ['HPA2', 'MESA'],
      resourceGroups: [],
      credential: vendor,
      heldBy: 'settle-soft',
      holdsUntil: '2025-01-01T00:00:00.000Z',
      notJudged: ['dates, issuer and revocation: give --certificate FILE.pem'],
    });
    const { stdout: told } = await explain(vendor, 'stlmt', 'retrieve', '--scid', 'MESA');
    assert.match(told, /^ {2}acts for: +mesa-demand$/m);
  });

  test('says what the gateway would say, and exits with 1', async () => {
    const { code, stdout } = await explain(harbor, 'cmri', 'submit');
    assert.equal(code, 1);
    assert.match(stdout, /^refused: admission\.not_permitted$/m);
    assert.match(
      stdout,
      /may not submit on CMRI \(api, production\)\. It may only read there\. access@harbor-power\.example\.org grants it\.$/m,
    );
    const unknown = await explain('CN=NOBODY', 'cmri', 'retrieve');
    assert.match(
      unknown.stdout,
      /^refused: identity\.not_enrolled$[\s\S]+The certificate CN=NOBODY is not enrolled in[\s\S]+^ {2}NOT JUDGED: +dates/m,
    );
    const ended = await explain(vendor, 'stlmt', 'retrieve', '--scid', 'HPA2', '--at', '2025-06-01T12:00:00Z');
    assert.match(ended.stdout, /admission\.right_ended[\s\S]+by endorsement of Harbor Power Authority/);
  });

  for (const [how, subject] of [
    ['in the order of OpenSSL', 'C=US,O=EXAMPLE,OU=people,CN=HARBORx0001'],
    ['as OpenSSL prints it', 'C = US, O = EXAMPLE, OU = people, CN = HARBORx0001'],
    ['in the oldest form of OpenSSL', '/C=US/O=EXAMPLE/OU=people/CN=HARBORx0001'],
  ] as const)
    test(`a subject ${how} is told as the reverse of the one that is compared, by explain, show and import`, async (t) => {
      const fault = `is the reverse of ${harbor}; the most specific attribute stands first`;
      const asked = await explain(subject, 'cmri', 'retrieve');
      assert.equal(asked.code, 2);
      assert.ok(asked.stderr.includes(`--subject "${subject}" ${fault}. Say --subject "${harbor}"`), asked.stderr);
      assert.ok((await run('show', subject, '--provisioning', sample)).stderr.includes(fault));
      const { bring, text } = await folderOf(t);
      const before = await text();
      const right = { system: 'cmri', channel: 'api', role: 'read', scids: 'all' };
      const imported = await bring(csvOf({ ...desk, ...right, subject }));
      assert.equal(imported.code, 4);
      assert.ok(
        imported.stderr.includes(`row 2, subject: found ${subject}, which ${fault}; expected ${harbor}`),
        imported.stderr,
      );
      assert.equal(await text(), before);
    });

  test('a subject that is spelled otherwise than certificates are compared is told in the right spelling', async () => {
    const asked = await explain('CN=HARBORx0001, OU=people, O=EXAMPLE, C=US', 'cmri', 'retrieve');
    assert.match(asked.stderr, /is written otherwise than CN=HARBORx0001,OU=people,O=EXAMPLE,C=US; names are compared/);
    const quoted = await explain('CN=HARBOR\\, INC,O=EXAMPLE,C=US', 'cmri', 'retrieve');
    assert.match(quoted.stdout, /^refused: identity\.not_enrolled$/m);
  });

  test('refuses a system, an environment and a command line that mean nothing', async () => {
    assert.match((await explain(harbor, 'cmr', 'submit')).stderr, /no system cmr\. Do you mean cmri\?/);
    const moon = await run(
      'explain',
      '--provisioning',
      sample,
      '--subject',
      harbor,
      '--system',
      'cmri',
      '--operation',
      'submit',
      '--environment',
      'moon',
    );
    assert.deepEqual([moon.code, /no environment moon/.test(moon.stderr)], [3, true]);
    const nobody = await run(
      'explain',
      '--provisioning',
      sample,
      '--system',
      'cmri',
      '--operation',
      'submit',
      '--environment',
      'production',
    );
    assert.deepEqual([nobody.code, /which certificate\?/.test(nobody.stderr)], [2, true]);
    assert.equal((await explain(harbor, 'cmri', 'delete')).code, 2);
    assert.equal((await run('show', '--provisioning', '/nonexistent.yaml')).code, 4);
  });
});

describe('a certificate that the file names in another way than the question', () => {
  const asked = ['--system', 'cmri', '--operation', 'retrieve', '--environment', 'production'];
  const right = { system: 'cmri', environment: 'production', channels: ['api'], role: 'read', scids: 'all' };

  /** A certificate on disk, and a file whose one participant holds it by `names`. */
  async function enrolled(t: TestContext, namesOf: (user: TestUser) => Record<string, string>, rights = [right]) {
    const authority = await createTestAuthority({ nowMs: Date.UTC(2024, 1, 21, 20) });
    const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'EXAMPLE' });
    const folder = await mkdtemp(join(tmpdir(), 'headgate-provisioning-'));
    t.after(() => rm(folder, { recursive: true }));
    const [file, pem] = [join(folder, 'p.yaml'), join(folder, 'user.pem')];
    const credentials = [{ ...namesOf(user), environments: ['production'], rights }];
    const participants = [{ id: 'alpha', name: 'Alpha', scids: [], credentials }];
    await writeFile(file, JSON.stringify({ format: 1, participants }));
    await writeFile(pem, user.certificatePem);
    const explain = (...more: string[]) => run('explain', '--provisioning', file, ...asked, ...more);
    const show = (...more: string[]) => run('show', '--provisioning', file, ...more);
    return { user, file, pem, explain, show };
  }

  const bySubject = ({ subject }: TestUser) => ({ subject });
  const byFingerprint = ({ fingerprint256 }: TestUser) => ({ fingerprint: fingerprint256 });

  test('is not called refused by its fingerprint alone: what would tell is named, and the exit code is that of a name not found', async (t) => {
    const { user, file, explain } = await enrolled(t, bySubject);
    const { code, stdout } = await explain('--fingerprint', user.fingerprint256);
    assert.equal(code, 3);
    assert.equal(
      stdout,
      `cannot be told\n  said:        No entry of ${file} names the fingerprint ${user.fingerprint256}. ` +
        'Entries by subject exist, and one of them may be of this certificate.\n' +
        '  fix:         Say its subject too, or give --certificate FILE.pem, which tells all of them.\n',
    );
    const bySerial = await explain('--issuer', 'CN=Any', '--serial', '0A', '--json');
    assert.equal(bySerial.code, 3);
    const { allowed, detail } = JSON.parse(bySerial.stdout) as { allowed: unknown; detail: string };
    assert.equal(allowed, null);
    assert.match(detail, /names the issuer CN=Any and serial 0A\. Entries by subject exist/);
    assert.equal((await explain('--fingerprint', user.fingerprint256, '--subject', user.subject)).code, 0);
  });

  test('is judged by its dates where it is at hand, and what is not judged is said', async (t) => {
    const { pem, user, explain } = await enrolled(t, bySubject);
    const now = await explain('--certificate', pem);
    assert.match(
      now.stdout,
      /^allowed by its rights\n[\s\S]+holds until: 2025-02-20T20:00:00\.000Z, when the certificate or its authority ends\n {2}NOT JUDGED: +issuer and revocation: give --config gateway\.yaml\n$/,
    );
    const past = await explain('--certificate', pem, '--at', '2025-06-01');
    assert.equal(past.code, 1);
    assert.ok(
      past.stdout.startsWith('refused: identity.certificate_expired\n') &&
        past.stdout.includes(`The certificate ${user.subject} (issuer CN=Headgate Test Current User Issuing`),
      past.stdout,
    );
    const early = await explain('--certificate', pem, '--at', '2024-02-01', '--json');
    assert.equal(early.code, 1);
    const told = JSON.parse(early.stdout) as { code: string; notJudged: readonly string[] };
    assert.deepEqual([told.code, told.notJudged.length], ['identity.certificate_not_yet_valid', 1]);
  });

  test('is judged by the trust of a configuration that is given, before its rights', async (t) => {
    const gateway = await startTestGateway({
      clock: fakeClock(Date.UTC(2024, 1, 21, 20)),
      policy: 'limits: []\n',
      trust: { legacy: { from: 'done', until: '2024-04-30' }, current: { from: 'done', until: 'tbd' } },
      crls: (authority) => ({ 'users.crl': authority.userRevocationList('current', { number: 1 }) }),
    });
    t.after(() => gateway.close());
    const config = join(gateway.folder, 'gateway.yaml');
    await writeFile(config, JSON.stringify(gateway.config));
    const person = { name: 'ALPHAx0001', organisation: 'EXAMPLE' };
    const users = {
      current: await gateway.authority.user('current', person),
      legacy: await gateway.authority.user('legacy', person),
      stranger: await gateway.authority.strangerUser(person),
      expired: await gateway.authority.expiredUser('current', person),
      revoked: await gateway.authority.user('current', person),
    };
    const file = join(gateway.folder, 'p.yaml');
    const credentials = [{ subject: users.current.subject, environments: ['production'], rights: [right] }];
    const participants = [{ id: 'alpha', name: 'Alpha', scids: [], credentials }];
    await writeFile(file, JSON.stringify({ format: 1, participants }));
    await writeFile(
      join(gateway.folder, 'users.crl'),
      gateway.authority.userRevocationList('current', { number: 2, revoked: [users.revoked] }),
    );
    const explain = async (who: keyof typeof users, ...more: string[]) => {
      const pem = join(gateway.folder, `${who}.pem`);
      await writeFile(pem, users[who].certificatePem);
      return run('explain', '--config', config, '--provisioning', file, '--certificate', pem, ...asked, ...more);
    };
    const good = await explain('current');
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^allowed\n/);
    assert.doesNotMatch(good.stdout, /NOT JUDGED/);
    assert.match(
      (await explain('legacy')).stdout,
      /^ {2}holds until: 2024-05-01T06:59:59\.999Z, when the certificate or its/m,
    );
    for (const [who, code] of [
      ['stranger', 'issuer_unknown'],
      ['expired', 'certificate_expired'],
      ['revoked', 'certificate_revoked'],
    ] as const) {
      const refused = await explain(who);
      assert.equal(refused.code, 1);
      assert.match(refused.stdout, new RegExp(`^refused: identity\\.${code}\n`));
    }
    assert.match((await explain('legacy', '--at', '2024-05-02')).stdout, /^refused: identity\.authority_withdrawn\n/);
    const elsewhere = await explain('current', '--system', 'oasis');
    assert.match(
      elsewhere.stdout,
      /NOT JUDGED: +issuer and revocation: no host of \S+ serves oasis \(api, production\)/,
    );
  });

  test('is told wholly by its PEM, whichever way the file names it', async (t) => {
    const { pem, explain, show } = await enrolled(t, bySubject);
    const allowed = await explain('--certificate', pem);
    assert.deepEqual([allowed.code, /^ {2}acts for: +alpha$/m.test(allowed.stdout)], [0, true]);
    assert.match((await show('--certificate', pem)).stdout, /^alpha: Alpha\n[\s\S]+^cmri +production/m);
    const closer = await enrolled(t, byFingerprint);
    assert.equal((await closer.explain('--certificate', closer.pem)).code, 0);
    const refused = await closer.explain('--certificate', pem);
    assert.deepEqual([refused.code, /^refused: identity\.not_enrolled$/m.test(refused.stdout)], [1, true]);
    const unnamed = await closer.show('--certificate', pem);
    assert.equal(unnamed.code, 3);
    assert.match(unnamed.stderr, /no entry of \S+ names the certificate CN=ALPHAx0001\S+ \(fingerprint [0-9a-f]{64}, /);
  });

  test('fits an entry by its fingerprint that states a subject as well, though the question does not', async (t) => {
    const { user, explain } = await enrolled(t, (each) => ({ ...bySubject(each), ...byFingerprint(each) }));
    assert.equal((await explain('--fingerprint', user.fingerprint256)).code, 0);
    assert.equal((await explain('--fingerprint', user.fingerprint256, '--subject', 'CN=ANOTHER')).code, 1);
  });

  test('has a name in every refusal, though no subject is known', async (t) => {
    const { user, explain } = await enrolled(t, byFingerprint, []);
    const noRight = await explain('--fingerprint', user.fingerprint256);
    assert.equal(noRight.code, 1);
    assert.ok(noRight.stdout.includes(`with fingerprint ${user.fingerprint256} may not`), noRight.stdout);
    const other = 'ab'.repeat(32);
    const unknown = await explain('--fingerprint', other);
    assert.equal(unknown.code, 1);
    assert.ok(unknown.stdout.includes(`The certificate with fingerprint ${other} is not enrolled`));
    assert.equal((await explain('--subject', 'CN=NOBODY')).code, 3); // The entry by fingerprint may be of that subject.
  });

  test('is not called unknown by show', async (t) => {
    const { user, show } = await enrolled(t, bySubject);
    const { code, stderr } = await show(user.fingerprint256);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /No entry of \S+ names the fingerprint [0-9a-f]{64}\. Entries by subject exist, .+ Ask for its/,
    );
  });

  test('has to be a certificate in PEM, and the only name that is given', async (t) => {
    const { file, pem, explain, show } = await enrolled(t, bySubject);
    const [none, missing] = [await explain('--certificate', file), await explain('--certificate', `${pem}.not`)];
    assert.deepEqual([none.code, missing.code], [4, 4]);
    assert.match(none.stderr, /p\.yaml holds no certificate in PEM/);
    assert.match(missing.stderr, /user\.pem\.not cannot be read \(ENOENT\)/);
    await writeFile(pem, '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n');
    const broken = await explain('--certificate', pem);
    assert.deepEqual([broken.code, /holds a certificate that cannot be used: it /.test(broken.stderr)], [4, true]);
    assert.equal((await explain('--certificate', pem, '--subject', 'CN=X')).code, 2);
    assert.equal((await show('alpha', '--certificate', pem)).code, 2);
    assert.equal((await explain('--subject', '')).code, 2);
  });
});

test('a subject that is not quoted is told once, with the quotes that it needs', async (t) => {
  const { bring } = await folderOf(t);
  const { code, stderr } = await bring(
    `participant,subject,environment,system,channel,role,scids\nharbor-power,${harbor},production,cmri,api,read,all\n`,
  );
  assert.equal(code, 4);
  assert.equal(stderr.trimEnd().split('row 2').length, 2, stderr);
  assert.ok(
    stderr.includes(`found subject of 4 fields; expected one in quotes, since it has commas: "${harbor}"`),
    stderr,
  );
});

describe('where provisioning and catalogue are not where the command looks', () => {
  test('a missing file is told with the option that names it', async () => {
    const shown = await run('show');
    assert.equal(shown.code, 4);
    assert.match(shown.stderr, /there is no provisioning\.yaml; name it with --provisioning FILE; docs\//);
    const imported = await run('import', 'a.csv', '--into', '/nonexistent.yaml');
    assert.match(imported.stderr, /there is no \/nonexistent\.yaml; name it with --into FILE; docs\//);
  });

  test('findings end with --catalogue where the catalogue has none of the environments, and only there', async (t) => {
    const { file, text } = await folderOf(t);
    const said = await text();
    await writeFile(file, said.replaceAll('production', 'grid-live').replaceAll('map-stage', 'grid-test'));
    const other = await run('show', '--provisioning', file);
    assert.equal(other.code, 4);
    assert.match(
      other.stderr,
      /the catalogue in \S+caiso has production, map-stage.*, and none of the environments of this file: name its own with --catalogue FOLDER\n$/,
    );
    await writeFile(file, said.replaceAll('map-stage', 'grid-test'));
    const typing = await run('show', '--provisioning', file);
    assert.deepEqual([typing.code, /--catalogue/.test(typing.stderr)], [4, false]);
  });
});

describe('provisioning import', () => {
  const rows = csvOf(
    { ...desk, system: 'cmri', channel: 'ui', role: 'none' },
    { ...desk, system: 'sibr', channel: 'api', role: 'read', scids: 'HPA1;HPA2', until: '2024-12-31' },
    { ...desk, system: 'drrs', channel: 'ui;api', role: 'submit', scids: 'all' },
    {
      participant: 'settle-soft',
      subject: vendor,
      endorsed_by: 'mesa-demand',
      environment: 'production',
      system: 'stlmt',
      channel: 'api',
      role: 'none',
    },
    { participant: 'north', participant_name: 'North, Shore', participant_scids: 'N1;N2' },
    {
      participant: 'north',
      subject: 'CN=NORTHx0001',
      environment: 'production',
      system: 'oms',
      channel: 'ui',
      role: 'submit',
      scids: 'N1',
      label: 'Desk',
    },
  );

  test('as a dry run says what would be added, changed and removed, in sentences and a table, and touches nothing', async (t) => {
    const { folder, bring, text } = await folderOf(t);
    const { code, stdout } = await bring(rows, '--dry-run');
    assert.equal(code, 0);
    for (const sentence of [
      `- ${harbor} of harbor-power: cmri ui production is removed: it was read for all SCIDs.`,
      `~ ${harbor} of harbor-power: sibr api production changes from submit for HPA1 to read for HPA1, HPA2 until 2024-12-31.`,
      `- ${vendor} of settle-soft, endorsed by mesa-demand: stlmt api production is removed: it was submit for all SCIDs.`,
      '+ north: name is added: North, Shore.',
      '+ CN=NORTHx0001 of north: oms ui production is added: submit for N1.',
    ])
      assert.ok(stdout.includes(`${sentence}\n`), `${sentence}\n\n${stdout}`);
    assert.match(
      stdout,
      /^~ {2}harbor-power {2}CN=HARBORx0001\S+ +sibr api production +submit for HPA1 +read for HPA1, HPA2 until 2024-12-31$/m,
    );
    assert.match(stdout, /^7 added, 1 changed, 2 removed; .+p\.yaml is not touched: this was a dry run$/m);
    assert.equal(await text(), await readFile(sample, 'utf8'));
    assert.deepEqual((await readdir(folder)).toSorted(), ['a.csv', 'p.yaml']);
  });

  test('changes the lines that it must, keeps comments and order, and the second time changes nothing', async (t) => {
    const { file, bring, text } = await folderOf(t);
    const { code, stdout } = await bring(rows);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /p\.yaml is written\. A running gateway takes it into use with `headgate trust apply --config FILE`, /,
    );
    const [before, after] = [(await readFile(sample, 'utf8')).split('\n'), (await text()).split('\n')];
    assert.deepEqual(
      before.filter((line) => !after.includes(line)).map((line) => line.trim()),
      [
        '- { system: cmri, environment: production, channels: [ui, api], role: read, scids: all }',
        '- { system: sibr, environment: production, channels: [api], role: submit, scids: [HPA1] }',
        '- by: mesa-demand',
        '- { system: stlmt, environment: production, channels: [api], role: submit, scids: all }',
      ],
    );
    assert.deepEqual(
      after.filter((line) => !before.includes(line)).map((line) => line.trim()),
      [
        '- { system: cmri, environment: production, channels: [api], role: read, scids: all }',
        '- { system: sibr, environment: production, channels: [api], role: read, scids: [HPA1, HPA2], until: 2024-12-31 }',
        '- { system: drrs, environment: production, channels: [ui, api], role: submit, scids: all }',
        '- id: north',
        'name: North, Shore',
        'scids: [N1, N2]',
        '- subject: CN=NORTHx0001',
        'label: Desk',
        '- { system: oms, environment: production, channels: [ui], role: submit, scids: [N1] }',
      ],
    );
    const written = await text();
    assert.match((await bring(rows)).stdout, /p\.yaml says all of it already; nothing changes$/m);
    assert.equal(await text(), written);
    assert.equal((await run('show', 'north', '--provisioning', file)).code, 0);
  });

  test('removes a credential, or an endorsement, where a row without a system says none', async (t) => {
    const { bring, text } = await folderOf(t);
    const removal = csvOf(
      { participant: 'mesa-demand', subject: 'CN=MESAx0002,OU=people,O=EXAMPLE,C=US', role: 'none' },
      { participant: 'settle-soft', subject: vendor, endorsed_by: 'harbor-power', role: 'none' },
    );
    const { stdout } = await bring(removal);
    assert.match(stdout, /mesa-demand: enrolment is removed: it was production\.$/m);
    assert.match(
      stdout,
      /endorsed by harbor-power: stlmt api production is removed: it was read for HPA2 from 2024-01-01 until 2024-12-31\.$/m,
    );
    assert.doesNotMatch(await text(), /MESAx0002|by: harbor-power/);
    assert.match((await bring(removal)).stdout, /nothing changes$/m);
  });

  test('tells which rights that callers used lately would be lost, and how they would be refused', async (t) => {
    const { folder, bring } = await folderOf(t);
    const noon = Date.UTC(2024, 1, 21, 12);
    const call = (daysAgo: number, system: string, change: Partial<EvidenceRecord> = {}): EvidenceRecord => {
      const record = evidenceRecord({ system });
      const { identity, route, listener } = record;
      const admission = {
        admitted: true,
        permit: 'x',
        participant: 'harbor-power',
        session: null,
        endorsers: [],
        rules: [],
        refused: [],
        decidedBy: null,
        decidedByKey: null,
        scid: null,
        retryAfterMs: null,
        shadow: [],
        breakGlass: [],
        candidate: null,
      };
      return {
        ...record,
        listener: { ...listener, receivedMs: noon - daysAgo * 86_400_000 },
        identity: identity && { ...identity, subject: harbor, fingerprint: 'ab'.repeat(32) },
        route: route && { ...route, channel: 'ui' },
        admission,
        ...change,
      };
    };
    const records = [
      call(1, 'CMRI'),
      call(2, 'CMRI'),
      call(40, 'CMRI'),
      call(1, 'OMS'),
      call(1, 'CMRI', { admission: null }),
    ];
    await writeFile(join(folder, 'e.ndjson'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const said = await bring(rows, '--dry-run', '--evidence', folder);
    assert.match(said.stdout, /^1 right that was used lately is lost:$/m);
    assert.match(
      said.stdout,
      new RegExp(
        `^${harbor} +CMRI +ui +production +retrieve +2 +2024-02-20T12:00:00Z +admission\\.not_permitted$`,
        'm',
      ),
    );
    const { lost, written } = JSON.parse(
      (await bring(rows, '--dry-run', '--evidence', folder, '--days', '90', '--json')).stdout,
    );
    assert.deepEqual([written, lost.length, lost[0].calls], [false, 1, 3]);
    assert.match(
      String(lost[0].refusal),
      /may not read on CMRI \(ui, production\)\. It may read on its api channel, and has nothing on ui\./,
    );
    const kept = csvOf({ ...desk, system: 'drrs', channel: 'api', role: 'read', scids: 'all' });
    assert.match(
      (await bring(kept, '--dry-run', '--evidence', folder)).stdout,
      /^no right that was used lately is lost$/m,
    );
  });

  describe('refuses with row and column, and writes nothing', () => {
    const right = { ...desk, system: 'drrs', channel: 'api', role: 'read', scids: 'all' };
    const csv = (text: string) => new RegExp(`a\\.csv:${text}`);
    // Rows: what is wrong, the file, and the finding.
    const table: readonly (readonly [string, string, RegExp])[] = [
      [
        'an unknown column',
        'participant,sytem\nharbor-power,x',
        csv('1:13 row 1: found column "sytem"; expected system'),
      ],
      [
        'semicolons between columns',
        'participant;system\nharbor-power;x',
        csv('1:1 row 1: found columns parted by semicolons; expected commas'),
      ],
      [
        'no participant',
        csvOf({ ...right, participant: '' }),
        csv('2:1 row 2, participant: found nothing; expected the id of a participant'),
      ],
      [
        'an unknown system',
        csvOf({ ...right, system: 'drr' }),
        csv('2:\\d+ row 2, system: found drr; expected all, or one of '),
      ],
      [
        'an unknown environment',
        csvOf({ ...right, environment: 'moon' }),
        csv('2:\\d+ row 2, environment: found moon; expected one of production, map-stage'),
      ],
      [
        'an unknown role',
        csvOf({ ...right, role: 'write' }),
        csv('2:\\d+ row 2, role: found write; expected one of none, read, submit'),
      ],
      [
        'an unknown channel',
        csvOf({ ...right, channel: 'ftp' }),
        csv('2:\\d+ row 2, channel: found ftp; expected ui, api, or both as ui;api'),
      ],
      ['no SCIDs', csvOf({ ...right, scids: '' }), csv('2:\\d+ row 2, scids: found nothing; expected all, or SCIDs')],
      [
        'an SCID of somebody else',
        csvOf({ ...right, scids: 'MESA' }),
        csv('2:\\d+ row 2, scids: found MESA; expected one of the SCIDs of harbor-power: HPA1, HPA2'),
      ],
      [
        'a date as spreadsheets like it',
        csvOf({ ...right, until: '3/31/2024' }),
        csv('2:\\d+ row 2, until: found 3/31/2024; expected a day as 2024-03-31'),
      ],
      [
        'dates the wrong way round',
        csvOf({ ...right, from: '2024-03-01', until: '2024-02-01' }),
        csv('2:\\d+ row 2, until: found 2024-02-01; expected a date after 2024-03-01'),
      ],
      [
        'an endorser that nobody knows',
        csvOf({ ...right, endorsed_by: 'nobody' }),
        csv('2:\\d+ row 2, endorsed_by: found nobody; expected a participant'),
      ],
      [
        'a holder that another is',
        csvOf({ ...right, participant: 'mesa-demand' }),
        csv('2:\\d+ row 2, participant: found mesa-demand; expected harbor-power, which holds this credential'),
      ],
      [
        'a new participant without a name',
        csvOf({ ...right, participant: 'new-one' }),
        csv(
          '2:\\d+ row 2, participant: found new-one; expected a participant of the file; a new one needs participant_name',
        ),
      ],
      [
        'two names of one participant',
        csvOf(
          { participant: 'harbor-power', participant_name: 'A' },
          { participant: 'harbor-power', participant_name: 'B' },
        ),
        csv('3:\\d+ row 3, participant_name: found B; expected A, as row 2 says'),
      ],
      [
        'none beside a role of the same place',
        csvOf(right, { ...right, role: 'none' }),
        csv('3:\\d+ row 3, role: found none; expected one statement of one place; row 2 gives a role there'),
      ],
      [
        'less than a right over all systems gives',
        csvOf({ ...right, environment: 'map-stage' }),
        csv(
          '2:\\d+ row 2, role: found read; expected a role that is true: a right over all systems gives submit there',
        ),
      ],
      [
        'what it removes, stated by another row',
        csvOf(right, { participant: 'harbor-power', subject: harbor, role: 'none' }),
        csv('3:\\d+ row 3, role: found none; expected no other row about what it removes; row 2 is one'),
      ],
      [
        'a channel that the system has not',
        csvOf({ ...right, system: 'eide', channel: 'ui' }),
        csv('2:\\d+ row 2, channel: found ui; expected one of the channels of eide: api: it has no ui'),
      ],
      ['a quote that is never closed', `${columns}\n"harbor`, csv('2:1 found a quote that is never closed')],
    ];
    for (const [what, rowsOf, finding] of table)
      test(what, async (t) => {
        const { bring, text } = await folderOf(t);
        const { code, stderr } = await bring(rowsOf);
        assert.match(stderr, finding);
        assert.equal(code, 4);
        assert.equal(await text(), await readFile(sample, 'utf8'));
      });

    const told = (stderr: string) =>
      [...stderr.matchAll(/a\.csv:(\d+):\d+ (?:row \d+, (\w+): )?found/g)].map(([, line, column = '']) =>
        `${line} ${column}`.trim(),
      );

    test('with all findings at once, by line: what is no CSV, what has no form and what nobody knows', async (t) => {
      const { bring, text } = await folderOf(t);
      const { code, stderr } = await bring(
        [
          columns,
          row({ ...right, system: 'drr' }),
          'harbor-power,CN="x",,production',
          row({ ...right, role: 'write' }),
          row({ ...right, environment: 'moon' }),
          row({ ...right, scids: 'MESA', until: '3/31/2024' }),
          row({ ...right, scids: 'MESA' }),
          row({ ...right, system: 'eide', channel: 'ui' }),
        ].join('\n'),
      );
      assert.equal(code, 4);
      assert.deepEqual(told(stderr), ['2 system', '3', '4 role', '5 environment', '6 until', '8 channel']);
      assert.equal(await text(), await readFile(sample, 'utf8'));
      const whole = await bring(
        csvOf({ ...right, system: 'drr', role: 'write' }, { ...right, scids: 'MESA', until: '3/31/2024' }),
      );
      assert.deepEqual(told(whole.stderr), ['2 system', '2 role', '3 scids', '3 until']);
    });

    test('without holding against a row what one that cannot be read may say', async (t) => {
      const { bring } = await folderOf(t);
      const fresh = { ...right, participant: 'new-one', subject: 'CN=NEWx0001', scids: 'NEW1' };
      const said = { participant: 'new-one', participant_name: 'New One', participant_scids: 'NEW1' };
      assert.deepEqual(told((await bring(csvOf({ ...said, role: 'write' }, fresh))).stderr), ['2 system']);
      assert.deepEqual(told((await bring(`${columns}\nnew-one,"NEW"x\n${row(fresh)}`)).stderr), ['2']);
      assert.deepEqual(told((await bring(csvOf(said, fresh))).stderr), []);
    });

    test('with no more findings than anybody reads', async (t) => {
      const { bring } = await folderOf(t);
      const { stderr } = await bring(csvOf(...Array.from({ length: 300 }, () => ({ ...right, role: 'write' }))));
      assert.equal(stderr.match(/row \d+, role/g)?.length, 100);
    });
  });
});
