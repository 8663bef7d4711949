// What becomes of a connection: callers that stop sending early, leave empty lines behind, or cut what they pipelined.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CorpusGateway, startCorpusGateway } from './harness.ts';
import { saysClose, WireCaller } from './wire-caller.ts';

let gateway: CorpusGateway;
before(async () => {
  gateway = await startCorpusGateway();
});
after(() => gateway.close());

const get = 'GET /echo/x HTTP/1.1\r\nHost: data.example.test\r\n\r\n';
const post = (body: string, length = body.length) =>
  `POST /echo/x HTTP/1.1\r\nHost: data.example.test\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Sends, half-closes, and returns the statuses that come until the gateway closes too. */
async function statusesOf(text: string): Promise<{ readonly statuses: number[]; readonly closings: boolean[] }> {
  const caller = await WireCaller.open(gateway.port);
  await caller.send(Buffer.from(text, 'latin1'));
  caller.halfClose();
  const statuses: number[] = [];
  const closings: boolean[] = [];
  for (let said = await caller.answer('GET'); said !== null; said = await caller.answer('GET')) {
    statuses.push(said.status);
    closings.push(saysClose(said));
  }
  await caller.ended();
  assert.ok(!caller.reset);
  caller.destroy();
  return { statuses, closings };
}

async function recordsOf<Result>(work: () => Promise<Result>, count: number): Promise<Result> {
  const before = gateway.records.length;
  const result = await work();
  await gateway.recorded(before + count);
  await gateway.bystander();
  await gateway.recorded(before + count + 1);
  assert.equal(gateway.records.length, before + count + 1, 'records');
  return result;
}

describe('a caller that half-closes', { timeout: 30_000 }, () => {
  test('is answered everything that it pipelined, and told the end with the last answer', async () => {
    const said = await recordsOf(() => statusesOf(get + post('hello') + get), 3);
    assert.deepEqual(said, { statuses: [200, 200, 200], closings: [false, false, true] });
  });

  test('behind a whole request and the half of a head gets an answer and a refusal', async () => {
    const said = await recordsOf(() => statusesOf(`${get}GET /echo/x HT`), 2);
    assert.deepEqual(said, { statuses: [200, 400], closings: [false, true] });
  });

  test('behind a whole request and half of a body gets an answer and a refusal', async () => {
    const said = await recordsOf(() => statusesOf(get + post('hel', 5)), 2);
    assert.deepEqual(said.statuses, [200, 400]);
  });

  test('behind an empty line after its request gets one answer and no refusal', async () => {
    const said = await recordsOf(() => statusesOf(`${post('hello')}\r\n`), 1);
    assert.deepEqual(said.statuses, [200]);
  });

  test('behind nothing but an empty line is closed without a word', async () => {
    const said = await recordsOf(() => statusesOf('\r\n'), 0);
    assert.deepEqual(said.statuses, []);
  });
});

test('"close" wins over "keep-alive", whichever stands first', { timeout: 10_000 }, async () => {
  for (const version of ['1.0', '1.1']) {
    for (const options of ['close, keep-alive', 'keep-alive, close', 'keep-alive\r\nConnection: CLOSE']) {
      const first = `GET /echo/x HTTP/${version}\r\nHost: data.example.test\r\nConnection: ${options}\r\n\r\n`;
      const said = await recordsOf(() => statusesOf(first + get), 1);
      assert.deepEqual(said, { statuses: [200], closings: [true] }, options);
    }
  }
});
