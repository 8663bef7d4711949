import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runKills } from './kill-run.fixture.ts';

test('a control that is killed again and again loses nothing acknowledged and applies nothing twice', async (t) => {
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const run = await runKills({ seed, killCount: 6, fromNothing: false });
  t.diagnostic(JSON.stringify(run));
  assert.ok(run.acknowledgedCount > 0 && run.entryCount >= run.acknowledgedCount);
  assert.equal(run.rolledBackCount, 1);
});
