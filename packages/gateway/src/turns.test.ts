import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from './turns.ts';

function enteringWith(turns: ReturnType<typeof createTurns>) {
  const leave = new Map<string, () => void>();
  return {
    begun: () => [...leave.keys()],
    enter: (source: string, name: string) => turns.enter(source, (leaves) => leave.set(name, leaves)),
    leave: (name: string) => leave.get(name)?.(),
  };
}

test('so many of a source begin at once, the others in order as those leave; another source waits for none of them', () => {
  const turns = createTurns(2);
  const { begun, enter, leave } = enteringWith(turns);
  for (const name of ['a1', 'a2', 'a3', 'a4']) enter('a', name);
  assert.deepEqual(begun(), ['a1', 'a2']);
  enter('b', 'b1');
  assert.deepEqual(begun(), ['a1', 'a2', 'b1']);
  assert.equal(turns.underWay, 3);
  leave('a2');
  assert.deepEqual(begun(), ['a1', 'a2', 'b1', 'a3']);
  leave('a1');
  assert.deepEqual(begun(), ['a1', 'a2', 'b1', 'a3', 'a4']);
  assert.equal(turns.underWay, 3);
  for (const name of ['a3', 'a4', 'b1']) leave(name);
  assert.equal(turns.underWay, 0);
});

test('who leaves the queue never begins', () => {
  const turns = createTurns(1);
  const { begun, enter, leave } = enteringWith(turns);
  enter('a', 'first');
  const second = enter('a', 'second');
  enter('a', 'third');
  second();
  second();
  leave('first');
  assert.deepEqual(begun(), ['first', 'third']);
  leave('third');
  assert.equal(turns.underWay, 0);
});

test('leaving twice frees one place', () => {
  const turns = createTurns(1);
  const { begun, enter, leave } = enteringWith(turns);
  for (const name of ['first', 'second', 'third']) enter('a', name);
  leave('first');
  leave('first');
  assert.deepEqual(begun(), ['first', 'second']);
  assert.equal(turns.underWay, 1);
});

test('who leaves as it begins makes room for the next', () => {
  const turns = createTurns(1);
  const begun: number[] = [];
  for (const name of [1, 2, 3])
    turns.enter('a', (leave) => {
      begun.push(name);
      leave();
    });
  assert.deepEqual(begun, [1, 2, 3]);
  assert.equal(turns.underWay, 0);
});
