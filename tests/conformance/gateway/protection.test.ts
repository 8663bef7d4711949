// What one source can take from its neighbours is bounded: connections, handshakes, calls under way, time. Who is past a bound is
// shed and counted, and the log does not grow by a line for each of them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { readFault } from '@headgate/soap';
import {
  type RawAnswer,
  type RawCaller,
  soapAnswer,
  soapRequest,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

const attacker = '127.0.5.20';
const bystander = '127.0.9.9';

/** A wait that has no end of its own is ended by this, and the test has failed. */
const bounded = { timeout: 20_000 };

const codeOf = (answer: Pick<RawAnswer, 'body'>) => readFault(answer.body)?.problem.code;

/** Breaks a caller's connection: who only closes it may still read. */
function reset(caller: RawCaller): void {
  const { _parent: beneath } = caller.socket as Socket & { readonly _parent: Socket };
  beneath.resetAndDestroy();
}

for (const operator of operators) describe(`at ${operator.name}`, () => protectsAt(operator));

function protectsAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);

  const begin = async (t: TestContext, path: TestGatewayOptions['path'], options: TestGatewayOptions = {}) => {
    const gateway = await start({ policy: noLimits, path: { shutdownMs: 100, ...path }, ...options });
    t.after(() => gateway.close());
    return gateway;
  };
  const assertServed = async (gateway: TestGateway) =>
    assert.equal((await gateway.call({ source: bystander })).status, 200, 'a bystander is served');
  /** A connection that begins a handshake and goes no further. */
  const stall = async (t: TestContext, gateway: TestGateway): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: gateway.port, localAddress: attacker });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1');
    return socket;
  };
  /** Bystanders call until it is so. */
  const until = async (gateway: TestGateway, isSo: () => boolean) => {
    do await assertServed(gateway);
    while (!isSo());
  };

  describe('calls under way from one source', () => {
    test('are bounded, and further ones wait: they cannot take every connection to a back end', bounded, async (t) => {
      const held = Promise.withResolvers<void>();
      let arrived = 0;
      const gateway = await begin(
        t,
        { exchangesPerSourceMax: 2, upstreamConnectionsMax: 3, connectTimeoutMs: 5_000 },
        {
          answer: async (request, response, incoming) => {
            if (request.fields['x-held'] !== undefined) {
              arrived += 1;
              await held.promise;
            }
            await soapAnswer(request, response, incoming);
          },
        },
      );
      const callers = await Promise.all(Array.from({ length: 5 }, () => open(gateway, { source: attacker })));
      for (const caller of callers) caller.write(post(soapRequest, { fields: { 'X-Held': '1' } }));
      await until(gateway, () => arrived === 2);
      for (let at = 0; at < 5; at += 1) await assertServed(gateway);
      assert.equal(arrived, 2);
      held.resolve();
      for (const caller of callers) assert.equal((await caller.answer()).status, 200);
      for (const caller of callers) caller.destroy();
    });

    test('that wait for their turn are let go when their caller leaves', bounded, async (t) => {
      const held = Promise.withResolvers<void>();
      const gateway = await begin(
        t,
        { exchangesPerSourceMax: 1 },
        {
          answer: async (request, response, incoming) => {
            if (request.fields['x-held'] !== undefined) await held.promise;
            await soapAnswer(request, response, incoming);
          },
        },
      );
      const [first, second] = [await open(gateway, { source: attacker }), await open(gateway, { source: attacker })];
      first.write(post(soapRequest, { fields: { 'X-Held': '1' } }));
      await until(gateway, () => gateway.upstream.received.some(({ fields }) => fields['x-held'] !== undefined));
      second.write(post(soapRequest, { fields: { 'X-Left': '1' } }));
      await assertServed(gateway);
      reset(second);
      await assertServed(gateway);
      held.resolve();
      assert.equal((await first.answer()).status, 200);
      const third = await open(gateway, { source: attacker });
      third.write(post(soapRequest));
      assert.equal((await third.answer()).status, 200);
      for (const caller of [first, third]) caller.destroy();
      assert.ok(!gateway.upstream.received.some(({ fields }) => fields['x-left'] !== undefined));
    });
  });

  describe('handshakes under way', () => {
    test('are bounded per source: a further one waits for its turn, and nobody else does', bounded, async (t) => {
      const gateway = await begin(t, { handshakesPerSourceMax: 2, headerTimeoutMs: 10_000 });
      const stalled = [await stall(t, gateway), await stall(t, gateway)];
      await assertServed(gateway);
      let shookHands = false;
      const waiting = open(gateway, { source: attacker }).then((caller) => {
        shookHands = true;
        return caller;
      });
      for (let at = 0; at < 5; at += 1) await assertServed(gateway);
      assert.equal(shookHands, false);
      stalled[0]?.destroy();
      const caller = await waiting;
      caller.write(post(soapRequest));
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
      assert.deepEqual(gateway.running.shed(), {});
    });

    test('whose turn does not come in time are shed and counted', bounded, async (t) => {
      const gateway = await begin(t, { handshakesPerSourceMax: 1, headerTimeoutMs: 1_000 });
      // The second gets the first one's place just in time, and the third none.
      for (let at = 0; at < 2; at += 1) {
        await stall(t, gateway);
        await assertServed(gateway);
      }
      await assert.rejects(open(gateway, { source: attacker }));
      await until(gateway, () => gateway.running.shed().headerTimeoutMs === 2);
      assert.deepEqual(gateway.running.shed(), { handshakesPerSourceMax: 1, headerTimeoutMs: 2 });
      const refused = gateway.notices.find(({ kind }) => kind === 'connection-refused');
      assert.deepEqual(refused, {
        kind: 'connection-refused',
        listener: 'secure',
        source: attacker,
        bound: 'handshakesPerSourceMax',
        count: 1,
      });
    });

    test('are bounded in all: further connections are closed, and counted by that bound', bounded, async (t) => {
      const gateway = await begin(t, { handshakesMax: 2, headerTimeoutMs: 10_000 });
      await stall(t, gateway);
      const second = await stall(t, gateway);
      await assert.rejects(gateway.call({ source: bystander }));
      assert.deepEqual(gateway.running.shed(), { handshakesMax: 1 });
      second.destroy();
      await once(second, 'close');
      // The gateway learns of the close in a turn of its own.
      let status = 0;
      while (status !== 200) {
        status = await gateway.call({ source: bystander }).then(
          (answer) => answer.status,
          () => 0,
        );
      }
    });
  });

  describe('connections of one source', () => {
    test('past the bound are told in sum, not one by one', bounded, async (t) => {
      const gateway = await begin(t, { connectionsPerSourceMax: 3, handshakesPerSourceMax: 1 });
      const kept = await Promise.all(Array.from({ length: 3 }, () => open(gateway, { source: attacker })));
      const refused = await Promise.allSettled(Array.from({ length: 60 }, () => open(gateway, { source: attacker })));
      assert.ok(refused.every(({ status }) => status === 'rejected'));
      for (const caller of kept) caller.destroy();
      assert.equal(gateway.running.shed().connectionsPerSourceMax, 60);
      await gateway.running.close();
      const notices = gateway.notices.flatMap((each) => (each.kind === 'connection-refused' ? [each] : []));
      assert.equal(
        notices.reduce((sum, { count }) => sum + count, 0),
        60,
      );
      // At once, and in sum at the end of each second that it took.
      assert.ok(notices.length < 30, `${notices.length} notices`);
      for (const { bound, source } of notices) {
        assert.equal(bound, 'connectionsPerSourceMax');
        assert.equal(source, attacker);
      }
    });

    test('that fail their handshakes are told in sum too', bounded, async (t) => {
      const gateway = await begin(t, {});
      const noise = Array.from({ length: 60 }, async () => {
        const socket = connect({ host: '127.0.0.1', port: gateway.port, localAddress: attacker });
        socket.on('error', () => undefined);
        socket.end('\x00\xff noise');
        socket.resume();
        await once(socket, 'close');
      });
      await Promise.all(noise);
      await gateway.running.close();
      const notices = gateway.notices.flatMap((each) => (each.kind === 'handshake-failed' ? [each] : []));
      assert.equal(
        notices.reduce((sum, { count }) => sum + count, 0),
        60,
      );
      assert.ok(notices.length < 30, `${notices.length} notices`);
    });
  });

  describe('a connection that says nothing', () => {
    test('is closed without a word, and counted: before its first request and behind it', bounded, async (t) => {
      const gateway = await begin(t, { headerTimeoutMs: 1_000, keepAliveMs: 2_000 });
      const [silent, used] = [await open(gateway, { source: attacker }), await open(gateway, { source: attacker })];
      used.write(post(soapRequest));
      await used.answer();
      const ends = await Promise.all([silent.ended(), used.ended()]);
      assert.equal(ends[0].text, '');
      assert.deepEqual(gateway.running.shed(), { headerTimeoutMs: 1, keepAliveMs: 1 });
      assert.equal(gateway.records.length, 1);
    });

    test('in the middle of a head is told, recorded and counted', bounded, async (t) => {
      const gateway = await begin(t, { headerTimeoutMs: 1_000 });
      const caller = await open(gateway, { source: attacker });
      // Each line would be in time, had every line a time of its own.
      caller.write(post(soapRequest).slice(0, 60));
      const drip = setInterval(() => caller.write('x'), 100);
      const answer = await caller.answer();
      clearInterval(drip);
      assert.equal(answer.status, 408);
      caller.destroy();
      const [record] = await gateway.recorded(1);
      assert.equal(record?.response.refusal, 'listener.request_timeout');
      assert.deepEqual(gateway.running.shed(), { headerTimeoutMs: 1 });
    });
  });

  describe('a body that drips', () => {
    const dripped = async (t: TestContext, path: TestGatewayOptions['path']) => {
      const gateway = await begin(t, path);
      const caller = await open(gateway, { source: attacker });
      const body = soapRequest + ' '.repeat(70_000);
      caller.write(post(body, { fields: { 'Content-Length': '500000' } }));
      const drip = setInterval(() => caller.write(' '), 50);
      const answer = await caller.answer();
      clearInterval(drip);
      caller.destroy();
      await assertServed(gateway);
      return { gateway, answer };
    };

    test('never pauses for long, and is refused when its request has taken requestTimeoutMs', bounded, async (t) => {
      const { gateway, answer } = await dripped(t, { requestTimeoutMs: 1_000, bodyTimeoutMs: 600 });
      assert.equal(codeOf(answer), 'listener.request_timeout');
      assert.match(readFault(answer.body)?.text ?? '', /after 1\d\d\d ms/);
      assert.equal(readFault(answer.body)?.problem.forwarded, 'partly');
      assert.deepEqual(gateway.running.shed(), { requestTimeoutMs: 1 });
    });

    test('is refused by its pace before that', bounded, async (t) => {
      const { gateway, answer } = await dripped(t, { bodyBytesPerSecondMin: 1_000_000, bodyTimeoutMs: 600 });
      assert.equal(codeOf(answer), 'listener.request_timeout');
      assert.deepEqual(gateway.running.shed(), { bodyBytesPerSecondMin: 1 });
    });
  });

  test('a caller that takes nothing of its answer is counted', bounded, async (t) => {
    const gateway = await begin(
      t,
      { sendTimeoutMs: 150 },
      {
        answer: (_request, response) => {
          response.writeHead(200, { 'content-type': 'text/xml' });
          response.end(Buffer.alloc(32 * 1_048_576, 'x'));
        },
      },
    );
    const caller = await open(gateway);
    caller.socket.pause();
    caller.write(post(soapRequest));
    await gateway.recorded(1);
    assert.deepEqual(gateway.running.shed(), { sendTimeoutMs: 1 });
    caller.destroy();
  });

  test('a body of more waiting ones than its source may have is counted', bounded, async (t) => {
    const gateway = await begin(t, { waitingBodiesPerSourceMax: 1, bodyTimeoutMs: 5_000 });
    const [first, second] = [await open(gateway), await open(gateway)];
    first.write(post('<', { fields: { 'Content-Length': '500' } }));
    await assertServed(gateway);
    second.write(post('<', { fields: { 'Content-Length': '500' } }));
    assert.equal(codeOf(await second.answer()), 'listener.too_many_waiting_bodies');
    assert.deepEqual(gateway.running.shed(), { waitingBodiesPerSourceMax: 1 });
    for (const caller of [first, second]) caller.destroy();
  });
}
