import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chargeTo, domainOver, ruleWith, until } from './counters.fixture.ts';
import type { DomainNotice } from './domain-counters.ts';

test('a defect while a lease is renewed is told once, and nothing is admitted for it', async (t) => {
  const notices: DomainNotice[] = [];
  let asked = 0;
  const link = {
    call() {
      asked += 1;
      return Promise.reject(new TypeError('a defect that a test made'));
    },
    assertKeepsKeys: () => Promise.resolve(),
    lookAnew: () => undefined,
    close: () => undefined,
  };
  const counters = domainOver(link, { notice: (notice) => notices.push(notice) });
  t.after(() => counters.close());
  const decision = await counters.decide([chargeTo(ruleWith())], 1_000);
  assert.ok(!decision.admitted && decision.uncounted === true);
  await until(() => asked >= 3);
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ['counters-defect', 'counters-away'],
  );
});
