import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charge } from '@headgate/contract';
import { missing, startValkey } from '@headgate/testkit';
import { Deadlines, monotonic } from '../deadlines.ts';
import { breathe, chargeTo, ruleWith } from './counters.fixture.ts';
import { createSharedCounters } from './shared-counters.ts';
import { openStoreLink } from './store-link.ts';

test('what a node counts alone is its part of the quota, and is given back when the store refuses', {
  skip: missing('valkey-server'),
}, async (t) => {
  const valkey = await startValkey();
  const link = openStoreLink(
    { endpoints: [{ host: '127.0.0.1', port: valkey.port }], cluster: false },
    new Deadlines(),
  );
  const counters = createSharedCounters({
    link,
    closeLink: () => link.close(),
    decided: () => undefined,
    node: 'a',
    nodes: ['a', 'b'],
    timeoutMs: 2_000,
    leaseMs: 3_000,
    longWindowMs: 10_000,
    holdOffMsMax: 86_400_000,
    rememberedMax: 1_000,
    elapsed: monotonic,
    notice: () => undefined,
  });
  t.after(async () => {
    await counters.close();
    await valkey.close();
  });
  const atOnce = chargeTo(ruleWith({ name: 'at-once', unit: 'concurrent-requests', quota: 4 }));
  const rate = chargeTo(ruleWith({ name: 'rate', quota: 1, windowMs: 100, degraded: 'refuse' }));
  const both: readonly Charge[] = [atOnce, rate];
  const decide = async (charges: readonly Charge[]) => counters.decide(charges, Date.now());
  const admit = async (): Promise<void> => {
    while (!(await decide(both)).admitted) await breathe();
  };
  // Every refusal by the rate on the way would cost a place, were it not given back.
  await admit();
  await admit();
  const third = await decide([atOnce]);
  assert.ok(!third.admitted);
  assert.equal(third.decidedBy, atOnce);
  counters.settle(both, { charged: { atMs: Date.now() }, requestBytes: 0 });
  assert.ok((await decide([atOnce])).admitted);
  const lone = chargeTo(ruleWith({ name: 'lone', unit: 'concurrent-requests', quota: 1 }));
  assert.equal((await decide([lone])).admitted, false, 'one place has no part for each of two nodes');
  const standings = await counters.standings([lone, atOnce, rate], Date.now());
  assert.deepEqual(
    standings.slice(1, 2).map(({ remaining }) => remaining),
    [0],
  );
  // A rule in shadow that had no room holds nothing, and has nothing to give back.
  const watched = chargeTo(ruleWith({ name: 'watched', unit: 'concurrent-requests', quota: 2, mode: 'shadow' }));
  const first = chargeTo(ruleWith({ name: 'first', quota: 1, windowMs: 1_000, degraded: 'refuse' }));
  while (!(await decide([watched, first])).admitted) await breathe();
  const refused = await decide([watched, first]);
  assert.ok(!refused.admitted);
  assert.deepEqual(
    refused.shadowRefusals.map(({ rule }) => rule),
    ['watched'],
  );
  assert.deepEqual(
    (await counters.standings([watched], Date.now())).map(({ remaining }) => remaining),
    [0],
  );
});
