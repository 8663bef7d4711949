import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type Balance, createConsistentHash, createLeastRequests, createRoundRobin, hashOf } from './balance.ts';

const choose = (balance: Balance, weights: readonly number[], loads: readonly number[] = [], hash = 0) =>
  balance({ weights: Float64Array.from(weights), loads: Float64Array.from(loads), hash });

/** How often each index was chosen. */
const countsOf = (balance: Balance, weights: readonly number[], times: number, loads?: readonly number[]) => {
  const counts = weights.map(() => 0);
  for (let each = 0; each < times; each += 1) {
    const index = choose(balance, weights, loads);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
};

const someWeights = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 8 });

describe('round robin', () => {
  test('gives each its weight, exactly, in every whole round', () => {
    fc.assert(
      fc.property(someWeights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const balance = createRoundRobin(weights.length);
        for (const _ of [1, 2]) if (total > 0) assert.deepEqual(countsOf(balance, weights, total), weights);
      }),
    );
  });

  test('spreads the turns of a heavy one among those of the others', () => {
    const balance = createRoundRobin(3);
    const turns = Array.from({ length: 7 }, () => choose(balance, [5, 1, 1]));
    assert.deepEqual(turns, [0, 0, 1, 0, 2, 0, 0]);
  });

  test('has none to give when none is to be had', () => {
    assert.equal(choose(createRoundRobin(2), [0, 0]), -1);
  });
});

describe('least requests', () => {
  test('gives to whom has the fewest under way for its weight', () => {
    const balance = createLeastRequests(3);
    assert.equal(choose(balance, [1, 1, 1], [3, 1, 2]), 1);
    assert.equal(choose(balance, [4, 1, 1], [3, 1, 2]), 0);
  });

  test('gives to each in turn among equals', () => {
    assert.deepEqual(countsOf(createLeastRequests(3), [1, 1, 1], 9, [0, 0, 0]), [3, 3, 3]);
  });

  test('never gives to one that is not to be had, however idle', () => {
    assert.deepEqual(countsOf(createLeastRequests(3), [1, 0, 1], 4, [9, 0, 9]), [2, 0, 2]);
    assert.equal(choose(createLeastRequests(2), [0, 0], [0, 0]), -1);
  });
});

describe('a consistent hash', () => {
  const members = ['http://10.0.0.1:80', 'http://10.0.0.2:80', 'http://10.0.0.3:80', 'http://10.0.0.4:80'].map(
    (name) => ({ name, weight: 1 }),
  );
  const callers = Array.from({ length: 4_000 }, (_, number) => hashOf(`caller-${number}`));
  const placesOf = (balance: Balance, weights: readonly number[]) =>
    callers.map((hash) => choose(balance, weights, [], hash));
  const sharesOf = (places: readonly number[]) =>
    members.map((_, index) => places.filter((place) => place === index).length / places.length);

  test('places a caller at the same endpoint each time, and alike at every gateway', () => {
    const [one, other] = [createConsistentHash(members), createConsistentHash(members)];
    assert.deepEqual(placesOf(one, [1, 1, 1, 1]), placesOf(other, [1, 1, 1, 1]));
  });

  test('spreads callers within a third of even', () => {
    for (const share of sharesOf(placesOf(createConsistentHash(members), [1, 1, 1, 1])))
      assert.ok(Math.abs(share - 0.25) < 0.25 / 3, String(share));
  });

  test('moves only the callers of the endpoint that leaves, and spreads them over the others', () => {
    const balance = createConsistentHash(members);
    const before = placesOf(balance, [1, 1, 1, 1]);
    const after = placesOf(balance, [1, 0, 1, 1]);
    const moved = new Set<number>();
    for (const [at, place] of before.entries()) {
      if (place !== 1) assert.equal(after[at], place);
      else moved.add(after[at] ?? -1);
    }
    assert.deepEqual(moved, new Set([0, 2, 3]));
  });

  test('moves callers only to an endpoint that is added', () => {
    const before = placesOf(createConsistentHash(members.slice(0, 3)), [1, 1, 1]);
    const after = placesOf(createConsistentHash(members), [1, 1, 1, 1]);
    for (const [at, place] of after.entries()) if (place !== 3) assert.equal(place, before[at]);
  });

  test('gives a heavy endpoint more callers', () => {
    const weights = [1, 1, 1, 3];
    const heavy = members.map((member, at) => ({ ...member, weight: weights[at] ?? 1 }));
    const [first = 0, , , last = 0] = sharesOf(placesOf(createConsistentHash(heavy), weights));
    assert.ok(last > 2 * first, `${first} ${last}`);
  });

  test('gives one that starts slowly a part of its own callers back, and never one of the others', () => {
    const balance = createConsistentHash(members);
    const whole = placesOf(balance, [1, 1, 1, 1]);
    const without = placesOf(balance, [1, 0, 1, 1]);
    const [tenth, half] = [0.1, 0.5].map((share) => placesOf(balance, [1, share, 1, 1]));
    assert.ok(tenth !== undefined && half !== undefined);
    for (const [at, place] of half.entries()) {
      assert.ok(place === whole[at] || place === without[at]);
      if (tenth[at] === 1) assert.equal(place, 1); // Who is back stays back.
    }
    const [owned = 0, back = 0] = [whole, half].map((places) => sharesOf(places)[1]);
    assert.ok(Math.abs(back / owned - 0.5) < 0.1, `${back} of ${owned}`);
  });

  test('gives to one that starts slowly when there is no other', () => {
    for (const place of placesOf(createConsistentHash(members), [0, 0.1, 0, 0])) assert.equal(place, 1);
  });

  test('has none to give when none is to be had', () => {
    assert.equal(choose(createConsistentHash(members), [0, 0, 0, 0], [], 7), -1);
  });
});
