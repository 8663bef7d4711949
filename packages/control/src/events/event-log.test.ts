import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '@headgate/testkit';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import type { Store } from '../store/open-store.ts';
import { openEventLog } from './event-log.ts';

const all = { topics: null, participant: null };

forEachStore((_name, open) => {
  let store: Promise<Store> | undefined;

  /** The one store of the suite, as new. */
  const emptied = async () => {
    store ??= open();
    const { db } = await store;
    await db.deleteFrom('events').execute();
    await db.deleteFrom('event_stream').execute();
    return db;
  };

  test('events published at once are kept in their order, without holes, and over a restart', async () => {
    const db = await emptied();
    const clock = fakeClock();
    const bounds = { keptMax: 10_000, keptMs: 1_000_000 };
    const log = await openEventLog(db, bounds, () => clock.now());
    await Promise.all(Array.from({ length: 450 }, (_, at) => log.publish('count', { at })));
    const again = await openEventLog(db, bounds, () => clock.now());
    assert.equal(again.epoch, log.epoch);
    assert.equal(again.newest(), 450);
    await again.publish('count', { at: 450 });
    const read: number[] = [];
    for (let at = 0; at < again.newest(); ) {
      const page = await again.after(at, all);
      read.push(...page.events.map(({ data }) => (JSON.parse(data) as { at: number }).at));
      at = page.upTo;
    }
    assert.deepEqual(
      read,
      Array.from({ length: 451 }, (_, at) => at),
    );
  });

  test('a filter lets through topics and one participant, and the page still tells how far it looked, after a restart too', async () => {
    const db = await emptied();
    const opened = () => openEventLog(db, { keptMax: 10_000, keptMs: 1_000_000 }, () => fakeClock().now());
    const log = await opened();
    await log.publish('snapshot', {});
    await log.publish('case.opened', {}, { participant: 'a' });
    await log.publish('case.opened', {}, { participant: 'b' });
    // The first has the events in memory, the other in the store alone.
    for (const reader of [log, await opened()]) {
      const numbers = async (filter: Parameters<typeof log.after>[1]) => {
        const { events, upTo } = await reader.after(0, filter);
        return [events.map(({ number }) => number), upTo];
      };
      assert.deepEqual(await numbers({ topics: null, participant: 'a' }), [[2], 3]);
      assert.deepEqual(await numbers({ topics: ['snapshot'], participant: null }), [[1], 3]);
      assert.deepEqual(await numbers({ topics: ['snapshot'], participant: 'a' }), [[], 3]);
    }
  });

  test('what is too much or too old is dropped, and its last number is remembered', async () => {
    const db = await emptied();
    const clock = fakeClock();
    const bounds = { keptMax: 300, keptMs: 60_000 };
    const log = await openEventLog(db, bounds, () => clock.now());
    await Promise.all(Array.from({ length: 512 }, () => log.publish('count', {})));
    assert.equal(log.dropped(), 212);
    clock.advanceMs(60_001);
    await Promise.all(Array.from({ length: 256 }, () => log.publish('count', {})));
    assert.equal(log.dropped(), 512);
    assert.equal((await openEventLog(db, bounds, () => clock.now())).dropped(), 512);
    assert.deepEqual(await log.after(511, all), { events: [], upTo: 511 });
    assert.equal((await log.after(512, all)).events[0]?.number, 513);
  });

  test('an event that is too large is not published, and hinders no other', async () => {
    const db = await emptied();
    const log = await openEventLog(db, { keptMax: 10_000, keptMs: 1_000_000 }, () => fakeClock().now());
    await assert.rejects(log.publish('long', { text: 'x'.repeat(70_000) }), /over 65536 bytes/);
    await log.publish('short', {});
    assert.equal(log.newest(), 1);
  });
});
