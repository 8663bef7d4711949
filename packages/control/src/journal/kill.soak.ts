// The long form of kill.test.ts: HEADGATE_SEED repeats a run.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runKills } from './kill-run.fixture.ts';

test('a hundred kills at random moments lose nothing acknowledged and apply nothing twice', async (t) => {
  const seed = Number(process.env.HEADGATE_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`seed ${seed}; again with: HEADGATE_SEED=${seed} node --test packages/control/src/journal/kill.soak.ts`);
  const run = await runKills({ seed, killCount: 100, fromNothing: true });
  t.diagnostic(JSON.stringify(run));
  assert.ok(run.entryCount >= run.acknowledgedCount);
});
