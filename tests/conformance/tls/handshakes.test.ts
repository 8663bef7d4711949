// What a handshake may agree on: TLS 1.2 and 1.3, authenticated encryption with keys that are forgotten, and nothing else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { openRawCaller, rawPost, soapRequest, startTestGateway, type TestGateway } from '@headgate/testkit';
import { noLimits } from '../gateway/calls.ts';
import { clientHello, exchangeHello, type Hello, inRecords } from './client-hello.ts';
import { acceptedSuites, refusedSuites } from './suites.ts';

/** RFC 8446 §6.2. */
const alerts = {
  handshakeFailure: 40,
  illegalParameter: 47,
  decodeError: 50,
  protocolVersion: 70,
  inappropriateFallback: 86,
};

for (const keyType of ['ec-p256', 'rsa-2048'] as const)
  describe(`with an ${keyType} certificate`, () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startTestGateway({ policy: noLimits, serverKeyType: keyType });
    });
    after(() => gateway.close());
    const offer = (hello: Hello) =>
      exchangeHello(gateway.port, [inRecords(clientHello({ serverNames: ['ws.prod.caiso.com'], ...hello }))]);

    for (const suite of acceptedSuites[keyType])
      test(`TLS 1.2 agrees on suite ${suite.toString(16)}`, async () => {
        assert.equal((await offer({ cipherSuites: [suite] })).cipherSuite, suite);
      });

    for (const suite of [0x1301, 0x1302, 0x1303])
      test(`TLS 1.3 agrees on suite ${suite.toString(16)}`, async () => {
        const flight = await offer({ isTls13: true, cipherSuites: [suite] });
        assert.deepEqual([flight.cipherSuite, flight.isTls13], [suite, true]);
      });

    for (const [what, suites] of Object.entries(refusedSuites))
      test(`TLS 1.2 refuses ${what}, each suite by itself`, async () => {
        for (const suite of suites) {
          const { alert, messages } = await offer({ cipherSuites: [suite] });
          assert.deepEqual([alert, messages], [alerts.handshakeFailure, []], suite.toString(16));
        }
      });

    test('the server chooses, whatever the order of the caller', async () => {
      const suites = [...acceptedSuites[keyType]];
      const chosen = await Promise.all(
        [suites, suites.toReversed()].map(async (cipherSuites) => (await offer({ cipherSuites })).cipherSuite),
      );
      assert.equal(chosen[0], chosen[1]);
    });

    test('a weak suite beside a strong one is never chosen', async () => {
      const weak = Object.values(refusedSuites).flat();
      const [strong] = acceptedSuites[keyType];
      assert.equal((await offer({ cipherSuites: [...weak, strong] })).cipherSuite, strong);
    });
  });

describe('a handshake', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ policy: noLimits });
  });
  after(() => gateway.close());
  const offer = (hello: Hello) => exchangeHello(gateway.port, [inRecords(clientHello(hello))]);

  for (const [name, version] of [
    ['TLS 1.1', 0x0302],
    ['TLS 1.0', 0x0301],
  ] as const)
    test(`in ${name} is refused`, async () => {
      assert.equal((await offer({ version })).alert, alerts.protocolVersion);
    });

  test('in SSL 3 is refused', async () => {
    const { alert, messages } = await offer({ version: 0x0300 });
    assert.deepEqual([alert, messages], [alerts.handshakeFailure, []]);
  });

  test('that says it fell back, though it speaks better, is refused (RFC 7507)', async () => {
    const { alert } = await offer({ cipherSuites: [0xc02b, 0x5600] });
    assert.equal(alert, alerts.inappropriateFallback);
  });

  test('that offers compression is answered without (CRIME), and one that insists is refused', async () => {
    assert.equal((await offer({ compressionMethods: [1, 0] })).compressionMethod, 0);
    const { messages, alert } = await offer({ compressionMethods: [1] });
    assert.deepEqual([messages, alert], [[], alerts.illegalParameter]);
  });

  for (const isTls13 of [false, true])
    describe(`of TLS ${isTls13 ? '1.3' : '1.2'}`, () => {
      const hello = () => clientHello({ serverNames: ['ws.prod.caiso.com'], isTls13 });

      test('goes on where it comes a byte at a time', async () => {
        const bytes = inRecords(hello());
        const flight = await exchangeHello(
          gateway.port,
          Array.from(bytes, (byte) => Buffer.from([byte])),
        );
        assert.deepEqual([flight.messages[0], flight.alert], [2, null]);
      });

      test('goes on where it is cut into many records', async () => {
        const flight = await exchangeHello(gateway.port, [inRecords(hello(), 16)]);
        assert.deepEqual([flight.messages[0], flight.alert], [2, null]);
      });
    });

  test('cannot be made again on the same connection: the caller is told so, and its first certificate stays', async () => {
    const caller = await openRawCaller(gateway, { tlsVersion: 'TLSv1.2' });
    caller.write(rawPost(soapRequest));
    assert.equal((await caller.answer()).status, 200);
    const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
    (caller.socket as TLSSocket).renegotiate({ rejectUnauthorized: false }, resolve);
    caller.socket.once('error', resolve);
    assert.match(String((await promise)?.code), /NO_RENEGOTIATION/);
    caller.destroy();
    assert.equal((await gateway.call()).status, 200);
  });

  test('a ticket is resumed for an hour at most', async () => {
    for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const caller = await openRawCaller(gateway, { tlsVersion });
      const socket = caller.socket as TLSSocket;
      const session = tlsVersion === 'TLSv1.3' ? new Promise<Buffer>((give) => socket.once('session', give)) : null;
      caller.write(rawPost(soapRequest));
      await caller.answer();
      const hintSeconds = lifetimeSecondsOf((await session) ?? socket.getSession() ?? Buffer.alloc(0));
      assert.ok(hintSeconds > 0 && hintSeconds <= 3_600, `${tlsVersion}: ${hintSeconds} s`);
      caller.destroy();
    }
  });
});

/** The lifetime hint of a ticket, from a session as OpenSSL writes it: ASN.1, context tag 9, an INTEGER of seconds. */
function lifetimeSecondsOf(session: Buffer): number {
  const at = session.findLastIndex((byte, index) => byte === 0xa9 && session[index + 2] === 2);
  const length = session[at + 3] ?? 0;
  return at === -1 ? 0 : session.readUIntBE(at + 4, length);
}
