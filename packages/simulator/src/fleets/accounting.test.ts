import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type AttemptOutcome, createLedger, reconcileSubmits } from './accounting.ts';

const outcomes: readonly AttemptOutcome[] = ['accepted', 'limited', 'refused', 'lost', 'unsent'];

/** What one call came to: its attempts, and how often a system carried each out. */
const call = fc.record({
  isSubmit: fc.boolean(),
  attempts: fc.array(fc.record({ outcome: fc.constantFrom(...outcomes), isCarriedOut: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  }),
});

test('every attempt is counted once, and every submit is lost, doubled, untold or in order, by whatever came of it', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
      const ledger = createLedger();
      const carriedOut: string[] = [];
      for (const [index, { isSubmit, attempts }] of calls.entries()) {
        ledger.call(isSubmit);
        for (const [at, { outcome, isCarriedOut }] of attempts.entries()) {
          ledger.attempt(outcome, { generation: 'new', isRepeat: at > 0 });
          if (!isSubmit) continue;
          ledger.submit(`id-${index}`, outcome);
          if (isCarriedOut) carriedOut.push(`id-${index}`);
        }
      }
      const account = ledger.account();
      assert.equal(account.attempts, calls.flatMap(({ attempts }) => attempts).length);
      assert.equal(
        account.attempts,
        outcomes.reduce((sum, outcome) => sum + account[outcome], 0),
      );
      assert.equal(account.attempts, account.calls + account.repeated);
      const submits = calls.map((each, index) => ({ ...each, id: `id-${index}` })).filter(({ isSubmit }) => isSubmit);
      const named = (holds: (confirmed: number, carried: number) => boolean) =>
        submits
          .filter(({ attempts }) =>
            holds(
              attempts.filter(({ outcome }) => outcome === 'accepted').length,
              attempts.filter(({ isCarriedOut }) => isCarriedOut).length,
            ),
          )
          .map(({ id }) => id);
      assert.deepEqual(reconcileSubmits(ledger.submits(), carriedOut), {
        lost: named((confirmed, carried) => confirmed > 0 && carried === 0),
        doubled: named((_, carried) => carried > 1),
        untold: named((confirmed, carried) => confirmed === 0 && carried === 1),
        strange: [],
      });
      assert.equal(account.confirmed, named((confirmed) => confirmed > 0).length);
      assert.equal(account.confirmedTwice, named((confirmed) => confirmed > 1).length);
    }),
  );
});

test('what was carried out and nobody here sent is strange', () => {
  assert.deepEqual(reconcileSubmits([], ['x', 'x']), { lost: [], doubled: [], untold: [], strange: ['x'] });
});

test('submits past the bound are in the counts, and the ledger says how many it does not keep', () => {
  const ledger = createLedger(2);
  for (const id of ['a', 'b', 'c', 'd']) {
    ledger.call(true);
    ledger.submit(id, 'accepted');
  }
  assert.deepEqual(
    ledger.submits().map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(ledger.submitsLeftOut(), 2);
});
