// Everything that is waited for has an end of its own, also when two waits meet: a caller that leaves, pauses or takes nothing
// while its upstream is slow, stale or queued. A wait without an end fails by its time-out.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import {
  openRawCaller,
  type RawCaller,
  type RawUpstreamTurn,
  rawPost,
  soapRequest,
  startRawUpstream,
  startTestGateway,
  type TestGateway,
} from '@headgate/testkit';

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n';
const ok = `${head}content-length: 5\r\n\r\n<ok/>`;
const requests = (text: string) => text.split('POST ').length - 1;
type Path = NonNullable<NonNullable<Parameters<typeof startTestGateway>[0]>['path']>;

/** A wait that has no end of its own is ended by this, and the test has failed. */
const bounded = { timeout: 60_000 };

/** A gateway before a back end of bytes; both end with the test. */
async function behind(t: TestContext, path: Path, turn: RawUpstreamTurn): Promise<TestGateway> {
  const upstream = await startRawUpstream(turn);
  t.after(() => upstream.close());
  const gateway = await startTestGateway({
    policy: 'limits: []\n',
    path,
    upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [upstream.url] }],
  });
  return gateway;
}

/** Breaks a caller's connection without a word of TLS. */
function reset(caller: RawCaller): void {
  const { _parent: beneath } = caller.socket as Socket & { readonly _parent: Socket };
  beneath.resetAndDestroy();
}

const large = Buffer.alloc(200_000, ' ');
large.write(soapRequest);
const largeHead = rawPost('', { fields: { 'Content-Length': String(large.byteLength) } });

describe('a stop ends', () => {
  test('though a caller left while a second attempt streamed its answer', bounded, async (t) => {
    const held: Socket[] = [];
    const streaming = Promise.withResolvers<Socket>();
    let brokeOne = false;
    const gateway = await behind(t, { shutdownMs: 100 }, (socket, text) => {
      if (brokeOne) {
        socket.write(`${head}content-length: 5000\r\n\r\n<ok>`);
        streaming.resolve(socket);
      } else if (requests(text) === 1) {
        held.push(socket);
        if (held.length === 2) for (const each of held) each.write(ok);
      } else {
        brokeOne = true;
        socket.resetAndDestroy();
      }
    });
    const callers = [await openRawCaller(gateway), await openRawCaller(gateway)] as const;
    for (const caller of callers) caller.write(rawPost(soapRequest));
    for (const caller of callers) assert.equal((await caller.answer()).status, 200);
    callers[0].write(rawPost(soapRequest));
    const slow = await streaming.promise;
    await once(callers[0].socket, 'data');
    reset(callers[0]);
    // What goes on streaming meets a caller that has left.
    const feeding = setInterval(() => slow.write('b'), 5);
    if (!slow.destroyed) await once(slow, 'close');
    clearInterval(feeding);
    await gateway.close();
    assert.equal(gateway.records.length, 3);
  });

  test('though a connection of a balancer never said whose it is', bounded, async () => {
    const gateway = await startTestGateway({ balancers: ['127.0.0.0/8'], path: { shutdownMs: 50 } });
    const silent = connect(gateway.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    await gateway.close();
    silent.destroy();
  });
});

describe('an upload', () => {
  test('may take longer than its used connection would have been kept idle', bounded, async (t) => {
    let connections = 0;
    const gateway = await behind(t, { upstreamIdleMs: 500 }, (socket, text, number) => {
      connections = number;
      // Two requests of one connection; the second is over when all of its body is there.
      if (requests(text) === 1 || text.length > large.byteLength) socket.write(ok);
    });
    t.after(() => gateway.close());
    const caller = await openRawCaller(gateway);
    caller.write(rawPost(soapRequest));
    assert.equal((await caller.answer()).status, 200);
    caller.write(largeHead);
    let sent = 0;
    const pieceBytes = large.byteLength / 10;
    const drip = setInterval(() => {
      caller.write(large.subarray(sent, sent + pieceBytes));
      sent += pieceBytes;
      if (sent >= large.byteLength) clearInterval(drip);
    }, 100);
    assert.equal((await caller.answer()).status, 200);
    assert.equal(connections, 1);
    caller.destroy();
  });

  test('is given up when its upstream takes no more of it', bounded, async (t) => {
    const gateway = await behind(t, { requestSendTimeoutMs: 300, bodyBytesMax: 67_108_864 }, (socket) =>
      socket.pause(),
    );
    t.after(() => gateway.close());
    const caller = await openRawCaller(gateway);
    const body = Buffer.alloc(64 * 1_048_576, ' ');
    body.write(soapRequest);
    caller.write(rawPost('', { fields: { 'Content-Length': String(body.byteLength) } }));
    caller.write(body);
    const [record] = await gateway.recorded(1);
    assert.equal(record?.response.refusal, 'forward.send_timeout');
    caller.destroy();
  });
});

describe('a caller that leaves', () => {
  test('while it waits for a connection of its upstream is not forwarded', bounded, async (t) => {
    const arrived = Promise.withResolvers<Socket>();
    let posts = 0;
    const gateway = await behind(t, { upstreamConnectionsMax: 1 }, (socket, text) => {
      posts = requests(text);
      arrived.resolve(socket);
    });
    const [first, second] = [await openRawCaller(gateway), await openRawCaller(gateway)];
    first.write(rawPost(soapRequest));
    const upstream = await arrived.promise;
    second.write(rawPost(soapRequest));
    await gateway.call({ path: '/nowhere' }); // A turn of the whole path: the second call is queued by now.
    reset(second);
    await gateway.call({ path: '/nowhere' });
    upstream.write(ok);
    assert.equal((await first.answer()).status, 200);
    await gateway.recorded(4);
    await gateway.close();
    assert.equal(posts, 1);
  });
});

describe('a connection', () => {
  test(
    'is read no further than 64 KiB ahead of the exchange under way, and on when that is over',
    bounded,
    async (t) => {
      const arrived = Promise.withResolvers<Socket>();
      let asked = 0;
      const gateway = await behind(t, {}, (socket, text) => {
        asked = Math.max(asked, text.split('GET ').length - 1);
        if (asked === 1) arrived.resolve(socket);
        else socket.write(ok);
      });
      t.after(() => gateway.close());
      const accepted = Promise.withResolvers<Socket>();
      const hear = (message: unknown) => {
        const { socket } = message as { socket: Socket };
        if (socket.localPort === gateway.plainPort) accepted.resolve(socket);
      };
      subscribe('net.server.socket', hear);
      t.after(() => unsubscribe('net.server.socket', hear));
      const caller = await openRawCaller(gateway, { plain: true });
      const served = await accepted.promise;
      const get = 'GET /oasisapi/SingleZip HTTP/1.1\r\nHost: oasis.caiso.com\r\n\r\n';
      caller.write(get.repeat(20_000));
      const upstream = await arrived.promise;
      // What is held is 64 KiB and one read of the socket at most, however long the exchange takes.
      while (!served.isPaused()) await gateway.call({ path: '/nowhere' });
      assert.ok(served.bytesRead <= 4 * 65_536, `${served.bytesRead} bytes were read ahead`);
      const before = served.bytesRead;
      await gateway.call({ path: '/nowhere' });
      assert.equal(served.bytesRead, before);
      upstream.write(ok);
      assert.equal((await caller.answer()).status, 200);
      assert.equal((await caller.answer()).status, 200);
      while (served.bytesRead === before) await gateway.call({ path: '/nowhere' });
      caller.destroy();
    },
  );

  test('is closed when it idles, also after the rest of a body that its answer overtook', bounded, async (t) => {
    let answered = false;
    const gateway = await behind(t, { keepAliveMs: 1_000 }, (socket) => {
      if (!answered) socket.write(ok);
      answered = true;
    });
    t.after(() => gateway.close());
    const caller = await openRawCaller(gateway);
    caller.write(largeHead);
    caller.write(large.subarray(0, 100_000));
    assert.equal((await caller.answer()).status, 200);
    caller.write(large.subarray(100_000));
    assert.equal((await caller.ended()).reset, false);
  });

  test('is closed when its caller neither sends the rest of a body nor takes the answer', bounded, async (t) => {
    let answered = false;
    const gateway = await behind(t, { bodyTimeoutMs: 100, sendTimeoutMs: 300, responseIdleMs: 60_000 }, (socket) => {
      if (answered) return;
      answered = true;
      socket.write(`${head}content-length: 30000000\r\n\r\n`);
      socket.write(Buffer.alloc(30_000_000, 'a'));
    });
    t.after(() => gateway.close());
    const caller = await openRawCaller(gateway);
    caller.socket.pause();
    caller.write(largeHead);
    caller.write(large.subarray(0, 100_000));
    await gateway.recorded(1);
    assert.equal(gateway.records[0]?.response.complete, false);
    caller.destroy();
  });

  test('of HTTP/1.0 that an answer without a length ends serves no other request', bounded, async (t) => {
    let posts = 0;
    const upstream = Promise.withResolvers<Socket>();
    const gateway = await behind(t, {}, (socket, text) => {
      posts = requests(text);
      socket.write(`${head}transfer-encoding: chunked\r\n\r\n5\r\n<ok/>\r\n`);
      upstream.resolve(socket);
    });
    const caller = await openRawCaller(gateway);
    const request = rawPost(soapRequest, { fields: { Connection: 'keep-alive' } }).replace('HTTP/1.1', 'HTTP/1.0');
    caller.write(request + request);
    await once(caller.socket, 'data'); // Its head says by now that there is no length.
    (await upstream.promise).write('0\r\n\r\n');
    const { text } = await caller.ended();
    assert.match(text, /connection: close/i);
    assert.ok(text.endsWith('<ok/>'), text);
    await gateway.close();
    assert.equal(posts, 1);
    assert.equal(gateway.records.length, 1);
  });
});
