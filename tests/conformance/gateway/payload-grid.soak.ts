// The grid of payloads, ten thousand calls or HEADGATE_GRID_CALLS.
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { operators } from './operators.ts';
import { runPayloadGrid } from './payload-grid.ts';

const calls = Number(process.env.HEADGATE_GRID_CALLS ?? 10_000);
const seed = Number(process.env.HEADGATE_GRID_SEED ?? randomInt(2 ** 31));

for (const operator of operators)
  test(`${operator.name}: ${calls} payloads from 60 KB to 4 MB get one whole answer each`, async (t) => {
    t.diagnostic(`HEADGATE_GRID_SEED=${seed}`);
    t.diagnostic(JSON.stringify(await runPayloadGrid(operator, calls, seed)));
  });
