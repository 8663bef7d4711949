import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { fakeClock } from '@headgate/testkit';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import type { Store } from '../store/open-store.ts';
import { createSessions } from './sessions.ts';

const place = { source: '192.0.2.7', userAgent: 'a browser' };
const bounds = { idleMs: 600_000, absoluteMs: 3_600_000, linkMs: 600_000, perAccountMax: 2 };
const anybody = () => true;

forEachStore((_name, open) => {
  let store: Promise<Store> | undefined;

  /** The one store of the suite, emptied. */
  const opened = async () => {
    store ??= open();
    const { db } = await store;
    await db.deleteFrom('access_links').execute();
    await db.deleteFrom('access_sessions').execute();
    const clock = fakeClock();
    return { clock, db, sessions: createSessions({ db, bounds, clock: () => clock.now(), random: randomBytes }) };
  };

  test('a link signs in once, also when many use it at the same moment', async () => {
    const { sessions } = await opened();
    const { secret } = await sessions.makeLink('desk');
    const uses = await Promise.all(Array.from({ length: 8 }, () => sessions.useLink(secret, place, anybody)));
    assert.deepEqual(uses.map(({ outcome }) => outcome).toSorted(), ['signed_in', ...Array(7).fill('used')]);
    assert.deepEqual(
      (await sessions.list('desk')).map(({ account, source }) => [account, source]),
      [['desk', '192.0.2.7']],
    );
  });

  test('a link that is wrong, past its end or of an account that is gone signs nobody in', async () => {
    const { sessions, clock } = await opened();
    const { secret } = await sessions.makeLink('desk');
    const outcomeOf = async (tried: string, mayBegin = anybody) =>
      (await sessions.useLink(tried, place, mayBegin)).outcome;
    assert.equal(await outcomeOf(`${secret}x`), 'unknown');
    assert.equal(await outcomeOf(secret, () => false), 'unknown');
    const later = await sessions.makeLink('desk');
    clock.setMs(later.endsMs);
    assert.equal(await outcomeOf(later.secret), 'expired');
    assert.deepEqual(await sessions.list(null), []);
  });

  test('nothing in the store is a secret that could be used', async () => {
    const { sessions, db } = await opened();
    const { secret } = await sessions.makeLink('desk');
    const use = await sessions.useLink(secret, place, anybody);
    assert.ok(use.outcome === 'signed_in');
    const rows = [
      ...(await db.selectFrom('access_links').selectAll().execute()),
      ...(await db.selectFrom('access_sessions').selectAll().execute()),
    ];
    const text = JSON.stringify(rows);
    assert.ok(!text.includes(secret) && !text.includes(use.secret));
    for (const row of rows) assert.equal(await sessions.bySecret(row.secret_hash), null);
  });

  test('a session holds while it is used, ends when it is idle or too old, and can be ended', async () => {
    const { sessions, clock } = await opened();
    const begin = async () => {
      const use = await sessions.useLink((await sessions.makeLink('desk')).secret, place, anybody);
      assert.ok(use.outcome === 'signed_in');
      return use;
    };
    const busy = await begin();
    for (let times = 0; times < 7; times += 1) {
      clock.advanceMs(500_000);
      assert.equal((await sessions.bySecret(busy.secret))?.id, busy.session.id);
    }
    clock.advanceMs(100_000);
    assert.equal(await sessions.bySecret(busy.secret), null);
    const idle = await begin();
    // What goes on by itself, such as a stream of events, is no use of it.
    clock.advanceMs(300_000);
    assert.equal((await sessions.stillHolds(idle.secret))?.id, idle.session.id);
    clock.advanceMs(300_000);
    assert.equal(await sessions.stillHolds(idle.secret), null);
    assert.equal(await sessions.bySecret(idle.secret), null);
    const ended = await begin();
    assert.equal(await sessions.end(ended.session.id, 'another'), false);
    assert.equal(await sessions.end(ended.session.id, 'desk'), true);
    assert.equal(await sessions.end(ended.session.id, null), false);
    assert.equal(await sessions.bySecret(ended.secret), null);
  });

  test('sessions and links of an account that is gone do not become those of a later one of its name', async () => {
    const { sessions } = await opened();
    const use = await sessions.useLink((await sessions.makeLink('desk')).secret, place, anybody);
    assert.ok(use.outcome === 'signed_in');
    const unused = await sessions.makeLink('desk');
    const other = await sessions.makeLink('other');
    await sessions.keepOnly((name) => name === 'other');
    assert.equal(await sessions.bySecret(use.secret), null);
    assert.equal((await sessions.useLink(unused.secret, place, anybody)).outcome, 'expired');
    assert.equal((await sessions.useLink(other.secret, place, anybody)).outcome, 'signed_in');
  });

  test('of more sessions than an account may have, the oldest ends', async () => {
    const { sessions, clock } = await opened();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      clock.advanceMs(1);
      const use = await sessions.useLink((await sessions.makeLink('desk')).secret, place, anybody);
      if (use.outcome === 'signed_in') ids.unshift(use.session.id);
    }
    assert.deepEqual(
      (await sessions.list('desk')).map(({ id }) => id),
      ids.slice(0, 2),
    );
  });
});
