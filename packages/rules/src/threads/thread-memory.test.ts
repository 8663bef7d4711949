import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { chargeTo, ruleWith } from '../testdata.ts';
import { createThreadLock } from './lock.ts';
import { memoryWith } from './memory.fixture.ts';
import { bytesOf, partsOf } from './memory.ts';
import type { PhaseOrders } from './phases.fixture.ts';
import { pair, place, type RushOrders, single, ticketsPerKey } from './rush.fixture.ts';
import { openThreadMemory } from './thread-memory.ts';
import { dealPlaces, openPlaces } from './thread-places.ts';

const sharedWords = (count: number) => new Int32Array(new SharedArrayBuffer(count * 4));
const idle = ruleWith({ name: 'idle' });

function startThread(file: string, workerData: PhaseOrders | RushOrders): Worker {
  return new Worker(new URL(file, import.meta.url), { workerData });
}

test('four threads with clocks that differ admit exactly the quota in every window, and leave none of it unused', async (t) => {
  const memory = memoryWith();
  const { counters } = openThreadMemory(memory, 9);
  const all = ruleWith({ name: 'all', layer: 'global', quota: 30, windowMs: 100 });
  const one = ruleWith({ name: 'one', quota: 7, windowMs: 50 });
  const other = ruleWith({ name: 'other', quota: 9, windowMs: 70 });
  const rules = [one, other, all];
  const calls = [[chargeTo(all), chargeTo(one)], [chargeTo(all), chargeTo(other)], [chargeTo(all)]];
  const phase = sharedWords(3);
  const admitted = sharedWords(calls.length);
  const threads = [0, 0, 3, 250].map((behindMs, at) =>
    startThread('./phases.fixture.ts', { memory, owner: at + 1, calls, rounds: 20, phase, behindMs, admitted }),
  );
  t.after(() => Promise.all(threads.map((thread) => thread.terminate())));
  await Promise.all(threads.map((thread) => once(thread, 'online')));

  const events: { atMs: number; counts: readonly number[] }[] = [];
  let atMs = 1_000;
  for (let number = 1; number <= 300; number += 1) {
    atMs += 1 + Math.floor(Math.random() * 20);
    counters.decide([chargeTo(idle)], atMs); // So that every clock is behind or in time.
    admitted.fill(0);
    Atomics.store(phase, 2, 0);
    Atomics.store(phase, 0, atMs);
    Atomics.store(phase, 1, number);
    Atomics.notify(phase, 1);
    for (let done = 0; done < threads.length; done = Atomics.load(phase, 2)) Atomics.wait(phase, 2, done, 1_000);
    const counts = [admitted[0] ?? 0, admitted[1] ?? 0, admitted.reduce((sum, count) => sum + count)];
    const roomOf = (at: number) => {
      const { quota, windowMs } = rules[at] ?? all;
      const held = events.filter((event) => event.atMs > atMs - windowMs);
      return quota - held.reduce((sum, event) => sum + (event.counts[at] ?? 0), 0);
    };
    for (const at of rules.keys()) assert.ok((counts[at] ?? 0) <= roomOf(at), `${rules[at]?.name} at ${atMs}`);
    assert.equal(counts[2], roomOf(2)); // Calls that only this rule counts take all the room that the others leave.
    events.push({ atMs, counts });
  }
  Atomics.store(phase, 1, -1);
  Atomics.notify(phase, 1);
});

test('threads that are ended at any step leave no lock held, no quota passed and no place taken', async () => {
  const memory = memoryWith({ keysMax: 40_000, instantsMax: 200_000 });
  const state = openThreadMemory(memory, 1_000_000);
  const tickets = sharedWords(2);
  const admitted = sharedWords(2_000_000);
  const repaired = async (gone: number) => {
    while (state.repairAfter(gone) === null) await new Promise(setImmediate);
  };
  let owner = 0;
  const start = () => {
    owner += 1;
    return { owner, worker: startThread('./rush.fixture.ts', { memory, owner, tickets, admitted }) };
  };
  const running = Array.from({ length: 4 }, start);
  const endsMax = 24;
  for (let ends = 0; ends < endsMax; ends += 1) {
    // Not before the thread works, and then at once: that is a different step each time.
    for (let begun = 0; begun < owner; begun = Atomics.load(tickets, 1)) {
      await Atomics.waitAsync(tickets, 1, begun, 100).value;
    }
    const [gone] = running.splice(Math.floor(Math.random() * running.length), 1);
    assert.ok(gone);
    await gone.worker.terminate();
    await repaired(gone.owner);
    if (ends < endsMax - 4) running.push(start());
    else if (running.length === 0) break;
  }
  for (const { worker, owner: last } of running) {
    await worker.terminate();
    await repaired(last);
  }

  const lastTicket = Atomics.load(tickets, 0);
  const keyCount = Math.min(admitted.length, Math.floor(lastTicket / ticketsPerKey));
  let total = 0;
  for (let key = 0; key < keyCount; key += 2) {
    const [first = 0, second = 0] = [admitted[key], admitted[key + 1]];
    assert.ok(first <= single.quota && second <= single.quota, `${first} and ${second} of key ${key}`);
    assert.ok(first + second <= pair.quota, `${first} and ${second} of the pair of key ${key}`);
    total += first + second;
  }
  assert.ok(total > keyCount); // They did call.
  // Whatever the ends left behind: everything is forgotten in time, and so nothing was lost track of.
  for (let turn = 0; turn < 10_000; turn += 1) state.counters.decide([chargeTo(idle)], 2_000_000_000 + turn);
  assert.deepEqual(state.counters.stats(), {
    keyCount: 1,
    shadowKeyCount: 0,
    slotCount: 1,
    refusedForSpaceCount: state.counters.stats().refusedForSpaceCount,
  });
  for (let taken = 0; taken < place.max; taken += 1) assert.ok(state.connections.enter([place]));
  assert.ok(!state.connections.enter([place]));
});

test('a thread that is gone gives back its places and no other’s', () => {
  const memory = memoryWith({ connectionsMax: 10 });
  const [first, second, third] = [1, 2, 3].map((owner) => openThreadMemory(memory, owner).connections);
  assert.ok(first && second && third);
  const listener = { key: 'listener', max: 5 };
  const places = [listener, { key: 'source', max: 3 }];
  assert.ok(first.enter(places) && second.enter(places) && first.enter(places));
  assert.ok(!third.enter(places)); // All or none: the listener has room, the source has none.
  assert.ok(third.enter([listener]) && third.enter([listener]));
  assert.ok(!third.enter([listener]));
  assert.equal(third.repairAfter(1), 4);
  assert.ok(third.enter(places) && third.enter(places));
  assert.ok(!second.enter(places));
  second.leave(places);
  assert.ok(second.enter(places));
});

test('a thread that is gone gives back its waiting bodies and tunnels too', () => {
  const memory = memoryWith();
  const [gone, other] = [1, 2].map((owner) => openThreadMemory(memory, owner));
  assert.ok(gone && other);
  for (const kind of ['waitingBodies', 'tunnels'] as const) {
    assert.ok(gone[kind].enter([{ key: 'source', max: 1 }]));
    assert.ok(!other[kind].enter([{ key: 'source', max: 1 }]));
  }
  assert.equal(other.repairAfter(1), 0);
  for (const kind of ['waitingBodies', 'tunnels'] as const) assert.ok(other[kind].enter([{ key: 'source', max: 1 }]));
});

test('what the calls of a thread held is given back when it is gone, and what others hold stays', () => {
  const memory = memoryWith();
  const [first, second, third] = [1, 2, 3].map((owner) => openThreadMemory(memory, owner).counters);
  assert.ok(first && second && third);
  const calls = [chargeTo(ruleWith({ name: 'open', unit: 'concurrent-requests', quota: 3, windowMs: 1_000 }))];
  assert.ok(first.decide(calls, 0).admitted && second.decide(calls, 0).admitted && first.decide(calls, 0).admitted);
  assert.ok(!third.decide(calls, 0).admitted);
  assert.ok(third.repairAfter(1));
  assert.ok(third.decide(calls, 0).admitted && third.decide(calls, 0).admitted);
  assert.ok(!third.decide(calls, 0).admitted);
  second.settle(calls, { charged: { atMs: 0 }, requestBytes: 0 });
  assert.ok(second.decide(calls, 0).admitted);
});

test('calls are counted by rule over all threads, and the keys that are refused most are known', () => {
  const memory = memoryWith();
  const [first, second] = [1, 2].map((owner) => openThreadMemory(memory, owner).counters);
  assert.ok(first && second);
  const use = ruleWith({ name: 'use', quota: 2 });
  const tried = ruleWith({ name: 'tried', mode: 'shadow' });
  const charges = (owner: string) => [chargeTo(use, owner), chargeTo(tried, owner)];
  const [often, oftenToo] = [charges('often'), charges('often')];
  for (let call = 0; call < 40; call += 1) {
    first.decide(often, 0);
    second.decide(oftenToo, 0);
  }
  for (let owner = 0; owner < 300; owner += 1)
    for (let call = 0; call < 3; call += 1) first.decide(charges(`${owner}`), 0);
  const counts = second.ruleCounts(['use', 'tried', 'never']);
  assert.deepEqual(counts.get('use'), { admitted: 602, refused: 378, shadowRefused: 0 });
  assert.deepEqual(counts.get('tried'), { admitted: 301, refused: 0, shadowRefused: 679 });
  assert.deepEqual(counts.get('never'), { admitted: 0, refused: 0, shadowRefused: 0 });
  const [top] = second.topRefusedKeys(3);
  assert.equal(top?.key, 'use|often');
  assert.ok(Math.abs(top.refused - 78) <= 16, `${top.refused} of 78`); // Before it has a place, a key is counted in samples.
});

test('each owner is told its own refused calls, the latest first, and a caller that is refused without end fills no memory', () => {
  const memory = memoryWith({ refusedSetsMax: 4 });
  const [first, second] = [1, 2].map((owner) => openThreadMemory(memory, owner).recentRefusals);
  assert.ok(first && second);
  const call = (atMs: number) => ({
    exchange: `exchange-${atMs}`,
    atMs,
    rule: 'use',
    system: 'cmri',
    retryAfterMs: null,
  });
  first.add('alpha', call(1));
  second.add('alpha', { ...call(2), retryAfterMs: 500 });
  assert.deepEqual(first.of('alpha'), [{ ...call(2), retryAfterMs: 500 }, call(1)]);
  assert.deepEqual(first.of('beta'), []);
  for (let atMs = 3; atMs < 10_000; atMs += 1) first.add('beta', call(atMs));
  assert.deepEqual(
    second.of('beta').map(({ atMs }) => atMs),
    Array.from({ length: 16 }, (_, at) => 9_999 - at),
  );
});

test('threads that die together, one of them in a lock, are put right in any order', () => {
  const parts = dealPlaces(partsOf(new SharedArrayBuffer(bytesOf((each) => dealPlaces(each, 10)))), 10);
  const seed = new Int32Array(4);
  const [dead, held, repairer] = [1, 2, 3].map((owner) => openPlaces(parts, seed, owner));
  assert.ok(dead && held && repairer);
  assert.ok(dead.enter([place]) && held.enter([place]));
  createThreadLock(parts.lock, 2).take(); // It died holding the lock, and nobody has said so yet.
  assert.equal(repairer.repairAfter(1), null);
  assert.equal(repairer.repairAfter(2), 1);
  assert.equal(repairer.repairAfter(1), 1);
  for (let taken = 0; taken < place.max; taken += 1) assert.ok(repairer.enter([place]));
});

test('a memory holds as many different sources as connections, each in every thread', () => {
  const memory = memoryWith({ connectionsMax: 8 });
  const threads = [1, 2].map((owner) => openThreadMemory(memory, owner).connections);
  const listener = { key: 'listener', max: 8 };
  for (let source = 0; source < 8; source += 1) {
    assert.ok(threads[source % 2]?.enter([listener, { key: `source ${source}`, max: 1 }]));
  }
  assert.ok(!threads[0]?.enter([listener, { key: 'source 8', max: 1 }]));
});

test('past the most that calls hold a call is refused, whichever threads hold it, and each place is free again', () => {
  const memory = memoryWith({ heldMax: 2 });
  const [one, other] = [openThreadMemory(memory, 1).counters, openThreadMemory(memory, 2).counters];
  const rule = ruleWith({ name: 'at-once', unit: 'concurrent-requests', quota: 9 });
  const [shared, own] = [[chargeTo(rule, 'shared')], [chargeTo(rule, 'own')]];
  const outcome = { charged: { atMs: 1_000 }, requestBytes: 0 };
  for (let turn = 0; turn < 3; turn += 1) {
    assert.ok(one.decide(shared, 1_000).admitted);
    assert.ok(other.decide(shared, 1_000).admitted);
    // The total of the key and what each thread has of it leave one place of four, and another key takes two.
    assert.equal(one.decide(own, 1_000).admitted, false);
    one.settle(shared, outcome);
    other.settle(shared, outcome);
    assert.ok(one.decide(own, 1_000).admitted);
    one.settle(own, outcome);
  }
});
