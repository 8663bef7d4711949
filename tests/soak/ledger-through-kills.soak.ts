// The long form of tests/e2e/ledger-through-kills.test.ts: many seeds, ten kills of either side in each.
import { test } from 'node:test';
import { runOrdeal } from '../e2e/ordeal/ordeal.ts';

const firstSeed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 10;

for (let round = 0; round < rounds; round += 1) {
  const seed = firstSeed + round;
  test(`seed ${seed}: ten kills of gateway and control each leave the ledger true`, async (t) => {
    const found = await runOrdeal({ seed, gatewayKills: 10, calls: [20, 3_000] });
    t.diagnostic(JSON.stringify({ seed, ...found }));
  });
}
