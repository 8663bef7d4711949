// Thirty-three rules of HTTP/1.1 serving, each with a client that half-closes after its bytes and with one that does not.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type HttpRule, httpRules } from './h1spec-rules.ts';
import { type CorpusGateway, startCorpusGateway } from './harness.ts';
import { saysClose, type WireAnswer, WireCaller } from './wire-caller.ts';

let gateway: CorpusGateway;
before(async () => {
  gateway = await startCorpusGateway();
});
after(() => gateway.close());

function assertStatus({ status }: WireAnswer, { expect }: HttpRule): void {
  const { statusOneOf, statusNotOneOf = [] } = expect;
  if (statusOneOf !== undefined) assert.ok(statusOneOf.includes(status), `status ${status}`);
  assert.ok(!statusNotOneOf.includes(status), `status ${status}`);
  if (typeof expect.status === 'number') assert.equal(status, expect.status);
  else if (expect.status === 'any-2xx') assert.ok(status >= 200 && status <= 299, `status ${status}`);
  else if (expect.status === '4xx') assert.ok(status >= 400 && status <= 499, `status ${status}`);
  else if (expect.status === 'close') assert.ok(status >= 400, `status ${status}`);
}

async function send(caller: WireCaller, rule: HttpRule, halfCloses: boolean): Promise<void> {
  const { bytes, delivery, waitsAfterBytes } = rule;
  if (waitsAfterBytes === undefined) await caller.send(bytes, delivery);
  else {
    await caller.send(bytes.subarray(0, waitsAfterBytes));
    if ((await caller.nextStatus()) < 200) await caller.send(bytes.subarray(waitsAfterBytes));
  }
  if (halfCloses) caller.halfClose();
}

async function assertKept(rule: HttpRule, halfCloses: boolean): Promise<void> {
  const caller = await WireCaller.open(gateway.port);
  try {
    const { expect } = rule;
    const sent = send(caller, rule, halfCloses);
    // An interim answer is waited for by the sender; the reader of final ones must not take it away.
    if (rule.waitsAfterBytes !== undefined) await sent;
    const method = /^[A-Z]+/.exec(rule.bytes.toString('latin1', 0, 10))?.[0] ?? 'GET';
    let last: WireAnswer | null = null;
    for (let index = 0; index < (expect.responses ?? 1); index += 1) {
      last = await caller.answer(method);
      if (last === null && expect.status === 'close') return;
      assert.ok(last?.complete, `no answer ${index + 1}`);
    }
    assert.ok(last);
    assertStatus(last, rule);
    if (rule.waitsAfterBytes !== undefined) assert.deepEqual(last.interim, [100]);
    if (expect.emptyBody === true) assert.equal(last.body.length, 0);
    if (expect.delimited === true) assert.ok(last.framing !== 'close' || saysClose(last));
    if (expect.connection === 'close') assert.ok(saysClose(last), 'it does not say close');
    if (expect.connection === 'close' || halfCloses) await caller.ended();
    else if (expect.connection === 'keep') await assertOpen(caller);
    await sent;
    assert.equal(caller.unread.length, 0, `more came: ${caller.unread.toString('latin1', 0, 100)}`);
    assert.ok(!caller.reset, 'the connection was reset');
  } finally {
    caller.destroy();
  }
}

async function assertOpen(caller: WireCaller): Promise<void> {
  await caller.send(Buffer.from('GET /echo/x HTTP/1.1\r\nHost: data.example.test\r\n\r\n'));
  assert.equal((await caller.answer('GET'))?.status, 200, 'the connection is not kept');
}

for (const halfCloses of [false, true]) {
  describe(halfCloses ? 'toward a client that half-closes' : 'toward a client that keeps its side open', () => {
    for (const rule of httpRules) {
      test(`${rule.title} (${rule.id})`, { timeout: 15_000 }, async () => {
        await assertKept(rule, halfCloses);
        await gateway.bystander();
      });
    }
  });
}
