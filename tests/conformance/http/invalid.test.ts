// Nothing of an invalid message becomes a request at an upstream, however it reads; each is refused in words and recorded once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CorpusGateway, startCorpusGateway } from './harness.ts';
import { type InvalidMessage, invalidMessages, smuggledPath } from './invalid-corpus.ts';
import { fieldOf, saysClose, type WireAnswer, WireCaller } from './wire-caller.ts';

/** Messages on their way at once. */
const batchSize = 16;

let gateway: CorpusGateway;
before(async () => {
  gateway = await startCorpusGateway();
});
after(() => gateway.close());

const families = Map.groupBy(invalidMessages, ({ family }) => family);

/** A program must be able to read why: a problem document that names itself, and an end that is told. */
function assertReadable(answer: WireAnswer, message: InvalidMessage): void {
  assert.ok(answer.complete, 'the refusal is cut');
  assert.ok(answer.status >= 400, `it was answered ${answer.status}`);
  if (message.statusOneOf !== undefined)
    assert.ok(message.statusOneOf.includes(answer.status), `${answer.status}, not ${message.statusOneOf.join(' or ')}`);
  assert.ok(saysClose(answer), 'the refusal does not say that the connection ends');
  assert.notEqual(fieldOf(answer, 'headgate-exchange'), '');
  if (answer.framing === 'none') return; // To HEAD.
  const problem = JSON.parse(answer.body.toString('utf8')) as { code: string; detail: string };
  assert.match(problem.code, /^[a-z]+\.[a-z_]+$/);
  assert.ok(problem.detail.length > 10 && /^[\x20-\x7e]*$/.test(problem.detail), problem.detail);
}

/** Sends one message and judges the answer; returns the port it came from, by which its records are found. */
async function assertRefused(message: InvalidMessage, note: (fault: string) => void): Promise<number> {
  const caller = await WireCaller.open(gateway.port);
  const port = caller.socket.localPort ?? 0;
  try {
    const sent = caller.send(message.bytes);
    if (message.clientEnds === 'half-close') void sent.then(() => caller.halfClose());
    for (let index = 0; index < (message.validBefore ?? 0); index += 1) {
      const answer = await caller.answer('GET');
      assert.equal(answer?.status, 200, `valid request ${index + 1}`);
    }
    const answer = await caller.answer('GET');
    if (answer === null) assert.equal(message.expect, 'closed-or-refused', 'closed without a word');
    else assertReadable(answer, message);
    await caller.ended();
    assert.equal(caller.unread.length, 0, `more than one answer: ${caller.unread.toString('latin1', 0, 200)}`);
    assert.ok(!caller.reset || message.expect === 'closed-or-refused', 'the connection was reset');
  } catch (fault) {
    note(`${message.name}: ${(fault as Error).message}`);
  } finally {
    caller.destroy();
  }
  return port;
}

async function faultsOf(batch: readonly InvalidMessage[]): Promise<readonly string[]> {
  const faults: string[] = [];
  const before = gateway.records.length;
  const requestsBefore = gateway.upstream.requests.length;
  const ports = await Promise.all(batch.map((message) => assertRefused(message, (fault) => faults.push(fault))));
  const valid = batch.reduce((sum, { validBefore = 0 }) => sum + validBefore, 0);
  await gateway.bystander();
  await gateway.recorded(before + batch.length + valid + 1);
  for (const [at, { name, validBefore = 0 }] of batch.entries()) {
    const own = gateway.records.slice(before).filter(({ listener }) => listener.sourcePort === ports[at]);
    const forwarded = own.filter(({ exchange }) => gateway.upstream.requestOf(exchange) !== undefined);
    if (own.length !== validBefore + 1) faults.push(`${name}: ${own.length} records`);
    if (forwarded.length !== validBefore) faults.push(`${name}: ${forwarded.length} requests at the upstream`);
    if (own.some(({ response }) => response.defect !== null)) faults.push(`${name}: a defect of ours`);
  }
  // The fooled reader may also have found requests that bear no exchange of ours.
  const seen = gateway.upstream.requests.length - requestsBefore;
  if (faults.length === 0 && seen !== valid + 1) faults.push(`${seen} requests at the upstream, not ${valid + 1}`);
  return faults;
}

describe('an invalid message', () => {
  for (const [family, messages] of families) {
    test(`is refused and never becomes a request: ${family}`, { timeout: 60_000 }, async () => {
      const faults: string[] = [];
      for (let at = 0; at < messages.length; at += batchSize)
        faults.push(...(await faultsOf(messages.slice(at, at + batchSize))));
      assert.deepEqual(faults, []);
    });
  }

  test('is of one of many families', () => {
    assert.ok(
      invalidMessages.length > 0 && families.size > 10,
      `${invalidMessages.length} in ${families.size} families`,
    );
  });

  test('never shows an upstream the smuggled path', () => {
    assert.ok(gateway.upstream.received.length > 0, 'nothing was sent at all');
    const hidden = smuggledPath.split('/').at(-1) ?? smuggledPath;
    for (const bytes of gateway.upstream.received) assert.ok(!bytes.includes(hidden));
  });

  test('costs nothing but itself', () => {
    assert.deepEqual(gateway.notices, []);
  });
});
