// A short run of the grid; HEADGATE_GRID_SEED repeats one. The soak runs ten thousand calls.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { operators } from './operators.ts';
import { runPayloadGrid } from './payload-grid.ts';

const seed = Number(process.env.HEADGATE_GRID_SEED ?? randomInt(2 ** 31));

for (const operator of operators)
  test(`${operator.name}: every payload from 60 KB to 4 MB gets one whole answer, whatever its back end does`, async (t) => {
    const { ways } = await runPayloadGrid(operator, 150, seed);
    t.diagnostic(`HEADGATE_GRID_SEED=${seed} ${JSON.stringify(ways)}`);
    assert.ok((ways.served ?? 0) > 20 && (ways['inspection.body_too_large'] ?? 0) > 20, JSON.stringify(ways));
  });
