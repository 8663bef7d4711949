import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chargeTo, ruleWith } from './counters.fixture.ts';
import { partOf } from './own-part.ts';

const connections = ruleWith({ name: 'connections', unit: 'connections', quota: 10 });

test('parts of all nodes together are never more than the quota', () => {
  for (let nodes = 1; nodes <= 64; nodes += 1)
    for (const quota of [1, 2, 7, 10, 64, 4_096]) {
      const part = partOf(chargeTo({ ...connections, quota }), nodes);
      assert.ok((part?.rule.quota ?? 0) * nodes <= quota, `${quota} over ${nodes}`);
      assert.equal(part === null, quota < nodes);
    }
});

test('a rule in shadow without a part refuses nobody all the same', () => {
  assert.equal(partOf(chargeTo({ ...connections, mode: 'shadow', quota: 1 }), 2)?.rule.quota, 1);
});
