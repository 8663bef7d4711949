// Whether callers show a certificate is a property of the address: required, judged if it is offered, or never asked for.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import {
  exampleCatalogue,
  fakeClock,
  openRawCaller,
  type RawCallerOptions,
  startTestGateway,
  type TestCall,
  type TestGateway,
} from '@headgate/testkit';
import { noLimits } from './calls.ts';
import { operators } from './operators.ts';
import { codeOf } from './told.ts';

const desk = 'desk.grid.example.net';
const requested: TestCall = { host: desk, path: '/handbook', method: 'GET' };
const required: TestCall = { host: desk, path: '/offers', method: 'GET' };
const none: TestCall = { host: 'data.grid.example.net', path: '/feed/day-ahead', method: 'GET' };
const clock = () => fakeClock(Date.UTC(2026, 2, 2, 12));

describe('an address of the catalogue', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      catalogue: exampleCatalogue,
      clock: clock(),
      policy: noLimits,
      hosts: [desk, 'data.grid.example.net'],
      plainHosts: ['plain.example.net'],
    });
  });
  after(() => gateway.close());

  const verdictOf = async (call: TestCall) => {
    const answer = await gateway.call(call);
    const { identity } = await gateway.recordOf(answer);
    const sent = answer.status === 200 ? gateway.upstream.received.at(-1)?.fields : undefined;
    return { code: codeOf(answer), identity, sent, body: answer.body };
  };

  test('that requests a certificate judges the one that is offered, and tells the system who calls', async () => {
    const { identity, sent } = await verdictOf(requested);
    assert.equal(identity?.verdict, 'accepted');
    assert.equal(identity.subject, gateway.user.subject);
    assert.equal(sent?.['ct-remote-user'], gateway.user.subject);
  });

  test('that requests a certificate serves who offers none as nobody', async () => {
    const { identity, sent } = await verdictOf({ ...requested, user: null });
    assert.equal(identity?.verdict, 'not-offered');
    assert.equal(identity.subject, null);
    assert.ok(sent);
    for (const name of ['client-cert', 'client-cert-chain', 'ct-remote-user']) assert.equal(sent[name], undefined);
  });

  test('that requests a certificate refuses a bad one, and says why', async () => {
    const user = await gateway.authority.expiredUser('current', { name: 'LATEx0001', organisation: 'Alpha' });
    const { code, identity, body } = await verdictOf({ ...requested, user });
    assert.equal(code, 'identity.certificate_expired');
    assert.equal(identity?.verdict, 'refused');
    assert.match(body, /LATEx0001/);
    const stranger = await gateway.authority.strangerUser({ name: 'OTHERx0001', organisation: 'Alpha' });
    assert.equal((await verdictOf({ ...requested, user: stranger })).code, 'identity.issuer_unknown');
  });

  test('that requires one refuses a call without, on the same host, and names the issuers that are accepted', async () => {
    const { code, body } = await verdictOf({ ...required, user: null });
    assert.equal(code, 'identity.certificate_missing');
    for (const family of ['legacy', 'current'] as const) {
      const { facts } = anchorOf(gateway, family);
      assert.ok(body.includes(facts), body);
    }
    assert.equal((await verdictOf(required)).identity?.verdict, 'accepted');
  });

  for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`that requires one tells a caller who resumes a session without one to begin a new session (${tlsVersion})`, async () => {
      const ask = async (options: RawCallerOptions, path: string) => {
        const caller = await openRawCaller(gateway, { serverName: desk, tlsVersion, ...options });
        let session: Buffer | undefined = (caller.socket as TLSSocket).getSession();
        caller.socket.on('session', (fresh: Buffer) => {
          session = fresh;
        });
        caller.write(`GET ${path} HTTP/1.1\r\nHost: ${desk}\r\n\r\n`);
        const { status, body } = await caller.answer();
        caller.destroy();
        return { status, body, session: session ?? Buffer.alloc(0) };
      };
      const { status, session } = await ask({ user: null }, '/handbook');
      assert.equal(status, 200);
      const resumed = await ask({ session }, '/offers');
      assert.equal(codeOf(resumed), 'identity.certificate_missing');
      assert.match(resumed.body, /session that was resumed began without one: .* must begin a new session/);
      assert.equal((await ask({}, '/offers')).status, 200);
    });

  test('that is none asks as much as the most demanding one of its host: nobody learns there what exists', async () => {
    assert.equal((await verdictOf({ ...required, path: '/nowhere', user: null })).code, 'identity.certificate_missing');
    assert.equal((await verdictOf({ ...required, path: '/nowhere' })).code, 'route.not_found');
  });

  test('that wants none is called by nobody, whatever certificate the connection has', async () => {
    const { identity, sent } = await verdictOf(none);
    assert.equal(identity?.verdict, 'not-required');
    assert.equal(sent?.['client-cert'], undefined);
    const user = await gateway.authority.expiredUser('current', { name: 'LATEx0002', organisation: 'Alpha' });
    assert.equal((await verdictOf({ ...none, user })).identity?.verdict, 'not-required');
  });
});

function anchorOf({ authority }: TestGateway, family: 'legacy' | 'current'): { readonly facts: string } {
  const { anchorsPem } = authority.trustBundlePem(family, 'user');
  const { subject } = new X509Certificate(anchorsPem);
  return { facts: /CN=(.+)/.exec(subject)?.[1] ?? subject };
}

for (const operator of operators)
  test(`a configuration asks at ${operator.name} otherwise than the catalogue, for a whole host`, async (t) => {
    const { call } = operator.retrieve;
    const gateway = await startTestGateway({
      catalogue: operator.catalogue,
      ...operator.hosts,
      clock: fakeClock(operator.startMs),
      policy: noLimits,
      clientCertificates: { [call.host]: 'requested' },
      call,
    });
    t.after(() => gateway.close());
    const answer = await gateway.call({ user: null });
    assert.equal(answer.status, 200);
    assert.equal((await gateway.recordOf(answer)).identity?.verdict, 'not-offered');
    assert.equal((await gateway.recordOf(await gateway.call())).identity?.verdict, 'accepted');
  });
