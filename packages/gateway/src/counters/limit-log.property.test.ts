import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Charge, type CounterDecision, isHeld } from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import fc from 'fast-check';
import { chargeTo, domainOver, ruleWith } from './counters.fixture.ts';
import { timedStore } from './timed-store.fixture.ts';

const store = timedStore();
const { skip } = store;
const dayMs = 86_400_000;
let domainCount = 0;

/** An empty domain whose store began so long ago that nothing is held. */
async function freshDomain() {
  domainCount += 1;
  const options = { domain: `property-${domainCount}`, elapsed: () => store.nowMs, leaseMs: 1_000_000_000 };
  const domain = domainOver(store.link(), options);
  await domain.decide([chargeTo(ruleWith({ name: 'first' }))], store.nowMs);
  store.nowMs += dayMs + 1;
  return domain;
}

const arbitraryRules = fc
  .array(
    fc.record({
      layer: fc.constantFrom('global' as const, 'acceptable-use' as const),
      quota: fc.integer({ min: 1, max: 9 }),
      windowMs: fc.integer({ min: 1, max: 60 }),
      counts: fc.constantFrom('admitted' as const, 'admitted' as const, 'attempts' as const),
      mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'shadow' as const),
      /** Quota and window of bytes as so many times those of requests; 0 for a rule over requests. */
      bytes: fc.constantFrom(0, 0, 0, 10),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((rules) =>
    rules.map(({ bytes, ...rule }, index) => {
      const named = { ...rule, name: `rule-${index}` };
      if (bytes === 0) return ruleWith(named);
      const larger = { quota: rule.quota * bytes, windowMs: rule.windowMs * bytes };
      return ruleWith({ ...named, ...larger, unit: 'request-bytes', counts: 'admitted' });
    }),
  );

/** How long after the one before it, which rules match (a bit each), and whose allowances they are. */
const arbitraryCalls = fc.array(
  fc.record({
    stepMs: fc.integer({ min: 0, max: 25 }),
    matching: fc.integer({ min: 1, max: 15 }),
    owner: fc.constantFrom('a', 'b'),
    amount: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 100 })),
    /** Percent of the body that comes. */
    came: fc.constantFrom(100, 100, 0, 60),
  }),
  { minLength: 10, maxLength: 60, size: 'max' },
);

function said(decision: CounterDecision) {
  if (decision.admitted) return { admitted: true };
  return { admitted: false, by: decision.decidedBy.key, retryAtMs: decision.retryAtMs };
}

test('the store decides, and says where allowances stand, as the counters of one process do, over stacked rules, attempts and shadows', {
  skip,
}, async () => {
  const runs = Number(process.env.HEADGATE_PROPERTY_RUNS ?? '150');
  await fc.assert(
    fc.asyncProperty(arbitraryRules, arbitraryCalls, async (rules, calls) => {
      const domain = await freshDomain();
      const counters = createCounters();
      for (const { stepMs, matching, owner, amount, came } of calls) {
        store.nowMs += stepMs;
        const charges = rules
          .filter((_, index) => matching & (1 << index))
          .map((rule): Charge => ({ ...chargeTo(rule, owner), ...(rule.unit === 'requests' ? {} : { amount }) }));
        const [one, other] = [counters.decide(charges, store.nowMs), await domain.decide(charges, store.nowMs)];
        assert.deepEqual(said(other), said(one));
        // What a refusal that is known already says of shadowed rules is as old as the refusal.
        if (one.admitted) assert.deepEqual(other.shadowRefusals, one.shadowRefusals);
        assert.deepEqual(await domain.standings(charges, store.nowMs), counters.standings(charges, store.nowMs));
        if (!one.admitted || !other.admitted) continue;
        const full = new Set(one.shadowRefusals.map(({ rule }) => rule));
        const held = charges.filter((charge) => isHeld(charge) && !full.has(charge.rule.name));
        const requestBytes = Math.floor((amount * came) / 100);
        assert.equal(one.charged === undefined, other.charged === undefined);
        if (one.charged !== undefined) counters.settle(held, { charged: one.charged, requestBytes });
        if (other.charged !== undefined) domain.settle(held, { charged: other.charged, requestBytes });
        assert.deepEqual(await domain.standings(charges, store.nowMs), counters.standings(charges, store.nowMs));
      }
      await domain.close();
    }),
    { numRuns: runs },
  );
});

test('retry exactly n seconds after "retry after n" is admitted, 10,000 times', { skip }, async () => {
  const trials = fc.sample(
    fc.record({
      quota: fc.integer({ min: 1, max: 5 }),
      windowMs: fc.integer({ min: 100, max: 60_000 }),
      steps: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 6, maxLength: 6 }),
    }),
    3_000,
  );
  const domain = await freshDomain();
  let refusedCount = 0;
  for (const [index, { quota, windowMs, steps }] of trials.entries()) {
    const charges = [
      chargeTo(ruleWith({ name: 'short', quota, windowMs }), `${index}`),
      chargeTo(ruleWith({ name: 'long', quota: quota + 1, windowMs: windowMs * 2 }), `${index}`),
    ];
    for (const stepMs of steps) {
      store.nowMs += Math.min(stepMs, Math.floor(windowMs / 3));
      for (let call = 0; call < 2; call += 1) {
        const decision = await domain.decide(charges, store.nowMs);
        if (decision.admitted) continue;
        refusedCount += 1;
        const seconds = Math.ceil((decision.retryAtMs - store.nowMs) / 1_000);
        assert.ok(seconds >= 1);
        store.nowMs += seconds * 1_000;
        assert.equal((await domain.decide(charges, store.nowMs)).admitted, true, `${index}: after ${seconds} s`);
      }
    }
  }
  assert.ok(refusedCount >= 10_000, `${refusedCount} refusals`);
  await domain.close();
});

test('a clock of the store that goes back within what is tolerated admits nothing more', { skip }, async () => {
  const domain = await freshDomain();
  const charges = [chargeTo(ruleWith({ name: 'back' }))];
  assert.ok((await domain.decide(charges, store.nowMs)).admitted);
  store.nowMs -= 1;
  assert.ok((await domain.decide(charges, store.nowMs)).admitted);
  store.nowMs += 1_000;
  const decision = await domain.decide(charges, store.nowMs);
  assert.ok(!decision.admitted);
  assert.equal(decision.retryAtMs - store.nowMs, 1, 'counted from the later of the two instants');
  await domain.close();
});
