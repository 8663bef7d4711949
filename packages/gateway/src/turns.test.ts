import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns, inTurn } from './turns.ts';

test('so many of a source begin at once, the others in order as those leave; another source waits for none of them', () => {
  const turns = createTurns(2);
  const begun: string[] = [];
  const enter = (source: string, name: string) => turns.enter(source, () => begun.push(name));
  const leave = { a1: enter('a', 'a1'), a2: enter('a', 'a2'), a3: enter('a', 'a3'), a4: enter('a', 'a4') };
  assert.deepEqual(begun, ['a1', 'a2']);
  const leaveB = enter('b', 'b1');
  assert.deepEqual(begun, ['a1', 'a2', 'b1']);
  assert.equal(turns.underWay, 3);
  leave.a2();
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3']);
  leave.a1();
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3', 'a4']);
  assert.equal(turns.underWay, 3);
  for (const each of [leave.a3, leave.a4, leaveB]) each();
  assert.equal(turns.underWay, 0);
});

test('who leaves the queue never begins, and leaving twice frees one place', () => {
  const turns = createTurns(1);
  const begun: string[] = [];
  const enter = (name: string) => turns.enter('a', () => begun.push(name));
  const [first, second] = [enter('first'), enter('second')];
  second();
  second();
  first();
  first();
  assert.equal(turns.underWay, 0);
  const third = enter('third');
  enter('fourth');
  assert.deepEqual(begun, ['first', 'third']);
  third();
  assert.deepEqual(begun, ['first', 'third', 'fourth']);
});

test('work of one source is done so many at a time', async () => {
  const turns = createTurns(1);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const begun: number[] = [];
  const works = gates.map((gate, at) =>
    inTurn(turns, 'a', () => {
      begun.push(at);
      return gate.promise;
    }),
  );
  assert.deepEqual(begun, [0]);
  gates[0].resolve();
  await works[0];
  assert.equal(turns.underWay, 1);
  gates[1].resolve();
  await Promise.all(works);
  assert.deepEqual(begun, [0, 1]);
  assert.equal(turns.underWay, 0);
});

test('work that began at once leaves when it is done', async () => {
  const turns = createTurns(1);
  await inTurn(turns, 'a', () => Promise.resolve());
  assert.equal(turns.underWay, 0);
  const begun: string[] = [];
  turns.enter('a', () => begun.push('next'));
  assert.deepEqual(begun, ['next']);
});
