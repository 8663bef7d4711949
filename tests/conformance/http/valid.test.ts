// Every valid message of the corpus is forwarded with its one meaning, judged on the exact bytes that reached the upstream.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canonicalHead, type SeenRequest } from './fooled-upstream.ts';
import { type CorpusGateway, refusalByPolicy, startCorpusGateway } from './harness.ts';
import { contestedMessages, type Meaning, meaningsOf, type ValidMessage, validMessages } from './valid-corpus.ts';
import { type Field, isEndToEnd } from './wire.ts';
import { fieldOf, saysClose, type WireAnswer, WireCaller } from './wire-caller.ts';

/** Connections used side by side; each carries its share of the corpus one message after the other. */
const callersCount = 12;

let gateway: CorpusGateway;
before(async () => {
  gateway = await startCorpusGateway();
});
after(() => gateway.close());

/** RFC 9110 §5.3: lines of one name may be joined in order; the order among names does not matter. */
function asLists(fields: readonly Field[]): Record<string, string> {
  const lists = new Map<string, string[]>();
  for (const [name, value] of fields) lists.set(name, [...(lists.get(name) ?? []), value]);
  return Object.fromEntries([...lists].map(([name, values]) => [name, values.join(', ')]));
}

function assertForwarded(seen: SeenRequest | undefined, meaning: Meaning, label: string): void {
  assert.ok(seen, `${label}: it did not reach the upstream`);
  assert.equal(seen.head, canonicalHead(seen), `${label}: its head is not canonical`);
  assert.equal(seen.method, meaning.method, label);
  assert.equal(seen.target, meaning.originForm, label);
  const [named = '', ...others] = seen.fields.flatMap(([name, value]) => (name === 'host' ? [value] : []));
  assert.deepEqual(others, [], `${label}: Host twice`);
  assert.equal(named.replace(/:\d{1,5}$/, ''), meaning.host, label); // RFC 9110 §7.2: the port is the caller's own.
  const ours = new Set(['headgate-exchange']);
  const received = seen.fields.filter(([name]) => isEndToEnd(name) && !ours.has(name));
  assert.deepEqual(asLists(received), asLists(meaning.fields), label);
  assert.ok(seen.body.equals(meaning.body), `${label}: another body`);
  const lengths = seen.fields.filter(([name]) => name === 'content-length').map(([, value]) => value);
  if (meaning.body.length > 0) assert.deepEqual(lengths, [`${meaning.body.length}`], label);
  else assert.ok(lengths.length === 0 || (lengths.length === 1 && lengths[0] === '0'), label);
  for (const hop of ['transfer-encoding', 'connection', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive'])
    assert.ok(!seen.fields.some(([name]) => name === hop), `${label}: ${hop} was passed on`);
}

function assertAnswered(answer: WireAnswer | null, meaning: Meaning, label: string): void {
  assert.ok(answer?.complete, `${label}: no whole answer`);
  const refused = refusalByPolicy(meaning);
  const said = answer.body.toString('latin1', 0, 300);
  assert.equal(answer.status, refused ?? 200, `${label}: ${said}`);
  const exchange = fieldOf(answer, 'headgate-exchange');
  if (refused === null) assertForwarded(gateway.upstream.requestOf(exchange), meaning, label);
  else assert.equal(gateway.upstream.requestOf(exchange), undefined, `${label}: refused and yet forwarded`);
}

/** Sends one message and judges every answer; returns whether the connection may carry another. */
async function exchange(caller: WireCaller, message: ValidMessage): Promise<boolean> {
  const label = `${message.family}: ${message.name}`;
  const sent = caller.send(message.bytes, message.delivery);
  let open = true;
  for (const meaning of meaningsOf(message)) {
    const answer = await caller.answer(meaning.method);
    assertAnswered(answer, meaning, label);
    // What the listener itself refuses ends the connection; the rest of the stream is no request any more.
    if (refusalByPolicy(meaning) === 400) return false;
    open = answer !== null && !saysClose(answer);
  }
  await sent;
  if (message.closes) assert.equal(open, false, `${label}: it keeps the connection`);
  if (!open) await caller.ended();
  assert.equal(caller.unread.length, 0, `${label}: more than was asked for`);
  return open;
}

async function carry(messages: readonly ValidMessage[]): Promise<readonly string[]> {
  const faults: string[] = [];
  let caller = await WireCaller.open(gateway.port);
  for (const message of messages) {
    const open = await exchange(caller, message).catch((fault: unknown) => {
      faults.push(`${message.family}: ${message.name}: ${(fault as Error).message.slice(0, 600)}`);
      return false;
    });
    if (open) continue;
    caller.destroy();
    caller = await WireCaller.open(gateway.port);
  }
  caller.destroy();
  return faults;
}

function shares(messages: readonly ValidMessage[]): ValidMessage[][] {
  return Array.from({ length: callersCount }, (_, share) => messages.filter((_m, at) => at % callersCount === share));
}

describe('a valid message', () => {
  test('is forwarded with its one meaning, in canonical bytes', { timeout: 60_000 }, async () => {
    const faults = (await Promise.all(shares(validMessages).map(carry))).flat();
    assert.deepEqual(faults, []);
  });

  test('is one request and no more to an upstream that can be fooled', () => {
    const meant = validMessages.flatMap(meaningsOf).filter((meaning) => refusalByPolicy(meaning) === null).length;
    assert.equal(gateway.upstream.requests.length, meant);
  });

  test('leaves one record per exchange', { timeout: 10_000 }, async () => {
    const meant = validMessages.flatMap(meaningsOf).length;
    await gateway.recorded(meant);
    assert.equal(gateway.records.length, meant);
    assert.deepEqual(
      gateway.records.filter(({ response }) => response.defect !== null),
      [],
    );
  });
});

describe('a contested message', () => {
  for (const message of contestedMessages) {
    test(`is refused or forwarded with exactly its meaning: ${message.name}`, { timeout: 20_000 }, async () => {
      const caller = await WireCaller.open(gateway.port);
      const before = gateway.upstream.requests.length;
      const sent = caller.send(message.bytes, message.delivery);
      for (const meaning of meaningsOf(message)) {
        const answer = await caller.answer(meaning.method);
        if (answer === null || answer.status >= 400) break;
        assertForwarded(gateway.upstream.requestOf(fieldOf(answer, 'headgate-exchange')), meaning, message.name);
      }
      await sent;
      caller.destroy();
      assert.ok(gateway.upstream.requests.length - before <= meaningsOf(message).length);
      await gateway.bystander();
    });
  }
});
