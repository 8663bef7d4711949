// Gateway and control are killed under traffic. What the ledger tells of the calls in the end is what their callers know.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOrdeal } from './ordeal/ordeal.ts';

test('after kills of gateway and control the ledger has every answered call once, or one gap for each thread that was killed', async (t) => {
  const seed = 20_261_127;
  const found = await runOrdeal({ seed, gatewayKills: 1, calls: [100, 300] });
  t.diagnostic(JSON.stringify({ seed, ...found }));
  assert.equal(found.gaps, 2);
});
