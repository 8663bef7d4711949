import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createReorder } from './reorder.ts';

interface Item {
  readonly atMs: number;
  readonly name: string;
}

function reordered(windowMs: number, heldMax = 1_000) {
  const released: Item[] = [];
  return { reorder: createReorder<Item>({ windowMs, heldMax }, (item) => released.push(item)), released };
}

test('what is late by no more than the window comes out in order, and the rest is counted and left out', () => {
  const { reorder, released } = reordered(10);
  const lane = reorder.lane(0);
  for (const atMs of [5, 20, 12, 40]) lane.push({ atMs, name: String(atMs) });
  reorder.settle();
  assert.deepEqual(
    released.map(({ atMs }) => atMs),
    [5, 12, 20],
  );
  lane.push({ atMs: 15, name: 'late' });
  lane.end();
  reorder.settle();
  assert.deepEqual(
    released.map(({ atMs }) => atMs),
    [5, 12, 20, 40],
  );
  assert.deepEqual(reorder.stats(), { lateCount: 1, lateMsMax: 5, hurriedCount: 0 });
});

test('nothing is released before a lane that is still behind, and that lane is the one to read next', () => {
  const { reorder, released } = reordered(0);
  const [ahead, behind] = [reorder.lane(0), reorder.lane(0)];
  ahead.push({ atMs: 100, name: 'ahead' });
  reorder.settle();
  assert.deepEqual(released, []);
  assert.equal(reorder.laggard(), behind);
  behind.push({ atMs: 50, name: 'behind' });
  reorder.settle();
  behind.end();
  reorder.settle();
  ahead.end();
  reorder.settle();
  assert.deepEqual(
    released.map(({ name }) => name),
    ['behind', 'ahead'],
  );
  assert.equal(reorder.laggard(), null);
});

test('past the bound the earliest goes out before its time, counted', () => {
  const { reorder, released } = reordered(1_000_000, 2);
  const lane = reorder.lane(0);
  for (const atMs of [3, 1, 2]) lane.push({ atMs, name: String(atMs) });
  assert.deepEqual(
    released.map(({ atMs }) => atMs),
    [1],
  );
  assert.equal(reorder.stats().hurriedCount, 1);
});

test('of one instant, items that come last stand behind the others', () => {
  const released: Item[] = [];
  const reorder = createReorder<Item>(
    { windowMs: 0, heldMax: 10 },
    (item) => released.push(item),
    ({ name }) => name === 'last',
  );
  const lane = reorder.lane(0);
  for (const name of ['last', 'one', 'two']) lane.push({ atMs: 5, name });
  lane.end();
  reorder.settle();
  assert.deepEqual(
    released.map(({ name }) => name),
    ['one', 'two', 'last'],
  );
});

test('whatever the lanes bring within the window comes out sorted, those of one instant in the order in which they came', () => {
  const lanes = fc.array(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 40 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(lanes, (instants) => {
      const { reorder, released } = reordered(200);
      const open = instants.map(() => reorder.lane(Number.NEGATIVE_INFINITY));
      instants.forEach((each, at) => {
        for (const atMs of each) {
          open[at]?.push({ atMs, name: `${at}` });
          reorder.settle();
        }
      });
      for (const lane of open) lane.end();
      reorder.settle();
      const pushed = instants.flatMap((each, at) => each.map((atMs) => ({ atMs, name: `${at}` })));
      assert.deepEqual(
        released,
        pushed.toSorted((a, b) => a.atMs - b.atMs),
      );
    }),
  );
});
