// Request bodies: a refused one is drained so that the refusal is read, a slow one costs its sender alone, a broken one is
// told apart from a long one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { problems } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import { type RawAnswer, soapRequest, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

const mebibyte = 1_048_576;
const codeOf = (answer: Pick<RawAnswer, 'body'>) => readFault(answer.body)?.problem.code;
const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

for (const operator of operators) describe(`at ${operator.name}`, () => readsBodiesAt(operator));

function readsBodiesAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({
      policy: noLimits,
      path: { bodyBytesMax: mebibyte, bodyTimeoutMs: 150, waitingBodiesPerSourceMax: 4 },
    });
  });
  after(() => gateway.close());

  describe('a body of four MiB over a limit of one', () => {
    const refused = async (start: string, pieces: readonly string[], stop = '') => {
      const [records, received] = [gateway.records.length, gateway.upstream.received.length];
      const caller = await open(gateway);
      caller.write(start);
      for (const piece of pieces) caller.write(piece);
      caller.write(stop);
      let answer = await caller.answer();
      if (answer.status === 100) answer = await caller.answer();
      assert.equal(answer.status, 500);
      assert.equal(codeOf(answer), 'inspection.body_too_large');
      caller.end();
      const { reset } = await caller.ended();
      assert.equal(reset, false);
      await gateway.recorded(records + 1);
      assert.equal(gateway.records.length, records + 1);
      assert.equal(gateway.records.at(-1)?.response.complete, true);
      assert.equal(gateway.upstream.received.length, received);
      return answer;
    };
    const declared = (fields: Record<string, string> = {}) =>
      post('', { fields: { 'Content-Length': String(4 * mebibyte), ...fields } });
    const chunkedHead = (fields: Record<string, string> = {}) =>
      post('', { fields: { 'Content-Length': null, 'Transfer-Encoding': 'chunked', ...fields } });
    const plain = Array.from({ length: 64 }, () => 'x'.repeat(65_536));
    const envelope = `${soapRequest.length.toString(16)}\r\n${soapRequest}\r\n`;
    const pieces = [envelope, ...Array.from({ length: 64 }, () => chunk.replaceAll('x', ' '))];

    for (const closes of [false, true]) {
      const connection: Record<string, string> = { Connection: closes ? 'close' : 'keep-alive' };
      const word = closes ? 'and closes' : 'and keeps the connection';
      test(`is refused readably when declared, by a caller that sends at once ${word}`, async () => {
        await refused(declared(connection), plain);
      });
      test(`is refused readably when chunked, by a caller that sends at once ${word}`, async () => {
        await refused(chunkedHead(connection), pieces, '0\r\n\r\n');
      });
    }
    test('is refused readably when declared with Expect and sent without waiting', async () => {
      await refused(declared({ Expect: '100-continue' }), plain);
    });
    test('is refused readably when chunked with Expect and sent without waiting', async () => {
      await refused(chunkedHead({ Expect: '100-continue' }), pieces, '0\r\n\r\n');
    });
    test('is refused before it is sent, when its sender waits for 100 Continue', async () => {
      const answer = await refused(declared({ Expect: '100-continue' }), []);
      assert.equal(answer.fields.get('connection'), 'close');
    });
    test('is refused readably to a stranger, who is told about the certificate', async () => {
      const caller = await open(gateway, { user: null });
      caller.write(declared({ Connection: 'close' }));
      for (const piece of plain) caller.write(piece);
      assert.equal(codeOf(await caller.answer()), 'identity.certificate_missing');
      caller.end();
      assert.equal((await caller.ended()).reset, false);
    });
    test('leaves the connection usable once it was sent whole', async () => {
      const caller = await open(gateway);
      caller.write(declared());
      for (const piece of plain) caller.write(piece);
      assert.equal(codeOf(await caller.answer()), 'inspection.body_too_large');
      caller.write(post(soapRequest));
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
    });
  });

  describe('a body beyond the bound of the drain', () => {
    test('is cut off, after its sender was answered', async (t) => {
      const strict = await start({
        policy: noLimits,
        path: { bodyBytesMax: 65_536, drainBytesMax: 65_536 },
      });
      t.after(() => strict.close());
      const caller = await open(strict);
      caller.write(post('', { fields: { 'Content-Length': String(64 * mebibyte) } }));
      assert.equal(codeOf(await caller.answer()), 'inspection.body_too_large');
      const stop = setInterval(() => caller.write(Buffer.alloc(262_144)), 1);
      await caller.ended();
      clearInterval(stop);
      await strict.recorded(1);
      // What the sockets of both sides hold is more than what was dropped, and far less than what was declared.
      assert.ok(caller.socket.bytesWritten < 16 * mebibyte, `${caller.socket.bytesWritten} bytes were taken`);
      assert.deepEqual(strict.running.shed(), { drainBytesMax: 1 });
    });

    test('is cut off, too, where its connection only lingers for its sender to read', async (t) => {
      const strict = await start({ policy: noLimits, path: { bodyBytesMax: 65_536, drainBytesMax: 65_536 } });
      t.after(() => strict.close());
      const caller = await open(strict);
      caller.write(post('', { fields: { 'Content-Length': String(64 * mebibyte), Connection: 'close' } }));
      const stop = setInterval(() => caller.write(Buffer.alloc(262_144)), 1);
      assert.equal(codeOf(await caller.answer()), 'inspection.body_too_large');
      if (!caller.socket.destroyed) await once(caller.socket, 'close');
      clearInterval(stop);
      assert.ok(caller.socket.bytesWritten < 16 * mebibyte, `${caller.socket.bytesWritten} bytes were taken`);
      assert.deepEqual(strict.running.shed(), { drainBytesMax: 1 });
    });
  });

  describe('a chunked body beyond the limit that is whole at once', () => {
    for (const bodyBytesMax of [65_536, 69_999])
      test(`is refused all the same: 70,000 bytes where ${bodyBytesMax} are allowed`, async (t) => {
        const strict = await start({ policy: noLimits, path: { bodyBytesMax } });
        t.after(() => strict.close());
        const body = soapRequest + ' '.repeat(70_000 - soapRequest.length);
        const caller = await open(strict);
        const head = post('', { fields: { 'Content-Length': null, 'Transfer-Encoding': 'chunked' } });
        caller.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
        assert.equal(codeOf(await caller.answer()), 'inspection.body_too_large');
        assert.equal(strict.upstream.received.length, 0);
        caller.destroy();
      });
  });

  describe('a body of exactly the limit', () => {
    const padded = soapRequest + ' '.repeat(mebibyte - soapRequest.length);
    for (const chunked of [false, true])
      test(`arrives whole when ${chunked ? 'chunked' : 'declared'}`, async () => {
        const answer = await gateway.call({ body: padded, chunked });
        assert.equal(answer.status, 200, answer.body);
        assert.equal(gateway.upstream.received.at(-1)?.body.toString(), padded);
      });
  });

  describe('a body that stalls', () => {
    for (const [where, sent] of [
      ['before its first byte', ''],
      ['in its envelope', soapRequest.slice(0, 40)],
    ] as const)
      test(`${where} is refused with inspection.body_timeout`, async () => {
        const caller = await open(gateway);
        caller.write(post(sent, { fields: { 'Content-Length': '500' } }));
        const answer = await caller.answer();
        assert.equal(codeOf(answer), 'inspection.body_timeout');
        assert.match(readFault(answer.body)?.text ?? '', /150 ms/);
        caller.destroy();
      });

    test('behind the part that is inspected is refused, and its upstream call is given up', async () => {
      const caller = await open(gateway);
      const records = gateway.records.length;
      caller.write(post(soapRequest + ' '.repeat(100_000), { fields: { 'Content-Length': '500000' } }));
      const answer = await caller.answer();
      assert.equal(codeOf(answer), 'inspection.body_timeout');
      assert.equal(readFault(answer.body)?.problem.forwarded, 'partly');
      caller.destroy();
      await gateway.recorded(records + 1);
    });

    test('in small pieces is refused in the end: the wait for the inspected part is one wait', async () => {
      const caller = await open(gateway);
      caller.write(post(soapRequest.slice(0, 40), { fields: { 'Content-Length': '100000' } }));
      const drip = setInterval(() => caller.write(' '), 20);
      const answer = await caller.answer();
      clearInterval(drip);
      assert.equal(codeOf(answer), 'inspection.body_timeout');
      caller.destroy();
    });

    test('does not disturb a neighbour, and the fifth of one source is refused at once', async () => {
      const stalled = await Promise.all(Array.from({ length: 4 }, () => open(gateway, { source: '127.0.3.1' })));
      const records = gateway.records.length;
      for (const caller of stalled) caller.write(post('<', { fields: { 'Content-Length': '500' } }));
      // The neighbour's answer proves that the four were read: they came first over the same listener.
      const neighbour = await gateway.call({ source: '127.0.3.2' });
      assert.equal(neighbour.status, 200);
      const fifth = await open(gateway, { source: '127.0.3.1' });
      fifth.write(post('<', { fields: { 'Content-Length': '500' } }));
      const refused = await fifth.answer();
      fifth.destroy();
      assert.equal(codeOf(refused), 'listener.too_many_waiting_bodies');
      assert.match(readFault(refused.body)?.text ?? '', /127\.0\.3\.1 has 4 requests/);
      for (const caller of stalled) assert.equal(codeOf(await caller.answer()), 'inspection.body_timeout');
      assert.equal((await gateway.call({ source: '127.0.3.1' })).status, 200);
      for (const caller of stalled) caller.destroy();
      await gateway.recorded(records + 7);
    });
  });

  describe('a body that ends early', () => {
    test('because its sender closed its side is refused with inspection.body_incomplete', async () => {
      const caller = await open(gateway);
      const records = gateway.records.length;
      caller.write(post(soapRequest.slice(0, 40), { fields: { 'Content-Length': '500' } }));
      caller.end();
      const answer = await caller.answer();
      assert.equal(codeOf(answer), 'inspection.body_incomplete');
      assert.match(readFault(answer.body)?.text ?? '', /after 40 bytes/);
      await gateway.recorded(records + 1);
      assert.equal(gateway.records.length, records + 1);
    });

    test('because its sender went away leaves one record that says so', async () => {
      const records = gateway.records.length;
      const caller = await open(gateway);
      caller.write(post(soapRequest.slice(0, 40), { fields: { 'Content-Length': '500' } }));
      caller.destroy();
      await gateway.recorded(records + 1);
      const record = gateway.records.at(-1);
      assert.equal(gateway.records.length, records + 1);
      assert.equal(record?.response.refusal, 'inspection.body_incomplete');
      assert.equal(record?.response.complete, false);
    });
  });

  test('a caller that closes its side after a whole request reads its answer', async () => {
    const caller = await open(gateway);
    caller.write(post(soapRequest));
    caller.end();
    assert.equal((await caller.answer()).status, 200);
    assert.equal((await caller.ended()).reset, false);
  });
}

test('every refusal of a body tells what to do next', () => {
  for (const code of ['inspection.body_too_large', 'inspection.body_timeout', 'inspection.body_incomplete'] as const)
    assert.match(problems[code].fix, /\.$/);
});
