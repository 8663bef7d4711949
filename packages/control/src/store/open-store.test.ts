import assert from 'node:assert/strict';
import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { missing, startPostgres } from '@headgate/testkit';
import { sql } from 'kysely';
import { ControlRefusal } from '../api/control-refusal.ts';
import { createDatabase, forEachStore, openEmbedded } from './for-each-store.fixture.ts';
import { storeMigrations } from './migrations.ts';
import { openStore } from './open-store.ts';
import { StoreRefused } from './store-refused.ts';

const refused = (code: string) => (error: unknown) => {
  assert.ok(error instanceof ControlRefusal, String(error));
  assert.equal(error.code, code);
  return true;
};

// More than any store counts in the time that these tests leave it.
const endless = sql`select count(*) from generate_series(1, 100000000000) n`;

describe('the embedded store', () => {
  let opened: Awaited<ReturnType<typeof openEmbedded>>;
  before(async () => {
    opened = await openEmbedded({ limits: { houseMs: 10 } });
  });
  after(() => opened.close());

  test('keeps its files for its user alone', () => {
    assert.equal(statSync(join(opened.folder, 'database')).mode & 0o077, 0);
  });

  test('an answer of any length comes whole, wherever PGlite cuts it', async () => {
    // It sends pieces of 8,192 bytes; the last message of an answer has six.
    for (let length = 8_000; length < 8_192; length += 1) {
      const { rows } = await sql<{ text: string }>`select repeat('x', ${length}) as text`.execute(opened.db);
      assert.equal(rows[0]?.text.length, length);
    }
  });

  test('gives room back that changed rows had, and keeps its log short', async () => {
    const { db } = opened;
    await sql`create table changing (id int primary key, text text)`.execute(db);
    await sql`insert into changing select n, repeat('x', 200) from generate_series(1, 5000) n`.execute(db);
    for (let round = 10; round < 50; round += 1) {
      await sql`update changing set text = ${`${round}`.repeat(100)}`.execute(db);
    }
    const { rows } = await sql<{ table: number; log: number }>`
      select pg_total_relation_size('changing') as table, pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) as log
      from pg_control_checkpoint()`.execute(db);
    const [bytes = { table: Infinity, log: Infinity }] = rows;
    // Untidied, forty rounds leave 49 MB in the table, and 85 MB of log to be read again after a crash.
    assert.ok(bytes.table < 15_000_000 && bytes.log < 50_000_000, JSON.stringify(bytes));
  });
});

forEachStore((_name, open) => {
  // One for all tests that leave it as it was, but for a table of their own.
  let opened: ReturnType<typeof open> | undefined;
  const shared = (): ReturnType<typeof open> => {
    opened ??= open();
    return opened;
  };

  test('a new store has every table, and remembers which migrations made them', async () => {
    const { db } = await shared();
    assert.deepEqual(await db.selectFrom('journal_applied').selectAll().execute(), [{ id: 1, sequence: 0 }]);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
    assert.deepEqual(
      rows.map(({ name }) => name),
      Object.keys(storeMigrations).toSorted(),
    );
  });

  test('values come back alike from both kinds', async () => {
    const { db } = await shared();
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
    await assert.rejects(sql`select 9007199254740993`.execute(db), /no safe integer/);
  });

  test('a store of a newer version is refused, with what to do', async () => {
    const { db, reopen } = await open();
    await sql`insert into kysely_migration (name, timestamp) values ('999-from-tomorrow', '2027')`.execute(db);
    await assert.rejects(reopen(), (error: unknown) => {
      assert.ok(error instanceof StoreRefused);
      assert.equal(error.code, 'store.newer');
      assert.match(error.message, /999-from-tomorrow/);
      assert.match(error.fix, /Start that version/);
      return true;
    });
  });

  test('without `migrate`, a store of an older version is refused and left as it is', async () => {
    const { db, reopen } = await open();
    await sql`delete from kysely_migration where name = '001-journal-applied'`.execute(db);
    await assert.rejects(reopen({ migrate: false }), { code: 'store.older', message: /001-journal-applied/ });
  });

  test('a statement that runs too long is ended, also within a transaction, and the store goes on', async () => {
    const { db } = await open({ limits: { statementMsMax: 500 } });
    await sql`create table kept (n int)`.execute(db);
    await sql`insert into kept values (1)`.execute(db);
    const slow = db.transaction().execute(async (trx) => {
      await sql`insert into kept values (2)`.execute(trx);
      await endless.execute(trx);
    });
    await assert.rejects(slow, refused('control.store_too_slow'));
    assert.deepEqual((await sql`select n from kept`.execute(db)).rows, [{ n: 1 }]);
  });

  test('what waits is bounded in number and in bytes; the next is told to come again', async () => {
    const limits = { connectionCountMax: 1, waitingCountMax: 2, waitingBytesMax: 1_000 };
    const { db } = await open({ limits });
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const holding = db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx);
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    await assert.rejects(sql`select ${'x'.repeat(1_001)}::text`.execute(db), refused('control.store_busy'));
    const waiting = [sql`select 1 as n`.execute(db), sql`select 2 as n`.execute(db)];
    await assert.rejects(sql`select 3`.execute(db), (error: unknown) => {
      assert.ok(error instanceof ControlRefusal);
      assert.equal(error.code, 'control.store_busy');
      assert.ok((error.retryAfterMs ?? 0) > 0);
      return true;
    });
    leave.resolve();
    await holding;
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ rows }) => rows),
      [[{ n: 1 }], [{ n: 2 }]],
    );
  });

  test('whoever waits longer than the bound is told that the store is busy', async () => {
    const { db } = await open({ limits: { connectionCountMax: 1, waitMsMax: 1_000 } });
    await db.transaction().execute(async (trx) => {
      await sql`select 1`.execute(trx);
      // The trap that this bound is for: a question beside the transaction, from within it.
      await assert.rejects(sql`select 2`.execute(db), refused('control.store_busy'));
    });
  });

  test('transactions see each other only whole', async () => {
    const { db } = await shared();
    await sql`create table account (id int primary key, sum int)`.execute(db);
    await sql`insert into account values (1, 0), (2, 0)`.execute(db);
    const move = (sum: number): Promise<unknown> =>
      db.transaction().execute(async (trx) => {
        await sql`update account set sum = sum - ${sum} where id = 1`.execute(trx);
        await sql`update account set sum = sum + ${sum} where id = 2`.execute(trx);
      });
    const moves = Array.from({ length: 20 }, (_, index) => move(index));
    const looks = Array.from({ length: 20 }, () =>
      sql<{ sum: number }>`select sum(sum) as sum from account`.execute(db),
    );
    for (const { rows } of await Promise.all(looks)) assert.deepEqual(rows, [{ sum: 0 }]);
    await Promise.all(moves);
  });

  test('a large answer comes whole, and the event loop turns while it comes', async () => {
    const { db } = await shared();
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    const { rows } = await sql<{ n: number; text: string }>`
      select n, repeat(chr(65 + n % 26), 1000) as text from generate_series(1, 30000) n`.execute(db);
    clearInterval(ticking);
    assert.equal(rows.length, 30_000);
    assert.equal(rows.at(-1)?.text, String.fromCharCode(65 + (30_000 % 26)).repeat(1_000));
    assert.ok(turns >= 5, `${turns} turns`);
  });
});

test('a thread that dies is told loudly, takes with it what was under way, and starts again whole', async () => {
  const notices: string[] = [];
  const { db, folder, close } = await openEmbedded({ notice: (sentence) => notices.push(sentence) });
  await sql`create table kept (n int)`.execute(db);
  await sql`insert into kept values (1)`.execute(db);
  // PostgreSQL does not survive the loss of its log: it panics at the next segment.
  const log = join(folder, 'database', 'pg_wal');
  renameSync(log, `${log}-away`);
  await sql`select pg_switch_wal()`.execute(db);
  await assert.rejects(sql`insert into kept values (2)`.execute(db));
  await assert.rejects(sql`select 1`.execute(db), refused('control.store_unavailable'));
  assert.match(notices.join('\n'), /the thread of the embedded store ended: .*; the next question starts it again/);
  renameSync(`${log}-away`, log);
  assert.deepEqual((await sql`select n from kept`.execute(db)).rows, [{ n: 1 }]);
  await close();
});

test('a connection to PostgreSQL that is lost between two statements is told, and takes nothing else with it', {
  skip: missing('postgresql'),
}, async () => {
  const server = await startPostgres();
  const notices: string[] = [];
  const url = await createDatabase(server);
  const { db, close } = await openStore({ folder: '', url, notice: (sentence) => notices.push(sentence) });
  const lost = db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
    while (notices.length === 0) await immediate();
    await sql`select 1`.execute(trx);
  });
  await assert.rejects(lost, refused('control.store_unavailable'));
  assert.match(notices.join('\n'), /^a connection to PostgreSQL was lost: terminating connection/);
  assert.deepEqual((await sql`select 1 as n`.execute(db)).rows, [{ n: 1 }]);
  await close();
  await server.close();
});

test('a PostgreSQL that cannot be reached is named in the refusal, without its password', async () => {
  const url = 'postgresql://headgate:secret@127.0.0.1:1/control';
  await assert.rejects(openStore({ folder: '', url }), (error: unknown) => {
    assert.ok(error instanceof StoreRefused);
    assert.match(error.message, /PostgreSQL at 127\.0\.0\.1:1\/control cannot be used as the store: .*ECONNREFUSED/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});
