// The same table of limit cases against the gateway and against the simulator, each a process of its own, over TLS, at both
// operators: what a participant tries out against the simulator is what production does.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clockReaches } from '@headgate/testkit';
import type { LimitCase } from './limit-cases.ts';
import { longestWindowMs, rowsOf, twinOperators } from './operators.ts';
import { playCase } from './play-case.ts';
import { startTwins, type Twins } from './twin-processes.ts';
import { createCallers } from './wire-callers.ts';

/** Rows over a rule that another row has too, one after the other and a window apart: they have one allowance between them. */
function createTurns(): <Value>(row: LimitCase, play: () => Promise<Value>) => Promise<Value> {
  const last = new Map<string, Promise<unknown>>();
  return (row, play) => {
    const before = row.rules.map(({ name }) => last.get(name)).filter((each) => each !== undefined);
    const played = Promise.allSettled(before).then(async () => {
      if (before.length > 0) await clockReaches(Date.now() + longestWindowMs(row));
      return play();
    });
    for (const { name } of row.rules) last.set(name, played);
    return played;
  };
}

/** Rows that are played at once: most of a row is waiting. */
const concurrency = 8;

for (const [operatorAt, operator] of twinOperators.entries())
  describe(`gateway and simulator of ${operator.name} agree${operator.noJson === null ? '' : ` (${operator.noJson})`} that`, {
    concurrency,
  }, () => {
    const takeTurn = { gateway: createTurns(), simulator: createTurns() };
    let twins: Twins;
    before(async () => {
      twins = await startTwins(operator);
    });
    after(() => twins?.close());

    for (const [at, row] of rowsOf(operator).entries())
      test(row.title, async () => {
        const network = `127.${20 + operatorAt}.${at + 1}`;
        const played = [twins.gateway, twins.simulator].map(async (twin) => {
          const callers = createCallers(twins, twin, operator, network);
          try {
            return await takeTurn[twin.name](row, () => playCase(row, callers));
          } catch (fault) {
            throw new Error(`the ${twin.name}: ${(fault as Error).message}`, { cause: fault });
          } finally {
            callers.close();
          }
        });
        const [byGateway, bySimulator] = await Promise.all(played);
        assert.deepEqual(bySimulator, byGateway);
      });
  });
