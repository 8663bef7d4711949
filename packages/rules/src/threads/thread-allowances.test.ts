import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruleWith } from '../testdata.ts';
import type { AllowanceTable } from './allowance-table.ts';
import { bytesOf, type MemoryParts, partsOf } from './memory.ts';
import { dealThreadAllowances } from './thread-allowances.ts';

const bounds = { keysMax: 16, instantsMax: 64, rulesMax: 1 };
const rule = ruleWith({ quota: 6, windowMs: 1_000 });
const hashOf = (key: number) => new Int32Array([key, key * 7, key * 31, key * 127]);

class Died extends Error {}

/** Parts whose user dies at a write: every step at which a thread can end lies between two of them. */
function deadlyParts(memory: SharedArrayBuffer, writesMax: number): MemoryParts {
  const parts = partsOf(memory);
  let writes = 0;
  const deadly = <List extends Int32Array | Float64Array>(list: List): List =>
    new Proxy(list, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
      set(target, name, value) {
        writes += 1;
        if (writes > writesMax) throw new Died();
        return Reflect.set(target, name, value);
      },
    });
  return { words: (count) => deadly(parts.words(count)), numbers: (count) => deadly(parts.numbers(count)) };
}

/** Runs `work` in a thread that dies at each of its writes in turn, and looks at what the others then find. */
function dyingAtEachWrite(
  prepare: (table: AllowanceTable) => void,
  work: (table: AllowanceTable) => void,
  look: (found: AllowanceTable, unharmed: AllowanceTable) => void,
): number {
  for (let writesMax = 0; ; writesMax += 1) {
    const [memory, spare] = [1, 2].map(
      () => new SharedArrayBuffer(bytesOf((parts) => dealThreadAllowances(parts, bounds))),
    );
    assert.ok(memory && spare);
    const [table, unharmed] = [memory, spare].map((each) => dealThreadAllowances(partsOf(each), bounds));
    assert.ok(table && unharmed);
    prepare(table);
    prepare(unharmed);
    let died = false;
    try {
      work(dealThreadAllowances(deadlyParts(memory, writesMax), bounds));
    } catch (thrown) {
      if (!(thrown instanceof Died)) throw thrown;
      died = true;
    }
    table.repair();
    look(table, unharmed);
    if (!died) return writesMax;
  }
}

/** Uses every part of a table hard, and sees that everything is forgotten at the end. */
function exercise(table: AllowanceTable): void {
  for (let key = 1; key <= 16; key += 1) {
    table.turnTo(5_000);
    for (let event = 0; event < 10; event += 1) {
      const slot = table.hold(hashOf(key), 5_000, -1);
      if (slot >= 0) table.record(slot, rule, 1, 5_000);
      else table.add(hashOf(key), rule, 1, 5_000);
    }
  }
  for (let turn = 0; turn < 20; turn += 1) table.turnTo(20_000);
  assert.deepEqual([table.keyCount, table.slotCount], [0, 0]);
}

function addWithEvents(table: AllowanceTable, key: number, instants: readonly number[]): void {
  for (const atMs of instants) {
    table.turnTo(atMs);
    const slot = table.find(hashOf(key));
    if (slot >= 0) table.record(slot, rule, 1, atMs);
    else table.add(hashOf(key), rule, 1, atMs);
  }
}

for (const [what, instants] of [
  ['that grows', [100, 110, 120, 130]],
  ['that is full and gives its oldest event away', [100, 110, 120, 130, 140, 150, 160]],
  ['that is full and gives a chunk back', [100, 110, 120, 130, 140, 150, 160, 170, 180]],
] as const) {
  test(`a thread that dies at any write charges an allowance ${what} with what it had, or one more`, () => {
    const roomIn = (table: AllowanceTable, quota: number) => {
      const slot = table.find(hashOf(1));
      assert.ok(slot >= 0);
      return table.roomAtMs(slot, { ...rule, quota }, 1, 500);
    };
    const writes = dyingAtEachWrite(
      (table) => {
        addWithEvents(table, 1, instants);
        addWithEvents(table, 2, instants);
      },
      (table) => {
        table.turnTo(500);
        table.record(table.hold(hashOf(1), 500, -1), rule, 1, 500);
      },
      (found, unharmed) => {
        // With any quota the room is as before the call or as after it, never sooner.
        const before = [1, 2, 3, 4, 5, 6].map((quota) => roomIn(unharmed, quota));
        const rooms = [1, 2, 3, 4, 5, 6].map((quota) => roomIn(found, quota));
        unharmed.record(unharmed.find(hashOf(1)), rule, 1, 500);
        const after = [1, 2, 3, 4, 5, 6].map((quota) => roomIn(unharmed, quota));
        assert.ok(
          [before, after].some((each) => each.join() === rooms.join()),
          `${rooms.join()} is not ${before.join()} or ${after.join()}`,
        );
        exercise(found);
      },
    );
    assert.ok(writes > 5);
  });
}

test('a thread that dies at any write of a new key, or of forgetting old ones, leaves a whole table', () => {
  const writes = dyingAtEachWrite(
    (table) => {
      for (let key = 1; key <= 6; key += 1) addWithEvents(table, key, [100, 110, 120, 130, 140]);
      addWithEvents(table, 7, [1_100]);
    },
    (table) => {
      table.turnTo(1_500);
      table.add(hashOf(8), rule, 1, 1_500);
    },
    (found) => {
      const kept = found.find(hashOf(7));
      assert.ok(kept >= 0);
      assert.equal(found.roomAtMs(kept, { ...rule, quota: 1 }, 1, 500), 2_100);
      exercise(found);
    },
  );
  assert.ok(writes > 30);
});
