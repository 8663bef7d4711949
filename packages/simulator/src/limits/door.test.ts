// A simulator that counts, over sockets, with a clock that a test turns. Its likeness to the gateway is shown by the two processes of
// tests/conformance/twins; here stands what is the simulator's own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as requestSecurely } from 'node:https';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadCatalogueFolder, parsePolicy } from '@headgate/contract';
import { createTestAuthority, type TestUser } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import {
  otherUser,
  retrieveMessage,
  send,
  startMs,
  startTestSimulator,
  submitMessage,
  user,
} from '../simulator.fixture.ts';
import type { SimulatorLimits, SimulatorOptions } from '../start-simulator.ts';

const loaded = await loadCatalogueFolder(fileURLToPath(new URL('../../../../catalogues/example', import.meta.url)));
assert.ok(loaded.ok);
const { catalogue } = loaded;
const host = 'api.grid.example.net';

function policyOf(...rules: readonly object[]): SimulatorLimits['policy'] {
  const refusal = { text: 'Wait <n> seconds.' };
  const usual = { layer: 'acceptable-use', quota: 1, windowMs: 1_000, evidence: 'assumed', source: 'test', refusal };
  const limits = rules.map((rule) => ({ ...usual, ...rule }));
  const parsed = parsePolicy('policy.yaml', JSON.stringify({ limits }));
  assert.ok(parsed.ok);
  return parsed.policy;
}

const perCredential = { name: 'offers', where: { system: 'offers' }, key: ['credential', 'service'], unit: 'requests' };
const clientCert = ({ certificateDer }: TestUser) => `:${Buffer.from(certificateDer).toString('base64')}:`;

const start = (t: TestContext, limits: SimulatorLimits, more: Partial<SimulatorOptions> = {}) =>
  startTestSimulator(t, { catalogue, limits, ...more });

test('a caller behind a gateway is who the Client-Cert field says, and its calls are counted apart', async (t) => {
  const simulator = await start(t, { policy: policyOf(perCredential) });
  const message = retrieveMessage('<AskOffers/>');
  const call = (sender: TestUser) =>
    send(
      `${simulator.url}/v2/offers/ReadOffers`,
      'POST',
      { host, 'content-type': message.contentType, 'client-cert': clientCert(sender) },
      message.body,
    );
  assert.equal((await call(user)).status, 200);
  const refused = await call(user);
  const fault = readFault(refused.body.toString());
  assert.deepEqual([refused.status, fault?.text], [500, 'Wait 1 seconds.']);
  assert.deepEqual([fault?.problem.by, fault?.problem.forwarded], ['simulator', 'no']);
  assert.equal(
    refused.fields['proxy-status'],
    'headgate-simulator; error=http_request_denied; details="admission.acceptable_use"',
  );
  assert.notEqual(readFault((await call(otherUser)).body.toString())?.problem.code, 'admission.acceptable_use');
  simulator.turnTo(startMs + 1_000);
  assert.equal((await call(user)).status, 200);
});

test('what the catalogue has no address or name for is not counted', async (t) => {
  const everything = { name: 'everything', where: {}, key: ['source'], unit: 'requests' };
  const simulator = await start(t, { policy: policyOf(everything) });
  for (let at = 0; at < 3; at += 1) {
    assert.equal((await send(`${simulator.url}/api/x`, 'PUT', {}, '1')).fields.ratelimit, undefined);
    assert.equal((await send(`${simulator.url}/v2/offers/Moon`, 'POST', { host }, 'x')).status, 404);
  }
  assert.equal(
    (await send(`${simulator.url}/v2/outages/ListOutages`, 'GET', { host })).fields.ratelimit,
    '"everything";r=0;t=1',
  );
});

test('a call on a shared path is counted by the system that its body names', async (t) => {
  const meters = { name: 'meters', where: { system: 'meters' }, key: ['source'], unit: 'requests' };
  const simulator = await start(t, { policy: policyOf(meters) });
  const call = (element: string) => {
    const body = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><${element}/></e:Body></e:Envelope>`;
    return send(`${simulator.url}/v2/exchange`, 'POST', { host, 'content-type': 'text/xml' }, body);
  };
  assert.equal((await call('AskReadings')).fields.ratelimit, '"meters";r=0;t=1');
  assert.equal(readFault((await call('AskReadings')).body.toString())?.problem.rule, 'meters');
  assert.equal((await call('Unheard')).fields.ratelimit, undefined);
});

test('the personality decides how calls are counted, and the refusal stays the same', async (t) => {
  const policy = policyOf({ ...perCredential, key: ['source'], quota: 2 });
  const admitted = async (personality: NonNullable<SimulatorLimits['personality']>) => {
    const simulator = await start(t, { policy, personality });
    const statuses: string[] = [];
    for (const atMs of [0, 999, 1_000, 1_001, 1_500]) {
      simulator.turnTo(startMs + atMs);
      const { fields } = await send(`${simulator.url}/v2/offers/ReadOffers`, 'POST', {
        host,
        accept: 'application/json',
      });
      statuses.push(fields['proxy-status'] === undefined ? 'admitted' : `wait ${fields['retry-after']}`);
    }
    return statuses;
  };
  assert.deepEqual(await admitted('exact-sliding-window'), ['admitted', 'admitted', 'admitted', 'wait 1', 'wait 1']);
  assert.deepEqual(await admitted('fixed-window'), ['admitted', 'admitted', 'admitted', 'admitted', 'wait 1']);
  assert.deepEqual(await admitted('quiet-period'), ['admitted', 'admitted', 'wait 1', 'wait 1', 'wait 1']);
  assert.deepEqual(await admitted('token-bucket'), ['admitted', 'admitted', 'admitted', 'wait 1', 'admitted']);
});

test('a refused caller that is still sending reads the refusal, and is served on the same connection', async (t) => {
  const simulator = await start(t, { policy: policyOf({ ...perCredential, key: ['source'] }) });
  const message = submitMessage('<OfferSet/>');
  const head = (length: number) =>
    `POST /v2/offers/SendOffers HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${message.contentType}\r\nContent-Length: ${length}\r\n\r\n`;
  const socket = connect(simulator.port, '127.0.0.1');
  t.after(() => socket.destroy());
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  const answers = async (count: number) => {
    while ((received.match(/HTTP\/1\.1 \d/g) ?? []).length < count) await once(socket, 'data');
  };
  socket.write(`${head(1)}x`);
  await answers(1);
  socket.write(`${head(200_000)}${'x'.repeat(50_000)}`);
  await answers(2);
  assert.match(received, /Wait 1 seconds\./);
  simulator.turnTo(startMs + 1_000);
  received = '';
  socket.write(`${'x'.repeat(150_000)}${head(1)}x`);
  await answers(1);
  assert.doesNotMatch(received, /Wait 1 seconds\./);
});

test('a place is given back when its caller breaks off', async (t) => {
  const held = { name: 'held', where: {}, key: ['source'], unit: 'concurrent-requests', windowMs: undefined };
  const simulator = await start(t, { policy: policyOf(held) });
  const isRefused = async () =>
    (await send(`${simulator.url}/v2/offers/ReadOffers`, 'POST', { host, 'content-type': 'text/xml' }, 'x')).fields[
      'proxy-status'
    ] !== undefined;
  const socket = connect(simulator.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /v2/offers/ReadOffers HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/xml\r\nContent-Length: 10\r\n\r\nx`,
  );
  while (!(await isRefused())) await new Promise(setImmediate);
  socket.destroy();
  while (await isRefused()) await new Promise(setImmediate);
});

test('a simulator that counts nothing says nothing of limits', async (t) => {
  const simulator = await startTestSimulator(t, { catalogue });
  const { fields } = await send(`${simulator.url}/v2/outages/ListOutages`, 'GET', { host });
  assert.deepEqual([fields['headgate-exchange'], fields.ratelimit], [undefined, undefined]);
});

test('limits without a catalogue are refused at the start', async (t) => {
  await assert.rejects(startTestSimulator(t, { limits: { policy: policyOf(perCredential) } }), RangeError);
});

test('over TLS a caller is whose certificate it shows, whatever a field claims, and a strange one opens nothing', async (t) => {
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const server = await authority.serverChain('current', [host]);
  const users = authority.trustBundlePem('current', 'user');
  const alpha = await authority.user('current', { name: 'ALPHAx0001', organisation: 'A' });
  const beta = await authority.user('current', { name: 'BETAx0002', organisation: 'B' });
  const stranger = await authority.strangerUser({ name: 'GAMMAx0003', organisation: 'C' });
  const simulator = await start(
    t,
    { policy: policyOf(perCredential) },
    {
      tls: { ...server, clientAuthoritiesPem: users.anchorsPem + users.intermediatesPem },
    },
  );
  const call = (caller: TestUser | null) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const outgoing = requestSecurely({
      host: '127.0.0.1',
      port: simulator.port,
      servername: host,
      path: '/v2/offers/ReadOffers',
      method: 'POST',
      ca: authority.trustBundlePem('current', 'server').anchorsPem,
      headers: { host, 'content-type': 'text/xml', 'client-cert': clientCert(beta) },
      ...(caller === null ? {} : { cert: caller.certificatePem, key: caller.keyPem }),
      agent: false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    outgoing.end('x');
    return promise;
  };
  const ruleOf = async (caller: TestUser | null) => readFault((await call(caller)).body)?.problem.key?.split(',')[0];
  assert.match(simulator.url, /^https:/);
  assert.equal(await ruleOf(alpha), undefined);
  assert.match((await ruleOf(alpha)) ?? '', /^credential=/);
  assert.equal(await ruleOf(beta), undefined);
  assert.equal(await ruleOf(null), undefined);
  assert.equal(await ruleOf(null), 'source=127.0.0.1 for want of credential');
  const strange = await call(stranger);
  assert.deepEqual([strange.status, /not authorized/.test(strange.body)], [403, true]);
});

test('refusals as OASIS was recorded are 114 bytes of HTML for everybody, and nothing tells the wait but their text', async (t) => {
  const policy = policyOf({ ...perCredential, key: ['source'], windowMs: 5_000 });
  const simulator = await start(t, { policy, personality: 'oasis-as-recorded' });
  const call = (accept: string) =>
    send(`${simulator.url}/v2/offers/ReadOffers`, 'POST', { host, accept, 'content-type': 'text/xml' });
  assert.equal((await call('*/*')).fields.ratelimit, undefined);
  simulator.turnTo(startMs + 3_500);
  for (const accept of ['*/*', 'application/json', 'text/html']) {
    const { status, fields, body } = await call(accept);
    assert.equal(
      body.toString(),
      '<html><body><p>CAISO Acceptable Use Policy Violation. Please retry your request after 5 seconds.</p></body></html>',
    );
    assert.deepEqual(
      [status, body.byteLength, fields['content-type'], fields.server],
      [429, 114, 'text/html', 'BigIP'],
    );
    assert.deepEqual(
      [fields['retry-after'], fields.ratelimit, fields['ratelimit-policy']],
      [undefined, undefined, undefined],
    );
    assert.match(String(fields['proxy-status']), /^headgate-simulator; /);
  }
});
