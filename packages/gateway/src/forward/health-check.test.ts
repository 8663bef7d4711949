import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import type { WrittenConfig } from '../config.ts';
import { optionsOf, startBackEnd, startTlsBackEnd, TurnedDeadlines } from './back-end.fixture.ts';
import { type CheckOptions, HealthCheck } from './health-check.ts';
import { readUpstreamTls, type UpstreamTls } from './upstream-tls.ts';

type Written = NonNullable<WrittenConfig['upstreams'][number]['check']>;

function checkOptions(written: Written): CheckOptions {
  const { check } = optionsOf({ check: written }).upstream;
  assert.ok(check);
  return check;
}

/** A check of which every one of its steps is turned by the test. */
function checking(context: TestContext, url: string, written: Written, tls: UpstreamTls | null = null) {
  const options = checkOptions(written);
  const deadlines = new TurnedDeadlines();
  const check = new HealthCheck(url, options, tls, deadlines, () => 0.5);
  const changes: [isWell: boolean, reason: string][] = [];
  check.listen((isWell, reason) => changes.push([isWell, reason]));
  context.after(() => check.close());
  return {
    check,
    options,
    deadlines,
    changes,
    /** Lets so many checks begin, and end by themselves. */
    rounds: async (count: number) => {
      for (let each = 0; each < count; each += 1) {
        deadlines.pass(options.intervalMs);
        await ended(check, deadlines);
      }
    },
  };
}

/** Waits until the present check is over: then the next one is due after a pause of more than its time-out. */
async function ended(check: HealthCheck, deadlines: TurnedDeadlines): Promise<void> {
  while (check.isAsking) await new Promise((turned) => setImmediate(turned));
  assert.ok(check.deadlineMs > deadlines.now());
}

const envelope =
  '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Client</faultcode><faultstring>nothing asked</faultstring></S:Fault></S:Body></S:Envelope>';
const answers = (bytes: string) => (socket: Socket) => void socket.end(bytes);
const sized = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('a check', () => {
  const cases: readonly (readonly [
    what: string,
    written: Written,
    answer: (socket: Socket) => void,
    wrong: RegExp | null,
  ])[] = [
    ['of TCP is content with a connection', { kind: 'tcp' }, () => undefined, null],
    ['of HTTP is content with 204', { kind: 'http' }, answers(sized('204 No Content', '')), null],
    ['of HTTP is content with 302', { kind: 'http' }, answers(sized('302 Found', '')), null],
    ['of HTTP is not content with 404', { kind: 'http' }, answers(sized('404 Not Found', '')), /status 404/],
    ['of HTTP is not content with 503', { kind: 'http' }, answers(sized('503 Busy', '')), /status 503/],
    [
      'of HTTP is content with a status that is named',
      { kind: 'http', statuses: [404] },
      answers(sized('404 x', '')),
      null,
    ],
    [
      'of HTTP is not content with a status that is not named',
      { kind: 'http', statuses: [404] },
      answers(sized('200 OK', '')),
      /status 200/,
    ],
    ['of HTTP is not content with garbage', { kind: 'http' }, answers('SSH-2.0-x\r\n\r\n'), /not HTTP/],
    ['of HTTP is not content with silence and an end', { kind: 'http' }, answers(''), /without an answer/],
    ['of HTTP is not content with a reset', { kind: 'http' }, (socket) => void socket.resetAndDestroy(), /broke/],
    [
      'of HTTP waits for the last of several answers',
      { kind: 'http' },
      answers(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${sized('200 OK', '')}`),
      null,
    ],
    [
      'of HTTP is not content with an interim answer alone',
      { kind: 'http' },
      answers('HTTP/1.1 100 Continue\r\n\r\n'),
      /without an answer/,
    ],
    [
      'of HTTP is not content with a switch of protocols',
      { kind: 'http' },
      answers('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      /status 101/,
    ],
    [
      'of SOAP is content with an envelope behind 100, which some systems send unasked',
      { kind: 'soap' },
      answers(`HTTP/1.1 100 Continue\r\n\r\n${sized('200 OK', envelope)}`),
      null,
    ],
    ['of SOAP is content with a fault', { kind: 'soap' }, answers(sized('500 Oops', envelope)), null],
    [
      'of SOAP is content with an envelope in chunks',
      { kind: 'soap' },
      answers(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n${envelope.slice(0, 32)}\r\n${(envelope.length - 32).toString(16)}\r\n${envelope.slice(32)}\r\n0\r\n\r\n`,
      ),
      null,
    ],
    ['of SOAP is not content with a page', { kind: 'soap' }, answers(sized('200 OK', '<html><body/></html>')), /SOAP/],
    ['of SOAP is not content with nothing', { kind: 'soap' }, answers(sized('200 OK', '')), /SOAP/],
    ['of SOAP is not content without end', { kind: 'soap' }, answers(sized('200 OK', ' '.repeat(100_000))), /SOAP/],
  ];
  for (const [what, written, answer, wrong] of cases)
    test(what, async (context) => {
      const { url } = await startBackEnd(context, answer);
      const { rounds, changes } = checking(context, url, { ...written, fall: 1 });
      await rounds(1);
      const [change] = changes;
      if (wrong === null) assert.equal(change, undefined);
      else {
        assert.equal(change?.[0], false);
        assert.match(change[1], wrong);
      }
    });

  test('of TCP is not content with a closed port', async (context) => {
    const { url, stop } = await startBackEnd(context);
    await stop();
    const { rounds, changes } = checking(context, url, { kind: 'tcp', fall: 1 });
    await rounds(1);
    assert.deepEqual(changes, [[false, '1 tcp checks failed: no connection']]);
  });

  test('asks for its path with its host, and closes its connection', async (context) => {
    const { url, received, connections } = await startBackEnd(context, answers(sized('200 OK', '')));
    const { rounds } = checking(context, url, { kind: 'http', path: '/health', host: 'cmri.example' });
    await rounds(2);
    assert.equal(connections.length, 2);
    assert.match(received[0] ?? '', /^GET \/health HTTP\/1\.1\r\nHost: cmri\.example\r\n/);
    assert.match(received[0] ?? '', /\r\nConnection: close\r\n/);
  });

  test('of SOAP posts an empty envelope', async (context) => {
    const { url, received } = await startBackEnd(context, answers(sized('500 x', envelope)));
    const { rounds } = checking(context, url, { kind: 'soap', path: '/sst', soapAction: 'urn:ping' });
    await rounds(1);
    assert.match(received[0] ?? '', /^POST \/sst HTTP\/1\.1\r\n/);
    assert.match(received[0] ?? '', /\r\nSOAPAction: "urn:ping"\r\n/);
    assert.match(received[0] ?? '', /<soapenv:Body\/><\/soapenv:Envelope>$/);
  });

  test('has so long and no longer, and what comes later counts no more', async (context) => {
    const asked = Promise.withResolvers<Socket>();
    const { url } = await startBackEnd(context, (socket) => asked.resolve(socket));
    const { deadlines, options, changes, check } = checking(context, url, { kind: 'http', fall: 1 });
    deadlines.pass(options.intervalMs);
    const socket = await asked.promise;
    deadlines.pass(options.timeoutMs);
    assert.deepEqual(changes, [[false, `1 http checks failed: no answer within ${options.timeoutMs} ms`]]);
    assert.equal(check.isAsking, false);
    socket.end(sized('200 OK', ''));
    await new Promise((turned) => setImmediate(turned));
    assert.equal(changes.length, 1);
  });

  test('waits a tenth less to a tenth more than its interval', async (context) => {
    const { url } = await startBackEnd(context);
    for (const [random, factor] of [
      [0, 0.9],
      [0.5, 1],
      [0.999, 1.1],
    ] as const) {
      const options = checkOptions({ kind: 'tcp' });
      const deadlines = new TurnedDeadlines();
      const check = new HealthCheck(url, options, null, deadlines, () => random);
      context.after(() => check.close());
      assert.ok(check.deadlineMs <= 1_000, 'the first one begins soon');
      deadlines.pass(options.intervalMs);
      await ended(check, deadlines);
      const pauseMs = check.deadlineMs - deadlines.now();
      assert.ok(Math.abs(pauseMs - options.intervalMs * factor) < 10, String(pauseMs));
    }
  });

  test('that is closed waits for nothing and says nothing', async (context) => {
    const asked = Promise.withResolvers<Socket>();
    const { url } = await startBackEnd(context, (socket) => asked.resolve(socket));
    const { deadlines, options, changes, check } = checking(context, url, { kind: 'http', fall: 1 });
    deadlines.pass(options.intervalMs);
    await asked.promise;
    check.close();
    assert.equal(deadlines.waitingCount, 0);
    await new Promise((turned) => setImmediate(turned));
    assert.deepEqual(changes, []);
  });
});

describe('an endpoint that flaps', () => {
  test('is down after so many bad checks in a row, and up after so many good ones', async (context) => {
    let status = '200 OK';
    const { url } = await startBackEnd(context, (socket) => void socket.end(sized(status, '')));
    const { rounds, changes } = checking(context, url, { kind: 'http', rise: 2, fall: 3 });
    for (const [next, count, told] of [
      ['500 x', 2, 0],
      ['200 OK', 1, 0],
      ['500 x', 2, 0],
      ['500 x', 1, 1],
      ['200 OK', 1, 1],
      ['500 x', 1, 1],
      ['200 OK', 1, 1],
      ['200 OK', 1, 2],
      ['500 x', 2, 2],
    ] as const) {
      status = next;
      await rounds(count);
      assert.equal(changes.length, told);
    }
    assert.deepEqual(changes, [
      [false, '3 http checks failed: status 500'],
      [true, '2 http checks were good'],
    ]);
  });
});

describe('a check over TLS', () => {
  test('is content with a good certificate, and not with one of somebody else', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-check-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    const authority = await createTestAuthority({ nowMs: Date.now() });
    for (const family of ['current', 'legacy'] as const)
      await writeFile(join(folder, `${family}.pem`), authority.trustBundlePem(family, 'server').anchorsPem);
    const tlsOf = async (family: string) => {
      const { upstream } = optionsOf({ endpoints: ['https://127.0.0.1:1'], tls: { authorities: `${family}.pem` } });
      const [tls] = await readUpstreamTls([upstream], folder);
      assert.ok(tls);
      return tls;
    };
    const { certificatePem: cert, keyPem: key } = await authority.serverChain('current', ['127.0.0.1']);
    const { url } = await startTlsBackEnd(context, { cert, key });
    const [current, legacy] = [await tlsOf('current'), await tlsOf('legacy')];
    for (const kind of ['tls', 'http'] as const) {
      const { check, rounds, changes } = checking(context, url, { kind, fall: 1, rise: 1 }, current);
      await rounds(1);
      assert.deepEqual(changes, []);
      check.renew(legacy);
      await rounds(1);
      assert.deepEqual(changes, [
        [false, `1 ${kind} checks failed: the issuer of its certificate is not trusted here`],
      ]);
    }
  });
});
