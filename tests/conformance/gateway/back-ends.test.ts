// Several back ends, slow ones, busy ones, and such as speak TLS: each is used as the configuration says, and each "no" says
// whether anything was forwarded.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { ProblemCode } from '@headgate/contract';
import { createTestAuthority, type TestAuthority } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import {
  type RawUpstreamTurn,
  startRawUpstream,
  type TestAnswer,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

type Upstream = NonNullable<TestGatewayOptions['upstreams']>[number];

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<ok/>';
/** True once a whole request of this suite arrived: its body ends the text. */
const whole = (text: string) => text.endsWith('</soapenv:Envelope>');
const answers: RawUpstreamTurn = (socket, text) => void (whole(text) && socket.write(ok));
/** Where nobody listens. */
const nobody = 'http://127.0.0.1:9';

for (const operator of operators) describe(`at ${operator.name}`, () => usesBackEndsOf(operator));

function usesBackEndsOf(operator: Operator): void {
  const calls = callsTo(operator);
  const { otherSubmit, submit } = operator;

  /** A gateway before one upstream; both end with the test. */
  async function behind(context: TestContext, upstream: Partial<Upstream>, path: TestGatewayOptions['path'] = {}) {
    const upstreams = [{ system: '*', endpoints: [], ...upstream }];
    const gateway = await calls.start({ policy: noLimits, path, upstreams });
    context.after(() => gateway.close());
    return gateway;
  }

  async function raw(context: TestContext, turn: RawUpstreamTurn = answers) {
    const upstream = await startRawUpstream(turn);
    context.after(() => upstream.close());
    return upstream;
  }

  async function assertRefused(gateway: TestGateway, answer: TestAnswer, code: ProblemCode, forwarded: string) {
    const fault = readFault(answer.body);
    assert.equal(fault?.problem.code, code, answer.body);
    assert.equal(fault.problem.forwarded, forwarded);
    const record = await gateway.recordOf(answer);
    assert.equal(record.forward?.forwarded, forwarded);
    assert.equal(record.response.defect, null);
    return record;
  }

  describe('a wait that ends', () => {
    test('in the queue of an endpoint that is full is refused with forward.queue_full', async (t) => {
      const arrived = Promise.withResolvers<() => void>();
      const upstream = await raw(t, (socket, text) => {
        if (whole(text)) arrived.resolve(() => socket.write(ok));
      });
      const bounds = { upstreamConnectionsMax: 1, upstreamQueueMax: 0 };
      const gateway = await behind(t, { endpoints: [upstream.url] }, bounds);
      const first = gateway.call(submit.call);
      const release = await arrived.promise;
      await assertRefused(gateway, await gateway.call(submit.call), 'forward.queue_full', 'no');
      release();
      assert.equal((await first).status, 200);
    });

    test('because the endpoint takes no more of a body is refused with forward.send_timeout', async (t) => {
      const upstream = await raw(t, (socket) => void socket.pause());
      const bounds = { requestSendTimeoutMs: 200, bodyBytesMax: 60_000_000 };
      const gateway = await behind(t, { endpoints: [upstream.url] }, bounds);
      const body = Buffer.alloc(50_000_000, ' ');
      body.write('<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><A/>');
      const answer = await gateway.call({ ...submit.call, body });
      const record = await assertRefused(gateway, answer, 'forward.send_timeout', 'partly');
      assert.equal(record.forward?.attempts, 1);
    });

    test('over all is refused with forward.exchange_timeout', async (t) => {
      const upstream = await raw(t, () => undefined);
      const gateway = await behind(t, { endpoints: [upstream.url], timeouts: { exchangeTimeoutMs: 300 } });
      await assertRefused(gateway, await gateway.call(submit.call), 'forward.exchange_timeout', 'yes');
    });

    test('over all is refused alike while the call still waits for a connection, and nothing was forwarded', async (t) => {
      const arrived = Promise.withResolvers<() => void>();
      const upstream = await raw(t, (socket, text) => {
        if (whole(text)) arrived.resolve(() => socket.write(ok));
      });
      const endpoints = [upstream.url];
      const gateway = await calls.start({
        policy: noLimits,
        path: { upstreamConnectionsMax: 1 },
        upstreams: [
          { system: otherSubmit.systemId, endpoints },
          { system: '*', endpoints, timeouts: { exchangeTimeoutMs: 300 } },
        ],
      });
      t.after(() => gateway.close());
      const first = gateway.call(otherSubmit.call);
      const release = await arrived.promise;
      await assertRefused(gateway, await gateway.call(submit.call), 'forward.exchange_timeout', 'no');
      release();
      assert.equal((await first).status, 200);
    });

    test('is that of the upstream where it has one of its own', async (t) => {
      const upstream = await raw(t, () => undefined);
      const gateway = await behind(t, { endpoints: [upstream.url], timeouts: { responseTimeoutMs: 150 } });
      const answer = await gateway.call(submit.call);
      await assertRefused(gateway, answer, 'forward.response_timeout', 'yes');
      assert.match(readFault(answer.body)?.text ?? '', /150 ms/);
    });
  });

  describe('several endpoints', () => {
    test('serve in turn by weight, and evidence names the one that served', async (t) => {
      const [heavy, light] = [await raw(t), await raw(t)];
      const endpoints = [{ url: heavy.url, weight: 3 }, light.url];
      const gateway = await behind(t, { endpoints });
      const counts = new Map<string, number>();
      for (let each = 0; each < 8; each += 1) {
        const { forward } = await gateway.recordOf(await gateway.call(submit.call));
        assert.equal(forward?.attempts, 1);
        counts.set(forward.endpoint, (counts.get(forward.endpoint) ?? 0) + 1);
      }
      assert.deepEqual(
        counts,
        new Map([
          [heavy.url, 6],
          [light.url, 2],
        ]),
      );
    });

    test('serve a credential at the same one, and at another while that is gone', async (t) => {
      const pair = [await raw(t), await raw(t)] as const;
      const endpoints = pair.map(({ url }) => url);
      const gateway = await behind(t, { endpoints, balance: 'consistent-hash' });
      const endpointOf = async () => (await gateway.recordOf(await gateway.call(submit.call))).forward?.endpoint;
      const at = await endpointOf();
      for (let each = 0; each < 4; each += 1) assert.equal(await endpointOf(), at);
      await pair.find(({ url }) => url === at)?.close();
      assert.notEqual(await endpointOf(), at);
    });

    test('are tried until the retry budget is spent, and evidence says that it was', async (t) => {
      const upstream = await raw(t);
      const gateway = await behind(t, {
        endpoints: [nobody, upstream.url],
        ejection: { failures: 0 },
        retry: { budgetPercent: 0, minPerSecond: 0 },
      });
      const [first, second] = [await gateway.call(submit.call), await gateway.call(submit.call)];
      const record = await assertRefused(gateway, first, 'forward.upstream_unavailable', 'no');
      assert.equal(record.forward?.retryWithheld, true);
      assert.equal(record.forward.endpoint, nobody);
      assert.equal((await gateway.recordOf(second)).forward?.retryWithheld, false);
      assert.equal(second.status, 200);
    });

    test('that fail are ejected, which is told beside the calls, and callers notice nothing', async (t) => {
      const upstream = await raw(t);
      const gateway = await behind(t, { endpoints: [nobody, upstream.url] });
      for (let each = 0; each < 20; each += 1) assert.equal((await gateway.call(submit.call)).status, 200);
      const told = gateway.notices.filter(({ kind }) => kind === 'endpoint-down');
      assert.deepEqual(told, [
        {
          kind: 'endpoint-down',
          upstream: '*/*/*',
          endpoint: nobody,
          reason: 'ejected for 10000 ms after a refused connection',
          endpointsUp: 1,
        },
      ]);
    });

    test('are checked, and what the checks find is told', async (t) => {
      const told = Promise.withResolvers<void>();
      const upstream = await raw(t, (socket, text) => {
        if (text.startsWith('GET /health')) socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n');
        if (text.startsWith('GET /health') && gatewayTold()) told.resolve();
      });
      let gatewayTold = () => false;
      const check = { kind: 'http', path: '/health', intervalMs: 100, fall: 1 } as const;
      const gateway = await behind(t, { endpoints: [upstream.url], check });
      gatewayTold = () => gateway.notices.some(({ kind }) => kind === 'endpoint-down');
      await told.promise;
      const [notice] = gateway.notices;
      assert.ok(notice?.kind === 'endpoint-down');
      assert.equal(notice.reason, '1 http checks failed: status 503');
      assert.equal(notice.endpointsUp, 0);
    });
  });

  describe('a back end that speaks TLS', () => {
    let folder: string;
    let authority: TestAuthority;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'headgate-back-ends-'));
      authority = await createTestAuthority({ nowMs: Date.now() });
      const user = await authority.user('current', { name: 'GATEWAYx0001', organisation: 'Headgate' });
      await writeFile(
        join(folder, 'gateway.pem'),
        user.certificatePem + authority.trustBundlePem('current', 'user').intermediatesPem,
      );
      await writeFile(join(folder, 'gateway.key'), user.keyPem, { mode: 0o600 });
      await trust('current');
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const trust = (family: 'current' | 'legacy') =>
      writeFile(join(folder, 'authorities.pem'), authority.trustBundlePem(family, 'server').anchorsPem);

    /** A back end that accepts nobody but the gateway. */
    async function secure(context: TestContext, name: string) {
      const { certificatePem: cert, keyPem: key } = await authority.serverChain('current', [name]);
      const callers: string[] = [];
      const ca = authority.trustBundlePem('current', 'user').anchorsPem;
      const server = createServer(
        { cert, key, ca, requestCert: true, rejectUnauthorized: true },
        (incoming, response) => {
          const { socket } = incoming as unknown as { readonly socket: TLSSocket };
          callers.push(String(socket.getPeerCertificate().subject.CN));
          response.setHeader('content-type', 'text/xml');
          incoming.resume().on('end', () => response.end('<ok/>'));
        },
      );
      server.on('tlsClientError', () => undefined);
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      context.after(() => {
        server.closeAllConnections();
        server.close();
      });
      return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, callers };
    }

    const tlsFiles = (serverName: string) => ({
      authorities: join(folder, 'authorities.pem'),
      certificate: join(folder, 'gateway.pem'),
      key: join(folder, 'gateway.key'),
      serverName,
    });

    test('is verified and shown the certificate of the gateway', async (t) => {
      const { url, callers } = await secure(t, 'systems.example');
      const gateway = await behind(t, { endpoints: [url], tls: tlsFiles('systems.example') });
      for (const reused of [false, true]) {
        const answer = await gateway.call(submit.call);
        assert.equal(answer.status, 200, answer.body);
        assert.equal((await gateway.recordOf(answer)).forward?.reusedConnection, reused);
      }
      assert.deepEqual(callers, ['GATEWAYx0001', 'GATEWAYx0001']);
    });

    test('is not called when it has another name: refused with forward.tls_failed, and nothing was forwarded', async (t) => {
      const { url, callers } = await secure(t, 'systems.example');
      const gateway = await behind(t, { endpoints: [url], tls: tlsFiles('others.example') });
      const answer = await gateway.call(submit.call);
      await assertRefused(gateway, answer, 'forward.tls_failed', 'no');
      assert.match(readFault(answer.body)?.text ?? '', /certificate is for another name/);
      assert.deepEqual(callers, []);
    });

    test('that does not get the certificate it asks for is refused with forward.tls_failed too', async (t) => {
      const { url, callers } = await secure(t, 'systems.example');
      const { authorities, serverName } = tlsFiles('systems.example');
      const gateway = await behind(t, { endpoints: [url], tls: { authorities, serverName } });
      const answer = await gateway.call(submit.call);
      await assertRefused(gateway, answer, 'forward.tls_failed', 'no');
      assert.match(readFault(answer.body)?.text ?? '', /does not accept the certificate of the gateway/);
      assert.deepEqual(callers, []);
    });

    test('is verified by the files of the last reload', async (t) => {
      const { url } = await secure(t, 'systems.example');
      const gateway = await behind(t, { endpoints: [url], tls: tlsFiles('systems.example') });
      t.after(() => trust('current'));
      assert.equal((await gateway.call(submit.call)).status, 200);
      await trust('legacy');
      assert.equal((await gateway.call(submit.call)).status, 200);
      await gateway.running.reload();
      await assertRefused(gateway, await gateway.call(submit.call), 'forward.tls_failed', 'no');
      await writeFile(join(folder, 'authorities.pem'), 'no PEM\n');
      await assert.rejects(gateway.running.reload(), /authorities\.pem/);
      await trust('current');
      await gateway.running.reload();
      assert.equal((await gateway.call(submit.call)).status, 200);
    });
  });
}
