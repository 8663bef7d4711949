// Who calls: judged per exchange, on live and on resumed connections, and never believed from a field.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type EvidenceRecord, identityFields } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import {
  fakeClock,
  openRawCaller,
  type RawCaller,
  rawPost,
  soapRequest,
  startTestGateway,
  type TestCall,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { gatewayOf, type Operator, operators } from './operators.ts';
import { provisioningText } from './provisioning.ts';
import { codeOf } from './told.ts';

const noLimits = 'limits: []\n';

const onePerCredential = {
  name: 'one',
  layer: 'acceptable-use',
  where: {},
  key: ['credential'],
  unit: 'requests',
  quota: 1,
  windowMs: 60_000,
  algorithm: 'exact-sliding-window',
  refusal: { text: 'Call again in <n> s.', status: 500 },
  evidence: 'assumed',
  source: 'test',
};

for (const operator of operators) describe(`at ${operator.name}`, () => judgesCallersOf(operator));

function judgesCallersOf(operator: Operator): void {
  const { anonymous, retrieve } = operator;
  const { host, path } = retrieve.call;
  const start = (clock = fakeClock(operator.startMs), options: TestGatewayOptions = {}) =>
    startTestGateway({ ...gatewayOf(operator), clock, policy: noLimits, ...options });

  const ask = async (caller: RawCaller) => {
    caller.write(rawPost(soapRequest, { path, fields: { Host: host } }));
    return caller.answer();
  };

  describe('a certificate', () => {
    test('that expires while its connection is kept alive is refused from that instant', async (t) => {
      const clock = fakeClock(operator.startMs);
      const gateway = await start(clock);
      t.after(() => gateway.close());
      const notAfterMs = clock.now() + 60_000;
      const user = await gateway.authority.user('current', { name: 'SHORTx0001', organisation: 'Alpha', notAfterMs });
      const caller = await openRawCaller(gateway, { user, serverName: host });
      assert.equal((await ask(caller)).status, 200);
      clock.setMs(notAfterMs);
      assert.equal((await ask(caller)).status, 200, 'RFC 5280 §4.1.2.5: valid through notAfter');
      clock.setMs(notAfterMs + 1_000);
      assert.equal(codeOf(await ask(caller)), 'identity.certificate_expired');
      clock.setMs(notAfterMs - 1);
      assert.equal((await ask(caller)).status, 200);
      caller.destroy();
    });

    for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      test(`whose trust ends by a reload is refused on a live and on a resumed connection (${tlsVersion})`, async (t) => {
        const gateway = await start();
        t.after(() => gateway.close());
        const live = await openRawCaller(gateway, { tlsVersion, serverName: host });
        let session: Buffer | undefined = (live.socket as TLSSocket).getSession();
        live.socket.on('session', (fresh: Buffer) => {
          session = fresh;
        });
        assert.equal((await ask(live)).status, 200);
        const resumedBefore = await openRawCaller(gateway, {
          tlsVersion,
          serverName: host,
          ...(session ? { session } : {}),
        });
        assert.equal((await ask(resumedBefore)).status, 200);
        assert.equal((resumedBefore.socket as TLSSocket).isSessionReused(), true);
        assert.equal(gateway.records.at(-1)?.listener.tlsResumed, true);
        assert.equal(gateway.records.at(-1)?.identity?.subject, gateway.user.subject);

        await writeFile(
          join(gateway.folder, 'anchors.pem'),
          gateway.authority.trustBundlePem('legacy', 'user').anchorsPem,
        );
        await writeFile(join(gateway.folder, 'intermediates.pem'), '');
        await gateway.running.reload();

        assert.equal(codeOf(await ask(live)), 'identity.issuer_unknown');
        assert.equal(codeOf(await ask(resumedBefore)), 'identity.issuer_unknown');
        const resumedAfter = await openRawCaller(gateway, {
          tlsVersion,
          serverName: host,
          ...(session ? { session } : {}),
        });
        assert.equal(codeOf(await ask(resumedAfter)), 'identity.issuer_unknown');
        for (const caller of [live, resumedBefore, resumedAfter]) caller.destroy();
      });

    test('of one connection is never that of another: two callers on one agent each are themselves', async (t) => {
      const gateway = await start();
      t.after(() => gateway.close());
      const other = await gateway.authority.user('current', { name: 'BETAx0002', organisation: 'Alpha' });
      const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const;
      t.after(() => {
        for (const agent of agents) agent.destroy();
      });
      await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          const user = at % 2 === 0 ? gateway.user : other;
          const answer = await gateway.call({ ...retrieve.call, user, agent: agents[at % 2 === 0 ? 0 : 1] });
          assert.equal((await gateway.recordOf(answer)).identity?.subject, user.subject);
        }),
      );
    });
  });

  test('callers that send the very same bytes are told apart, in what goes upstream, in limits, records and refusals', async (t) => {
    const policy = JSON.stringify({ limits: [onePerCredential] });
    const gateway = await start(fakeClock(operator.startMs), { policy });
    t.after(() => gateway.close());
    const other = await gateway.authority.user('current', { name: 'BETAx0002', organisation: 'Alpha' });
    const notAfterMs = operator.startMs - 1_000;
    const expired = await gateway.authority.user('current', { name: 'GAMMAx0003', organisation: 'Alpha', notAfterMs });
    const users = [gateway.user, other, expired];
    const callers = await Promise.all(users.map((user) => openRawCaller(gateway, { user, serverName: host })));
    const answers: string[] = [];
    for (const _ of ['first', 'second', 'third'])
      for (const caller of callers) {
        const answer = await ask(caller);
        answers.push(answer.status === 200 ? 'served' : (codeOf(answer) ?? 'no code'));
        if (caller === callers[2]) {
          assert.match(answer.body.toString(), /CN=GAMMAx0003/);
          assert.match(answer.body.toString(), new RegExp(new Date(notAfterMs).toISOString()));
        } else assert.doesNotMatch(answer.body.toString(), /GAMMAx0003/);
      }
    const limited = 'admission.acceptable_use';
    const judged = answers[2] ?? '';
    assert.match(judged, /^identity\./);
    assert.deepEqual(answers, ['served', 'served', judged, limited, limited, judged, limited, limited, judged]);
    const forwarded = gateway.upstream.received.map(({ fields }) => fields['ct-remote-user']);
    assert.deepEqual(forwarded, [gateway.user.subject, other.subject]);

    for (const caller of callers) caller.destroy();
    await gateway.running.close();
    const lines = (await readFile(gateway.running.evidenceFile, 'utf8')).trimEnd().split('\n');
    const subjects = lines.map((line) => (JSON.parse(line) as EvidenceRecord).identity?.subject);
    assert.deepEqual(
      subjects,
      [...answers.keys()].map((at) => users[at % 3]?.subject),
    );
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as EvidenceRecord),
      gateway.records,
      'what is on disk is what was shown',
    );
  });

  test('a refusal in the same words tells each caller of its own certificate', async (t) => {
    const provisioning = provisioningText(operator, 'CN=SOMEBODYx0001,OU=people,O=Else,C=US');
    const gateway = await start(fakeClock(operator.startMs), { provisioning });
    t.after(() => gateway.close());
    const name = { name: 'TWINx0004', organisation: 'Alpha' };
    const twins = [await gateway.authority.user('current', name), await gateway.authority.user('current', name)];
    const callers = await Promise.all(twins.map((user) => openRawCaller(gateway, { user, serverName: host })));
    for (const _ of ['first', 'second'])
      for (const [at, caller] of callers.entries()) {
        const { problem } = readFault((await ask(caller)).body) ?? {};
        assert.equal(problem?.code, 'identity.not_enrolled');
        const der = twins[at]?.certificateDer ?? new Uint8Array();
        assert.equal(problem['certificate.fingerprint'], createHash('sha256').update(der).digest('hex'));
      }
    for (const caller of callers) caller.destroy();
  });

  describe('the record of a caller that is refused', () => {
    const verdictOf = async (gateway: TestGateway, code: string, call: TestCall = {}) => {
      const answer = await gateway.call({ ...retrieve.call, ...call });
      const record = await gateway.recordOf(answer);
      assert.equal(record.response.refusal, code);
      return record.identity;
    };

    test('says so where it showed no certificate, and names nobody', async (t) => {
      const gateway = await start();
      t.after(() => gateway.close());
      const identity = await verdictOf(gateway, 'identity.certificate_missing', { user: null });
      assert.equal(identity?.verdict, 'refused');
      assert.equal(identity.subject, null);
    });

    test('says so where its certificate is judged, or is nobody’s here, and names it', async (t) => {
      const provisioning = provisioningText(operator, 'CN=SOMEBODYx0001,OU=people,O=Else,C=US');
      const gateway = await start(fakeClock(operator.startMs), { provisioning });
      t.after(() => gateway.close());
      const unknown = await verdictOf(gateway, 'identity.not_enrolled');
      assert.equal(unknown?.verdict, 'refused');
      assert.equal(unknown.subject, gateway.user.subject);
      gateway.clock.advanceMs(2 * 366 * 86_400_000); // Its authorities are valid for longer.
      const expired = await verdictOf(gateway, 'identity.certificate_expired');
      assert.equal(expired?.verdict, 'refused');
      assert.equal(expired.subject, gateway.user.subject);
    });
  });

  describe('identity in fields', () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await start();
    });
    after(() => gateway.close());

    test('from outside is dropped, every name of the list, in any letter case', async () => {
      const forged = Object.fromEntries([...identityFields].map((name) => [name.toUpperCase(), 'forged']));
      assert.equal((await gateway.call({ ...retrieve.call, fields: forged })).status, 200);
      const sent = gateway.upstream.received.at(-1);
      assert.ok(sent);
      assert.ok(!sent.rawFields.includes('forged'));
      assert.equal(sent.fields['ct-remote-user'], gateway.user.subject);
      assert.equal(sent.fields['client-cert'], `:${Buffer.from(gateway.user.certificateDer).toString('base64')}:`);
      assert.equal(sent.fields['x-forwarded-for'], '127.0.0.1');
      for (const name of ['client-cert', 'ct-remote-user', 'forwarded', 'headgate-exchange', 'x-forwarded-for', 'host'])
        assert.equal(
          sent.rawFields.filter((field, at) => at % 2 === 0 && field.toLowerCase() === name).length,
          1,
          name,
        );
    });

    test('of ours cannot be stripped by naming it in Connection', async () => {
      const connection =
        'client-cert, ct-remote-user, headgate-exchange, x-forwarded-for, content-length, host, content-type';
      assert.equal((await gateway.call({ ...retrieve.call, fields: { connection } })).status, 200);
      const sent = gateway.upstream.received.at(-1);
      assert.equal(sent?.fields['ct-remote-user'], gateway.user.subject);
      assert.equal(sent?.fields['x-forwarded-for'], '127.0.0.1');
      assert.equal(sent?.fields.host, host);
      assert.equal(sent?.body.toString(), soapRequest);
    });

    test('with underscores is dropped', async () => {
      await gateway.call({
        ...retrieve.call,
        fields: { Client_Cert: 'forged', X_Forwarded_For: 'forged', ct_remote_user: 'forged' },
      });
      assert.ok(!gateway.upstream.received.at(-1)?.rawFields.includes('forged'));
    });

    test('is absent on an anonymous address, whatever the caller says', async () => {
      await gateway.call({
        ...anonymous.call,
        fields: { 'client-cert': 'forged', 'ct-remote-user': 'forged' },
      });
      const sent = gateway.upstream.received.at(-1);
      assert.equal(sent?.fields['client-cert'], undefined);
      assert.equal(sent?.fields['ct-remote-user'], undefined);
      assert.match(String(sent?.fields.forwarded), new RegExp(`proto=${anonymous.proto}$`));
    });
  });
}
