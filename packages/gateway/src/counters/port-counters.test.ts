import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type Charge, type CounterDecision, type CounterStore, isHeld } from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import { monotonic } from '../deadlines.ts';
import { breathe, chargeTo, ruleWith, until } from './counters.fixture.ts';
import { answerCounters, createPortCounters } from './port-counters.ts';

const charges = [
  chargeTo(ruleWith({ name: 'at-once', unit: 'concurrent-requests', quota: 3 })),
  chargeTo(ruleWith({ name: 'rate', quota: 100 })),
];
const held = charges.filter(isHeld);

/** A thread over counters, which answer late if they are told to. */
function threadOver(counters: CounterStore, defects: string[] = []): { readonly counters: CounterStore; die(): void } {
  const { port1, port2 } = new MessageChannel();
  answerCounters(port1, counters, { defect: (stack) => defects.push(stack), elapsed: monotonic });
  return {
    counters: createPortCounters(port2, { elapsed: monotonic, repeated: () => undefined }),
    die: () => port2.close(),
  };
}

test('a thread that is gone gives back the places that its calls held, and no other', async () => {
  const counters = createCounters();
  const [dying, living] = [threadOver(counters), threadOver(counters)];
  for (const thread of [dying, dying, living]) assert.ok((await thread.counters.decide(charges, 1_000)).admitted);
  // One has ended before.
  dying.counters.settle(held, { charged: { atMs: 1_000 }, requestBytes: 0 });
  assert.ok((await dying.counters.decide(charges, 1_000)).admitted);
  assert.equal((await living.counters.decide(charges, 1_000)).admitted, false);
  dying.die();
  const left = () => counters.standings(held, 1_000).map(({ remaining }) => remaining);
  await until(() => left()[0] !== 0);
  assert.deepEqual(left(), [2]);
  living.counters.settle(held, { charged: { atMs: 1_000 }, requestBytes: 0 });
  await until(() => left()[0] === 3);
  living.die();
});

test('what is decided for a thread once it is gone is given back', async () => {
  const counters = createCounters();
  const decided = Promise.withResolvers<void>();
  const thread = threadOver({
    ...counters,
    async decide(asked, nowMs) {
      await decided.promise;
      return counters.decide(asked, nowMs);
    },
  });
  void thread.counters.decide(charges, 1_000);
  await breathe();
  thread.die();
  await breathe();
  decided.resolve();
  await until(() => counters.stats().keyCount > 0);
  await until(() => counters.standings(held, 1_000)[0]?.remaining === 3);
});

test('a thread that is ended by force leaves nothing held', async () => {
  const counters = createCounters();
  const { port1, port2 } = new MessageChannel();
  answerCounters(port1, counters, { defect: assert.ifError, elapsed: monotonic });
  // What counters keep in a charge stays in its thread.
  const plain = held.map(({ rule, key }) => ({ rule, key }));
  const orders = { port: port2, charges: [plain], callsPerSecond: 1_000, file: null };
  const thread = new Worker(new URL('./probe-thread.fixture.ts', import.meta.url), {
    workerData: orders,
    transferList: [port2],
  });
  const left = () => counters.standings(held, Date.now())[0]?.remaining;
  await until(() => left() === 0);
  await thread.terminate();
  await until(() => left() === 3);
});

/** Counters with one call a second, which say how long a refusal holds, by a clock that began long ago; and a thread with its own. */
function threadThatRemembers() {
  const clock = { mainMs: 5_000_000, threadMs: 70 };
  const asked = { count: 0 };
  const rule = ruleWith({ name: 'one', quota: 1 });
  const [charge] = [[chargeTo(rule)]];
  let admittedMs = Number.NEGATIVE_INFINITY;
  const counters: CounterStore = {
    decide(charges, nowMs) {
      asked.count += 1;
      const untilMs = admittedMs + rule.windowMs;
      if (clock.mainMs >= untilMs) {
        admittedMs = clock.mainMs;
        return { admitted: true, shadowRefusals: [] };
      }
      const refused = [{ rule: rule.name, retryAtMs: nowMs + untilMs - clock.mainMs }];
      const decidedBy = charges[0] ?? assert.fail('a charge');
      return {
        admitted: false,
        decidedBy,
        retryAtMs: nowMs + untilMs - clock.mainMs,
        refusals: refused,
        shadowRefusals: [],
        known: { earliestMs: [untilMs], latestMs: [untilMs + 2], untilMs },
      };
    },
    settle: () => undefined,
    standings: () => [],
  };
  const { port1, port2 } = new MessageChannel();
  answerCounters(port1, counters, { defect: assert.ifError, elapsed: () => clock.mainMs });
  const repeats: CounterDecision[] = [];
  const repeated = (_: readonly Charge[], decision: CounterDecision) => repeats.push(decision);
  const thread = createPortCounters(port2, { elapsed: () => clock.threadMs, repeated });
  const passes = (ms: number): void => {
    clock.mainMs += ms;
    clock.threadMs += ms;
  };
  return { thread, charges: charge, asked, repeats, passes, close: () => port2.close() };
}

test('a thread refuses again by itself until the call could be admitted, tells what is left to wait, and then asks', async (t) => {
  const { thread, charges: of, asked, repeats, passes, close } = threadThatRemembers();
  t.after(close);
  assert.ok((await thread.decide(of, 10_000)).admitted);
  passes(400);
  const first = await thread.decide(of, 10_400);
  assert.ok(!first.admitted);
  assert.equal(first.retryAtMs, 11_000);
  assert.deepEqual([asked.count, repeats.length], [2, 0]);
  passes(500);
  const again = await thread.decide(of, 10_900);
  assert.ok(!again.admitted && again.decidedBy === of[0]);
  assert.deepEqual(again.refusals, [{ rule: 'one', retryAtMs: 11_002 }], 'the latest that it can be');
  assert.deepEqual(repeats, [again], 'whoever counts refusals is told');
  passes(99);
  assert.equal((await thread.decide(of, 10_999)).admitted, false);
  assert.equal(asked.count, 2);
  passes(1);
  assert.ok((await thread.decide(of, 11_000)).admitted);
  assert.equal(asked.count, 3);
});

test('a thread that heard of a refusal late does not repeat it past its end', async (t) => {
  const { thread, charges: of, asked, passes, close } = threadThatRemembers();
  t.after(close);
  assert.ok((await thread.decide(of, 10_000)).admitted);
  passes(400);
  const answer = thread.decide(of, 10_400);
  // Decided at once, and read by the thread only when the window has ended.
  await until(() => asked.count === 2);
  passes(600);
  assert.equal((await answer).admitted, false);
  assert.ok((await thread.decide(of, 11_000)).admitted);
});

test('a defect of the counters refuses the call that it befell, is told once, and ends nothing', async () => {
  const counters = createCounters();
  const broken = new Error('a defect that a test made');
  const defects: string[] = [];
  let turn = 0;
  let looks = 0;
  const thread = threadOver(
    {
      decide(asked, nowMs) {
        turn += 1;
        if (turn % 3 === 0) return counters.decide(asked, nowMs);
        if (turn % 3 === 1) throw broken;
        return Promise.reject(broken);
      },
      settle() {
        throw broken;
      },
      standings() {
        looks += 1;
        if (looks === 1) throw broken;
        return Promise.reject(broken);
      },
    },
    defects,
  );
  const asked = charges.filter((charge) => !isHeld(charge));
  for (let call = 0; call < 2; call += 1) {
    const decision = await thread.counters.decide(asked, 1_000);
    assert.ok(!decision.admitted && decision.uncounted === true && decision.decidedBy === asked[0]);
  }
  assert.ok((await thread.counters.decide(asked, 1_000)).admitted);
  const shadowed = [chargeTo(ruleWith({ name: 'watched', mode: 'shadow' }))];
  assert.deepEqual(await thread.counters.decide(shadowed, 1_000), { admitted: true, shadowRefusals: [] });
  assert.deepEqual(await thread.counters.standings(asked, 1_000), [{ remaining: 0, moreAtMs: 2_000 }]);
  thread.counters.settle(held, { requestBytes: 0 });
  assert.deepEqual(await thread.counters.standings(asked, 1_000), [{ remaining: 0, moreAtMs: 2_000 }]);
  assert.deepEqual(defects, [broken.stack]);
  thread.die();
});
