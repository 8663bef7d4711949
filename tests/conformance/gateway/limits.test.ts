// Every operator's limits over the whole path, with a clock that moves only when told. Numbers and sentences are the policy's.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { LimitRule } from '@headgate/contract';
import type { TestUser } from '@headgate/pki';
import {
  type FakeClock,
  fakeClock,
  startTestGateway,
  type TestAnswer,
  type TestCall,
  type TestGateway,
} from '@headgate/testkit';
import { gatewayOf, limitsOf, type Operator, operators, policyOf, ruleOf } from './operators.ts';
import { provisioned, provisioningText } from './provisioning.ts';
import { codeOf, toldIn } from './told.ts';

/** The first user of every gateway under test. */
const firstSubject = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';
/** Past this, every window of these policies is empty again, in ms. */
const idleMs = 60_000;

const secondsOf = (ms: number) => Math.ceil(ms / 1_000);
const sentenceOf = ({ refusal }: LimitRule, waitMs: number) =>
  refusal.text.replaceAll('<n>', String(secondsOf(waitMs)));
const inJson = (call: TestCall): TestCall =>
  call.method === 'GET'
    ? { ...call, fields: { accept: 'application/json' } }
    : { ...call, fields: { 'content-type': 'application/json' } };

async function callTimes(gateway: TestGateway, call: TestCall, times: number): Promise<readonly TestAnswer[]> {
  const answers: TestAnswer[] = [];
  while (answers.length < times) answers.push(await gateway.call(call));
  return answers;
}

/** Uses up an allowance at one instant. */
async function useUp(gateway: TestGateway, call: TestCall, { quota }: LimitRule): Promise<void> {
  for (const answer of await callTimes(gateway, call, quota)) assert.equal(answer.status, 200, answer.body);
}

for (const operator of operators) {
  const { limited, pooled, old } = operator;
  const rule = await ruleOf(operator, limited.rule);
  const pool = await ruleOf(operator, pooled.rule);
  const everyRule = await limitsOf(operator);

  describe(`at ${operator.name}`, () => {
    const clock = fakeClock(operator.startMs);
    let gateway: TestGateway;
    let alphaOther: TestUser;
    let beta: TestUser;
    before(async () => {
      gateway = await startTestGateway({
        ...gatewayOf(operator),
        clock,
        provisioning: provisioningText(operator, firstSubject),
      });
      assert.equal(gateway.user.subject, firstSubject);
      alphaOther = await gateway.authority.user('current', provisioned.alphaOther);
      beta = await gateway.authority.user('current', provisioned.beta);
    });
    after(() => gateway.close());
    beforeEach(() => clock.advanceMs(idleMs));

    describe(`one call more than ${rule.name} admits`, () => {
      test('is refused with the sentence of the policy and the seconds that remain', async () => {
        await useUp(gateway, limited.call, rule);
        const received = gateway.upstream.received.length;
        const passedMs = rule.windowMs * 0.3;
        clock.advanceMs(passedMs);
        const refused = await gateway.call(limited.call);
        const told = toldIn(refused);
        const waitMs = rule.windowMs - passedMs;
        assert.equal(refused.status, 'reason' in operator.json ? rule.refusal.status : 429);
        assert.equal(told?.code, 'admission.acceptable_use');
        assert.equal(told?.text, sentenceOf(rule, waitMs));
        assert.equal(refused.fields['retry-after'], String(secondsOf(waitMs)));
        assert.match(refused.body, new RegExp(`retryAfterSeconds\\W+${secondsOf(waitMs)}\\b`));
        assert.equal(gateway.upstream.received.length, received);
        const { admission } = await gateway.recordOf(refused);
        assert.deepEqual([admission?.decidedBy, admission?.retryAfterMs, admission?.permit], [rule.name, waitMs, null]);
      });

      test('is admitted when the window has passed, and not a millisecond before', async () => {
        await useUp(gateway, limited.call, rule);
        clock.advanceMs(rule.windowMs - 1);
        const refused = await gateway.call(limited.call);
        assert.equal(codeOf(refused), 'admission.acceptable_use');
        assert.equal(refused.fields['retry-after'], '1');
        clock.advanceMs(1);
        assert.equal((await gateway.call(limited.call)).status, 200);
      });

      test('is admitted after the seconds it was told, and a refusal restarts nothing', async () => {
        await useUp(gateway, limited.call, rule);
        for (let at = 0; at < 4; at += 1) {
          clock.advanceMs(rule.windowMs / 8);
          assert.equal(codeOf(await gateway.call(limited.call)), 'admission.acceptable_use');
        }
        const told = Number((await gateway.call(limited.call)).fields['retry-after']);
        assert.ok(told <= secondsOf(rule.windowMs / 2));
        clock.advanceMs(told * 1_000);
        assert.equal((await gateway.call(limited.call)).status, 200);
      });

      test('is told 429 and the same sentence when it speaks JSON', async () => {
        await useUp(gateway, limited.call, rule);
        const refused = await gateway.call(inJson(limited.call));
        assert.equal(refused.status, 429);
        const { detail, retryAfterSeconds } = JSON.parse(refused.body);
        assert.deepEqual([detail, retryAfterSeconds], [sentenceOf(rule, rule.windowMs), secondsOf(rule.windowMs)]);
      });

      test(`is another matter for whoever has another key (${rule.key.join(' × ')})`, async () => {
        await useUp(gateway, limited.call, rule);
        const admits = async (call: TestCall) => (await gateway.call({ ...limited.call, ...call })).status === 200;
        assert.equal(await admits({ user: beta }), true, 'another participant');
        assert.equal(await admits({ user: alphaOther }), rule.key.includes('credential'), 'another certificate');
        assert.equal(await admits(limited.anotherService), rule.key.includes('service'), 'another service');
        assert.equal(await admits({ path: limited.attached }), false, 'the same service with attachments');
        assert.equal(await admits({ source: '127.0.4.9' }), rule.key.includes('source'), 'another source');
      });

      for (const [trick, path] of limited.otherSpellings)
        test(`is never admitted because its service is written ${trick} and SOAPAction names another`, async () => {
          await useUp(gateway, limited.call, rule);
          const received = gateway.upstream.received.length;
          const [another = ''] = limited.anotherService.path?.split('/').slice(-1) ?? [];
          const tricked = await gateway.call({ ...limited.call, path, fields: { soapaction: `"${another}"` } });
          assert.notEqual(tricked.status, 200);
          assert.equal(gateway.upstream.received.length, received);
        });
    });

    describe('the acceptable use of every rule', () => {
      test('is tried with a call', () => {
        const named = everyRule.filter(({ layer }) => layer === 'acceptable-use').map(({ name }) => name);
        assert.deepEqual(Object.keys(operator.acceptableUse).toSorted(), named.toSorted());
      });

      for (const [name, { limits, leaves }] of Object.entries(operator.acceptableUse))
        test(`named ${name} is counted for each service to the millisecond, and for no other call`, async () => {
          const tried = await ruleOf(operator, name);
          for (const call of limits) await useUp(gateway, call, tried);
          for (const [at, call] of leaves.entries())
            for (const answer of await callTimes(gateway, { ...call, source: `127.0.4.${20 + at}` }, tried.quota + 1)) {
              assert.equal(answer.status, 200, answer.body);
            }
          clock.advanceMs(tried.windowMs - 1);
          for (const call of limits) assert.equal(toldIn(await gateway.call(call))?.text, sentenceOf(tried, 1));
          clock.advanceMs(1);
          for (const call of limits) assert.equal((await gateway.call(call)).status, 200);
        });
    });

    describe(`${pool.quota} calls in ${pool.windowMs} ms from one source`, () => {
      const [first = {}] = pooled.places;

      test('are admitted over several systems, addresses and certificates, the next is not, and another source never notices', async () => {
        const source = '127.0.4.1';
        const calls = Array.from({ length: pool.quota + 10 }, (_, at) => {
          const place = pooled.places[at % pooled.places.length];
          return gateway.call({ ...place, source, ...(at % 2 === 0 ? {} : { user: beta }) });
        });
        const answers = await Promise.all(calls);
        const refused = answers.filter((answer) => codeOf(answer) === 'admission.global_limit');
        assert.deepEqual([answers.filter(({ status }) => status === 200).length, refused.length], [pool.quota, 10]);
        for (const answer of refused) assert.equal(toldIn(answer)?.text, sentenceOf(pool, pool.windowMs));
        assert.ok(everyRule.every((each) => each.layer === 'global' || each.refusal.text !== pool.refusal.text));
        assert.equal((await gateway.call({ ...first, source: '127.0.4.2' })).status, 200);
        clock.advanceMs(pool.windowMs - 1);
        assert.equal(codeOf(await gateway.call({ ...first, source })), 'admission.global_limit');
        clock.advanceMs(1);
        assert.equal((await gateway.call({ ...first, source, user: beta })).status, 200);
      });

      test('do not use up another pool', async () => {
        const source = '127.0.4.3';
        await useUp(gateway, { ...first, source }, pool);
        assert.equal(codeOf(await gateway.call({ ...first, source })), 'admission.global_limit');
        const elsewhere = await gateway.call({ ...operator.otherPool, source });
        assert.equal(elsewhere.status, 200, elsewhere.body);
      });

      test('that are refused by acceptable use cost the global limit nothing', async () => {
        const source = '127.0.4.4';
        const call = { ...limited.call, source };
        await useUp(gateway, call, rule);
        for (const refused of await callTimes(gateway, call, pool.quota + 10)) {
          assert.equal(codeOf(refused), 'admission.acceptable_use');
        }
        assert.equal((await gateway.call({ ...first, source })).status, 200);
      });

      test('that are refused before admission cost nothing', async () => {
        const source = '127.0.4.5';
        await callTimes(gateway, { ...first, source, user: null }, pool.quota + 10);
        assert.equal((await gateway.call({ ...first, source })).status, 200);
      });
    });

    test('the pool of an anonymous host is one of its own, and its refusal is never a page to a program', async () => {
      const { call, rule: name } = operator.anonymous;
      const anonymousPool = await ruleOf(operator, name);
      await useUp(gateway, call, anonymousPool);
      const javaDefault = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';
      const refused = await gateway.call({ ...call, fields: { accept: javaDefault } });
      assert.deepEqual(
        [refused.status, refused.fields['retry-after']],
        [429, String(secondsOf(anonymousPool.windowMs))],
      );
      assert.match(String(refused.fields['content-type']), /^application\/problem\+json/);
      clock.advanceMs(anonymousPool.windowMs);
      assert.equal((await gateway.call(call)).status, 200);
    });

    describe('a rule that is', () => {
      const shownAs = (mode: LimitRule['mode'], more: Partial<LimitRule> = {}) =>
        startTestGateway({ ...gatewayOf(operator), clock, policy: policyOf([{ ...rule, ...more, mode }]) });

      test('in shadow refuses nobody and records whom it would have refused', async (t) => {
        const shadow = await shownAs('shadow');
        t.after(() => shadow.close());
        await useUp(shadow, limited.call, rule);
        clock.advanceMs(1_000);
        const more = await shadow.call(limited.call);
        assert.equal(more.status, 200);
        const retryAfterMs = rule.windowMs - 1_000;
        assert.deepEqual((await shadow.recordOf(more)).admission?.shadow, [{ rule: rule.name, retryAfterMs }]);
      });

      test('off neither refuses nor counts', async (t) => {
        const off = await shownAs('off');
        t.after(() => off.close());
        await useUp(off, limited.call, rule);
        const more = await off.call(limited.call);
        assert.equal(more.status, 200);
        const { admission } = await off.recordOf(more);
        assert.deepEqual([admission?.shadow, admission?.decidedBy], [[], null]);
      });

      for (const status of [429, 503])
        test(`enforced with status ${status} carries it in a SOAP fault`, async (t) => {
          const where = { system: old.systemId };
          const refusal = { ...rule.refusal, text: 'Wait <n> seconds.', status };
          const enforced = await shownAs('enforce', { where, refusal });
          t.after(() => enforced.close());
          await useUp(enforced, operator.retrieve.call, rule);
          const refused = await enforced.call(operator.retrieve.call);
          assert.equal(refused.status, status);
          assert.equal(toldIn(refused)?.text, `Wait ${secondsOf(rule.windowMs)} seconds.`);
        });
    });

    const moving =
      old.borrowed === null ? '' : `, the rule of ${limited.system} put on ${old.system} since ${old.borrowed}`;
    describe(`an old address (${old.infrastructure}${moving})`, () => oldAddress(operator, everyRule, clock));
  });
}

function oldAddress(operator: Operator, everyRule: readonly LimitRule[], clock: FakeClock): void {
  const { limited, old, pooled, retrieve } = operator;
  // Where the limited system stays what it is, this is the policy as shipped.
  const limits = everyRule.map((each) =>
    each.name === limited.rule ? { ...each, where: { ...each.where, system: old.systemId } } : each,
  );
  const named = (name: string): LimitRule => {
    const found = limits.find((each) => each.name === name);
    assert.ok(found);
    return found;
  };
  const start = (positions: Record<string, string> = {}) =>
    startTestGateway({ ...gatewayOf(operator), clock, policy: policyOf(limits), positions });

  test('has no acceptable use while the old infrastructure serves it, and the global limit all the same', async (t) => {
    const gateway = await start();
    t.after(() => gateway.close());
    const pool = named(pooled.rule);
    const answers = await callTimes(gateway, old.call, pool.quota + 1);
    assert.equal(answers.filter(({ status }) => status === 200).length, pool.quota);
    const [first] = answers;
    assert.ok(first);
    const record = await gateway.recordOf(first);
    assert.deepEqual([record.route?.infrastructure, record.admission?.rules], [old.infrastructure, [pooled.rule]]);
  });

  test('shares the pool of the new one', async (t) => {
    const gateway = await start();
    t.after(() => gateway.close());
    await useUp(gateway, old.call, named(pooled.rule));
    assert.equal(codeOf(await gateway.call(retrieve.call)), 'admission.global_limit');
  });

  test('has acceptable use once it is moved, one allowance over both addresses', async (t) => {
    const gateway = await start(Object.fromEntries([old.moves]));
    t.after(() => gateway.close());
    await useUp(gateway, old.call, named(limited.rule));
    assert.equal(codeOf(await gateway.call(old.call)), 'admission.acceptable_use');
    assert.equal(codeOf(await gateway.call(retrieve.call)), 'admission.acceptable_use');
  });
}
