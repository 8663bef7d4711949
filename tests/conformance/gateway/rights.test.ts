// What a certificate may do, over TLS: which right is missing and who grants it, dates by the gateway's clock, for whom a vendor's
// call acts, and rights that change by a reload while calls go on.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Credential, Endorsement, ProvisionedRight } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import {
  fakeClock,
  openRawCaller,
  type RawCaller,
  rawPost,
  soapRequest,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { gatewayOf, type Operator, operators } from './operators.ts';
import { codeOf, type SpokenFormat, wordsOf } from './told.ts';

const noLimits = 'limits: []\n';
const alphaSubject = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';

interface CertificateFields {
  readonly issuer?: string;
  readonly serial?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly fingerprint?: string;
  readonly contact?: string;
  readonly grantedBy?: string;
}

/** What a refusal says in fields, of a fault or of problem+json. */
function fieldsOf(body: string): CertificateFields {
  if (body.startsWith('{')) {
    const { certificate, contact, grantedBy } = JSON.parse(body) as {
      readonly certificate?: CertificateFields;
      readonly contact?: string;
      readonly grantedBy?: readonly string[];
    };
    return { ...certificate, contact: contact ?? '', grantedBy: (grantedBy ?? []).join('; ') };
  }
  const { problem = {} } = readFault(body) ?? {};
  return Object.fromEntries(Object.entries(problem).map(([name, value]) => [name.replace('certificate.', ''), value]));
}

for (const operator of operators) describe(`at ${operator.name}`, () => judgesRightsOf(operator));

function judgesRightsOf(operator: Operator): void {
  const { environment, retrieve, submit, old } = operator;
  const { host, path } = retrieve.call;
  const right = (said: Partial<ProvisionedRight> = {}): ProvisionedRight => {
    return { system: 'all', environment, channels: ['ui', 'api'], role: 'submit', scids: 'all', ...said };
  };
  /** Alpha, which holds the first user's certificate unless it is said otherwise, Beta, and a vendor. */
  const written = (alpha: Partial<Credential>, vendor: Partial<Credential> = {}) =>
    JSON.stringify({
      format: 1,
      grantedBy: 'access@operator.example.org',
      participants: [
        participant('alpha', ['A1'], { subject: alphaSubject, ...alpha }),
        participant('beta', ['B1'], { subject: 'CN=BETAx0001,OU=people,O=Beta,C=US' }),
        participant('vendor', [], { subject: 'CN=VENDORx0001,OU=people,O=Vendor,C=US', ...vendor }),
      ],
    });
  const participant = (id: string, scids: readonly string[], credential: Partial<Credential>) => ({
    id,
    name: `${id} company`,
    grantedBy: `access@${id}.example.org`,
    scids,
    credentials: [{ environments: [environment], rights: [], ...credential }],
  });
  const start = async (t: TestContext, provisioning: string, options: TestGatewayOptions = {}) => {
    const clock = fakeClock(operator.startMs);
    const gateway = await startTestGateway({
      ...gatewayOf(operator),
      clock,
      policy: noLimits,
      provisioning,
      ...options,
    });
    t.after(() => gateway.close());
    return { gateway, clock };
  };
  const ask = async (caller: RawCaller, at = path) => {
    caller.write(rawPost(soapRequest, { path: at, fields: { Host: host } }));
    return caller.answer();
  };
  const day = (daysLater: number) => new Date(operator.startMs + daysLater * 86_400_000).toISOString().slice(0, 10);

  describe('a right that is missing', () => {
    const speaking: readonly (readonly [SpokenFormat, Readonly<Record<string, string>>])[] = [
      ['soap-1.1', { 'content-type': 'text/xml' }],
      ['soap-1.2', { 'content-type': 'application/soap+xml' }],
      ['problem+json', { 'content-type': 'application/json' }],
    ];
    for (const [format, fields] of speaking)
      test(`is told whole, with what there is instead and who grants it, as ${format}`, async (t) => {
        const { gateway } = await start(t, written({ rights: [right({ role: 'read' })] }));
        const told = wordsOf(await gateway.call({ ...submit.call, fields }), format);
        assert.equal(told.code, 'admission.not_permitted');
        assert.equal(
          told.text,
          `${alphaSubject} may not submit on ${submit.system} (api, ${environment}). It may only read there. access@alpha.example.org grants it.`,
        );
        assert.equal(gateway.upstream.received.length, 0);
      });

    for (const [format, fields] of speaking)
      test(`is told with the certificate, whom to ask and who grants it as fields, by whose fault it is, as ${format}`, async (t) => {
        const { gateway } = await start(t, written({ rights: [right({ role: 'read' })] }));
        for (const _ of ['first', 'again']) {
          const answer = await gateway.call({ ...submit.call, fields });
          const words = fieldsOf(answer.body);
          assert.equal(words.fingerprint, createHash('sha256').update(gateway.user.certificateDer).digest('hex'));
          for (const name of ['issuer', 'serial', 'notBefore', 'notAfter'] as const) assert.ok(words[name], name);
          assert.match(words.contact ?? '', /@/);
          assert.equal(words.grantedBy, 'access@alpha.example.org');
          if (format === 'soap-1.1') assert.match(answer.body, /<faultcode>SOAP-ENV:Client</);
          if (format === 'soap-1.2') assert.match(answer.body, /:Sender</);
        }
      });

    test('is told to each of two callers of one name with its own certificate', async (t) => {
      const { gateway } = await start(t, written({ rights: [right({ role: 'read' })] }));
      const twins = await Promise.all(
        ['first', 'second'].map(() => gateway.authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' })),
      );
      for (const _ of ['once', 'twice'])
        for (const user of twins) {
          const { fingerprint } = fieldsOf((await gateway.call({ ...submit.call, user })).body);
          assert.equal(fingerprint, user.fingerprint256);
        }
    });

    test('is told on a page to a browser', async (t) => {
      const { gateway } = await start(t, written({ rights: [right({ channels: ['api'] })] }));
      const answer = await gateway.call({ ...operator.page.call, fields: { accept: 'text/html' } });
      const { code, text } = wordsOf(answer, 'html');
      assert.equal(code, 'admission.not_permitted');
      assert.match(
        text,
        /may not read on .+ \(ui, .+\)\. It may read and submit on its api channel, and has nothing on ui\./,
      );
      assert.match(text, /access@alpha\.example\.org grants it/);
    });

    test('is none of the right of another environment: the credential is told where it is enrolled', async (t) => {
      const hosts = [...new Set([...(operator.hosts.hosts ?? []), operator.otherEnvironment.host])];
      const { gateway } = await start(t, written({ rights: [right()] }), { hosts });
      const told = wordsOf(await gateway.call(operator.otherEnvironment), 'soap-1.1');
      assert.equal(told.code, 'admission.other_environment');
      assert.match(told.text, new RegExp(`is enrolled in ${environment}, and not in `));
    });
  });

  test('dates of a right are judged by the clock at each call, on a connection that stays open', async (t) => {
    const { gateway, clock } = await start(t, written({ rights: [right({ from: day(1), until: day(2) })] }));
    const caller = await openRawCaller(gateway, { serverName: host });
    t.after(() => caller.destroy());
    // Rows: the day at which it asks, and the code that it is told. Backwards too: a clock may be set.
    const rows: readonly (readonly [number, string | undefined])[] = [
      [0, 'admission.right_not_begun'],
      [1, undefined],
      [2, undefined],
      [3, 'admission.right_ended'],
      [1, undefined],
      [0, 'admission.right_not_begun'],
    ];
    for (const [at, code] of rows) {
      clock.setMs(Date.parse(day(at)) + 1);
      assert.equal(codeOf(await ask(caller)), code, `day ${at}`);
    }
    assert.equal(gateway.upstream.received.length, 3);
  });

  test('what was concluded of a right a moment before its end does not outlive it', async (t) => {
    // Within a day: routes are found anew with each, and everything about them with it.
    const until = `${day(2)}T12:00:00Z`;
    const { gateway, clock } = await start(t, written({ rights: [right({ from: day(1), until })] }));
    const caller = await openRawCaller(gateway, { serverName: host });
    t.after(() => caller.destroy());
    clock.setMs(Date.parse(until) - 1);
    assert.equal(codeOf(await ask(caller)), undefined);
    clock.advanceMs(1);
    assert.equal(codeOf(await ask(caller)), 'admission.right_ended');
    clock.advanceMs(-1);
    assert.equal(codeOf(await ask(caller)), undefined);
  });

  test('a certificate is known by its fingerprint before its subject', async (t) => {
    const other = { environments: [environment], rights: [right()] };
    const { gateway } = await start(t, written({ rights: [right({ role: 'read' })] }));
    const fingerprint = createHash('sha256').update(gateway.user.certificateDer).digest('hex');
    assert.equal(codeOf(await gateway.call(submit.call)), 'admission.not_permitted');
    const both = JSON.parse(written({ rights: [right({ role: 'read' })] }));
    both.participants[0].credentials.push({ fingerprint, subject: alphaSubject, ...other });
    await reload(gateway, JSON.stringify(both));
    assert.equal((await gateway.call(submit.call)).status, 200);
    both.participants[0].credentials = [{ fingerprint: 'cd'.repeat(32), subject: alphaSubject, ...other }];
    await reload(gateway, JSON.stringify(both));
    const told = wordsOf(await gateway.call(retrieve.call), 'soap-1.1');
    assert.equal(told.code, 'identity.not_enrolled');
    assert.match(told.text, /Another certificate with this subject is enrolled.* access@operator\.example\.org enrols/);
  });

  describe('a certificate of a vendor', () => {
    const endorsed = (endorsements: readonly Endorsement[]) =>
      written({ rights: [right()] }, { endorsements: [...endorsements] });
    const perParticipant = JSON.stringify({
      limits: [
        {
          name: 'per-participant',
          layer: 'acceptable-use',
          where: {},
          key: ['participant'],
          unit: 'requests',
          quota: 1,
          windowMs: 60_000,
          algorithm: 'exact-sliding-window',
          refusal: { text: 'Too many. Wait <n> seconds.' },
          evidence: 'assumed',
          source: 'test',
        },
      ],
    });
    const vendorOf = (gateway: TestGateway) =>
      gateway.authority.user('current', { name: 'VENDORx0001', organisation: 'Vendor' });

    test('acts for the one participant that endorsed the call, in evidence and in limits', async (t) => {
      const { gateway } = await start(t, endorsed([{ by: 'alpha', rights: [right()] }]), { policy: perParticipant });
      const user = await vendorOf(gateway);
      const answer = await gateway.call({ ...retrieve.call, user });
      const { identity, admission } = await gateway.recordOf(answer);
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(
        [identity?.participant, admission?.participant, admission?.endorsers],
        ['vendor', 'alpha', ['alpha']],
      );
      assert.equal(codeOf(await gateway.call(retrieve.call)), 'admission.acceptable_use', 'alpha has one allowance');
    });

    test('acts for itself where several endorsed the call, and evidence lists them', async (t) => {
      const endorsements = ['alpha', 'beta'].map((by) => ({ by, rights: [right()] }));
      const { gateway } = await start(t, endorsed(endorsements), { policy: perParticipant });
      const user = await vendorOf(gateway);
      const answer = await gateway.call({ ...retrieve.call, user });
      const { admission } = await gateway.recordOf(answer);
      assert.deepEqual(
        [answer.status, admission?.participant, admission?.endorsers],
        [200, 'vendor', ['alpha', 'beta']],
      );
      const refused = await gateway.call({ ...retrieve.call, user });
      assert.equal(codeOf(refused), 'admission.acceptable_use');
      assert.deepEqual((await gateway.recordOf(refused)).admission?.endorsers, ['alpha', 'beta']);
      assert.equal((await gateway.call(retrieve.call)).status, 200, 'what the vendor spent is not alpha’s');
    });

    test('is told by whom a right that ended was endorsed', async (t) => {
      const { gateway } = await start(t, endorsed([{ by: 'beta', until: day(-1), rights: [right()] }]));
      const told = wordsOf(await gateway.call({ ...retrieve.call, user: await vendorOf(gateway) }), 'soap-1.1');
      assert.equal(told.code, 'admission.right_ended');
      assert.match(told.text, /, by endorsement of beta company\. access@beta\.example\.org renews it\.$/);
    });
  });

  test('a change of rights by a reload holds at the next call, on live and on resumed connections', async (t) => {
    const { gateway } = await start(t, written({ rights: [right()] }));
    const live = await openRawCaller(gateway, { serverName: host, tlsVersion: 'TLSv1.2' });
    assert.equal((await ask(live)).status, 200);
    const session = (live.socket as TLSSocket).getSession();
    assert.ok(session);
    await reload(gateway, written({ rights: [right({ system: old.systemId, role: 'none' })] }));
    const resumed = await openRawCaller(gateway, { serverName: host, tlsVersion: 'TLSv1.2', session });
    assert.ok((resumed.socket as TLSSocket).isSessionReused());
    for (const caller of [live, resumed]) assert.equal(codeOf(await ask(caller)), 'admission.not_permitted');
    await reload(gateway, written({ rights: [right({ role: 'read' })] }));
    for (const caller of [live, resumed]) {
      assert.equal((await ask(caller)).status, 200);
      caller.destroy();
    }
  });

  test('a large provisioning file that is wrong leaves the old one in force, and says where it is wrong', async (t) => {
    const { gateway } = await start(t, written({ rights: [right()] }));
    const text = written({ rights: [right({ system: 'nowhere' })] }) + ' '.repeat(300_000);
    await assert.rejects(
      reload(gateway, text),
      /provisioning\.yaml:1:\d+ \S+rights\.0\.system: found nowhere; expected a system/,
    );
    assert.equal((await gateway.call(submit.call)).status, 200);
  });

  test('rights that change by reloads while callers go on calling lose no call; each is judged by the one snapshot it began under', async (t) => {
    const { gateway } = await start(t, written({ rights: [right({ role: 'read' })] }));
    const callers = await Promise.all(Array.from({ length: 4 }, () => openRawCaller(gateway, { serverName: host })));
    const answered: { readonly exchange: string; readonly begunUnder: number; readonly code: string | undefined }[] =
      [];
    let isOver = false;
    const calling = callers.map(async (caller) => {
      while (!isOver) {
        const begunUnder = gateway.running.snapshot().number;
        const answer = await ask(caller, submit.call.path);
        answered.push({ exchange: answer.fields.get('headgate-exchange') ?? '', begunUnder, code: codeOf(answer) });
      }
    });
    await gateway.recorded(20);
    const turns = 12;
    for (let turn = 0; turn < turns; turn += 1) {
      await reload(gateway, written({ rights: [right({ role: turn % 2 === 0 ? 'submit' : 'read' })] }));
      await gateway.recorded(gateway.records.length + 20);
    }
    isOver = true;
    await Promise.all(calling);
    for (const caller of callers) caller.destroy();
    await gateway.recorded(answered.length);
    const records = new Map(gateway.records.map((record) => [record.exchange, record]));
    assert.equal(records.size, answered.length, 'one record and one answer for each call');
    const used = new Set<number>();
    for (const { exchange, begunUnder, code } of answered) {
      const snapshot = records.get(exchange)?.snapshot ?? 0;
      used.add(snapshot);
      assert.ok(snapshot >= begunUnder, 'what is in force when a call begins, or what came since');
      // The first snapshot lets read; after that the even ones let submit.
      assert.equal(code, snapshot % 2 === 0 ? undefined : 'admission.not_permitted');
    }
    assert.equal(used.size, turns + 1);
    const admitted = answered.filter(({ code }) => code === undefined).length;
    assert.equal(gateway.upstream.received.length, admitted);
  });
}

async function reload(gateway: TestGateway, provisioning: string): Promise<void> {
  await writeFile(join(gateway.folder, 'provisioning.yaml'), provisioning);
  await gateway.running.reload();
}
