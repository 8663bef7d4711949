// Behind a TCP balancer that speaks the PROXY protocol: limits and evidence see the caller, not the balancer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { soapRequest, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => seesSourcesAt(operator));

function seesSourcesAt(operator: Operator): void {
  const { post, start } = callsTo(operator);
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({
      policy: noLimits,
      balancers: ['127.0.9.0/24'],
      path: { headerTimeoutMs: 1_000 },
    });
  });
  after(() => gateway.close());

  /** Sends a header, then a call over TLS on the same connection, from an address of the balancers. */
  async function throughBalancer(header: string | Buffer, from = '127.0.9.1'): Promise<string> {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: from });
    await once(socket, 'connect');
    if (header.length > 0) socket.write(header);
    const caller = connectTls({
      socket,
      servername: operator.retrieve.call.host,
      ca: gateway.authority.trustBundlePem('current', 'server').anchorsPem,
      cert: gateway.user.certificatePem,
      key: gateway.user.keyPem,
    });
    let answer = '';
    caller.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    caller.on('error', () => undefined);
    caller.write(post(soapRequest, { fields: { Connection: 'close' } }));
    await new Promise<void>((resolve) => caller.once('close', () => resolve()));
    return answer;
  }

  describe('a connection from a trusted balancer', () => {
    test('is counted and recorded under the source that its header names', async () => {
      assert.match(await throughBalancer('PROXY TCP4 203.0.113.9 198.51.100.1 51000 443\r\n'), /^HTTP\/1\.1 200 /);
      const record = gateway.records.at(-1);
      assert.equal(record?.listener.source, '203.0.113.9');
      assert.equal(record?.listener.sourcePort, 51_000);
      const forwarded = gateway.upstream.received.at(-1)?.fields['x-forwarded-for'];
      assert.equal(forwarded, '203.0.113.9');
    });

    test('may send version 2 of the header', async () => {
      const header = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb007109c6336401c73801bb', 'hex');
      assert.match(await throughBalancer(header), /^HTTP\/1\.1 200 /);
      assert.equal(gateway.records.at(-1)?.listener.source, '203.0.113.9');
    });

    test('is closed and noticed when it sends no header', async () => {
      const notices = gateway.notices.length;
      assert.equal(await throughBalancer(''), '');
      assert.match(JSON.stringify(gateway.notices.slice(notices)), /no PROXY header/);
    });

    test('that sends half a header is closed after the wait for a header', async () => {
      const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress: '127.0.9.2' });
      socket.write('PROXY TCP4 203');
      socket.resume();
      await once(socket, 'close');
    });
  });

  test('a caller that is no balancer cannot name another source', async () => {
    const records = gateway.records.length;
    assert.equal(await throughBalancer('PROXY TCP4 203.0.113.9 198.51.100.1 51000 443\r\n', '127.0.8.1'), '');
    assert.equal(gateway.records.length, records);
    const answer = await gateway.call({ source: '127.0.8.1' });
    assert.equal(answer.status, 200);
    assert.equal((await gateway.recordOf(answer)).listener.source, '127.0.8.1');
  });
}
