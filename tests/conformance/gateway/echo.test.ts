// The echo address: a program asks what the gateway saw of it, and reads it in its own format, refused or not. It is offered
// where participants try things out, is counted like any call, and is of no use to anybody else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { encodeAttachment, readFault } from '@headgate/soap';
import { openRawCaller, soapRequest, type TestAnswer, type TestCall, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';
import { provisioningText } from './provisioning.ts';
import { codeOf } from './told.ts';

const path = '/headgate/echo';

/** What a JSON caller reads, as far as these tests look. */
interface Told {
  readonly exchange: string;
  readonly source: { readonly address: string; readonly port: number; readonly byProxyHeader: boolean };
  readonly tls: { readonly version: string; readonly serverName: string; readonly resumed: boolean } | null;
  readonly certificate: Readonly<Record<string, string | null>>;
  readonly request: Readonly<Record<string, string | number | null>>;
  readonly droppedFields: readonly string[];
}

for (const operator of operators) describe(`the echo address at ${operator.name}`, () => echoesAt(operator));

function echoesAt(operator: Operator): void {
  const { start } = callsTo(operator);
  const { host } = operator.otherEnvironment;
  const { host: liveHost } = operator.retrieve.call;
  const hosts = { hosts: [host, liveHost] };
  const json = { 'content-type': 'application/json' };
  const ask: TestCall = { host, path, method: 'POST', fields: json, body: '{}' };
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({ ...hosts, policy: noLimits, balancers: ['127.0.9.0/24'], call: ask });
  });
  after(() => gateway.close());
  const toldTo = async (call: TestCall): Promise<Told> => toldIn(await gateway.call(call));

  test('tells a JSON caller source, connection, certificate and how its request was sent, and forwards nothing', async () => {
    const answer = await gateway.call({ source: '127.0.4.2', fields: { ...json, cookie: 'a=1; b=2' } });
    const told = toldIn(answer);
    assert.equal(told.exchange, answer.fields['headgate-exchange']);
    assert.deepEqual([told.source.address, told.source.byProxyHeader], ['127.0.4.2', false]);
    assert.deepEqual(told.tls, { version: 'TLSv1.3', serverName: host, resumed: false });
    const { certificate, request } = told;
    assert.equal(certificate.verdict, 'accepted');
    assert.equal(certificate.subject, gateway.user.subject);
    for (const name of ['issuer', 'serial', 'fingerprint', 'notBefore', 'notAfter']) assert.ok(certificate[name], name);
    const { method, framing, declaredBytes, receivedBytes, contentType, cookies } = request;
    assert.deepEqual([method, framing, declaredBytes, receivedBytes], ['POST', 'content-length', 2, 2]);
    assert.deepEqual([contentType, request.contentEncoding, cookies], ['application/json', null, 2]);
    assert.equal(gateway.upstream.received.length, 0);
  });

  test('tells a chunked body with an encoding as such, with its size', async () => {
    const fields = { ...json, 'content-encoding': 'gzip' };
    const { request } = await toldTo({ chunked: true, body: 'x'.repeat(200_000), fields });
    const { framing, declaredBytes, receivedBytes, contentEncoding } = request;
    assert.deepEqual([framing, declaredBytes, receivedBytes, contentEncoding], ['chunked', null, 200_000, 'gzip']);
  });

  test('names the fields that no system would receive', async () => {
    const more = {
      'x-forwarded-for': '10.0.0.1',
      under_score: 'x',
      te: 'trailers',
      connection: 'x-mine',
      'x-mine': '1',
    };
    const { droppedFields } = await toldTo({ fields: { ...json, ...more } });
    assert.deepEqual(
      droppedFields.toSorted(),
      ['connection', 'te', 'under_score', 'x-forwarded-for', 'x-mine'].toSorted(),
    );
  });

  test('tells a SOAP caller the same in an envelope of its version, the packing of its payload included', async () => {
    const element = `<AttachmentValue>${encodeAttachment('<Offers/>').base64}</AttachmentValue>`;
    for (const [type, namespace] of [
      ['text/xml', 'http://schemas.xmlsoap.org/soap/envelope/'],
      ['application/soap+xml', 'http://www.w3.org/2003/05/soap-envelope'],
    ] as const) {
      const answer = await gateway.call({ fields: { 'content-type': type }, body: `<x>${element}</x>` });
      assert.equal(answer.status, 200);
      assert.ok(String(answer.fields['content-type']).startsWith(type));
      assert.ok(answer.body.includes(`xmlns:SOAP-ENV="${namespace}"`));
      assert.match(answer.body, /<verdict>accepted<\/verdict>/);
      assert.match(answer.body, /<payloadEncoding>gzip\+base64<\/payloadEncoding>/);
      assert.equal(readFault(answer.body), null);
    }
  });

  test('tells a browser and a plain GET in JSON, which no reader may take for a page', async () => {
    for (const accept of ['text/html,application/xhtml+xml', '*/*']) {
      const answer = await gateway.call({ method: 'GET', body: '', fields: { accept, 'content-type': null } });
      assert.equal(answer.fields['content-type'], 'application/json');
      assert.equal(answer.fields['x-content-type-options'], 'nosniff');
      assert.equal(answer.fields['cache-control'], 'no-store');
    }
  });

  test('tells a source that a balancer named, and that it was a balancer', async () => {
    const answer = await throughBalancer(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const { source } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as Told;
    assert.deepEqual(source, { address: '203.0.113.9', port: 51_000, byProxyHeader: true });
  });

  test('tells a resumed session, and the older version of TLS', async () => {
    const get = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n\r\n`;
    const options = { serverName: host, tlsVersion: 'TLSv1.2' as const };
    const first = await openRawCaller(gateway, options);
    const session = (first.socket as import('node:tls').TLSSocket).getSession();
    assert.ok(session);
    first.destroy();
    const second = await openRawCaller(gateway, { ...options, session });
    second.write(get);
    const { tls } = JSON.parse((await second.answer()).body) as Told;
    assert.deepEqual([tls?.version, tls?.resumed], ['TLSv1.2', true]);
    second.destroy();
  });

  describe('to a caller that is refused', () => {
    test('says why and what was seen of its certificate, in JSON', async () => {
      const person = { name: 'GAMMAx0003', organisation: 'Gamma' };
      const user = await gateway.authority.expiredUser('current', person);
      const answer = await gateway.call({ user });
      const problem = JSON.parse(answer.body) as { readonly code: string; readonly seen: Told };
      assert.deepEqual([answer.status, problem.code], [403, 'identity.certificate_expired']);
      const { certificate } = problem.seen;
      assert.equal(certificate.verdict, 'refused');
      assert.match(String(certificate.subject), /GAMMAx0003/);
      assert.ok(String(certificate.notAfter) < new Date(gateway.clock.now()).toISOString());
      assert.equal((await gateway.recordOf(answer)).response.refusal, 'identity.certificate_expired');
    });

    test('says it in the problem of a fault', async () => {
      const answer = await gateway.call({ user: null, fields: { 'content-type': 'text/xml' }, body: soapRequest });
      const fault = readFault(answer.body);
      assert.equal(fault?.problem.code, 'identity.certificate_missing');
      assert.equal(fault.problem['seen.certificate.verdict'], 'none');
      assert.equal(fault.problem['seen.source.address'], '127.0.0.1');
      assert.equal(fault.problem['seen.request.framing'], 'content-length');
    });

    test('tells a wrong method and too large a body as elsewhere', async () => {
      const wrong = await gateway.call({ method: 'DELETE' });
      assert.deepEqual([wrong.status, codeOf(wrong)], [405, 'route.method_not_allowed']);
      for (const chunked of [true, false]) {
        const large = await gateway.call({ body: 'x'.repeat(1_048_577), chunked });
        assert.equal(codeOf(large), 'inspection.body_too_large');
      }
    });

    test('elsewhere says nothing of it', async () => {
      const answer = await gateway.call({ path: `${path}x`, user: null });
      assert.equal((JSON.parse(answer.body) as { readonly seen?: Told }).seen, undefined);
    });
  });

  test('is recorded like any call', async () => {
    const { route, admission, forward, response } = await gateway.recordOf(await gateway.call());
    assert.deepEqual([route?.system, route?.decidedBy, route?.environment], ['Echo', 'echo', environmentOf(operator)]);
    assert.deepEqual([admission?.admitted, forward, response.format, response.refusal], [true, null, 'json', null]);
  });

  test('is counted by the limits of its host', async (t) => {
    const rule = {
      name: 'one',
      layer: 'global',
      where: { environment: environmentOf(operator) },
      key: ['source'],
      unit: 'requests',
      quota: 1,
      windowMs: 60_000,
      algorithm: 'exact-sliding-window',
      refusal: { text: 'Wait <n> seconds.' },
      source: 'this test',
      evidence: 'assumed',
    };
    const limited = await start({ ...hosts, policy: JSON.stringify({ limits: [rule] }), call: ask });
    t.after(() => limited.close());
    assert.equal((await limited.call()).status, 200);
    assert.equal(codeOf(await limited.call()), 'admission.global_limit');
  });

  test('is for whoever is enrolled, without a right for any system', async (t) => {
    const provisioning = provisioningText(operator, gateway.user.subject);
    const enrolling = await start({ ...hosts, policy: noLimits, provisioning, call: ask });
    t.after(() => enrolling.close());
    assert.equal((await enrolling.call()).status, 200);
    const stranger = await enrolling.authority.user('current', { name: 'NOBODYx0001', organisation: 'Nobody' });
    assert.equal(codeOf(await enrolling.call({ user: stranger })), 'identity.not_enrolled');
  });

  test('is not there in production, unless a gateway says so, and can be switched off', async (t) => {
    assert.notEqual((await gateway.call({ host: liveHost })).status, 200);
    const live = await start({ ...hosts, policy: noLimits, call: ask, echo: { environments: [operator.environment] } });
    t.after(() => live.close());
    assert.equal((await live.call({ host: liveHost })).status, 200);
    assert.notEqual((await live.call()).status, 200);
    const off = await start({ ...hosts, policy: noLimits, call: ask, echo: { environments: [] } });
    t.after(() => off.close());
    assert.notEqual((await off.call()).status, 200);
    await assert.rejects(start({ ...hosts, echo: { environments: ['moon'] } }), /echo\.environments\.0: found "moon"/);
  });

  test('says back no more than a bound, and no markup that is not escaped', async () => {
    const type = `text/xml; x="<script>&${'a'.repeat(5_000)}"`;
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`x_${'n'.repeat(40)}_${at}`, 'v']));
    const answer = await gateway.call({ fields: { ...many, 'content-type': type }, body: '' });
    assert.equal(answer.status, 200);
    assert.ok(answer.body.length < 8_192, `${answer.body.length} bytes`);
    assert.doesNotMatch(answer.body, /<script/);
    assert.equal(answer.body.match(/<droppedFields>/g)?.length, 32);
  });

  async function throughBalancer(request: string): Promise<string> {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.9.1' });
    await once(socket, 'connect');
    socket.write('PROXY TCP4 203.0.113.9 198.51.100.1 51000 443\r\n');
    const ca = gateway.authority.trustBundlePem('current', 'server').anchorsPem;
    const { certificatePem: cert, keyPem: key } = gateway.user;
    const caller = connectTls({ socket, servername: host, ca, cert, key });
    let answer = '';
    caller.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    caller.write(request);
    await once(caller, 'close');
    return answer;
  }
}

function toldIn(answer: TestAnswer): Told {
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.fields['content-type'], 'application/json');
  return JSON.parse(answer.body) as Told;
}

function environmentOf(operator: Operator): string {
  return operator.name === 'California ISO' ? 'map-stage' : 'rehearsal';
}
