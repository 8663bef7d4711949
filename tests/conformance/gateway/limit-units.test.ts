// Every unit of the policy language over sockets: bytes of bodies, calls at once, connections; and that what a call holds is given
// back however it ends.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  fakeClock,
  openRawCaller,
  rawPost,
  soapAnswer,
  soapRequest,
  startTestGateway,
  type TestCall,
} from '@headgate/testkit';
import { codeOf, toldIn } from './told.ts';

const clock = fakeClock();
const ruleText = (name: string, lines: string) => `
  - name: ${name}
    layer: acceptable-use
    evidence: assumed
    source: test
    ${lines.trim().split('\n').join('\n    ')}`;
const refusal = 'refusal: { text: "Wait <n> seconds." }';

/** A gateway with these rules, whose clock the tests turn. */
function startWith(...rules: readonly string[]): ReturnType<typeof startTestGateway> {
  const path = { peekBytesMax: 16_384, bodyBytesMax: 65_536 };
  return startTestGateway({ clock, policy: `limits:${rules.join('')}\n`, path });
}

/** A request of so many bytes. */
function bodyOf(bytes: number): string {
  const filled = (text: string) =>
    soapRequest.replace('<RequestMarketAwards/>', `<RequestMarketAwards>${text}</RequestMarketAwards>`);
  return filled('x'.repeat(bytes - filled('').length));
}

describe('a rule over bytes of request bodies', () => {
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  before(async () => {
    gateway = await startWith(
      ruleText(
        'bytes',
        `where: { channel: api }\nkey: [source]\nunit: request-bytes\nquota: 60000\nwindowMs: 63000\n${refusal}`,
      ),
    );
  });
  after(() => gateway?.close());
  beforeEach(() => clock.advanceMs(200_000));
  const send = (bytes: number, call: TestCall = {}) => gateway.call({ body: bodyOf(bytes), ...call });

  test('admits bodies up to the byte and refuses what would pass the quota, until the promised second', async () => {
    assert.equal((await send(40_000)).status, 200);
    assert.equal((await send(20_000)).status, 200);
    clock.advanceMs(3_000);
    const refused = await send(1_000);
    assert.equal(codeOf(refused), 'admission.request_bytes');
    const seconds = Number(refused.fields['retry-after']);
    assert.equal(seconds, 60);
    assert.equal(toldIn(refused)?.text, `Wait ${seconds} seconds.`);
    clock.advanceMs(seconds * 1_000 - 1_000);
    assert.equal(codeOf(await send(1_000)), 'admission.request_bytes');
    clock.advanceMs(1_000);
    assert.equal((await send(1_000)).status, 200);
  });

  test('charges a call without a body to nobody', async () => {
    assert.equal((await send(60_000)).status, 200);
    const call = { method: 'GET', path: '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP?wsdl' };
    assert.equal((await gateway.call(call)).status, 200);
  });

  test('refuses a body past the quota for good, and says so', async () => {
    const refused = await send(60_001);
    assert.equal(codeOf(refused), 'admission.body_past_quota');
    assert.equal(refused.fields['retry-after'], undefined);
    assert.equal((await send(60_000)).status, 200);
  });

  test('charges a chunked body that has come by what it has', async () => {
    assert.equal((await send(10_000, { chunked: true })).status, 200);
    assert.equal((await send(50_000)).status, 200);
    assert.equal(codeOf(await send(1_000)), 'admission.request_bytes');
  });

  test('charges a longer chunked body with all it may still be, and gives back what did not come', async () => {
    const caller = await openRawCaller(gateway);
    const pieces = [bodyOf(30_000).slice(0, 20_000), bodyOf(30_000).slice(20_000)];
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
    const head = ['Host: ws.prod.caiso.com', 'Content-Type: text/xml', 'Transfer-Encoding: chunked'];
    const path = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';
    caller.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${chunk(pieces[0] ?? '')}`);
    const left = async () => String((await gateway.call({ method: 'GET', path: `${path}?wsdl` })).fields.ratelimit);
    while (!(await left()).startsWith('"bytes";r=0;')) await new Promise(setImmediate);
    assert.equal(codeOf(await send(1_000)), 'admission.request_bytes');
    caller.write(`${chunk(pieces[1] ?? '')}0\r\n\r\n`);
    assert.equal((await caller.answer()).status, 200);
    while (!(await left()).startsWith('"bytes";r=30000;')) await new Promise(setImmediate);
    caller.destroy();
    assert.equal((await send(30_000)).status, 200);
    assert.equal(codeOf(await send(1_000)), 'admission.request_bytes');
  });

  test('counts a chunked body that has come by what it has while its answer is still awaited', async () => {
    const release = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    gateway.upstream.answerWith(async (...parts) => {
      asked.resolve();
      await release.promise;
      void soapAnswer(...parts);
    });
    const first = send(10_000, { chunked: true });
    await asked.promise;
    gateway.upstream.answerWith(soapAnswer);
    assert.equal((await send(50_000)).status, 200);
    release.resolve();
    assert.equal((await first).status, 200);
  });

  test('keeps a body charged in full that broke off, also where the clock was set back in between', async () => {
    for (const backMs of [0, 3_600_000]) {
      clock.advanceMs(200_000);
      const caller = await openRawCaller(gateway);
      const head = ['Host: ws.prod.caiso.com', 'Content-Type: text/xml', 'Transfer-Encoding: chunked'];
      const path = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';
      const piece = bodyOf(30_000).slice(0, 20_000);
      caller.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${piece.length.toString(16)}\r\n${piece}\r\n`);
      const left = async () => String((await gateway.call({ method: 'GET', path: `${path}?wsdl` })).fields.ratelimit);
      while (!(await left()).startsWith('"bytes";r=0;')) await new Promise(setImmediate);
      clock.advanceMs(-backMs);
      const recorded = gateway.records.length;
      caller.reset();
      await gateway.recorded(recorded + 1);
      assert.equal(codeOf(await send(1_000)), 'admission.request_bytes');
      clock.advanceMs(backMs);
    }
  });

  test('gives back what did not come of a body that was charged while the clock stood back', async () => {
    assert.equal((await send(1_000)).status, 200);
    clock.advanceMs(-3_600_000);
    assert.equal((await send(20_000, { chunked: true })).status, 200);
    assert.equal((await send(39_000)).status, 200);
    clock.advanceMs(3_600_000);
  });

  test('lets no chunked body pass that is longer than what it was charged', async () => {
    const received = gateway.upstream.received.length;
    assert.equal(codeOf(await send(60_001, { chunked: true })), 'inspection.body_too_large');
    assert.equal(gateway.upstream.received.length, received);
  });
});

describe('a rule over calls at once', () => {
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  before(async () => {
    gateway = await startWith(
      ruleText('at-once', `where: {}\nkey: [source]\nunit: concurrent-requests\nquota: 2\n${refusal}`),
      ruleText('other', `where: {}\nkey: [source]\nunit: requests\nquota: 3\nwindowMs: 1000\n${refusal}`),
    );
  });
  after(() => gateway?.close());
  beforeEach(() => {
    clock.advanceMs(2_000);
    gateway.upstream.answerWith(soapAnswer);
  });

  /** Two calls that wait for their answers, and what lets the back end give them. */
  async function twoWaiting() {
    const release = Promise.withResolvers<void>();
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    gateway.upstream.answerWith(async (...parts) => {
      waiting += 1;
      if (waiting === 2) both.resolve();
      await release.promise;
      void soapAnswer(...parts);
    });
    const callers = [await openRawCaller(gateway), await openRawCaller(gateway)];
    for (const caller of callers) caller.write(rawPost(soapRequest));
    await both.promise;
    return { callers, release: release.resolve };
  }

  test('refuses one more, charges it to no other rule, and admits it once an answer has ended', async () => {
    const { callers, release } = await twoWaiting();
    const refused = await gateway.call();
    assert.equal(codeOf(refused), 'admission.concurrent_requests');
    assert.equal(refused.fields['retry-after'], '1');
    const { admission } = await gateway.recordOf(refused);
    assert.deepEqual(admission?.refused, [{ rule: 'at-once', retryAfterMs: 1_000 }]);
    release();
    const recorded = gateway.records.length;
    for (const caller of callers) {
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
    }
    await gateway.recorded(recorded + 2);
    assert.equal((await gateway.call()).status, 200); // The third that the other rule admits.
  });

  test('gives the place back when the caller breaks off, when the back end does and when the call is refused later', async () => {
    const { callers, release } = await twoWaiting();
    assert.equal(codeOf(await gateway.call()), 'admission.concurrent_requests');
    const recorded = gateway.records.length;
    for (const caller of callers) caller.reset();
    await gateway.recorded(recorded + 2);
    release();
    clock.advanceMs(2_000);
    gateway.upstream.answerWith((_request, response) => void response.destroy());
    for (let turn = 0; turn < 3; turn += 1) assert.match(String(codeOf(await gateway.call())), /^forward\./);
    clock.advanceMs(2_000);
    for (let turn = 0; turn < 3; turn += 1)
      assert.equal(codeOf(await gateway.call({ body: '<a/>' })), 'inspection.malformed_envelope');
    clock.advanceMs(2_000);
    gateway.upstream.answerWith(soapAnswer);
    for (let turn = 0; turn < 3; turn += 1) assert.equal((await gateway.call()).status, 200);
  });
});

test('a rule over calls at once in shadow counts those that hold its place, and no call beside them gives it back', async (t) => {
  const gateway = await startWith(
    ruleText('watched', `where: {}\nkey: [source]\nunit: concurrent-requests\nquota: 1\nmode: shadow\n${refusal}`),
  );
  t.after(() => gateway.close());
  const waiting = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  gateway.upstream.answerWith(async (...parts) => {
    waiting.resolve();
    await release.promise;
    void soapAnswer(...parts);
  });
  const caller = await openRawCaller(gateway);
  t.after(() => caller.destroy());
  caller.write(rawPost(soapRequest));
  await waiting.promise;
  gateway.upstream.answerWith(soapAnswer);
  const wouldRefuse = async () => (await gateway.recordOf(await gateway.call())).admission?.shadow.length;
  assert.deepEqual([await wouldRefuse(), await wouldRefuse()], [1, 1]);
  const recorded = gateway.records.length;
  release.resolve();
  assert.equal((await caller.answer()).status, 200);
  await gateway.recorded(recorded + 1);
  assert.deepEqual([await wouldRefuse(), await wouldRefuse()], [0, 0]);
});

test('a connection past a rule over connections is closed, told in a notice and admitted a window later', async (t) => {
  const gateway = await startWith(
    `\n  - { name: doors, layer: global, where: {}, key: [source-network], unit: connections, quota: 3, windowMs: 1000, evidence: assumed, source: test }`,
  );
  t.after(() => gateway.close());
  const call = (source: string) =>
    gateway.call({ source }).then(
      ({ status }) => status,
      () => 'closed',
    );
  const sources = ['127.0.9.1', '127.0.9.2', '127.0.9.3', '127.0.9.4'];
  const seen: (number | string)[] = [];
  for (const source of sources) seen.push(await call(source));
  assert.deepEqual(seen, [200, 200, 200, 'closed']);
  assert.equal(await call('127.0.8.1'), 200);
  assert.deepEqual(
    gateway.notices.filter(({ kind }) => kind === 'connection-over-limit'),
    [{ kind: 'connection-over-limit', listener: 'secure', source: '127.0.9.4', reason: 'doors', count: 1 }],
  );
  clock.advanceMs(1_000);
  assert.equal(await call('127.0.9.4'), 200);
});

test('a call that is refused holds no place of a candidate that would have admitted it', async (t) => {
  const rate = ruleText(
    'rate',
    `where: { channel: api }\nkey: [source]\nunit: requests\nquota: 1\nwindowMs: 5000\n${refusal}`,
  );
  const atOnce = ruleText(
    'at-once',
    `where: { channel: api }\nkey: [source]\nunit: concurrent-requests\nquota: 1\n${refusal}`,
  );
  const gateway = await startTestGateway({ clock, policy: `limits:${rate}\n`, shadowPolicy: `limits:${atOnce}\n` });
  t.after(() => gateway.close());
  const verdicts = [];
  for (const waitMs of [0, 0, 5_000]) {
    clock.advanceMs(waitMs);
    const { admission } = await gateway.recordOf(await gateway.call({ body: soapRequest }));
    verdicts.push([admission?.admitted, admission?.candidate?.admitted]);
  }
  assert.deepEqual(verdicts, [
    [true, true],
    [false, true],
    [true, true],
  ]);
});
