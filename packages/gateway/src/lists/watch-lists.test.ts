import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listLookMs, type Repeat, watchLists } from './watch-lists.ts';

const neverFails = (fault: unknown) => assert.fail(String(fault));

/** A timer that a test turns. */
function handTimer() {
  const turns: { everyMs: number; work: () => void }[] = [];
  const repeat: Repeat = (everyMs, work) => {
    const one = { everyMs, work };
    turns.push(one);
    return { close: () => void turns.splice(turns.indexOf(one), 1) };
  };
  const turn = () => {
    for (const { work } of turns) work();
  };
  return { repeat, turns, turn };
}

test('files are looked at so often that two looks fit into a minute', () => {
  assert.ok(listLookMs * 2 <= 60_000);
});

test('one look is made at a time, and after it the next', async () => {
  const { repeat, turn } = handTimer();
  const looks: PromiseWithResolvers<void>[] = [];
  watchLists(
    repeat,
    () => {
      const look = Promise.withResolvers<void>();
      looks.push(look);
      return look.promise;
    },
    neverFails,
  );
  turn();
  turn();
  assert.equal(looks.length, 1);
  looks[0]?.resolve();
  await new Promise(setImmediate);
  turn();
  assert.equal(looks.length, 2);
});

test('a look that goes wrong is told, and the next is made all the same', async () => {
  const { repeat, turn } = handTimer();
  const faults: unknown[] = [];
  watchLists(
    repeat,
    () => Promise.reject(new Error('broken')),
    (fault) => faults.push(fault),
  );
  turn();
  await new Promise(setImmediate);
  turn();
  await new Promise(setImmediate);
  assert.equal(faults.length, 2);
});

test('nothing is looked at any more once it is closed', () => {
  const { repeat, turns } = handTimer();
  const watch = watchLists(repeat, () => Promise.resolve(), neverFails);
  assert.equal(turns[0]?.everyMs, listLookMs);
  watch.close();
  assert.equal(turns.length, 0);
});
