import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from './counters.ts';
import { limitRefusal } from './limit-refusal.ts';
import { chargeTo, ruleWith } from './testdata.ts';

test('a rule that says its whole window says the same number in its sentence and as the wait, and keeps the promise', () => {
  const text = 'Wait <n> seconds.';
  for (const seconds of ['whole-window', 'remaining'] as const) {
    const counters = createCounters();
    const charges = [
      chargeTo(ruleWith({ name: seconds, quota: 1, windowMs: 5_000, refusal: { status: 500, text, seconds } })),
    ];
    assert.ok(counters.decide(charges, 10_000).admitted);
    const decision = counters.decide(charges, 13_400);
    assert.ok(!decision.admitted);
    const { facts, retryAfterMs } = limitRefusal(decision, 13_400);
    const told = Math.ceil((retryAfterMs ?? 0) / 1_000);
    assert.equal((facts as { text: string }).text, `Wait ${told} seconds.`);
    assert.equal(told, seconds === 'whole-window' ? 5 : 2);
    assert.ok(counters.peek(charges, 13_400 + told * 1_000).admitted);
  }
});

test('a refusal that comes again says its own wait, and the rules that refuse this time', () => {
  const counters = createCounters();
  const ruleOf = (name: string, windowMs: number) =>
    chargeTo(
      ruleWith({
        name,
        quota: 1,
        windowMs,
        refusal: { status: 500, text: 'Wait <n> seconds.', seconds: 'remaining' },
      }),
    );
  const [long, short] = [ruleOf('long', 10_000), ruleOf('short', 5_000)];
  const told = (charges: readonly (typeof long)[], nowMs: number) => {
    const decision = counters.decide(charges, nowMs);
    assert.ok(!decision.admitted);
    const { text, violated } = limitRefusal(decision, nowMs).facts as { text: string; violated: readonly string[] };
    return [text, ...violated];
  };
  for (const charge of [long, short]) assert.ok(counters.decide([charge], 0).admitted);
  assert.deepEqual(told([long], 100), ['Wait 10 seconds.', 'long']);
  assert.deepEqual(told([long, short], 200), ['Wait 10 seconds.', 'long', 'short']);
  assert.deepEqual(told([long, short], 1_200), ['Wait 9 seconds.', 'long', 'short']);
  assert.deepEqual(told([long], 6_200), ['Wait 4 seconds.', 'long']);
});
