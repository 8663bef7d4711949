import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as settledTurns } from 'node:timers/promises';
import { type Policy, parsePolicy } from '@headgate/contract';
import { chargesFor, compilePolicy, createCounters } from '@headgate/rules';
import fc from 'fast-check';
import { operationOf } from '../test-server.fixture.ts';
import { awaitTurn, createPacer, type PacingWait, pacingMarginMs, type Turn } from './await-turn.ts';

const operation = operationOf();

function policyOf(quota: number, windowMs: number, counts = 'admitted', key = 'source', unit = 'requests'): Policy {
  const parsed = parsePolicy(
    'policy.yaml',
    `limits: [{ name: only, layer: acceptable-use, where: { system: cmri }, key: [${key}], unit: ${unit}, quota: ${quota},
      windowMs: ${windowMs}, algorithm: exact-sliding-window, counts: ${counts}, refusal: { text: no }, evidence: assumed, source: test }]`,
  );
  assert.ok(parsed.ok);
  return parsed.policy;
}

function pacerAt(policy: Policy, startMs = 1_000_000) {
  const clock = { nowMs: startMs };
  const waits: PacingWait[] = [];
  const pacer = createPacer({
    policy,
    now: () => clock.nowMs,
    sleep: async (ms) => {
      clock.nowMs += ms;
    },
    source: '127.0.0.1',
    onWait: (wait) => waits.push(wait),
  });
  return { clock, waits, pacer };
}

test('the first call has its turn at once, and the next after the window and a margin', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000));
  (await awaitTurn(pacer, operation, null)).settle(clock.nowMs);
  await awaitTurn(pacer, operation, null);
  assert.deepEqual(
    waits.map(({ rule, waitMs }) => [rule, waitMs]),
    [['only', 5_000 + pacingMarginMs]],
  );
});

test('a limit on calls at once holds a call back until another is over, and no longer', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000, 'admitted', 'source', 'concurrent-requests'));
  const first = await awaitTurn(pacer, operation, null);
  let hasTurn = false;
  const second = awaitTurn(pacer, operation, null).then(() => {
    hasTurn = true;
  });
  await settledTurns();
  assert.equal(hasTurn, false);
  first.settle(clock.nowMs);
  await second;
  assert.deepEqual(waits, []);
});

test('a limit on bytes delays no call', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000, 'admitted', 'source', 'request-bytes'));
  for (let call = 0; call < 3; call += 1) (await awaitTurn(pacer, operation, null)).settle(clock.nowMs);
  assert.deepEqual(waits, []);
});

test('the window begins when a call has arrived, not when it had its turn', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000));
  const turn = await awaitTurn(pacer, operation, null);
  clock.nowMs += 700;
  turn.settle(clock.nowMs);
  await awaitTurn(pacer, operation, null);
  assert.equal(waits[0]?.waitMs, 5_000 + pacingMarginMs);
});

test('a call under way holds its room until it is settled', async () => {
  const { clock, pacer } = pacerAt(policyOf(1, 5_000));
  const first = await awaitTurn(pacer, operation, null);
  let hasTurn = false;
  const second = awaitTurn(pacer, operation, null).then(() => {
    hasTurn = true;
  });
  await Promise.resolve();
  assert.equal(hasTurn, false);
  first.settle(clock.nowMs);
  await second;
  assert.equal(hasTurn, true);
});

test('a turn that was never used is given back', async () => {
  const { waits, pacer } = pacerAt(policyOf(1, 5_000));
  (await awaitTurn(pacer, operation, null)).release();
  await awaitTurn(pacer, operation, null);
  assert.deepEqual(waits, []);
});

test('a refusal costs no room but holds the service for the stated seconds', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000));
  (await awaitTurn(pacer, operation, null)).settle(clock.nowMs, 3);
  await awaitTurn(pacer, operation, null);
  assert.equal(waits[0]?.waitMs, 3_000);
});

test('of two refusals the later end holds, whichever is told last', async () => {
  for (const [first, last] of [
    [60, 1],
    [1, 60],
  ]) {
    const { clock, waits, pacer } = pacerAt(policyOf(2, 5_000));
    const turns = [await awaitTurn(pacer, operation, null), await awaitTurn(pacer, operation, null)];
    turns[0]?.settle(clock.nowMs, first);
    turns[1]?.settle(clock.nowMs, last);
    await awaitTurn(pacer, operation, null);
    assert.deepEqual(
      waits.map(({ waitMs }) => waitMs),
      [60_000],
    );
  }
});

test('a refusal by a rule that counts attempts costs its room', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000, 'attempts'));
  (await awaitTurn(pacer, operation, null)).settle(clock.nowMs, 1);
  await awaitTurn(pacer, operation, null);
  assert.equal(waits[0]?.waitMs, 5_000 + pacingMarginMs);
});

test('a turn is over once, so that its room is given back once', async () => {
  type End = (turn: Turn, nowMs: number) => void;
  const settle: End = (turn, nowMs) => turn.settle(nowMs);
  const release: End = (turn) => turn.release();
  for (const ends of [
    [settle, release],
    [release, settle],
    [settle, settle],
    [release, release],
  ]) {
    const { clock, pacer } = pacerAt(policyOf(1, 5_000));
    const first = await awaitTurn(pacer, operation, null);
    for (const end of ends) end(first, clock.nowMs);
    const given: Turn[] = [];
    const both = [1, 2].map(async () => given.push(await awaitTurn(pacer, operation, null)));
    await settledTurns();
    assert.equal(given.length, 1);
    given[0]?.release();
    await Promise.all(both);
  }
});

test('past 10,000 keys the idle ones are forgotten, and no key that is under way, held or within its window', async () => {
  const { clock, waits, pacer } = pacerAt(policyOf(1, 5_000, 'admitted', 'service'));
  const turnOf = (service: string) =>
    awaitTurn(pacer, operationOf({ subject: { ...operation.subject, service } }), null);
  const underWay = await turnOf('under-way');
  (await turnOf('held')).settle(clock.nowMs, 60);
  for (let count = 0; count < 9_997; count += 1) (await turnOf(`idle-${count}`)).settle(clock.nowMs);
  clock.nowMs += 5_000 + pacingMarginMs;
  (await turnOf('recent')).settle(clock.nowMs);
  assert.equal(pacer.allowances.size, 10_000);
  (await turnOf('fresh')).release();
  assert.equal(pacer.allowances.size, 4);

  let hasTurn = false;
  const next = turnOf('under-way').then(() => {
    hasTurn = true;
  });
  await settledTurns();
  assert.equal(hasTurn, false);
  underWay.release();
  await next;
  await turnOf('recent');
  await turnOf('held');
  assert.deepEqual(
    waits.map(({ waitMs }) => waitMs),
    [5_000 + pacingMarginMs, 60_000 - 2 * (5_000 + pacingMarginMs)],
  );
});

test('a limit of another system is not waited for', async () => {
  const { waits, pacer } = pacerAt(policyOf(1, 5_000));
  const other = operationOf({ subject: { ...operation.subject, system: 'sibr' } });
  for (let count = 0; count < 3; count += 1) (await awaitTurn(pacer, other, null)).settle(pacer.now());
  assert.deepEqual(waits, []);
});

test('a turn further away than the longest wait is refused', async () => {
  const { clock, pacer } = pacerAt(policyOf(1, 60_000));
  const hurried = { ...pacer, waitMsMax: 1_000 };
  (await awaitTurn(hurried, operation, null)).settle(clock.nowMs);
  await assert.rejects(awaitTurn(hurried, operation, null), { code: 'pacing.wait_too_long' });
});

test('paced calls are never refused by counters that see them arrive late', async () => {
  const calls = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 2, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(calls, fc.integer({ min: 1, max: 8 }), async (latenciesMs, quota) => {
      const policy = policyOf(quota, 1_000);
      const { clock, pacer } = pacerAt(policy);
      const gateway = createCounters();
      const charges = chargesFor(compilePolicy(policy), { ...operation.subject, source: '127.0.0.1' });
      for (const latencyMs of latenciesMs) {
        const turn = await awaitTurn(pacer, operation, null);
        // The request arrives somewhere on the way to its answer.
        const arrivedMs = clock.nowMs + Math.floor(latencyMs / 2);
        assert.equal(gateway.decide(charges, arrivedMs).admitted, true);
        clock.nowMs += latencyMs;
        turn.settle(clock.nowMs);
      }
    }),
    { numRuns: 60 },
  );
});
