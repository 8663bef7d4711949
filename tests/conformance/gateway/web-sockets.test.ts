// WebSocket (RFC 6455) through the gateway: only where the catalogue lets a page ask for it, only when the system answers the
// handshake, and with no byte that two readers could take for a request.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  fakeClock,
  openRawCaller,
  type RawCaller,
  type RawCallerOptions,
  type RawUpstream,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';
import { codeOf } from './told.ts';
import {
  answerFrames,
  handshakeBytes,
  startWebSocketUpstream,
  switchingAnswer,
  type Turn,
} from './web-socket-upstream.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => switchesAt(operator));

function switchesAt(operator: Operator): void {
  const { start } = callsTo(operator);
  const { host, path } = operator.page.call;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headgate-upgrade-'));
    for (const allowed of [true, false]) await writeCatalogue(operator, join(folder, String(allowed)), allowed);
  });
  after(() => rm(folder, { recursive: true }));

  /** A gateway in front of a system that does `turn`; both end with the test. */
  async function startBefore(
    t: { after(work: () => Promise<void>): void },
    turn: (turn: Turn, isHead: boolean) => void,
    { allowed = true, ...options }: TestGatewayOptions & { readonly allowed?: boolean } = {},
  ): Promise<{ gateway: TestGateway; upstream: RawUpstream; open: () => Promise<RawCaller> }> {
    const upstream = await startWebSocketUpstream(turn);
    const gateway = await start({
      policy: noLimits,
      catalogue: join(folder, String(allowed)),
      upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [upstream.url] }],
      ...options,
    });
    t.after(async () => {
      await gateway.close();
      await upstream.close();
    });
    return { gateway, upstream, open: () => openAt(gateway) };
  }
  const openAt = (gateway: TestGateway, options: RawCallerOptions = {}) =>
    openRawCaller(gateway, { serverName: host, ...options });
  const ask = (fields: Record<string, string | null> = {}) => handshakeBytes(host, path, fields);

  /** Switches, then sends back whatever comes. */
  const mirror = ({ socket, head, rest }: Turn, isHead: boolean) => {
    if (!isHead) return;
    socket.write(switchingAnswer(head));
    if (rest !== '') socket.write(rest, 'latin1');
    socket.removeAllListeners('data');
    socket.pipe(socket);
  };
  const switched = async (caller: RawCaller) => {
    caller.write(ask());
    assert.equal((await caller.answer()).status, 101);
  };

  describe('a page that may switch', () => {
    test('takes no turn from the calls of its source', { timeout: 15_000 }, async (t) => {
      const { gateway, open } = await startBefore(t, mirror, { path: { exchangesPerSourceMax: 1, shutdownMs: 100 } });
      const [first, second] = [await open(), await open()];
      await switched(first);
      await switched(second);
      const third = await open();
      third.write(`GET /nowhere HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.ok((await third.answer()).status >= 200);
      assert.equal(gateway.records.length, 1);
      for (const caller of [first, second, third]) caller.destroy();
    });

    test('is reached by a WebSocket client over TLS with its certificate, and one record tells all that passed', async (t) => {
      const { gateway, upstream } = await startBefore(t, ({ socket, head, rest }, isHead) => {
        if (isHead) socket.write(switchingAnswer(head));
        else answerFrames(socket, Buffer.from(rest.slice(told), 'latin1'));
        told = rest.length;
      });
      let told = 0;
      const relay = await startRelay(gateway, host);
      t.after(async () => {
        relay.close();
      });
      const client = new WebSocket(`ws://127.0.0.1:${(relay.address() as AddressInfo).port}${path}`);
      const messages: unknown[] = [];
      client.onopen = () => client.send('how much is the load?');
      client.onmessage = ({ data }) => {
        messages.push(data);
        client.close(1000);
      };
      const { promise, resolve } = Promise.withResolvers<CloseEvent>();
      client.onclose = resolve;
      assert.equal((await promise).code, 1000);
      assert.deepEqual(messages, ['how much is the load?']);

      const [record] = await gateway.recorded(1);
      assert.deepEqual([record?.response.status, record?.response.complete], [101, true]);
      assert.equal(record?.forward?.status, 101);
      assert.equal(record.identity?.verdict, 'accepted');
      const sentBytes = 6 + 'how much is the load?'.length + 8;
      assert.deepEqual([record.response.requestBytes, record.response.responseBytes], [sentBytes, sentBytes - 8]);
      assert.equal(gateway.records.length, 1);
      const head = upstream.received[0]?.split('\r\n\r\n')[0] ?? '';
      assert.match(head, /^connection: Upgrade$/m);
      assert.match(head, /^upgrade: websocket$/m);
      assert.match(head, new RegExp(`^headgate-exchange: ${record.exchange}$`, 'm'));
      assert.match(head, /^client-cert: :/m);
    });

    test('answers 101 with our own words for its hop, and says who stands between', async (t) => {
      const { open } = await startBefore(t, mirror);
      const caller = await open();
      caller.write(ask({ 'Sec-WebSocket-Protocol': 'prices' }));
      const { status, fields } = await caller.answer();
      assert.deepEqual([status, fields.get('connection'), fields.get('upgrade')], [101, 'Upgrade', 'websocket']);
      assert.equal(fields.get('via'), '1.1 headgate');
      assert.match(fields.get('headgate-exchange') ?? '', /^[0-9a-f-]{36}$/);
      caller.destroy();
    });

    test('passes megabytes both ways in order, however slowly they are taken', async (t) => {
      const { gateway, open } = await startBefore(t, mirror);
      const caller = await open();
      await switched(caller);
      const sent = Buffer.alloc(8 * 1_048_576, 'a quarter of a megawatt hour, ');
      const received: Buffer[] = [];
      caller.socket.removeAllListeners('data');
      caller.socket.on('data', (chunk: Buffer) => {
        received.push(chunk);
        caller.socket.pause();
        setImmediate(() => caller.socket.resume());
      });
      caller.write(sent);
      caller.end();
      await new Promise((resolve) => caller.socket.once('end', resolve));
      assert.ok(Buffer.concat(received).equals(sent));
      const [record] = await gateway.recorded(1);
      assert.deepEqual([record?.response.requestBytes, record?.response.complete], [sent.byteLength, true]);
    });

    test('goes on telling a caller that has said all it had to say', async (t) => {
      const { open } = await startBefore(t, ({ socket, head }, isHead) => {
        if (isHead) socket.write(switchingAnswer(head));
        socket.once('end', () => socket.end('and this is the last of it'));
      });
      const caller = await open();
      await switched(caller);
      caller.end();
      assert.match((await caller.ended()).text, /and this is the last of it$/);
    });

    test('gets what its caller sent early, but only once it has switched', async (t) => {
      const asked = Promise.withResolvers<Turn>();
      const early = Promise.withResolvers<string>();
      const { open, upstream } = await startBefore(t, (turn, isHead) => {
        if (isHead) asked.resolve(turn);
        else early.resolve(turn.rest);
      });
      const caller = await open();
      caller.write(`${ask()}GET /early HTTP/1.1\r\n\r\n`);
      const { socket, head, rest } = await asked.promise;
      assert.equal(rest, '');
      assert.ok(!upstream.received.join('').includes('/early'));
      socket.write(switchingAnswer(head));
      assert.equal((await caller.answer()).status, 101);
      assert.equal(await early.promise, 'GET /early HTTP/1.1\r\n\r\n');
      caller.destroy();
    });

    test('may speak in the same breath as it switches', async (t) => {
      const { open } = await startBefore(t, ({ socket, head }, isHead) => {
        if (isHead) socket.end(`${switchingAnswer(head)}at once`);
      });
      const caller = await open();
      caller.write(ask());
      assert.match((await caller.ended()).text, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nat once$/);
    });
  });

  describe('a switch that does not come', () => {
    test('ends the connection behind the answer, and what was sent early is no request (CVE-2024-23326)', async (t) => {
      const { gateway, open, upstream } = await startBefore(t, ({ socket }, isHead) => {
        if (isHead) socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      });
      const caller = await open();
      caller.write(`${ask()}GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const answer = await caller.answer();
      assert.deepEqual([answer.status, answer.body, answer.fields.get('connection')], [403, 'no', 'close']);
      const { text } = await caller.ended();
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1);
      assert.equal(upstream.connections(), 1);
      assert.ok(!upstream.received.join('').includes('/smuggled'));
      assert.equal((await gateway.recorded(1)).length, 1);
    });

    const wrongAnswers: readonly (readonly [what: string, change: (answer: string) => string])[] = [
      ['answers another handshake', (answer) => answer.replace(/(Accept: ).*/, '$1czNwcExCUUtCT1Y4b0N6b2ZZNlE=')],
      ['answers no handshake', (answer) => answer.replace(/Sec-WebSocket-Accept: .*\r\n/, '')],
      ['names another protocol', (answer) => answer.replace('Upgrade: websocket', 'Upgrade: h2c')],
      ['names two protocols', (answer) => answer.replace('Upgrade: websocket', 'Upgrade: websocket\r\nUpgrade: h2c')],
      ['does not name it for this hop', (answer) => answer.replace('Connection: Upgrade', 'Connection: keep-alive')],
      ['has a length', (answer) => answer.replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\n')],
      ['has a coding', (answer) => answer.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')],
    ];
    for (const [what, change] of wrongAnswers)
      test(`is refused where the 101 ${what}`, async (t) => {
        const { open } = await startBefore(t, ({ socket, head }, isHead) => {
          if (isHead) socket.write(change(switchingAnswer(head)));
        });
        const caller = await open();
        caller.write(ask());
        const answer = await caller.answer();
        assert.deepEqual([answer.status, codeOf(answer)], [502, 'forward.invalid_response']);
        await caller.ended();
      });

    test('is refused as elsewhere where no certificate was offered, and nothing is asked of the system', async (t) => {
      const { gateway, upstream } = await startBefore(t, mirror);
      const caller = await openAt(gateway, { user: null });
      caller.write(ask());
      assert.equal(codeOf(await caller.answer()), 'identity.certificate_missing');
      assert.equal(upstream.connections(), 0);
      caller.destroy();
    });

    test('is refused past the bound of its source and no other’s, is counted, and comes again once one has ended', async (t) => {
      const { gateway, open, upstream } = await startBefore(t, mirror, { path: { tunnelsPerSourceMax: 2 } });
      const [first, second, third] = [await open(), await open(), await open()];
      await switched(first);
      await switched(second);
      third.write(ask());
      const answer = await third.answer();
      assert.deepEqual([answer.status, codeOf(answer)], [429, 'forward.too_many_tunnels_from_source']);
      await third.ended();
      assert.equal(upstream.connections(), 2);
      const other = await openAt(gateway, { source: '127.0.7.7' });
      await switched(other);
      first.end();
      await first.ended();
      await gateway.recorded(2);
      const next = await open();
      await switched(next);
      assert.deepEqual(gateway.running.shed(), { tunnelsPerSourceMax: 1 });
      for (const caller of [second, other, next]) caller.destroy();
    });

    test('is refused past the bound of its source also where the handshakes went out together', async (t) => {
      const asked: Turn[] = [];
      const all = Promise.withResolvers<void>();
      const { gateway, open } = await startBefore(
        t,
        (turn, isHead) => {
          if (isHead && asked.push(turn) === 3) all.resolve();
        },
        { path: { tunnelsPerSourceMax: 2 } },
      );
      const callers = [await open(), await open(), await open()];
      for (const caller of callers) caller.write(ask());
      await all.promise;
      for (const { socket, head } of asked) socket.write(switchingAnswer(head));
      const answers = await Promise.all(callers.map((caller) => caller.answer()));
      assert.equal(answers.filter(({ status }) => status === 101).length, 2);
      assert.equal(answers.filter(({ status }) => status === 429).length, 1);
      // The connection that nobody may have is closed toward the system too.
      await Promise.race(asked.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
      assert.deepEqual(gateway.running.shed(), { tunnelsPerSourceMax: 1 });
      for (const caller of callers) caller.destroy();
    });

    test('is refused past the bound of its source over all threads', async (t) => {
      const { gateway, open } = await startBefore(t, mirror, {
        threads: 3,
        clock: fakeClock(Date.now()),
        path: { tunnelsPerSourceMax: 4 },
      });
      const callers: RawCaller[] = [];
      const statuses: number[] = [];
      for (let calls = 0; calls < 16; calls += 1) {
        const caller = await open();
        callers.push(caller);
        caller.write(ask());
        statuses.push((await caller.answer()).status);
      }
      assert.deepEqual(statuses, [...Array.from({ length: 4 }, () => 101), ...Array.from({ length: 12 }, () => 429)]);
      assert.ok(new Set((await gateway.recorded(12)).map(({ thread }) => thread)).size > 1);
      for (const caller of callers) caller.destroy();
    });

    test('is refused past the bound of such connections, and comes again once one has ended', async (t) => {
      const { gateway, open } = await startBefore(t, mirror, { path: { tunnelsMax: 1 } });
      const first = await open();
      await switched(first);
      const second = await open();
      second.write(ask());
      const answer = await second.answer();
      assert.deepEqual([answer.status, codeOf(answer)], [503, 'forward.too_many_tunnels']);
      assert.deepEqual(gateway.running.shed(), { tunnelsMax: 1 });
      await second.ended();
      first.end();
      await first.ended();
      await gateway.recorded(2);
      const third = await open();
      await switched(third);
      third.destroy();
    });
  });

  describe('an upgrade that is ignored', () => {
    const plain = ({ socket, head }: Turn) => {
      const body = /^(?:upgrade|connection):/im.test(head) ? 'passed on' : 'dropped';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
    const isIgnored = async (caller: RawCaller, bytes: string) => {
      caller.write(bytes);
      const { status, body } = await caller.answer();
      assert.deepEqual([status, body], [200, 'dropped']);
    };

    test('leaves a plain request on every address that does not allow it, and the connection open', async (t) => {
      const { open } = await startBefore(t, (turn) => plain(turn), { allowed: false });
      const caller = await open();
      await isIgnored(caller, ask());
      caller.destroy();
    });

    const notHandshakes: readonly (readonly [what: string, fields: Record<string, string | null>])[] = [
      ['of another protocol', { Upgrade: 'h2c' }],
      ['of several protocols', { Upgrade: 'websocket, h2c' }],
      ['that Connection does not name', { Connection: 'keep-alive' }],
      ['of another version', { 'Sec-WebSocket-Version': '8' }],
      ['without a key', { 'Sec-WebSocket-Key': null }],
      ['with a key that is none', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }],
      ['with a body', { 'Content-Length': '0' }],
    ];
    for (const [what, fields] of notHandshakes)
      test(`leaves a plain request where it is one ${what}`, async (t) => {
        const { open } = await startBefore(t, (turn) => plain(turn));
        const caller = await open();
        await isIgnored(caller, ask(fields));
        caller.destroy();
      });

    test('leaves a plain request in HTTP/1.0', async (t) => {
      const { open } = await startBefore(t, (turn) => plain(turn));
      const caller = await open();
      await isIgnored(caller, ask().replace('HTTP/1.1', 'HTTP/1.0'));
      caller.destroy();
    });
  });

  describe('a connection that has switched', () => {
    const bounds: readonly (readonly [
      what: string,
      path: NonNullable<TestGatewayOptions['path']>,
      send: string,
      words: RegExp,
    ])[] = [
      ['brings nothing for too long', { tunnelIdleMs: 100 }, '', /tunnelIdleMs/],
      ['is open for too long', { tunnelMs: 100 }, '', /tunnelMs/],
      ['brings too much', { tunnelBytesMax: 1_024 }, 'x'.repeat(1_025), /tunnelBytesMax/],
    ];
    for (const [what, bound, send, words] of bounds)
      test(`is closed where it ${what}, and the record says so`, async (t) => {
        const { gateway, open } = await startBefore(t, mirror, { path: bound });
        const caller = await open();
        await switched(caller);
        caller.write(send);
        await caller.ended();
        caller.end();
        const [record] = await gateway.recorded(1);
        assert.deepEqual([record?.response.status, record?.response.complete], [101, false]);
        assert.match(record?.response.detail ?? '', words);
      });

    test('ends with the system behind it, and the other way round', async (t) => {
      const [waiting, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const { gateway, open } = await startBefore(t, ({ socket, head, rest }, isHead) => {
        if (isHead) socket.write(switchingAnswer(head));
        else if (rest === 'break') socket.resetAndDestroy();
        else if (rest === 'wait') {
          socket.once('close', () => closed.resolve());
          waiting.resolve();
        }
      });
      const first = await open();
      await switched(first);
      first.write('break');
      await first.ended();
      const second = await open();
      await switched(second);
      second.write('wait');
      await waiting.promise;
      second.destroy();
      await closed.promise;
      const records = await gateway.recorded(2);
      assert.equal(records[0]?.response.complete, false);
      assert.deepEqual(
        records.map(({ response }) => response.status),
        [101, 101],
      );
    });

    test('does not keep a gateway from stopping, and is recorded', async (t) => {
      const { gateway, open } = await startBefore(t, mirror);
      const caller = await open();
      await switched(caller);
      await gateway.running.close();
      assert.match(gateway.records[0]?.response.detail ?? '', /shuts down/);
      await caller.ended();
    });
  });
}

/** The operator's catalogue, whose page may switch or not. */
async function writeCatalogue(operator: Operator, folder: string, allowed: boolean): Promise<void> {
  await cp(operator.catalogue, folder, { recursive: true });
  const file = join(folder, 'catalogue.yaml');
  const { host, path } = operator.page.call;
  const url = `url: 'https://${host}${path.replace(/\/$/, '')}', `;
  const text = (await readFile(file, 'utf8')).replaceAll('upgrade: [websocket], ', '');
  assert.ok(text.includes(url), url);
  await writeFile(file, allowed ? text.replace(url, `${url}upgrade: [websocket], `) : text);
}

/** For a client that cannot show a certificate: takes its bytes, names the host, and passes them on over TLS with one. */
async function startRelay(gateway: TestGateway, host: string): Promise<Server> {
  const relay = createServer((socket) => {
    const secure = connectTls({
      host: '127.0.0.1',
      port: gateway.port,
      servername: host,
      ca: gateway.authority.trustBundlePem('current', 'server').anchorsPem,
      cert: gateway.user.certificatePem,
      key: gateway.user.keyPem,
    });
    socket.once('data', (head: Buffer) => {
      secure.write(head.toString('latin1').replace(/^host: .*$/im, `host: ${host}`), 'latin1');
      socket.pipe(secure);
    });
    secure.pipe(socket);
    for (const each of [socket, secure]) each.on('error', () => undefined);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  relay.listen(0, '127.0.0.1', resolve);
  await promise;
  return relay;
}
