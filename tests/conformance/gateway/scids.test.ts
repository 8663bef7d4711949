// Limits that count over the SCID in the payload, over TLS and with the shipped catalogues: where it is read, that it counts only for
// whom it is proven, who is charged for one that is not, and that nobody pays for it who is not counted so.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { LimitRule, ProvisionedRight } from '@headgate/contract';
import {
  fakeClock,
  startTestGateway,
  type TestAnswer,
  type TestCall,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { callsTo } from './calls.ts';
import { gatewayOf, type Operator, operators } from './operators.ts';
import { scidCallsOf } from './scid-calls.ts';
import { codeOf, toldIn, wordsOf } from './told.ts';

const alphaSubject = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';
const subjectOf = (name: string) => `CN=${name},OU=people,O=Test,C=US`;

for (const operator of operators) describe(`at ${operator.name}`, () => countsOverScids(operator));

function countsOverScids(operator: Operator): void {
  const { environment } = operator;
  const calls = scidCallsOf[operator.name];
  assert.ok(calls, operator.name);
  const { shapes, placeless, every } = calls;
  const [{ call: plain }] = shapes;

  const rule = (differs: Partial<LimitRule> = {}): Partial<LimitRule> => ({
    name: 'by-scid',
    layer: 'acceptable-use',
    where: { channel: 'api' },
    key: ['scid'],
    unit: 'requests',
    quota: 1,
    windowMs: 60_000,
    algorithm: 'exact-sliding-window',
    refusal: { text: 'Too many. Wait <n> seconds.', status: 500, seconds: 'remaining' },
    evidence: 'assumed',
    source: 'test',
    ...differs,
  });
  const policyOf = (...rules: readonly Partial<LimitRule>[]) => JSON.stringify({ limits: rules });
  const right = (said: Partial<ProvisionedRight> = {}): ProvisionedRight => {
    return { system: 'all', environment, channels: ['ui', 'api'], role: 'submit', scids: 'all', ...said };
  };
  const held = (subject: string, rights: readonly ProvisionedRight[]) => ({
    subject,
    environments: [environment],
    rights,
  });
  /** Alpha with two SCIDs and two certificates, the first of which is the first user's; Beta with one; a vendor that both endorse. */
  const provisioningOf = (alphaRights: readonly ProvisionedRight[] = [right()]) =>
    JSON.stringify({
      format: 1,
      grantedBy: 'access@operator.example.org',
      participants: [
        {
          id: 'alpha',
          name: 'Alpha',
          grantedBy: 'access@alpha.example.org',
          scids: ['A1', 'A2'],
          credentials: [held(alphaSubject, alphaRights), held(subjectOf('ALPHAx0002'), [right()])],
        },
        {
          id: 'beta',
          name: 'Beta',
          grantedBy: 'access@beta.example.org',
          scids: ['B1'],
          credentials: [held(subjectOf('BETAx0001'), [right()])],
        },
        {
          id: 'vendor',
          name: 'Vendor',
          scids: [],
          credentials: [
            {
              ...held(subjectOf('VENDORx0001'), []),
              endorsements: [
                { by: 'alpha', rights: [right({ scids: ['A1'] })] },
                { by: 'beta', rights: [right()] },
              ],
            },
          ],
        },
      ],
    });
  const begin = async (t: TestContext, rules: readonly Partial<LimitRule>[], options: TestGatewayOptions = {}) => {
    const clock = fakeClock(operator.startMs);
    const gateway = await startTestGateway({
      ...gatewayOf(operator),
      clock,
      policy: policyOf(...rules),
      provisioning: provisioningOf(),
      ...options,
    });
    t.after(() => gateway.close());
    const users = new Map<string, TestCall['user']>();
    const userOf = async (name: string) => {
      const known = users.get(name) ?? (await gateway.authority.user('current', { name, organisation: 'Test' }));
      users.set(name, known);
      return known;
    };
    /** Calls as one of the four, and says what came of it: undefined, or the code of the refusal. */
    const ask = async (who: 'alpha' | 'ALPHAx0002' | 'BETAx0001' | 'VENDORx0001', call: TestCall) =>
      gateway.call(who === 'alpha' ? call : { ...call, user: await userOf(who) });
    const codesOf = async (...asked: readonly Promise<TestAnswer>[]) => (await Promise.all(asked)).map(codeOf);
    return { gateway, clock, ask, codesOf };
  };
  const scidOf = async (gateway: TestGateway, answer: TestAnswer) => (await gateway.recordOf(answer)).admission?.scid;
  const limited = 'admission.acceptable_use';
  const foreign = 'admission.foreign_scid';

  for (const { shape, where, call } of shapes)
    describe(`${shape}`, () => {
      test('is counted over its SCID, and evidence says which, where it stood and whose right it was', async (t) => {
        const { gateway, ask } = await begin(t, [rule()]);
        const first = await ask('alpha', call(['A1']));
        assert.equal(codeOf(first), undefined, first.body);
        assert.deepEqual(await scidOf(gateway, first), {
          outcome: 'proven',
          value: 'A1',
          where,
          reason: null,
          participant: 'alpha',
        });
        const second = await ask('ALPHAx0002', call(['A1']));
        assert.equal(codeOf(second), limited, 'the SCID has one allowance, whichever certificate acts for it');
        const { admission } = await gateway.recordOf(second);
        assert.deepEqual([admission?.decidedBy, admission?.decidedByKey], ['by-scid', ['scid']]);
        assert.equal(codeOf(await ask('alpha', call(['A2']))), undefined, 'another SCID has its own');
        assert.equal(gateway.upstream.received.length, 2);
        assert.deepEqual(
          gateway.upstream.received.map(({ body }) => String(body)),
          ['A1', 'A2'].map((scid) => String(call([scid]).body)),
          'what was looked at goes on as it came',
        );
      });

      test('of a stranger is refused in words, and the allowance of the SCID stays whole', async (t) => {
        const { gateway, ask } = await begin(t, [rule()]);
        const refused = await ask('BETAx0001', call(['A1']));
        assert.equal(codeOf(refused), foreign);
        assert.equal((await scidOf(gateway, refused))?.outcome, 'foreign');
        assert.equal(codeOf(await ask('alpha', call(['A1']))), undefined);
        assert.equal(gateway.upstream.received.length, 1);
      });

      test('of several SCIDs is counted over the first', async (t) => {
        const { ask } = await begin(t, [rule()]);
        assert.equal(codeOf(await ask('alpha', call(['A1', 'A2']))), undefined);
        assert.equal(codeOf(await ask('alpha', call(['A1']))), limited);
        assert.equal(codeOf(await ask('alpha', call(['A2', 'A1']))), undefined);
      });
    });

  test('a candidate in shadow counts over SCIDs that the policy in force does not ask for, and refuses nobody', async (t) => {
    const { gateway, ask, codesOf } = await begin(
      t,
      [rule({ name: 'by-credential', key: ['credential'], quota: 100 })],
      {
        shadowPolicy: policyOf(rule()),
      },
    );
    const told = [
      await ask('alpha', plain(['A1'])),
      await ask('alpha', plain(['A2'])),
      await ask('alpha', plain(['A1'])),
    ];
    assert.deepEqual(await codesOf(ask('alpha', plain(['B1'])), ask('ALPHAx0002', plain(['A1']))), [
      undefined,
      undefined,
    ]);
    const verdicts = [];
    for (const answer of told) {
      const { admission } = await gateway.recordOf(answer);
      verdicts.push([admission?.scid?.value, admission?.admitted, admission?.candidate?.admitted]);
    }
    assert.deepEqual(verdicts, [
      ['A1', true, true],
      ['A2', true, true],
      ['A1', true, false],
    ]);
  });

  test('break-glass holds for a limit over SCIDs, also where it names the participant of one', async (t) => {
    const { gateway, clock, ask, codesOf } = await begin(t, [rule()]);
    const refused = 'admission.acceptable_use';
    await gateway.running.beginOverride({
      rule: 'by-scid',
      change: { kind: 'shadow' },
      scope: { participant: 'beta' },
      reason: 'this test',
      author: 'anna',
      untilMs: clock.now() + 60_000,
    });
    assert.deepEqual(await codesOf(ask('BETAx0001', plain(['B1'])), ask('BETAx0001', plain(['B1']))), [
      undefined,
      undefined,
    ]);
    assert.deepEqual(await codesOf(ask('alpha', plain(['A1']))), [undefined]);
    const again = await ask('alpha', plain(['A1']));
    assert.equal(codeOf(again), refused);
    const vendor = await gateway.recordOf(await ask('VENDORx0001', plain(['B1'])));
    assert.equal(vendor.admission?.breakGlass.length, 1);
    assert.deepEqual((await gateway.recordOf(again)).admission?.breakGlass, []);
  });

  test('a quota that break-glass raised for the participant of an SCID is the one that is told', async (t) => {
    const { gateway, clock, ask } = await begin(t, [rule()]);
    await gateway.running.beginOverride({
      rule: 'by-scid',
      change: { kind: 'quota', quota: 7 },
      scope: { participant: 'beta' },
      reason: 'this test',
      author: 'anna',
      untilMs: clock.now() + 60_000,
    });
    const fieldsOf = async (answer: Promise<TestAnswer>) => {
      const { fields } = await answer;
      return [fields['ratelimit-policy'], fields.ratelimit];
    };
    assert.deepEqual(await fieldsOf(ask('VENDORx0001', plain(['B1']))), ['"by-scid";q=7;w=60', '"by-scid";r=6;t=60']);
    assert.deepEqual(await fieldsOf(ask('VENDORx0001', plain(['A1']))), ['"by-scid";q=1;w=60', '"by-scid";r=0;t=60']);
  });

  test('a foreign SCID is told with the rule, with what the caller may, and with who grants: of whom it is, not', async (t) => {
    const { gateway, ask } = await begin(t, [rule({ quota: 9 })]);
    const told = await Promise.all(['A1', 'NOBODY1'].map(async (scid) => ask('BETAx0001', plain([scid]))));
    const [ofAlpha, ofNobody] = told.map((answer) => wordsOf(answer, 'soap-1.1'));
    assert.ok(ofAlpha !== undefined && ofNobody !== undefined);
    assert.match(
      ofAlpha.text,
      /^CN=BETAx0001,.* may not (?:read|submit) on .* for SCID A1, over which limit by-scid counts\. It may for B1\. The call was charged to its own sender\. access@beta\.example\.org grants it\.$/,
    );
    assert.equal(ofNobody.text, ofAlpha.text.replace('SCID A1', 'SCID NOBODY1'));
    assert.match(ofAlpha.fix ?? '', /SCID .* your certificate may act for/);
    const { admission, forward, response } = await gateway.recordOf(told[0] as TestAnswer);
    assert.deepEqual(
      { ...admission, endorsers: undefined, shadow: undefined },
      {
        admitted: false,
        permit: null,
        participant: 'beta',
        endorsers: undefined,
        rules: ['by-scid'],
        decidedBy: 'by-scid',
        decidedByKey: ['scid'],
        retryAfterMs: null,
        refused: [],
        shadow: undefined,
        breakGlass: [],
        candidate: null,
        session: null,
        scid: { outcome: 'foreign', value: 'A1', where: 'body', reason: null, participant: null },
      },
    );
    assert.deepEqual([forward, response.refusal], [null, foreign]);
  });

  test('what stands in the place of an SCID and is none is told in a safe form', async (t) => {
    const { gateway, ask } = await begin(t, [rule({ quota: 9 })]);
    for (const [written, shown] of [
      ['&lt;script&gt;', '(8 characters, no SCID)'],
      ['x'.repeat(500), '(more than 64 characters)'],
    ] as const) {
      const answer = await ask('alpha', plain([written]));
      assert.equal(codeOf(answer), foreign);
      assert.ok(toldIn(answer)?.text.includes(`for SCID ${shown},`), answer.body);
      assert.equal((await scidOf(gateway, answer))?.value, shown);
    }
  });

  test('a stranger that floods with the SCID of another uses up its own allowance, and nothing of the other', async (t) => {
    const { gateway, ask } = await begin(t, [rule({ quota: 3 })]);
    const flood: (string | undefined)[] = [];
    for (let index = 0; index < 20; index += 1) flood.push(codeOf(await ask('BETAx0001', plain(['A1']))));
    assert.deepEqual(flood.slice(0, 3), [foreign, foreign, foreign]);
    assert.ok(
      flood.slice(3).every((code) => code === limited),
      flood.join(),
    );
    const owner: (string | undefined)[] = [];
    for (let index = 0; index < 4; index += 1) owner.push(codeOf(await ask('alpha', plain(['A1']))));
    assert.deepEqual(owner, [undefined, undefined, undefined, limited], 'the owner has all of its quota');
    assert.equal(codeOf(await ask('BETAx0001', plain(['B1']))), undefined, 'nor does it lose its own SCID');
    assert.equal(gateway.upstream.received.length, 4);
  });

  test('a foreign SCID gives back what it held: its caller has all of its concurrent calls for the next', async (t) => {
    const held = rule({ name: 'at-once', key: ['credential'], unit: 'concurrent-requests', quota: 1 });
    const { ask } = await begin(t, [rule({ quota: 9 }), held]);
    for (let index = 0; index < 3; index += 1) assert.equal(codeOf(await ask('BETAx0001', plain(['A1']))), foreign);
    assert.equal(codeOf(await ask('BETAx0001', plain(['B1']))), undefined);
  });

  test('a vendor spends the allowance of the SCID that it acts for, as far as it was endorsed', async (t) => {
    const { gateway, ask } = await begin(t, [rule()]);
    assert.equal(codeOf(await ask('alpha', plain(['A1']))), undefined);
    assert.equal(codeOf(await ask('VENDORx0001', plain(['A1']))), limited);
    const forBeta = await ask('VENDORx0001', plain(['B1']));
    assert.equal(codeOf(forBeta), undefined);
    assert.equal((await scidOf(gateway, forBeta))?.participant, 'beta');
    const notEndorsed = await ask('VENDORx0001', plain(['A2']));
    assert.equal(codeOf(notEndorsed), foreign);
    assert.match(
      toldIn(notEndorsed)?.text ?? '',
      /It may for A1, B1\..* access@alpha\.example\.org or access@beta\.example\.org grants it/,
    );
    assert.equal(codeOf(await ask('alpha', plain(['A2']))), undefined);
  });

  test('a right that ends takes its SCID with it, by the clock', async (t) => {
    const day = (later: number) => new Date(operator.startMs + later * 86_400_000).toISOString().slice(0, 10);
    const provisioning = provisioningOf([right({ scids: ['A1'], until: day(1) }), right({ scids: ['A2'] })]);
    const { ask, clock } = await begin(t, [rule({ windowMs: 1_000 })], { provisioning });
    assert.equal(codeOf(await ask('alpha', plain(['A1']))), undefined);
    clock.setMs(Date.parse(day(3)));
    assert.equal(codeOf(await ask('alpha', plain(['A1']))), foreign);
    assert.equal(codeOf(await ask('alpha', plain(['A1']))), limited, 'the try before was charged to the certificate');
    assert.equal(codeOf(await ask('alpha', plain(['A2']))), undefined);
  });

  describe('a call without an SCID that counts', () => {
    const rows: readonly (readonly [outcome: string, call: TestCall, reason: string | null])[] = [
      ['absent', plain([]), null],
      ['beyond', plain(['A1'], 'x'.repeat(80_000)), null],
      [
        'unreadable',
        { ...plain([]), body: String(plain(['A1']).body).replace('<e:Header/>', '<e:Header>&x;</e:Header>') },
        'not_well_formed',
      ],
      ['no-place', placeless.call, placeless.reason],
      ...(every === null ? [] : [['every', plain([every]), null] as const]),
    ];
    for (const [outcome, call, reason] of rows)
      test(`(${outcome}) is charged to its certificate, never with strangers, and evidence says why`, async (t) => {
        const { gateway, ask } = await begin(t, [rule()]);
        const first = await ask('alpha', call);
        const scid = await scidOf(gateway, first);
        assert.deepEqual([scid?.outcome, scid?.reason, scid?.participant], [outcome, reason, null]);
        assert.notEqual(codeOf(first), limited);
        assert.equal(codeOf(await ask('alpha', plain([]))), limited, 'a certificate has one allowance for all of them');
        assert.notEqual(codeOf(await ask('ALPHAx0002', call)), limited, 'another certificate has its own');
        assert.notEqual(codeOf(await ask('BETAx0001', call)), limited);
        assert.equal(codeOf(await ask('alpha', plain(['A1']))), undefined, 'and so has each SCID');
      });

    test('is charged to whom the rule names', async (t) => {
      for (const [withoutScid, ofOtherCertificate, ofOtherParticipant] of [
        ['participant', limited, undefined],
        ['source', limited, limited],
      ] as const) {
        const { ask } = await begin(t, [rule({ withoutScid })]);
        assert.equal(codeOf(await ask('alpha', plain([]))), undefined);
        assert.equal(codeOf(await ask('ALPHAx0002', plain([]))), ofOtherCertificate);
        assert.equal(codeOf(await ask('BETAx0001', plain([]))), ofOtherParticipant);
      }
    });

    test('is also one whose SCID nobody can prove: without provisioning it counts for nothing', async (t) => {
      const gateway = await startTestGateway({
        ...gatewayOf(operator),
        clock: fakeClock(operator.startMs),
        policy: policyOf(rule()),
      });
      t.after(() => gateway.close());
      const answer = await gateway.call(plain(['A1']));
      const unproven = { outcome: 'unproven', value: 'A1', where: 'body', reason: null, participant: null };
      assert.deepEqual(await scidOf(gateway, answer), unproven);
      assert.equal(codeOf(await gateway.call(plain(['A2']))), limited);
    });
  });

  describe('a rule in shadow', () => {
    test('refuses no foreign SCID, says so in evidence, and changes nothing of what is enforced', async (t) => {
      const enforced = rule({ name: 'by-participant', key: ['participant'], quota: 3 });
      const { gateway, ask } = await begin(t, [rule({ mode: 'shadow' }), enforced]);
      const stranger = await ask('BETAx0001', plain(['A1']));
      assert.equal(codeOf(stranger), undefined);
      assert.equal((await scidOf(gateway, stranger))?.outcome, 'foreign');
      // The vendor may act for two, so that without the SCID it is itself that is charged.
      for (const scid of ['A1', 'B1', 'A1']) assert.equal(codeOf(await ask('VENDORx0001', plain([scid]))), undefined);
      const refused = await ask('VENDORx0001', plain(['B1']));
      assert.equal((await gateway.recordOf(refused)).admission?.decidedBy, 'by-participant');
      for (const scid of ['A1', 'A1', 'A2']) assert.equal(codeOf(await ask('alpha', plain([scid]))), undefined);
    });

    test('records what it would have refused', async (t) => {
      const { gateway, ask } = await begin(t, [rule({ mode: 'shadow' })]);
      await ask('alpha', plain(['A1']));
      const second = await ask('VENDORx0001', plain(['A1']));
      assert.equal(codeOf(second), undefined);
      assert.deepEqual((await gateway.recordOf(second)).admission?.shadow, [{ rule: 'by-scid', retryAfterMs: 60_000 }]);
    });
  });

  test('rules stack: a call is charged to all of them or to none', async (t) => {
    const perCertificate = rule({ name: 'by-certificate', key: ['credential'], quota: 2 });
    const { gateway, ask } = await begin(t, [perCertificate, rule()]);
    assert.equal(codeOf(await ask('alpha', plain(['A1']))), undefined);
    assert.equal((await gateway.recordOf(await ask('alpha', plain(['A1'])))).admission?.decidedBy, 'by-scid');
    assert.equal(codeOf(await ask('alpha', plain(['A2']))), undefined, 'the refused call cost the certificate nothing');
    assert.equal((await gateway.recordOf(await ask('alpha', plain([])))).admission?.decidedBy, 'by-certificate');
  });

  describe('while the head of a payload is waited for', () => {
    const { host = '', path = '', body = '' } = plain(['A1']);
    const head = [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Content-Type: text/xml',
      'Expect: 100-continue',
      `Content-Length: ${body.length}`,
    ].join('\r\n');
    const { open } = callsTo(operator);
    /** A caller of which the gateway awaits the body; with a code, one that is refused before. */
    const slowCaller = async (t: TestContext, gateway: TestGateway, refusedWith?: string) => {
      const slow = await open(gateway);
      t.after(() => slow.destroy());
      slow.write(`${head}\r\n\r\n`);
      const { status, body: said } = await slow.answer();
      if (refusedWith === undefined) assert.equal(status, 100, said);
      else assert.equal(codeOf({ body: said }), refusedWith);
      return slow;
    };

    test('nothing is charged', async (t) => {
      const { gateway, ask } = await begin(t, [rule()]);
      const slow = await slowCaller(t, gateway);
      slow.write(String(body).slice(0, 100));
      assert.equal(codeOf(await ask('ALPHAx0002', plain(['A1']))), undefined);
      slow.write(String(body).slice(100));
      assert.equal(codeOf(await slow.answer()), limited, 'who is there first is charged first');
      slow.destroy();
    });

    test('a caller that stays behind is refused at the deadline, and is charged nothing', async (t) => {
      const { gateway, ask } = await begin(t, [rule()], { path: { bodyTimeoutMs: 100 } });
      const slow = await slowCaller(t, gateway);
      slow.write(String(body).slice(0, -10));
      assert.equal(codeOf(await slow.answer()), 'inspection.body_timeout');
      slow.destroy();
      for (const scids of [['A1'], []]) assert.equal(codeOf(await ask('alpha', plain(scids))), undefined);
    });

    test('one source holds no more of them than its bound', async (t) => {
      const { gateway } = await begin(t, [rule()], { path: { waitingBodiesPerSourceMax: 1 } });
      const first = await slowCaller(t, gateway);
      const second = await slowCaller(t, gateway, 'listener.too_many_waiting_bodies');
      for (const caller of [first, second]) caller.destroy();
    });

    test('a caller without a right has been refused already', async (t) => {
      const provisioning = provisioningOf([right({ role: 'none' })]);
      const { gateway } = await begin(t, [rule()], { provisioning });
      const refused = await slowCaller(t, gateway, 'admission.not_permitted');
      refused.destroy();
    });
  });

  test('a call that no such rule matches is not looked into: evidence has no SCID', async (t) => {
    const rules = [rule({ where: { system: 'elsewhere' } }), rule({ name: 'other', key: ['source'], quota: 9 })];
    const { gateway, ask } = await begin(t, rules);
    const answer = await ask('alpha', plain(['A1']));
    assert.equal(codeOf(answer), undefined);
    assert.equal(await scidOf(gateway, answer), null);
  });

  test('several threads count one allowance of one SCID', async (t) => {
    const gateway = await startTestGateway({
      ...gatewayOf(operator),
      clock: fakeClock(Date.now()),
      threads: 2,
      policy: policyOf(rule({ quota: 5 })),
      provisioning: provisioningOf(),
    });
    t.after(() => gateway.close());
    const codes = await Promise.all(Array.from({ length: 20 }, async () => codeOf(await gateway.call(plain(['A1'])))));
    assert.equal(codes.filter((code) => code === undefined).length, 5);
    assert.equal(codes.filter((code) => code === limited).length, 15);
  });
}
