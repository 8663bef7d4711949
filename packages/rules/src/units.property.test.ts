import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketMs, type Charge } from '@headgate/contract';
import fc from 'fast-check';
import { createCounters } from './little-counters.fixture.ts';
import { chargeTo, ruleWith } from './testdata.ts';

interface Charged {
  readonly atMs: number;
  amount: number;
}

const sumSince = (events: readonly Charged[], sinceMs: number): number =>
  events.reduce((sum, { atMs, amount }) => (atMs > sinceMs ? sum + amount : sum), 0);

const arbitraryBodies = fc.array(
  fc.record({
    stepMs: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 900 })),
    amount: fc.integer({ min: 0, max: 700 }),
    /** How much of it came, in per cent. */
    came: fc.constantFrom(100, 100, 50, 0),
    /** Whether it comes when the one before was told to. */
    waits: fc.boolean(),
  }),
  { maxLength: 120, size: 'max' },
);

test('no window ever holds more bytes than its quota, and room comes back late by one part of the window at most', () => {
  const windows = fc.constantFrom(100, 126, 1_000, 5_000);
  fc.assert(
    fc.property(windows, fc.integer({ min: 1, max: 2_000 }), arbitraryBodies, (windowMs, quota, bodies) => {
      const counters = createCounters();
      const rule = ruleWith({ name: 'bytes', unit: 'request-bytes', quota, windowMs });
      const events: Charged[] = [];
      let nowMs = 10_000;
      let told = { retryAtMs: 0, amount: 0 };
      for (const { stepMs, amount: other, came, waits } of bodies) {
        const isPrompt = waits && told.retryAtMs > nowMs;
        nowMs = isPrompt ? told.retryAtMs : nowMs + stepMs;
        const amount = isPrompt ? told.amount : other;
        const charge: Charge = { ...chargeTo(rule), amount };
        const decision = counters.decide([charge], nowMs);
        assert.ok(decision.admitted || !isPrompt, `${amount} of ${quota} were promised at ${nowMs}`);
        told = { retryAtMs: 0, amount };
        const held = sumSince(events, nowMs - windowMs);
        const lately = sumSince(events, nowMs - windowMs - bucketMs(windowMs));
        if (decision.admitted) assert.ok(held + amount <= quota, `${held} and ${amount} of ${quota}`);
        else assert.ok(lately + amount > quota, `${lately} and ${amount} of ${quota} were refused`);
        if (!decision.admitted) {
          const isNever = amount > quota;
          assert.equal(decision.retryAtMs === Number.POSITIVE_INFINITY, isNever);
          if (!isNever) {
            assert.ok(counters.peek([charge], decision.retryAtMs).admitted);
            told = { retryAtMs: decision.retryAtMs, amount };
          }
          continue;
        }
        const event = { atMs: nowMs, amount };
        events.push(event);
        if (came === 100) continue;
        const requestBytes = Math.floor((amount * came) / 100);
        counters.settle([charge], { charged: { atMs: nowMs }, requestBytes });
        event.amount = requestBytes;
      }
    }),
    { numRuns: 400 },
  );
});

test('a quota past what is counted exactly is never passed, and all but a hundredth of it is used', () => {
  const counters = createCounters();
  const rule = ruleWith({ name: 'many', quota: 10_000, windowMs: 1_000 });
  const charges = [chargeTo(rule)];
  const admittedAtMs: number[] = [];
  for (let nowMs = 0; nowMs < 5_000; nowMs += 1)
    for (let call = 0; call < 40; call += 1) if (counters.decide(charges, nowMs).admitted) admittedAtMs.push(nowMs);
  let oldest = 0;
  for (const [newest, atMs] of admittedAtMs.entries()) {
    while ((admittedAtMs[oldest] ?? 0) <= atMs - rule.windowMs) oldest += 1;
    assert.ok(newest - oldest + 1 <= rule.quota, `${newest - oldest + 1} in the window that ends at ${atMs}`);
  }
  assert.ok(admittedAtMs.length >= 5 * rule.quota * 0.99, `${admittedAtMs.length} admitted`);
});

test('no more calls at once are admitted than the quota, and every place that is given back is taken again', () => {
  const steps = fc.array(fc.constantFrom('begin', 'begin', 'end'), { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (quota, turns) => {
      const counters = createCounters();
      const charges = [chargeTo(ruleWith({ name: 'open', unit: 'concurrent-requests', quota, windowMs: 1_000 }))];
      let open = 0;
      for (const [nowMs, turn] of turns.entries()) {
        if (turn === 'begin') {
          const decision = counters.decide(charges, nowMs);
          assert.equal(decision.admitted, open < quota);
          if (decision.admitted) open += 1;
          else assert.equal(decision.retryAtMs, nowMs + 1_000);
        } else if (open > 0) {
          counters.settle(charges, { charged: { atMs: nowMs }, requestBytes: 0 });
          open -= 1;
        }
      }
    }),
  );
});

test('rules of all units are charged together or not at all', () => {
  const counters = createCounters();
  const calls = chargeTo(ruleWith({ name: 'calls', quota: 1, windowMs: 1_000 }));
  const bytes = {
    ...chargeTo(ruleWith({ name: 'bytes', unit: 'request-bytes', quota: 100, windowMs: 500 })),
    amount: 60,
  };
  const open = chargeTo(ruleWith({ name: 'open', unit: 'concurrent-requests', quota: 1, windowMs: 100 }));
  const all = [calls, bytes, open];
  assert.ok(counters.decide(all, 0).admitted);
  const refused = counters.decide(all, 1);
  assert.ok(!refused.admitted);
  assert.deepEqual(
    refused.refusals.map(({ rule, retryAtMs }) => [rule, retryAtMs]),
    [
      ['calls', 1_000],
      ['bytes', 500],
      ['open', 101],
    ],
  );
  counters.settle([open], { charged: { atMs: 0 }, requestBytes: 60 });
  assert.ok(!counters.decide(all, 500).admitted);
  assert.deepEqual(
    counters.standings(all, 500).map(({ remaining }) => remaining),
    [0, 100, 1],
  );
});

test('a rule that was made longer than its events were counted by never forgets them', () => {
  const counters = createCounters();
  const short = ruleWith({ name: 'bytes', unit: 'request-bytes', quota: 10_000, windowMs: 100 });
  const long = { ...short, windowMs: 86_400_000 };
  for (let nowMs = 0; nowMs < 100; nowMs += 1) counters.decide([{ ...chargeTo(short), amount: 1 }], nowMs);
  for (let part = 0; part < 200; part += 1)
    counters.decide([{ ...chargeTo(long), amount: 1 }], 100 + part * bucketMs(long.windowMs / 2));
  const [standing] = counters.standings([chargeTo(long)], 100 + 200 * bucketMs(long.windowMs / 2));
  assert.ok((standing?.remaining ?? 0) <= 10_000 - 126, `${standing?.remaining}`);
});

test('bytes that did not come are given back to nothing once their window is over', () => {
  const counters = createCounters();
  const rule = ruleWith({ name: 'bytes', unit: 'request-bytes', quota: 100, windowMs: 1_000 });
  const charges: readonly Charge[] = [{ ...chargeTo(rule), amount: 60 }];
  assert.ok(counters.decide(charges, 10_000).admitted);
  assert.ok(counters.decide(charges, 12_000).admitted);
  counters.settle(charges, { charged: { atMs: 10_000 }, requestBytes: 0 });
  assert.equal(counters.decide(charges, 12_000).admitted, false);
});

test('bytes that were charged while the clock stood back are found again, and given back', () => {
  const counters = createCounters();
  const charges: readonly Charge[] = [
    { ...chargeTo(ruleWith({ name: 'bytes', unit: 'request-bytes', quota: 100, windowMs: 1_000 })), amount: 60 },
  ];
  assert.ok(counters.decide([chargeTo(ruleWith({ name: 'other', quota: 1, windowMs: 1_000 }))], 100_000).admitted);
  const decision = counters.decide(charges, 10_000);
  assert.ok(decision.admitted && decision.charged !== undefined);
  counters.settle(charges, { charged: decision.charged, requestBytes: 10 });
  assert.deepEqual(
    counters.standings(charges, 10_000).map(({ remaining }) => remaining),
    [90],
  );
});
