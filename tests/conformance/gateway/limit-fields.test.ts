// What a caller is told of its limits: the fields of draft-ietf-httpapi-ratelimit-headers-11 on every answer, and the words of a
// refusal in each format.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { quotaExceededType } from '@headgate/contract';
import { fakeClock, startTestGateway } from '@headgate/testkit';

const clock = fakeClock();
const policy = `limits:
  - name: all
    layer: global
    where: { channel: api }
    key: [source]
    unit: requests
    quota: 3
    windowMs: 1000
    refusal: { text: 'All systems together. Wait <n> seconds.' }
    evidence: assumed
    source: test
  - name: awards
    layer: acceptable-use
    where: { system: cmri }
    key: [credential, service]
    unit: requests
    quota: 1
    windowMs: 4500
    refusal: { text: 'Awards. Wait <n> seconds.' }
    evidence: assumed
    source: test
  - name: tried
    layer: acceptable-use
    where: { system: cmri }
    key: [source]
    unit: requests
    quota: 1
    windowMs: 60000
    mode: shadow
    refusal: { text: 'Never said. Wait <n> seconds.' }
    evidence: assumed
    source: test
`;

describe('limits', () => {
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  before(async () => {
    gateway = await startTestGateway({
      clock,
      policy,
      answer: (_request, response) => {
        response.writeHead(200, {
          'content-type': 'text/xml',
          ratelimit: '"theirs";r=9',
          'ratelimit-policy': '"theirs";q=9',
        });
        response.end('<a/>');
      },
    });
  });
  after(() => gateway.close());
  beforeEach(() => clock.advanceMs(100_000));

  test('are told on an answer with what is left, those in shadow mode and those of a back end apart', async () => {
    const { status, fields } = await gateway.call();
    assert.equal(status, 200);
    assert.equal(fields['ratelimit-policy'], '"all";q=3;w=1, "awards";q=1;w=5');
    assert.equal(fields.ratelimit, '"all";r=2;t=1, "awards";r=0;t=5');
  });

  test('are told on a refusal, with a wait that no limit comes later than', async () => {
    await gateway.call();
    clock.advanceMs(400);
    const { fields } = await gateway.call();
    assert.equal(fields.ratelimit, '"all";r=2;t=1, "awards";r=0;t=5');
    assert.equal(fields['retry-after'], '5');
  });

  test('are told again with each repeated refusal as they stand then', async () => {
    await gateway.call();
    const told: unknown[] = [];
    for (let repeat = 0; repeat < 3; repeat += 1) {
      clock.advanceMs(500);
      told.push((await gateway.call()).fields.ratelimit);
    }
    assert.deepEqual(told, [
      '"all";r=2;t=1, "awards";r=0;t=4',
      '"all";r=3, "awards";r=0;t=4',
      '"all";r=3, "awards";r=0;t=3',
    ]);
  });

  test('are not told where none was asked', async () => {
    const { fields } = await gateway.call({ user: null });
    assert.equal(fields.ratelimit, undefined);
  });

  test('that refuse a program that speaks JSON have the type and the member of the draft', async () => {
    await gateway.call();
    const { status, body, fields } = await gateway.call({ fields: { 'content-type': 'application/json' } });
    const { type, limit, detail, code, exchange, ...problem } = JSON.parse(body);
    assert.deepEqual([status, type, code], [429, quotaExceededType, 'admission.acceptable_use']);
    assert.deepEqual(problem['violated-policies'], ['awards']);
    const key = `credential=${gateway.user.fingerprint256.slice(0, 16)}, service=retrievemarketawards`;
    assert.deepEqual(limit, { rule: 'awards', key, unit: 'requests', quota: 1, windowMs: 4_500 });
    assert.deepEqual([detail, exchange], ['Awards. Wait 5 seconds.', fields['headgate-exchange']]);
  });

  test('that refuse a SOAP caller stand in the detail of its fault', async () => {
    await gateway.call();
    const { status, body, fields } = await gateway.call();
    assert.equal(status, 500);
    assert.match(body, /<faultstring[^>]*>Awards\. Wait 5 seconds\.<\/faultstring>/);
    const key = `credential=${gateway.user.fingerprint256.slice(0, 16)}, service=retrievemarketawards`;
    const told = {
      rule: 'awards',
      key,
      unit: 'requests',
      quota: 1,
      windowMs: 4_500,
      violated: 'awards',
      retryAfterSeconds: 5,
      exchange: String(fields['headgate-exchange']),
    };
    for (const [name, value] of Object.entries(told))
      assert.ok(body.includes(`>${value}<`), `${name} ${value} in ${body}`);
  });

  test('that refuse callers apart are told to each with its own key', async () => {
    const other = await gateway.authority.user('current', { name: 'BETAx0001', organisation: 'CAISO' });
    for (const user of [gateway.user, other]) {
      assert.equal((await gateway.call({ user })).status, 200);
      clock.advanceMs(1_000);
    }
    for (const user of [gateway.user, other, gateway.user]) {
      const { body } = await gateway.call({ user });
      assert.ok(body.includes(`credential=${user.fingerprint256.slice(0, 16)}`), body);
    }
  });

  test('that are global refuse with their own text, and a browser with a page', async () => {
    const page = {
      host: 'cmri.caiso.com',
      path: '/cmri/',
      method: 'GET',
      fields: { accept: 'text/html,application/xhtml+xml' },
    };
    for (const name of ['ALPHAx0011', 'ALPHAx0012', 'ALPHAx0013']) {
      const user = await gateway.authority.user('current', { name, organisation: 'CAISO' });
      assert.equal((await gateway.call({ user })).status, 200);
    }
    assert.match((await gateway.call()).body, /All systems together\. Wait 1 seconds\./);
    assert.equal((await gateway.call(page)).status, 200);
    const { body, status, fields } = await gateway.call(page);
    assert.equal(status, 429);
    assert.match(String(fields['content-type']), /^text\/html/);
    assert.match(body, /Awards\. Wait 5 seconds\./);
  });

  test('in shadow mode refuse nobody and stand in the record of each call they would have refused', async () => {
    await gateway.call();
    clock.advanceMs(5_000);
    const { admission } = await gateway.recordOf(await gateway.call());
    assert.deepEqual(admission?.rules, ['all', 'awards', 'tried']);
    assert.deepEqual([admission?.refused, admission?.shadow], [[], [{ rule: 'tried', retryAfterMs: 55_000 }]]);
  });
});

for (const threads of [1, 2])
  test(`limits are counted by rule, and by the keys that are refused most, over ${threads} threads`, async (t) => {
    const gateway = await startTestGateway({ policy, threads, clock: fakeClock(Date.now()) });
    t.after(() => gateway.close());
    for (let call = 0; call < 4; call += 1) await gateway.call();
    const { rules, topRefusedKeys } = gateway.running.limitCounts();
    assert.deepEqual([...rules.keys()], ['all', 'awards', 'tried']);
    assert.deepEqual(rules.get('awards'), { admitted: 1, refused: 3, shadowRefused: 0 });
    assert.deepEqual(rules.get('tried'), { admitted: 1, refused: 0, shadowRefused: 3 });
    assert.match(topRefusedKeys[0]?.key ?? '', /^awards\|credential=/);
  });
