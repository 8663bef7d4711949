import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { forEachStore } from './for-each-store.fixture.ts';
import { storeMigrations } from './migrations.ts';

forEachStore((_name, open) => {
  test('a new store has every table, and remembers which migrations made them', async () => {
    const { db } = await open();
    assert.deepEqual(await db.selectFrom('journal_applied').selectAll().execute(), [{ id: 1, sequence: 0 }]);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
    assert.deepEqual(
      rows.map(({ name }) => name),
      Object.keys(storeMigrations).toSorted(),
    );
  });

  test('values come back alike from both kinds', async () => {
    const { db } = await open();
    const { rows } = await sql`
      select ${9_007_199_254_740_991}::bigint as big, 2.5::numeric as fraction, sum(n) as sum, count(*) as count,
             '2026-11-27'::date as day, '{"a":[1]}'::jsonb as json, array[1, 2]::bigint[] as list,
             '2026-11-27T16:00:00Z'::timestamptz as instant, ${Buffer.from([0, 255])}::bytea as bytes, true as flag,
             ${'ü'}::text as text, ${null}::int as nothing
      from generate_series(1, 3) n`.execute(db);
    assert.deepEqual(rows, [
      {
        big: Number.MAX_SAFE_INTEGER,
        fraction: 2.5,
        sum: 6,
        count: 3,
        day: '2026-11-27',
        json: { a: [1] },
        list: [1, 2],
        instant: new Date('2026-11-27T16:00:00Z'),
        bytes: Buffer.from([0, 255]),
        flag: true,
        text: 'ü',
        nothing: null,
      },
    ]);
  });
});
