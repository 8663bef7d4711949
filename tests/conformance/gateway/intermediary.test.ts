// What an intermediary says of itself and of a caller: Via, Forwarded, X-Forwarded-*, Proxy-Status and the exchange id. It is
// written by us on every message and never believed of anyone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { identityFieldPrefixes, type ProblemCode, problems } from '@headgate/contract';
import { type RawAnswer, soapAnswer, soapRequest, startRawUpstream, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';
import { codeOf } from './told.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => speaksForItselfAt(operator));

function speaksForItselfAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const { host } = operator.retrieve.call;
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({ policy: noLimits });
  });
  after(() => gateway.close());

  const lastSent = () => gateway.upstream.received.at(-1);
  const proxyStatus = (code: ProblemCode, received = '') =>
    `headgate; error=${problems[code].proxyError};${received} details="${code}"`;

  describe('a system', () => {
    test('reads who called, from where and by which name, in Forwarded and in the fields of older servers', async () => {
      const answer = await gateway.call({ source: '127.0.3.4' });
      assert.equal(answer.status, 200);
      const fields = lastSent()?.fields;
      assert.equal(fields?.forwarded, `for=127.0.3.4;host="${host}";proto=https`);
      assert.equal(fields?.['x-forwarded-for'], '127.0.3.4');
      assert.equal(fields?.['x-forwarded-host'], host);
      assert.equal(fields?.['x-forwarded-proto'], 'https');
    });

    test('reads every hop in Via, ours last', async () => {
      await gateway.call({ fields: { via: '1.0 outer, 1.1 inner (note)' } });
      assert.equal(lastSent()?.fields.via, '1.0 outer, 1.1 inner (note), 1.1 headgate');
    });

    const claims = [
      'Forwarded',
      'X-Forwarded',
      'X-Forwarded-By',
      'X-Forwarded-For',
      'X-Forwarded-For-Original',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'X-Forwarded-Prefix',
      'X-Forwarded-Proto',
      'X-Forwarded-Scheme',
      'X-Forwarded-Server',
      'X-Forwarded-Ssl',
      'X-ForwardedFor',
      'X-Original-URL',
      'X-Rewrite-URL',
      'True-Client-IP',
      'WL-Proxy-Client-Cert',
      ...identityFieldPrefixes.map((prefix) => `${prefix.toUpperCase()}any`),
    ];
    for (const claim of claims)
      test(`never reads what a caller says in ${claim}`, async () => {
        assert.equal((await gateway.call({ fields: { [claim]: 'forged' } })).status, 200);
        assert.ok(!lastSent()?.rawFields.includes('forged'));
      });

    test('reads the exchange id that its caller and the evidence read, and never one that a caller made up', async () => {
      const answer = await gateway.call({ fields: { 'headgate-exchange': 'forged' } });
      const id = answer.fields['headgate-exchange'];
      assert.match(String(id), /^[0-9a-f-]{36}$/);
      assert.equal(lastSent()?.fields['headgate-exchange'], id);
      assert.equal((await gateway.recordOf(answer)).exchange, id);
    });
  });

  describe('an answer', () => {
    test('names this gateway in Via, behind what the system said of itself', async (t) => {
      gateway.upstream.answerWith((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml', via: '1.1 inner' });
        response.end('<ok/>');
      });
      t.after(() => gateway.upstream.answerWith(soapAnswer));
      assert.equal((await gateway.call()).fields.via, '1.1 inner, 1.1 headgate');
    });

    test('names the version of HTTP that the system spoke', async (t) => {
      const upstream = await startRawUpstream((socket) =>
        socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<ok/>'),
      );
      const old = await start({
        policy: noLimits,
        upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [upstream.url] }],
      });
      t.after(async () => {
        await old.close();
        await upstream.close();
      });
      assert.equal((await old.call()).fields.via, '1.0 headgate');
    });
  });

  describe('a refusal', () => {
    test('says in Proxy-Status who refused, why, and by which code', async () => {
      const answer = await gateway.call({ body: 'no envelope' });
      assert.equal(answer.fields['proxy-status'], proxyStatus('inspection.malformed_envelope'));
      assert.equal(answer.fields.via, undefined);
    });

    test('of an answer says which status the system sent', async (t) => {
      gateway.upstream.answerWith((_request, response) => {
        response.writeHead(418, { 'content-type': 'text/html' });
        response.end('<html></html>');
      });
      t.after(() => gateway.upstream.answerWith(soapAnswer));
      const answer = await gateway.call();
      assert.equal(answer.fields['proxy-status'], proxyStatus('forward.html_answer', ' received-status=418;'));
    });

    const unreadable: readonly (readonly [what: string, code: ProblemCode, bytes: string])[] = [
      ['that is not HTTP', 'listener.malformed_request', 'BROKEN\r\n\r\n'],
      [
        'of two lengths',
        'listener.ambiguous_framing',
        post('x', { fields: { 'Content-Length': '1', 'Transfer-Encoding': 'chunked' } }),
      ],
      ['of another version', 'listener.version_not_supported', post(soapRequest).replace('HTTP/1.1', 'HTTP/3.0')],
      ['for a tunnel', 'route.method_not_allowed', `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    ];
    const askRaw = async (bytes: string): Promise<RawAnswer> => {
      const caller = await open(gateway);
      caller.write(bytes);
      const answer = await caller.answer();
      await caller.ended();
      return answer;
    };
    for (const [what, code, bytes] of unreadable)
      test(`of a request ${what} says it in the same fields as any other`, async () => {
        const answer = await askRaw(bytes);
        assert.equal(answer.fields.get('proxy-status'), proxyStatus(code));
        assert.equal(answer.fields.get('cache-control'), 'no-store');
        assert.equal(answer.fields.get('connection'), 'close');
        assert.equal(codeOf(answer), code);
        const id = answer.fields.get('headgate-exchange');
        assert.equal(gateway.records.find(({ exchange }) => exchange === id)?.response.refusal, code);
        assert.equal(answer.fields.get('allow') !== undefined, code === 'route.method_not_allowed');
      });
  });
}
