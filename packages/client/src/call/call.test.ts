import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { answerBytesMax } from '../answer-bytes.ts';
import { loadCredential } from '../credential/load-credential.ts';
import { diagnose } from '../diagnose/diagnose.ts';
import { operationOf, serveTcp, serveTls, testIdentities } from '../test-server.fixture.ts';
import type { WireRequest } from '../wire-request.ts';
import { type Answer, call, type Failure, type Outcome } from './call.ts';
import { createTransport, type TransportOptions } from './transport.ts';

const { authority, user, anchorsPem } = await testIdentities();
const credential = loadCredential({ certificate: user.certificatePem, key: user.keyPem });

function requestOf(differences: Partial<WireRequest> = {}): WireRequest {
  return {
    method: 'POST',
    url: new URL('https://ws.prod.caiso.com/sst/cmri/x?y=1'),
    headers: [['Content-Type', 'text/xml']],
    body: Buffer.from('<a/>'),
    repeatable: true,
    ...differences,
  };
}

function transportTo(t: TestContext, port: number, options: TransportOptions = {}) {
  const transport = createTransport({ anchorsPem, connectTo: { host: '127.0.0.1', port }, ...options });
  t.after(() => transport.close());
  return transport;
}

function failed(outcome: Outcome): Failure {
  assert.equal(outcome.ok, false);
  return outcome;
}

function answered(outcome: Outcome): Answer {
  if (!outcome.ok) assert.fail(`${outcome.reason} in ${outcome.phase}: ${outcome.code}`);
  return outcome;
}

const codeOf = (outcome: Outcome) => diagnose(outcome, operationOf()).problem?.code;

test('a call reaches the real host name on another address, with fixed length and the caller’s certificate', async (t) => {
  const server = await serveTls(t, (request, response) => {
    const peer =
      'getPeerX509Certificate' in request.socket ? (request.socket as { getPeerX509Certificate(): unknown }) : null;
    const seen = { host: request.headers.host, length: request.headers['content-length'], url: request.url };
    request.resume();
    response.end(JSON.stringify({ ...seen, hasCertificate: peer?.getPeerX509Certificate() !== undefined }));
  });
  const answer = answered(await call(requestOf(), credential, transportTo(t, server.port)));
  const seen = { host: 'ws.prod.caiso.com', length: '4', url: '/sst/cmri/x?y=1', hasCertificate: true };
  assert.deepEqual(JSON.parse(String(answer.body)), seen);
});

test('calls of one credential share a connection', async (t) => {
  const server = await serveTls(t, (request, response) => void request.resume().on('end', () => response.end('x')));
  const transport = transportTo(t, server.port);
  for (let count = 0; count < 3; count += 1) answered(await call(requestOf(), credential, transport));
  assert.equal(server.connectionCount(), 1);
});

test('the source address of a connection can be chosen', async (t) => {
  const server = await serveTls(t, (request, response) => response.end(request.socket.remoteAddress));
  const answer = answered(
    await call(requestOf(), credential, transportTo(t, server.port, { localAddress: '127.0.0.77' })),
  );
  assert.equal(String(answer.body), '127.0.0.77');
});

test('a server of another authority is not trusted, and the certificate is named', async (t) => {
  const server = await serveTls(t, (_request, response) => response.end());
  const other = authority.trustBundlePem('legacy', 'server').anchorsPem;
  const failure = failed(await call(requestOf(), credential, transportTo(t, server.port, { anchorsPem: other })));
  assert.equal(codeOf(failure), 'call.tls_untrusted');
  assert.match(failure.presented ?? '', /CN=ws\.prod\.caiso\.com.*issuer CN=Headgate Test Current Server/);
});

test('without anchors no server is trusted, also not one that the system would trust', async (t) => {
  const server = await serveTls(t, (_request, response) => response.end());
  const outcome = await call(requestOf(), credential, transportTo(t, server.port, { anchorsPem: undefined }));
  assert.equal(codeOf(outcome), 'call.tls_untrusted');
});

test('a certificate for another host name is told as a wrong name and not as a missing anchor, on the second connection too', async (t) => {
  const server = await serveTls(t, (_request, response) => response.end(), ['other.example.org']);
  const transport = transportTo(t, server.port);
  for (let count = 0; count < 2; count += 1) {
    const failure = failed(await call(requestOf(), credential, transport));
    assert.deepEqual([codeOf(failure), failure.code], ['call.tls_wrong_name', 'ERR_TLS_CERT_ALTNAME_INVALID']);
  }
});

test('a server that was trusted before and now shows a certificate for another host name is refused', async (t) => {
  const server = await serveTls(t, (request, response) => {
    request.resume();
    response.writeHead(200, { connection: 'close' }).end('x');
  });
  const transport = transportTo(t, server.port);
  answered(await call(requestOf(), credential, transport));
  await server.serveAs(['other.example.org']);
  const failure = failed(await call(requestOf(), credential, transport));
  assert.deepEqual([codeOf(failure), failure.code], ['call.tls_wrong_name', 'ERR_TLS_CERT_ALTNAME_INVALID']);
});

test('a port where nobody listens is a failed connection', async (t) => {
  const port = await closedPort();
  const failure = failed(await call(requestOf(), credential, transportTo(t, port)));
  assert.deepEqual([codeOf(failure), failure.phase, failure.mayBeDone], ['call.connect_failed', 'connect', false]);
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a host name that does not exist is a failed look-up', async (t) => {
  const transport = createTransport({ anchorsPem });
  t.after(() => transport.close());
  const outcome = await call(requestOf({ url: new URL('https://nowhere.invalid/') }), credential, transport);
  assert.equal(codeOf(outcome), 'call.lookup_failed');
});

test('a server that never finishes the handshake times out in the phase tls', async (t) => {
  const port = await serveTcp(t, () => {});
  const failure = failed(await call(requestOf(), credential, transportTo(t, port, { timeouts: { tlsMs: 30 } })));
  assert.deepEqual([failure.reason, failure.phase, failure.waitedMs, failure.mayBeDone], ['timeout', 'tls', 30, false]);
});

test('a server that does not read the body times out in the phase send', async (t) => {
  const server = await serveTls(t, () => {});
  const request = requestOf({ body: Buffer.alloc(48 * 1024 * 1024, 0x20) });
  const failure = failed(await call(request, credential, transportTo(t, server.port, { timeouts: { sendMs: 400 } })));
  assert.deepEqual([failure.reason, failure.phase, failure.mayBeDone], ['timeout', 'send', false]);
});

test('a server that never answers times out in the phase first byte, and may have acted', async (t) => {
  const server = await serveTls(t, (request) => void request.resume());
  const failure = failed(
    await call(requestOf(), credential, transportTo(t, server.port, { timeouts: { firstByteMs: 30 } })),
  );
  assert.deepEqual([failure.reason, failure.phase, failure.mayBeDone], ['timeout', 'first byte', true]);
});

test('an answer that never ends times out as a whole', async (t) => {
  const server = await serveTls(t, (_request, response) => void response.write('<a>'));
  const failure = failed(
    await call(requestOf(), credential, transportTo(t, server.port, { timeouts: { wholeMs: 1_500 } })),
  );
  assert.deepEqual([failure.reason, failure.phase], ['timeout', 'answer']);
});

test('a connection closed before the answer is a reset after which the request may have been carried out', async (t) => {
  const server = await serveTls(t, (request) => void request.resume().on('end', () => request.socket.destroy()));
  const failure = failed(await call(requestOf(), credential, transportTo(t, server.port)));
  assert.deepEqual([codeOf(failure), failure.phase, failure.mayBeDone], ['call.reset', 'first byte', true]);
});

test('a connection closed within the answer is a reset', async (t) => {
  const server = await serveTls(t, (request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('<a>', () => request.socket.destroy());
  });
  const failure = failed(await call(requestOf(), credential, transportTo(t, server.port)));
  assert.deepEqual([codeOf(failure), failure.phase], ['call.reset', 'answer']);
});

test('a port that does not speak TLS is a failed handshake', async (t) => {
  const port = await serveTcp(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  assert.equal(codeOf(await call(requestOf(), credential, transportTo(t, port))), 'call.tls_failed');
});

test('an answer that is not HTTP is told apart from a reset', async (t) => {
  const server = await serveTls(t, (request) => request.socket.end('garbage garbage\r\n\r\n'));
  assert.equal(codeOf(await call(requestOf(), credential, transportTo(t, server.port))), 'call.malformed_answer');
});

test('a refusal that comes before the whole body was sent is read', async (t) => {
  const server = await serveTls(t, (request, response) => {
    response.writeHead(413, { 'content-type': 'text/plain' }).end('too large');
    request.resume();
  });
  const request = requestOf({ body: Buffer.alloc(4 * 1024 * 1024, 0x20), repeatable: false });
  assert.equal(answered(await call(request, credential, transportTo(t, server.port))).status, 413);
});

test('a redirect is not followed', async (t) => {
  let requests = 0;
  const server = await serveTls(t, (request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(302, { location: '/my.policy' }).end();
  });
  assert.equal(codeOf(await call(requestOf(), credential, transportTo(t, server.port))), 'call.redirected');
  assert.equal(requests, 1);
});

test('a retrieve on a connection that was closed meanwhile is sent again, a submit is not', async (t) => {
  for (const [repeatable, expected] of [
    [true, 'answer'],
    [false, 'reset'],
  ] as const) {
    let requests = 0;
    const server = await serveTls(t, (request, response) => {
      requests += 1;
      request.resume();
      // The second request on the first connection meets its end.
      if (requests === 2) request.socket.destroy();
      else response.end('<a/>');
    });
    const transport = transportTo(t, server.port);
    answered(await call(requestOf(), credential, transport));
    const outcome = await call(requestOf({ repeatable }), credential, transport);
    assert.equal(outcome.ok ? 'answer' : outcome.reason, expected);
    assert.equal(requests, repeatable ? 3 : 2);
  }
});

test('a packed answer is unpacked, and an unknown packing is refused', async (t) => {
  const server = await serveTls(t, (request, response) => {
    request.resume();
    const coding = request.url?.includes('gzip') === true ? 'gzip' : 'br';
    response.writeHead(200, { 'content-encoding': coding }).end(gzipSync('<a/>'));
  });
  const transport = transportTo(t, server.port);
  const packed = await call(requestOf({ url: new URL('https://ws.prod.caiso.com/gzip') }), credential, transport);
  assert.equal(String(answered(packed).body), '<a/>');
  assert.equal(codeOf(await call(requestOf(), credential, transport)), 'call.malformed_answer');
});

test('an answer over the bound is refused while it arrives, and is not read further', async (t) => {
  const piece = Buffer.alloc(1024 * 1024, 0x20);
  let pieces = 0;
  const endless = function* () {
    for (;;) {
      pieces += 1;
      yield piece;
    }
  };
  const stopped = Promise.withResolvers<unknown>();
  const server = await serveTls(t, (request, response) => {
    request.resume();
    pipeline(Readable.from(endless()), response, stopped.resolve);
  });
  const failure = failed(await call(requestOf(), credential, transportTo(t, server.port)));
  assert.deepEqual([codeOf(failure), failure.phase], ['call.answer_too_large', 'answer']);
  assert.ok((await stopped.promise) instanceof Error, 'the connection is closed on the sender');
  assert.ok(pieces * piece.length > answerBytesMax);
});

test('every exchange is shown to the observer, failed ones too, and never the key', async (t) => {
  const shown: string[] = [];
  const port = await closedPort();
  const onExchange = (request: WireRequest, outcome: Outcome) => shown.push(JSON.stringify([request, outcome.ok]));
  await call(requestOf(), credential, transportTo(t, port, { onExchange }));
  assert.equal(shown.length, 1);
  assert.doesNotMatch(shown.join(), /PRIVATE/);
});

test('a timeout outside its bounds is refused', () => {
  assert.throws(() => createTransport({ timeouts: { tlsMs: 0 } }), {
    code: 'encode.invalid_input',
    message: /timeouts\.tlsMs/,
  });
});
