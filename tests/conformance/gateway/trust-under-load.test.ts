// Everything that a transition changes, changed while hundreds of calls a second go on, before a gateway as an operator runs it. The
// long form is tests/soak/trust-under-load.soak.ts.
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { randomFrom } from '../http/mutations.ts';
import { operators } from './operators.ts';
import { changeUnderLoad } from './trust-load/change-under-load.ts';

const seed = Number(process.env.HEADGATE_TRUST_SEED ?? randomInt(2 ** 32));

test(`under load no change of certificates, authorities, lists and rights loses a call, and none is late (seed ${seed})`, async (t) => {
  const random = randomFrom(seed);
  const operator = operators[Math.floor(random() * operators.length)] ?? operators[0];
  if (operator === undefined) throw new Error('there is no operator');
  const { calls, callsPerSecond, outcomes, changes, applyMs, listByItselfMs } = await changeUnderLoad({
    operator,
    random,
    anotherRound: () => false,
    commandEvery: 8,
  });
  t.diagnostic(`${operator.name}: ${calls} calls, ${callsPerSecond.toFixed(0)} a second, ${JSON.stringify(outcomes)}`);
  t.diagnostic(
    `${changes} changes, ${applyMs.length} times applied; a list by itself after ${listByItselfMs.toFixed(0)} ms`,
  );
});
