import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import test from 'node:test';
import { encodeAttachment, readMessage, verifyEnvelope, writeFault, writeRetrieveAnswerPlain } from '@headgate/soap';
import { isClientProblem } from './client-problem.ts';
import { invoke } from './invoke.ts';
import { codeOf, serveTls, sessionTo, testIdentities } from './test-server.fixture.ts';

const awards =
  '<MarketAwards><MessagePayload><MarketAward><resource>A</resource></MarketAward></MessagePayload></MarketAwards>';
const answer = () => writeRetrieveAnswerPlain({ attachment: encodeAttachment(awards), boundary: 'b-1' });

test('one call goes through every stage: found, signed, sent, verified and decoded', async (t) => {
  const { user } = await testIdentities();
  const answerWhole = async (request: IncomingMessage, response: ServerResponse) => {
    const message = readMessage(request.headers['content-type'] ?? '', Buffer.concat(await request.toArray()));
    assert.ok(message.ok && verifyEnvelope(message.message.envelopeXml).ok);
    assert.equal(message.message.caisoHeader?.username, user.subject);
    assert.equal(request.url, '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP');
    const { contentType, body } = answer();
    response.writeHead(200, { 'content-type': contentType, 'headgate-exchange': '0A' }).end(body);
  };
  const faults: unknown[] = [];
  const server = await serveTls(t, (request, response) => {
    answerWhole(request, response).catch((fault: unknown) => {
      faults.push(fault);
      response.destroy();
    });
  });
  const session = await sessionTo(t, server.port);
  const decoded = await invoke('cmri/RetrieveMarketAwards', {}, session).catch((fault: unknown) => {
    throw faults[0] ?? fault;
  });
  assert.deepEqual([decoded.table.rows, decoded.exchange], [[{ resource: 'A' }], '0A']);
});

test('with pacing the second call waits for the published period, without it is sent at once', async (t) => {
  const server = await serveTls(t, (request, response) => {
    request.resume();
    const { contentType, body } = answer();
    response.writeHead(200, { 'content-type': contentType }).end(body);
  });
  let nowMs = Date.now();
  const waitsMs: number[] = [];
  const sleep = async (ms: number) => {
    nowMs += ms;
    waitsMs.push(ms);
  };
  const paced = await sessionTo(t, server.port, { pacing: true, now: () => nowMs, sleep });
  await invoke('cmri/RetrieveMarketAwards', {}, paced);
  await invoke('cmri/RetrieveMarketAwards', {}, paced);
  assert.equal(waitsMs.length, 1);
  assert.ok((waitsMs[0] ?? 0) >= 5_000);
  await invoke('cmri/RetrieveSchedulePrices', {}, paced);
  assert.equal(waitsMs.length, 1);
});

test('a refusal of the gateway arrives with its code, wait and exchange', async (t) => {
  const text = '429: CAISO Acceptable Use Policy Violation. Please retry your request after 5 seconds.';
  const fault = writeFault({
    version: '1.1',
    side: 'server',
    text,
    createdMs: 0,
    fields: [
      ['code', 'admission.acceptable_use'],
      ['retryAfterSeconds', 5],
      ['forwarded', 'no'],
    ],
  });
  const server = await serveTls(t, (request, response) => {
    request.resume();
    response.writeHead(500, { 'content-type': 'text/xml', 'headgate-exchange': '0B' }).end(fault);
  });
  const session = await sessionTo(t, server.port);
  await assert.rejects(invoke('cmri/RetrieveMarketAwards', {}, session), (error) => {
    assert.ok(isClientProblem(error));
    const { code, detail, retryAfterSeconds, exchange, forwarded, refusedBy } = error;
    assert.deepEqual([code, detail, refusedBy], ['admission.acceptable_use', text, 'gateway']);
    assert.deepEqual([retryAfterSeconds, exchange, forwarded], [5, '0B', 'no']);
    return true;
  });
});

test('a call that cannot be encoded is not sent and gives its turn back', async (t) => {
  let requests = 0;
  const server = await serveTls(t, (_request, response) => {
    requests += 1;
    response.end();
  });
  const waits: unknown[] = [];
  const session = await sessionTo(t, server.port, { pacing: true, onWait: (wait) => waits.push(wait) });
  for (let count = 0; count < 2; count += 1) {
    assert.equal(await codeOf(invoke('drrs/SubmitDRRegistrations', {}, session)), 'encode.invalid_input');
  }
  assert.deepEqual([requests, waits], [0, []]);
});

test('a problem as JSON has no stack and no cause', async (t) => {
  const session = await sessionTo(t, 1, { credential: undefined });
  const problem = await invoke('cmri/RetrieveMarketAwards', {}, session).catch((error: unknown) => error);
  const plain = JSON.parse(JSON.stringify(problem)) as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(plain), ['code', 'title', 'detail', 'fix', 'retry', 'refusedBy']);
  assert.equal(plain.code, 'credential.missing');
});
