import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { createTestAuthority, type TestAuthority } from '@headgate/pki';
import type { PathOptions } from '../config.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { attempted } from './attempts.ts';
import { answerOn, attemptedInTurn, callOf, optionsOf, startTlsBackEnd, TurnedDeadlines } from './back-end.fixture.ts';
import { createEndpoint } from './endpoint.ts';
import { createUpstreamPool } from './upstream-pool.ts';
import { readUpstreamTls, type UpstreamTls } from './upstream-tls.ts';

const nowMs = Date.now();
const yearMs = 365 * 86_400_000;
let folder: string;
let authority: TestAuthority;
/** Its leaves ended half a year ago, its authorities did not. */
let olderAuthority: TestAuthority;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-upstream-tls-'));
  [authority, olderAuthority] = await Promise.all([
    createTestAuthority({ nowMs }),
    createTestAuthority({ nowMs: nowMs - 9.5 * yearMs }),
  ]);
  const user = await authority.user('current', { name: 'GATEWAYx0001', organisation: 'Headgate' });
  const texts = {
    'anchors.pem': authority.trustBundlePem('current', 'server').anchorsPem,
    'older.pem': olderAuthority.trustBundlePem('current', 'server').anchorsPem,
    'legacy.pem': authority.trustBundlePem('legacy', 'server').anchorsPem,
    'gateway.pem': user.certificatePem + authority.trustBundlePem('current', 'user').intermediatesPem,
    'gateway.key': user.keyPem,
    'other.key': (await authority.serverChain('current', ['x'])).keyPem,
    'garbage.pem': 'no PEM at all\n',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text, { mode: 0o600 });
});
after(() => rm(folder, { recursive: true, force: true }));

type Files = { authorities: string; certificate?: string; key?: string; serverName?: string };

async function tlsOf(files: Files): Promise<UpstreamTls> {
  const { upstream } = optionsOf({ endpoints: ['https://127.0.0.1:1'], tls: files });
  const [tls] = await readUpstreamTls([upstream], folder);
  assert.ok(tls);
  return tls;
}

async function serverOf(from: TestAuthority, ...names: string[]): Promise<TlsOptions> {
  const { certificatePem: cert, keyPem: key } = await from.serverChain('current', names);
  return { cert, key };
}

/** An endpoint before a back end of TLS, on a clock that stands still. */
async function endpointBefore(context: TestContext, server: TlsOptions, files: Files) {
  const backEnd = await startTlsBackEnd(context, server);
  const deadlines = new TurnedDeadlines();
  const endpoint = createEndpoint(backEnd.url, await tlsOf(files), optionsOf().path, deadlines);
  context.after(() => endpoint.close());
  return { ...backEnd, endpoint, deadlines };
}

const tlsFailed = (found: string, isLasting = true) => ({ kind: 'not-connected', reason: 'tls', found, isLasting });

const named: Files = { authorities: 'anchors.pem', serverName: 'cmri.example' };

describe('a back end that speaks TLS', () => {
  test('is called when its chain is trusted and it has the name that was asked for', async (context) => {
    const { endpoint, connections } = await endpointBefore(context, await serverOf(authority, 'cmri.example'), named);
    const outcome = await attempted(endpoint, callOf(), false);
    assert.equal(outcome.kind, 'answered');
    assert.equal((connections[0] as { servername?: string }).servername, 'cmri.example');
  });

  test('is named by the address when no name was given, and an address is never sent as a name', async (context) => {
    const files = { authorities: 'anchors.pem' };
    const { endpoint, connections } = await endpointBefore(context, await serverOf(authority, '127.0.0.1'), files);
    assert.equal((await attempted(endpoint, callOf(), false)).kind, 'answered');
    assert.equal((connections[0] as { servername?: string | false }).servername, false);
  });

  for (const [what, server, files, found] of [
    ['has another name', () => serverOf(authority, 'other.example'), named, 'its certificate is for another name'],
    [
      'has a name but not the address it is called by',
      () => serverOf(authority, 'cmri.example'),
      { authorities: 'anchors.pem' },
      'its certificate is for another name',
    ],
    [
      'has a certificate that expired',
      () => serverOf(olderAuthority, 'cmri.example'),
      { ...named, authorities: 'older.pem' },
      'its certificate has expired',
    ],
    [
      'has a chain of somebody else',
      () => serverOf(authority, 'cmri.example'),
      { ...named, authorities: 'legacy.pem' },
      'the issuer of its certificate is not trusted here',
    ],
    [
      'has the certificate of a user',
      async () => {
        const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' });
        return { cert: user.certificatePem, key: user.keyPem };
      },
      named,
      'the issuer of its certificate is not trusted here',
    ],
    [
      'asks for a certificate that the gateway does not have',
      async () => ({ ...(await serverOf(authority, 'cmri.example')), requestCert: true, rejectUnauthorized: true }),
      named,
      'it does not accept the certificate of the gateway',
    ],
    [
      'speaks versions that are too old',
      async () => ({
        ...(await serverOf(authority, 'cmri.example')),
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
      named,
      'the two sides have no TLS in common',
    ],
  ] as readonly (readonly [string, () => Promise<TlsOptions>, Files, string])[])
    test(`is not called when it ${what}: nothing was sent, and it is said why`, async (context) => {
      const { endpoint, received } = await endpointBefore(context, await server(), files);
      assert.deepEqual(await attempted(endpoint, callOf(), false), tlsFailed(found));
      assert.deepEqual(received, []);
    });

  test('is not called when it speaks no TLS', async (context) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    context.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const { path } = optionsOf();
    const url = `https://127.0.0.1:${address.port}`;
    const endpoint = createEndpoint(url, await tlsOf(named), path, new TurnedDeadlines());
    context.after(() => endpoint.close());
    const outcome = await attempted(endpoint, callOf(), false);
    assert.deepEqual(outcome, tlsFailed('it does not speak TLS'));
  });

  test('has so long for its handshake and no longer', async (context) => {
    const accepted = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      context.after(() => socket.destroy());
      socket.once('data', () => accepted.resolve());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    context.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const deadlines = new TurnedDeadlines();
    const { path } = optionsOf();
    const endpoint = createEndpoint(`https://127.0.0.1:${address.port}`, await tlsOf(named), path, deadlines);
    const attempt = attempted(endpoint, callOf(), false);
    await accepted.promise;
    deadlines.pass(path.tlsTimeoutMs);
    const found = `its TLS handshake did not end within ${path.tlsTimeoutMs} ms`;
    assert.deepEqual(await attempt, tlsFailed(found, false));
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`is shown the certificate of the gateway in ${version}, and takes up the session of before`, async (context) => {
      const server: TlsOptions = {
        ...(await serverOf(authority, 'cmri.example')),
        requestCert: true,
        rejectUnauthorized: true,
        ca: authority.trustBundlePem('current', 'user').anchorsPem,
        maxVersion: version,
        sessionIdContext: 'test',
      };
      const files = { ...named, certificate: 'gateway.pem', key: 'gateway.key' };
      const { endpoint, connections, resumed, deadlines } = await endpointBefore(context, server, files);
      for (const _ of [1, 2]) {
        assert.equal((await attempted(endpoint, callOf(), false)).kind, 'answered');
        const last = connections.at(-1);
        assert.equal(last?.getPeerCertificate().subject.CN, 'GATEWAYx0001');
        deadlines.pass(optionsOf().path.upstreamIdleMs); // The connection is closed, the session is kept.
      }
      assert.deepEqual(resumed, [false, true]);
    });

  test('is verified anew once other files are in use: no kept connection and no session is', async (context) => {
    const { endpoint, resumed } = await endpointBefore(context, await serverOf(authority, 'cmri.example'), named);
    assert.equal((await attempted(endpoint, callOf(), false)).kind, 'answered');
    endpoint.renew(await tlsOf({ ...named, authorities: 'legacy.pem' }));
    const found = 'the issuer of its certificate is not trusted here';
    assert.deepEqual(await attempted(endpoint, callOf(), false), tlsFailed(found));
    endpoint.renew(await tlsOf(named));
    assert.equal((await attempted(endpoint, callOf(), false)).kind, 'answered');
    assert.deepEqual(resumed, [false, false]);
  });
});

describe('a back end whose TLS fails for a reason that lasts', () => {
  /** Counts handshakes; `isGood` decides which certificate the next one is shown, and a bad one is another each time. */
  async function badBackEnd(context: TestContext, changes: Partial<PathOptions> = {}) {
    const good = await serverOf(authority, 'cmri.example');
    let handshakes = 0;
    let isGood = false;
    const options: TlsOptions = {
      ...good,
      SNICallback: (_name, done) => {
        handshakes += 1;
        if (isGood) done(null, createSecureContext(good));
        else
          serverOf(authority, `other-${handshakes}.example`).then(
            (other) => done(null, createSecureContext(other)),
            (fault: unknown) => done(fault as Error),
          );
      },
    };
    const backEnd = await startTlsBackEnd(context, options);
    const deadlines = new TurnedDeadlines();
    const path = { ...optionsOf().path, ...changes };
    const endpoint = createEndpoint(backEnd.url, await tlsOf(named), path, deadlines);
    context.after(() => endpoint.close());
    const call = () => attempted(endpoint, callOf(), false);
    const failed = tlsFailed('its certificate is for another name');
    return {
      deadlines,
      endpoint,
      call,
      handshakes: () => handshakes,
      mend: () => {
        isGood = true;
      },
      /** So many calls in turn, each told why. */
      fails: async (count: number) => {
        for (let calls = 0; calls < count; calls += 1) assert.deepEqual(await call(), failed);
      },
    };
  }

  test('is asked for three handshakes, then for one after each rest, and each call is told why', async (context) => {
    const { deadlines, fails, handshakes } = await badBackEnd(context);
    await fails(20);
    assert.equal(handshakes(), 3);
    let expected = 3;
    for (const restMs of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      deadlines.pass(restMs - 1);
      await fails(3);
      assert.equal(handshakes(), expected, `before ${restMs} ms are over`);
      deadlines.pass(1);
      await fails(3);
      expected += 1;
      assert.equal(handshakes(), expected, `once ${restMs} ms are over`);
    }
  });

  test('keeps nothing of the calls and connections that failed, those that waited in the queue included', async (context) => {
    const { call, deadlines, endpoint, handshakes } = await badBackEnd(context, { upstreamConnectionsMax: 4 });
    const outcomes = await Promise.all(Array.from({ length: 200 }, call));
    assert.deepEqual([...new Set(outcomes.map(({ kind }) => kind))], ['not-connected']);
    assert.ok(outcomes.every((outcome) => 'found' in outcome && outcome.found.includes('another name')));
    assert.ok(handshakes() <= 8, `${handshakes()} handshakes`);
    while (endpoint.load > 0) await immediate();
    assert.equal(deadlines.waitingCount, 0);
  });

  test('is called again after the rest in which it was mended, by every call and without a rest', async (context) => {
    const { call, deadlines, fails, mend } = await badBackEnd(context);
    await fails(4);
    mend();
    await fails(1);
    deadlines.pass(100);
    for (let calls = 0; calls < 3; calls += 1) {
      assert.equal((await call()).kind, 'answered');
      deadlines.pass(optionsOf().path.upstreamIdleMs); // Each on a connection of its own.
    }
  });

  test('is asked again at once when other TLS files are taken into use', async (context) => {
    const { call, endpoint, fails, handshakes, mend } = await badBackEnd(context);
    await fails(4);
    mend();
    endpoint.renew(await tlsOf(named));
    assert.equal((await call()).kind, 'answered');
    assert.equal(handshakes(), 4);
  });
});

test('a back end that breaks off its handshakes is asked for one by every call: the next may be whole', async (context) => {
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const url = `https://127.0.0.1:${address.port}`;
  const endpoint = createEndpoint(url, await tlsOf(named), optionsOf().path, new TurnedDeadlines());
  context.after(() => endpoint.close());
  for (let calls = 0; calls < 6; calls += 1)
    assert.deepEqual(await attempted(endpoint, callOf(), false), tlsFailed('it closed the connection', false));
  assert.equal(asked, 6);
});

test('a connection that was switched over TLS carries bytes both ways, and no bound of a call ends it', async (context) => {
  const server = await serverOf(authority, 'cmri.example');
  const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const backEnd = await startTlsBackEnd(context, server, (socket) => {
    socket.write(backEnd.received.length === 1 ? `${head}early` : (backEnd.received.at(-1) ?? ''));
  });
  const deadlines = new TurnedDeadlines();
  const { path } = optionsOf();
  const endpoint = createEndpoint(backEnd.url, await tlsOf(named), path, deadlines);
  context.after(() => endpoint.close());
  const told: number[] = [];
  const watch = { ended: (status: number) => void told.push(status), broke: () => void told.push(-1) };
  const outcome = await attempted(endpoint, callOf({ method: 'GET', upgrade: true, watch }), false);
  assert.ok(outcome.kind === 'answered' && outcome.answer.switched !== undefined);
  const { switched } = outcome.answer;
  let heard = '';
  const [allHeard, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  switched.hear({
    data: (bytes) => {
      heard += Buffer.from(bytes).toString('latin1');
      if (heard.endsWith('frame')) allHeard.resolve();
    },
    drained: () => undefined,
    ended: () => switched.destroy(),
    closed: () => closed.resolve(),
  });
  deadlines.pass(path.exchangeTimeoutMs);
  switched.write(Buffer.from('frame'));
  await allHeard.promise;
  assert.equal(heard, 'earlyframe');
  backEnd.connections[0]?.destroy();
  await closed.promise;
  assert.deepEqual(told, [101]); // How a tunnel ends says nothing about the endpoint.
});

describe('other TLS files', () => {
  test('let a call under way end as it began, and its connection serve no other', async (context) => {
    const arrived = Promise.withResolvers<Socket>();
    const server = await serverOf(authority, 'cmri.example');
    const backEnd = await startTlsBackEnd(context, server, (socket) => {
      if (backEnd.received.length === 1) arrived.resolve(socket);
      else answerOn(socket);
    });
    const endpoint = createEndpoint(backEnd.url, await tlsOf(named), optionsOf().path, new TurnedDeadlines());
    context.after(() => endpoint.close());
    const underWay = attempted(endpoint, callOf(), false);
    const socket = await arrived.promise;
    endpoint.renew(await tlsOf(named));
    answerOn(socket);
    assert.equal((await underWay).kind, 'answered');
    assert.equal((await attempted(endpoint, callOf(), false)).kind, 'answered');
    assert.equal(backEnd.connections.length, 2);
  });

  test('of another upstream are not trusted for the same address', async (context) => {
    const { url } = await startTlsBackEnd(context, await serverOf(authority, 'cmri.example'));
    const written = (system: string, authorities: string) =>
      optionsOf({ system, endpoints: [url], tls: { ...named, authorities } }).upstream;
    const upstreams = [written('cmri', 'anchors.pem'), written('other', 'legacy.pem')];
    const tls = await readUpstreamTls(upstreams, folder);
    const { path } = optionsOf();
    const pool = createUpstreamPool({
      upstreams,
      tls,
      path,
      deadlines: new TurnedDeadlines(),
      notice: () => undefined,
    });
    context.after(() => pool.close());
    const kinds: string[] = [];
    for (const system of ['cmri', 'other']) {
      const group = pool.select({ system, environment: 'production', infrastructure: 'current' });
      assert.ok(group);
      kinds.push((await attemptedInTurn(callOf(), group, nowMs)).outcome.kind);
    }
    assert.deepEqual(kinds, ['answered', 'not-connected']);
  });
});

test('a streamed body that was begun goes to no other endpoint, though the first read nothing of it', async (context) => {
  const server = { ...(await serverOf(authority, 'cmri.example')), requestCert: true, rejectUnauthorized: true };
  const pair = [await startTlsBackEnd(context, server), await startTlsBackEnd(context, server)];
  const { path, upstream } = optionsOf({ endpoints: pair.map(({ url }) => url), tls: named });
  const tls = await readUpstreamTls([upstream], folder);
  const deadlines = new TurnedDeadlines();
  const pool = createUpstreamPool({ upstreams: [upstream], tls, path, deadlines, notice: () => undefined });
  context.after(() => pool.close());
  const group = pool.select({ system: 'cmri', environment: 'production', infrastructure: 'current' });
  assert.ok(group);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('ab');
  }
  const streamed = callOf({ payload: { kind: 'stream', lengthBytes: 2, chunks: chunks() } });
  const { outcome, attempts } = await attemptedInTurn(streamed, group, nowMs);
  assert.deepEqual([outcome.kind, attempts], ['not-connected', 1]);
  const { attempts: attemptsOfOther } = await attemptedInTurn(callOf(), group, nowMs);
  assert.equal(attemptsOfOther, 2);
});

describe('TLS files that cannot be used', () => {
  for (const [what, files, file, found] of [
    ['are missing', { authorities: 'nowhere.pem' }, 'nowhere.pem', /no such file/],
    ['are no certificates', { authorities: 'garbage.pem' }, 'garbage.pem', /certificate/],
    [
      'do not belong together',
      { authorities: 'anchors.pem', certificate: 'gateway.pem', key: 'other.key' },
      'gateway.pem',
      /gateway\.pem with other\.key/,
    ],
    [
      'are no private key',
      { authorities: 'anchors.pem', certificate: 'gateway.pem', key: 'garbage.pem' },
      'gateway.pem',
      /gateway\.pem with garbage\.pem/,
    ],
  ] as const)
    test(`because they ${what} are named`, async () => {
      await assert.rejects(tlsOf(files), (thrown) => {
        assert.ok(thrown instanceof UnusableFiles);
        assert.equal(thrown.findings[0]?.file, file);
        assert.match(thrown.findings[0].found, found);
        return true;
      });
    });
});
