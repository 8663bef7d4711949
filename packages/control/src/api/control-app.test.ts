import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { z } from 'zod';
import { staff } from '../access/account.ts';
import { startTestControl, type TestControl } from './control-app.fixture.ts';
import type { ControlApp } from './control-app.ts';
import { meRoutes } from './me-routes.ts';

let control: TestControl;
const held: (() => void)[] = [];

function testRoutes(app: ControlApp): void {
  meRoutes(app);
  app.post(
    '/v1/echo',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        body: z.strictObject({ word: z.string().max(5) }),
        response: { 200: z.strictObject({ word: z.string() }) },
      },
    },
    ({ body }) => body,
  );
  app.get('/v1/breaks', { config: { access: { roles: ['operator'] } } }, () => {
    throw new TypeError('a sentence of a library, at /some/place.js:1');
  });
  app.get(
    '/v1/lies',
    {
      config: { access: { roles: ['operator'] } },
      schema: { response: { 200: z.strictObject({ count: z.int() }) } },
    },
    () => ({ count: 0.5 }),
  );
  app.get('/v1/waits', { config: { access: { roles: staff } } }, async () => {
    await new Promise<void>((resolve) => held.push(resolve));
    return 'done';
  });
  app.get(
    '/v1/participants/:participant/things',
    { config: { access: { roles: ['support', 'participant-reader'], participant: 'participant' } } },
    ({ participantScope }) => ({ participantScope }),
  );
}

before(async () => {
  control = await startTestControl({ routes: testRoutes, bounds: { bodyBytesMax: 1_024, requestsPerAccountMax: 2 } });
});

after(() => control.close());

async function refused(...call: Parameters<TestControl['ask']>): Promise<[status: number, code: unknown]> {
  const answer = await control.ask(...call);
  assert.equal(answer.fields['content-type'], 'application/problem+json; charset=utf-8');
  const problem = answer.json();
  assert.equal(problem.status, answer.status);
  assert.ok(typeof problem.fix === 'string' && problem.fix !== '' && typeof problem.detail === 'string');
  return [answer.status, problem.code];
}

test('an account is known by its certificate, with its roles', async () => {
  const me = (await control.ask('administrator', '/v1/me')).json();
  assert.deepEqual(
    { name: me.name, roles: me.roles, participant: me.participant, by: me.by },
    { name: 'administrator', roles: ['participant-administrator'], participant: 'participant-a', by: 'certificate' },
  );
  assert.equal((await control.ask('node', '/v1/me')).json().node, 'gateway-1');
});

test('whoever shows no certificate is told to sign in', async () => {
  assert.deepEqual(await refused(null, '/v1/me'), [401, 'control.sign_in_needed']);
  assert.deepEqual(await refused(null, '/v1/nowhere'), [401, 'control.sign_in_needed']);
});

test('a good certificate without an account is refused by its fingerprint', async () => {
  const answer = await control.ask('stranger', '/v1/me');
  assert.equal(answer.json().code, 'control.no_account');
  assert.match(String(answer.json().detail), new RegExp(control.certified('stranger').fingerprint256));
});

test('a certificate of another authority, or out of its dates, is refused whatever account has it', async () => {
  const { authority } = control;
  const person = { name: 'PERSONx0100', organisation: 'Example', keyType: 'ec-p256' } as const;
  for (const user of [
    await authority.strangerUser(person),
    await authority.user('legacy', person),
    await authority.expiredUser('current', person),
    await authority.notYetValidUser('current', person),
  ]) {
    control.replaceAccounts({ accounts: [{ name: 'one', roles: ['operator'], fingerprints: [user.fingerprint256] }] });
    assert.deepEqual(await refused(user, '/v1/me'), [403, 'control.certificate_not_accepted']);
  }
  control.replaceAccounts(null);
});

test('an account that is removed loses access on a connection that is open', async () => {
  const user = control.certified('operator');
  const socket = connect({
    port: control.port,
    cert: user.certificatePem,
    key: user.keyPem,
    rejectUnauthorized: false,
  });
  socket.setEncoding('utf8');
  const me = async () => {
    socket.write('GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return String((await once(socket, 'data'))[0]).slice(9, 12);
  };
  const account = { name: 'operator', roles: ['operator' as const], fingerprints: [user.fingerprint256] };
  control.replaceAccounts({ accounts: [account] });
  assert.equal(await me(), '200');
  control.replaceAccounts({ accounts: [] });
  assert.equal(await me(), '403');
  control.replaceAccounts({ accounts: [account] });
  assert.equal(await me(), '200');
  control.clock.advanceMs(3 * 366 * 86_400_000);
  assert.equal(await me(), '403');
  control.clock.advanceMs(-3 * 366 * 86_400_000);
  socket.destroy();
  control.replaceAccounts(null);
});

test('roles decide: another role is refused by name, another participant’s things are not there', async () => {
  assert.deepEqual(await refused('support', '/v1/echo', { method: 'POST', body: { word: 'x' } }), [
    403,
    'control.not_permitted',
  ]);
  const things = (participant: string) => `/v1/participants/${participant}/things`;
  assert.deepEqual((await control.ask('reader', things('participant-a'))).json(), {
    participantScope: 'participant-a',
  });
  assert.deepEqual((await control.ask('support', things('participant-a'))).json(), { participantScope: null });
  assert.deepEqual(await refused('other-reader', things('participant-a')), [404, 'control.not_found']);
  assert.deepEqual(await refused('administrator', things('participant-a')), [403, 'control.not_permitted']);
});

test('a certificate that provisioning knows reads for its participant', async () => {
  const enrolled: { print?: string } = {};
  const other = await startTestControl({
    routes: testRoutes,
    participantOf: ({ fingerprint256 }) => (fingerprint256 === enrolled.print ? 'participant-c' : null),
  });
  assert.equal((await other.ask('stranger', '/v1/me')).json().code, 'control.no_account');
  enrolled.print = other.certified('stranger').fingerprint256;
  const me = (await other.ask('stranger', '/v1/me')).json();
  assert.deepEqual([me.participant, me.roles], ['participant-c', ['participant-reader']]);
  await other.close();
});

test('what does not fit the schema is named by its place, in our words', async () => {
  const answer = await control.ask('operator', '/v1/echo', { method: 'POST', body: { word: 'longer', more: 1 } });
  assert.equal(answer.json().code, 'control.invalid_request');
  assert.equal(
    answer.json().detail,
    'What was sent does not fit: body.word: it must be at most 5; body: there is no more.',
  );
});

test('a body that is no JSON, of another type or too large is refused', async () => {
  const post = (fields: Record<string, string>, body: string) =>
    refused('operator', '/v1/echo', { method: 'POST', fields, body });
  const json = { 'content-type': 'application/json' };
  assert.deepEqual(await post(json, '{"word":'), [400, 'control.malformed_request']);
  assert.deepEqual(await post(json, ''), [400, 'control.malformed_request']);
  assert.deepEqual(await post({ 'content-type': 'text/plain' }, 'word'), [415, 'control.unsupported_media_type']);
  assert.deepEqual(await post(json, `{"word":"${'x'.repeat(1_100)}"}`), [413, 'control.too_large']);
});

test('an address that does not exist is told, and so is a method that an address does not take', async () => {
  assert.deepEqual(await refused('operator', '/v1/nowhere'), [404, 'control.not_found']);
  assert.deepEqual(await refused('operator', '/v1/%zz'), [400, 'control.malformed_request']);
  const answer = await control.ask('operator', '/v1/me', { method: 'DELETE' });
  assert.equal(answer.json().code, 'control.method_not_allowed');
  assert.equal(answer.fields.allow, 'GET, HEAD');
});

test('a defect is answered with an id, and what it was stays here', async () => {
  for (const path of ['/v1/breaks', '/v1/lies']) {
    const answer = await control.ask('operator', path);
    assert.equal(answer.json().code, 'control.defect');
    assert.doesNotMatch(answer.text, /library|place|zod|schema|stack/i);
    const notice = control.notices.at(-1);
    assert.equal(notice?.kind, 'defect');
    assert.ok(String(answer.json().detail).includes(String(notice?.id)));
  }
});

test('an account may have as many requests under way as the configuration says, and others are not hindered', async () => {
  const first = [control.ask('operator', '/v1/waits'), control.ask('operator', '/v1/waits')];
  while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const third = await control.ask('operator', '/v1/me');
  assert.equal(third.json().code, 'control.too_many_requests');
  assert.equal(third.fields['retry-after'], '1');
  assert.equal((await control.ask('support', '/v1/me')).status, 200);
  for (const release of held.splice(0)) release();
  await Promise.all(first);
  assert.equal((await control.ask('operator', '/v1/me')).status, 200);
});

test('of more connections than a source may have, the last is closed before a handshake; a place is free once one has ended', async () => {
  const other = await startTestControl({ bounds: { connectionsPerSourceMax: 4 } });
  const opened = () => connect({ port: other.port, host: '127.0.0.1', rejectUnauthorized: false });
  const sockets = Array.from({ length: 4 }, opened);
  await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
  await assert.rejects(once(opened(), 'secureConnect'), /ECONNRESET|socket disconnected/);
  const [first] = sockets;
  first?.destroy();
  for (;;) {
    const next = opened();
    const outcome = await once(next, 'secureConnect').then(
      () => 'open',
      () => 'closed',
    );
    next.destroy();
    if (outcome === 'open') break;
  }
  for (const socket of sockets) socket.destroy();
  await other.close();
});

test('what is no HTTP/1.1 is answered as a problem, and the connection ends', async () => {
  const socket = connect({ port: control.port, rejectUnauthorized: false });
  socket.setEncoding('utf8');
  socket.end('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n');
  const text = (await socket.toArray()).join('');
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.match(text, /"code":"control\.malformed_request"/);
});

test('while control drains, requests are refused and told to come back', async () => {
  const other = await startTestControl({ routes: testRoutes });
  other.drain();
  const answer = await other.ask('operator', '/v1/me');
  assert.equal(answer.json().code, 'control.draining');
  assert.equal(answer.fields['retry-after'], '5');
  await other.close();
});

test('a route that does not say who may call it cannot be added', async () => {
  const adding = (app: ControlApp) => void app.get('/v1/open', () => 'all');
  await assert.rejects(startTestControl({ routes: adding }), /\/v1\/open does not say who may call it/);
  const misnamed = (app: ControlApp) =>
    void app.get('/v1/things/:id', { config: { access: { roles: ['support'], participant: 'name' } } }, () => 'all');
  await assert.rejects(startTestControl({ routes: misnamed }), /has no :name/);
});

test('the description is OpenAPI 3.1, and every reference in it leads somewhere', async () => {
  const { openapi, paths, components } = (await control.ask('operator', '/v1/openapi.json')).json<{
    openapi: string;
    paths: Record<string, unknown>;
    components: { schemas: Record<string, unknown> };
  }>();
  assert.match(openapi, /^3\.1\./);
  assert.ok(Object.keys(paths).includes('/v1/participants/{participant}/things'));
  const references = [...JSON.stringify({ paths, components }).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, to]) => to ?? '',
  );
  assert.ok(references.length > 0);
  for (const to of references)
    assert.ok(Object.hasOwn(components.schemas, to.replace('#/components/schemas/', '')), `${to} leads nowhere`);
});

test('what no store can hold is refused where it arrives: in an address, and in JSON at any depth', async () => {
  const whole = await startTestControl({ routes: testRoutes });
  const code = async (path: string, body?: string) => {
    const fields = { 'content-type': 'application/json' };
    const answer = await whole.ask('operator', path, body === undefined ? {} : { method: 'POST', fields, body });
    return [answer.status, answer.json().code];
  };
  for (const path of ['/v1/me%00', '/v1/me?a=%00', '/v1/participants/%00/things'])
    assert.deepEqual(await code(path), [400, 'control.malformed_request'], path);
  for (const text of ['"a\\u0000"', '"\\ud800"', '["\\u0000"]', '{"\\udfff": 1}'])
    assert.deepEqual(await code('/v1/echo', `{"word": ${text}}`), [400, 'control.malformed_request'], text);
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  assert.deepEqual(await code('/v1/echo', `{"word": ${deep}}`), [400, 'control.invalid_request']);
  assert.deepEqual(await code('/v1/echo', '{"word": "\\\\u0000"}'), [400, 'control.invalid_request']);
  await whole.close();
});

test('a request without a host, with two, or with too long a part of its path is a problem as every other', async () => {
  const sent = async (head: string): Promise<string> => {
    const socket = connect({ port: control.port, rejectUnauthorized: false });
    const answer = socket.setEncoding('utf8').toArray();
    socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    return (await answer).join('');
  };
  const get = 'GET /v1/me HTTP/1.1';
  for (const head of [get, `${get}\r\nHost: a\r\nHost: b`])
    assert.match(await sent(head), /^HTTP\/1\.1 400 .*x-frame-options: DENY.*control\.malformed_request.*Host fields/s);
  const long = await sent(`GET /v1/participants/${'a'.repeat(500)}/things HTTP/1.1\r\nHost: a`);
  assert.match(long, /^HTTP\/1\.1 400 .*x-frame-options: DENY.*a part of its path is too long/s);
});
