import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bestPerRound, ratioSpread, spreadOf } from './statistics.ts';

test('the median of an even count is the mean of the middle two', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  assert.deepEqual(spreadOf([5]), { median: 5, min: 5, max: 5 });
  assert.equal(spreadOf([]), null);
});

test('half of the values lie on either side of the median, whatever their order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (values) => {
        const spread = spreadOf(values);
        assert.ok(spread !== null);
        assert.ok(values.filter((value) => value <= spread.median).length * 2 >= values.length);
        assert.ok(values.filter((value) => value >= spread.median).length * 2 >= values.length);
        assert.ok(spread.min <= spread.median && spread.median <= spread.max);
      },
    ),
  );
});

test('a ratio is taken within a round, and a round that one side lacks is left out', () => {
  const ours = [
    { round: 1, value: 50 },
    { round: 2, value: 300 },
    { round: 3, value: 7 },
  ];
  const theirs = [
    { round: 2, value: 600 },
    { round: 1, value: 50 },
  ];
  assert.deepEqual(ratioSpread(ours, theirs), { median: 0.75, min: 0.5, max: 1 });
  assert.equal(ratioSpread(ours, []), null);
});

test('nothing is divided by zero', () => {
  assert.equal(ratioSpread([{ round: 1, value: 1 }], [{ round: 1, value: 0 }]), null);
});

test('the best of a round is the greatest, or the least where less is better', () => {
  const first = [
    { round: 1, value: 1 },
    { round: 2, value: 9 },
  ];
  const second = [{ round: 1, value: 4 }];
  assert.deepEqual(bestPerRound([first, second], 'more'), [
    { round: 1, value: 4 },
    { round: 2, value: 9 },
  ]);
  assert.deepEqual(bestPerRound([first, second], 'less'), first);
});
