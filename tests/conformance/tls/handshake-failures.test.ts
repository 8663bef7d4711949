// Every way in which a handshake fails is told to the operator: who, for which name, and why. The caller can read no answer.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { GatewayNotice } from '@headgate/gateway';
import { openRawCaller, startTestGateway, type TestGateway } from '@headgate/testkit';
import { noLimits } from '../gateway/calls.ts';
import { clientHello, exchangeHello, type Hello, inRecords } from './client-hello.ts';

type Failed = Extract<GatewayNotice, { readonly kind: 'handshake-failed' }>;

const host = 'ws.prod.caiso.com';
const hello = (said: Hello = {}) => inRecords(clientHello({ serverNames: [host], ...said }));

describe('a handshake is told to have failed because', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ policy: noLimits, path: { headerTimeoutMs: 1_000 } });
  });
  after(() => gateway.close());

  /** Each case comes from an address of its own, so that it is told at once and by itself. */
  let lastSource = 0;
  const nextSource = () => {
    lastSource += 1;
    return `127.0.9.${lastSource}`;
  };
  const told = async (source: string): Promise<Failed> => {
    for (;;) {
      const found = gateway.notices.find((each) => each.kind === 'handshake-failed' && each.source === source);
      if (found !== undefined) return found as Failed;
      await new Promise(setImmediate);
    }
  };
  const open = async (source: string): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: gateway.port, localAddress: source });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  /** Says hello and waits for the server's flight, so that what follows is in the middle of the handshake. */
  const greeted = async (source: string, said: Hello = {}): Promise<Socket> => {
    const socket = await open(source);
    socket.write(hello(said));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resume();
    return socket;
  };

  for (const [reason, what, said] of [
    ['no-shared-version', 'the caller speaks TLS 1.1', { version: 0x0302 }],
    ['no-shared-version', 'the caller fell back', { cipherSuites: [0xc02b, 0x5600] }],
    ['no-shared-cipher', 'the caller knows only CBC', { cipherSuites: [0xc009, 0xc00a, 0x002f] }],
    ['bad-message', 'a server name has a NUL', { serverNames: ['a\0b'] }],
    ['bad-message', 'the caller insists on compression', { compressionMethods: [1] }],
  ] as const)
    test(`${what}: ${reason}`, async () => {
      const source = nextSource();
      await exchangeHello(gateway.port, [hello(said)], source);
      assert.equal((await told(source)).reason, reason);
    });

  for (const [reason, what, bytes] of [
    ['plain-http', 'the caller speaks plain HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['not-tls', 'the caller speaks SMTP', 'EHLO example.net\r\n'],
    ['not-tls', 'the caller speaks SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ] as const)
    test(`${what}: ${reason}`, async () => {
      const source = nextSource();
      await exchangeHello(gateway.port, [Buffer.from(bytes, 'latin1')], source);
      assert.equal((await told(source)).reason, reason);
    });

  for (const [reason, what, description] of [
    ['chain-not-trusted', 'unknown_ca', 48],
    ['chain-not-trusted', 'bad_certificate', 42],
    ['chain-not-trusted', 'unsupported_certificate', 43],
    ['chain-not-trusted', 'certificate_revoked', 44],
    ['chain-not-trusted', 'certificate_expired', 45],
    ['chain-not-trusted', 'certificate_unknown', 46],
    ['chain-not-trusted', 'bad_certificate_status_response', 113],
    ['caller-refused', 'handshake_failure', 40],
    ['caller-refused', 'protocol_version', 70],
    ['caller-refused', 'insufficient_security', 71],
    ['caller-refused', 'internal_error', 80],
    ['caller-refused', 'user_cancelled', 90],
    ['caller-refused', 'unrecognized_name', 112],
    ['caller-refused', 'certificate_required', 116],
  ] as const)
    test(`the caller sends the alert ${what}: ${reason}`, async () => {
      const source = nextSource();
      const socket = await greeted(source);
      socket.write(Buffer.from([21, 3, 3, 0, 2, 2, description]));
      const failed = await told(source);
      assert.equal(failed.reason, reason);
      assert.ok(failed.detail.endsWith(`alert ${what}`), failed.detail);
      assert.equal(failed.serverName, host);
      socket.destroy();
    });

  test('the caller does not trust our chain and leaves without saying so: caller-left, with that guess', async () => {
    const source = nextSource();
    const socket = connectTls({
      socket: await open(source),
      servername: host,
      ca: gateway.authority.trustBundlePem('legacy', 'server').anchorsPem,
      maxVersion: 'TLSv1.3',
    });
    await new Promise((resolve) => socket.once('error', resolve));
    assert.equal((await told(source)).reason, 'caller-left');
    assert.match((await told(source)).detail, /do not trust our certificate chain/);
  });

  test('the caller wants HTTP/2 alone: no-shared-protocol', async () => {
    const source = nextSource();
    const socket = connectTls({ socket: await open(source), servername: host, ALPNProtocols: ['h2'] });
    await new Promise((resolve) => socket.once('error', resolve));
    assert.equal((await told(source)).reason, 'no-shared-protocol');
  });

  for (const [reason, what, options] of [
    ['no-shared-group', 'the caller knows no group of ours', { ecdhCurve: 'P-521' }],
    ['no-shared-signature', 'the caller takes no signature of our key', { sigalgs: 'RSA-PSS+SHA256' }],
  ] as const)
    test(`${what}: ${reason}`, async () => {
      const source = nextSource();
      const socket = connectTls({ socket: await open(source), servername: host, minVersion: 'TLSv1.3', ...options });
      await new Promise((resolve) => socket.once('error', resolve));
      assert.equal((await told(source)).reason, reason);
    });

  test('a record cannot be decrypted: bad-record', async () => {
    const source = nextSource();
    const socket = await greeted(source, { isTls13: true });
    socket.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40, 7)]));
    assert.equal((await told(source)).reason, 'bad-record');
    socket.destroy();
  });

  test('a message is none that may stand there: bad-message', async () => {
    const source = nextSource();
    const socket = await greeted(source);
    socket.write(Buffer.concat([Buffer.from([22, 3, 3, 0, 8, 14, 0, 0, 4]), Buffer.alloc(4)]));
    assert.equal((await told(source)).reason, 'bad-message');
    socket.destroy();
  });

  for (const [what, leave] of [
    ['ends the connection', (socket: Socket) => socket.end()],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy()],
  ] as const)
    test(`the caller ${what} in the middle: caller-left`, async () => {
      const source = nextSource();
      leave(await greeted(source));
      assert.equal((await told(source)).reason, 'caller-left');
    });

  test('the caller falls silent: timeout', async () => {
    const source = nextSource();
    const socket = await greeted(source);
    assert.equal((await told(source)).reason, 'timeout');
    socket.destroy();
  });

  test('not at all, where somebody only looked whether the port is open', async () => {
    const source = nextSource();
    const socket = await open(source);
    socket.end();
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    const later = nextSource();
    await exchangeHello(gateway.port, [hello({ version: 0x0302 })], later);
    await told(later);
    assert.ok(!gateway.notices.some((each) => 'source' in each && each.source === source));
  });
});

test('a balancer that sends no PROXY header is told of, in words', async (t) => {
  const gateway = await startTestGateway({ policy: noLimits, balancers: ['127.0.0.0/8'] });
  t.after(() => gateway.close());
  await assert.rejects(openRawCaller(gateway));
  const failed = gateway.notices.find((each) => each.kind === 'handshake-failed');
  assert.ok(failed?.kind === 'handshake-failed');
  assert.equal(failed.reason, 'proxy-header');
  assert.match(failed.detail, /^the balancer sent /);
});

test('failed handshakes are summed by source, name and reason, and told at the end', async () => {
  const gateway = await startTestGateway({ policy: noLimits });
  const outdated = hello({ version: 0x0302 });
  for (const source of ['127.0.9.1', '127.0.9.2', '127.0.9.1']) await exchangeHello(gateway.port, [outdated], source);
  await exchangeHello(gateway.port, [Buffer.from('EHLO\r\n')], '127.0.9.1');
  await gateway.running.close();
  assert.deepEqual(gateway.running.handshakeFailures(), { 'no-shared-version': 3, 'not-tls': 1 });
  const summary = gateway.notices.at(-1);
  assert.ok(summary?.kind === 'handshake-failures');
  assert.equal(summary.count, 4);
  assert.deepEqual(summary.rows[0], {
    listener: 'secure',
    source: '127.0.9.1',
    serverName: null,
    reason: 'no-shared-version',
    count: 2,
  });
  assert.equal(summary.rows.length, 3);
  await gateway.close();
});
