// For what? Shared paths, common endpoints, gone addresses, rights and two hosts on one listener, at every operator.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  fakeClock,
  openRawCaller,
  rawPost,
  soapRequest,
  startTestGateway,
  type TestCall,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { gatewayOf, type Operator, operators, ruleOf } from './operators.ts';
import { codeOf, toldIn } from './told.ts';

const envelope = (element: string) =>
  `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>${element}</e:Body></e:Envelope>`;

for (const operator of operators) describe(`at ${operator.name}`, () => routesCallsOf(operator));

function routesCallsOf(operator: Operator): void {
  const { old, retrieve, shared, submit } = operator;
  const { host, path } = retrieve.call;
  const clock = fakeClock(operator.startMs);
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ ...gatewayOf(operator), clock });
  });
  after(() => gateway.close());

  const start = (options: TestGatewayOptions, startMs = operator.startMs) =>
    startTestGateway({ ...gatewayOf(operator), clock: fakeClock(startMs), ...options });
  const routeOf = async (call: TestCall) => {
    clock.advanceMs(60_000);
    const answer = await gateway.call(call);
    assert.equal(answer.status, 200, answer.body);
    const { route } = await gateway.recordOf(answer);
    assert.ok(route);
    return route;
  };

  describe(`the shared path ${shared.path}`, () => {
    for (const { clue, call, system, by } of shared.clues)
      test(`is decided by ${clue}`, async () => {
        const route = await routeOf({ host, path: shared.path, ...call });
        assert.deepEqual([route.system, route.decidedBy], [system, by]);
      });

    test('that nothing decides is refused with the systems that may be meant', async () => {
      const answer = await gateway.call({ host, path: shared.path, body: envelope('<Whatever/>') });
      assert.equal(codeOf(answer), 'route.undecided_service');
      assert.match(toldIn(answer)?.text ?? '', shared.candidates);
      assert.equal((await gateway.recordOf(answer)).admission, null);
    });

    test('that nothing decides is refused as well without any body', async () => {
      assert.equal(codeOf(await gateway.call({ host, path: shared.path, body: '' })), 'route.undecided_service');
    });
  });

  describe('every place of the operator', () => {
    const places = [retrieve, submit, operator.limited, old, operator.page, operator.anonymous];
    for (const { call, system } of [...places, operator.jsonBody])
      test(`${call.method ?? 'POST'} ${call.host}${call.path} is routed to ${system}`, async () => {
        assert.equal((await routeOf(call)).system, system);
      });

    test(`on the old host is served by ${old.infrastructure}`, async () => {
      const route = await routeOf(old.call);
      assert.deepEqual([route.generation, route.infrastructure], ['old', old.infrastructure]);
    });
  });

  describe('a description (?wsdl)', () => {
    test('is read with GET, pays the global limit alone, and is no operation', async () => {
      clock.advanceMs(60_000);
      const answer = await gateway.call({ host, method: 'GET', path: `${path}?WSDL` });
      assert.equal(answer.status, 200);
      const record = await gateway.recordOf(answer);
      assert.deepEqual(record.admission?.rules, [operator.pooled.rule]);
      assert.equal(record.route?.operation, null);
    });
  });

  describe('a path or host that is not served', () => {
    for (const [what, call, code] of [
      ['a path that no address covers', { host, path: '/elsewhere' }, 'route.not_found'],
      ['a system token with more letters', { host, path: path.replace(/\/([^/]+)$/, 'x/$1') }, 'route.not_found'],
      [
        'a host of the catalogue that this listener does not serve',
        { host: operator.hostNotServed, path },
        'route.unknown_host',
      ],
      ['a host under a served one', { host: `x.${host}`, path }, 'route.unknown_host'],
      ['an IP address as host', { host: '127.0.0.1', serverName: '', path }, 'route.unknown_host'],
      ['an IPv6 address as host', { host: '[::1]', serverName: '', path }, 'route.unknown_host'],
      ['another name in the handshake', { host, serverName: operator.secondHost, path }, 'identity.host_mismatch'],
    ] as readonly (readonly [string, TestCall, string])[])
      test(`${what} is refused with ${code}`, async () => {
        const answer = await gateway.call({ serverName: call.host ?? '', ...call });
        assert.equal(codeOf(answer), code, answer.body);
      });

    test('no host at all, which HTTP/1.0 may, is told apart from another host', async () => {
      const caller = await openRawCaller(gateway, { serverName: host });
      caller.write(`GET ${path} HTTP/1.0\r\n\r\n`);
      const answer = await caller.answer();
      assert.equal(codeOf(answer), 'identity.host_mismatch', answer.body);
      assert.match(answer.body, /names no host/);
      caller.destroy();
    });

    test('a decommissioned address is refused with its replacement, and was served until then', async (t) => {
      const { call, stillServedMs, goneMs, replacement } = operator.decommissioned;
      const before = await start({}, stillServedMs);
      t.after(() => before.close());
      assert.equal((await before.call(call)).status, 200);
      const later = await start({}, goneMs);
      t.after(() => later.close());
      const answer = await later.call(call);
      assert.equal(codeOf(answer), 'route.decommissioned');
      assert.match(toldIn(answer)?.text ?? '', replacement);
    });

    test('a system without an upstream is refused with route.not_served', async (t) => {
      const endpoints = ['http://127.0.0.1:9'];
      const upstreams = [{ system: 'another', environment: '*', infrastructure: '*', endpoints }];
      const bare = await start({ upstreams });
      t.after(() => bare.close());
      assert.equal(codeOf(await bare.call(retrieve.call)), 'route.not_served');
    });
  });

  describe('two hosts on one listener', () => {
    test('are two connections: a second Host on a kept-alive one is refused, and the connection lives on', async () => {
      clock.advanceMs(60_000);
      const caller = await openRawCaller(gateway, { serverName: host });
      const ask = async (at: string, fields: Record<string, string>) => {
        caller.write(rawPost(soapRequest, { path: at, fields }));
        return caller.answer();
      };
      assert.equal((await ask(path, { Host: host })).status, 200);
      assert.equal(codeOf(await ask(path, { Host: operator.secondHost })), 'identity.host_mismatch');
      assert.equal((await ask(submit.call.path, { Host: `${host.toUpperCase()}:443` })).status, 200);
      caller.destroy();
    });

    test('are told by Host alone when the handshake names none', async () => {
      clock.advanceMs(60_000);
      const caller = await openRawCaller(gateway, { serverName: null });
      caller.write(rawPost(soapRequest, { path: old.call.path, fields: { Host: old.call.host } }));
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
      assert.equal(gateway.records.at(-1)?.route?.infrastructure, old.infrastructure);
    });
  });

  describe('provisioning', () => {
    test('admits whom it knows for what it grants, and nobody else', async (t) => {
      const { environment } = operator;
      const right = { system: old.systemId, environment, channels: ['api'], operations: ['retrieve'], scids: 'all' };
      const subject = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';
      const credentials = [{ subject, environments: [environment], rights: [right] }];
      const participants = [{ id: 'alpha', name: 'Alpha', scids: ['A1'], credentials }];
      const provisioning = JSON.stringify({ format: 1, participants });
      const hosts = [...new Set([...(operator.hosts.hosts ?? []), operator.otherEnvironment.host])];
      const provisioned = await start({ hosts, provisioning, policy: 'limits: []\n' });
      t.after(() => provisioned.close());
      const granted = await provisioned.call(retrieve.call);
      assert.equal(granted.status, 200, granted.body);
      assert.equal((await provisioned.recordOf(granted)).identity?.participant, 'alpha');
      assert.equal(codeOf(await provisioned.call(submit.call)), 'admission.not_permitted');
      assert.equal(codeOf(await provisioned.call(operator.page.call)), 'admission.not_permitted');
      assert.equal(codeOf(await provisioned.call(operator.otherEnvironment)), 'admission.other_environment');
      const stranger = await provisioned.authority.user('current', { name: 'BETAx0002', organisation: 'Beta' });
      assert.equal(codeOf(await provisioned.call({ ...retrieve.call, user: stranger })), 'identity.not_enrolled');
      assert.equal(provisioned.upstream.received.length, 1);
    });
  });

  test('a call from another pool pays the limit of its own namespace', async () => {
    clock.advanceMs(60_000);
    const record = await gateway.recordOf(await gateway.call(operator.otherPool));
    const { where } = await ruleOf(operator, record.admission?.rules[0] ?? 'none');
    assert.equal(where.namespace, record.route?.namespace);
    assert.notEqual(record.admission?.rules[0], operator.pooled.rule);
  });
}
