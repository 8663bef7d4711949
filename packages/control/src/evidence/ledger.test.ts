import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { EvidenceRecord } from '@headgate/contract';
import { seededRandom } from '@headgate/testkit';
import { sql } from 'kysely';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import type { Store } from '../store/open-store.ts';
import { findExchange } from './arrivals.ts';
import { askParticipant } from './ask-participant.ts';
import { sumTexts } from './export-rows.ts';
import { bodyOf, generatedStartMs, generateRecord, generateRecords, naiveSums } from './generated-records.fixture.ts';
import { oneStore, openTestLedger, send, type TestClock, tableSums } from './ledger.fixture.ts';
import type { Ledger } from './ledger.ts';
import { idOf } from './ledger-call.ts';
import { defaultRetention } from './retention.ts';
import { dayMs, hourMs, monthOf, startOf, thirdOf } from './rollup.ts';

const callerOf = ({ identity }: EvidenceRecord) => idOf('credential', identity?.fingerprint ?? '');
const addressOf = ({ route }: EvidenceRecord) =>
  route === null ? 'unrouted' : idOf(route.environment, route.channel, route.generation, route.system, route.address);

/** What every table must say of some records, counted plainly. */
async function assertEqualsTruth(store: Store, records: readonly EvidenceRecord[]): Promise<void> {
  const sum = (keyOf: (record: EvidenceRecord) => string) =>
    new Map(
      [...naiveSums(records, keyOf)].map(([key, { requestBytes, responseBytes, lastMs, ...counts }]) => [
        key,
        { ...counts, request_bytes: requestBytes, response_bytes: responseBytes, last_ms: lastMs },
      ]),
    );
  const at = ({ listener }: EvidenceRecord) => listener.receivedMs;
  const day = (record: EvidenceRecord) => startOf(at(record), dayMs);
  const place = (record: EvidenceRecord) =>
    `${callerOf(record)} ${addressOf(record)} ${record.route?.service ?? ''} ${record.route?.operation ?? ''}`;
  const placeColumns = ['caller', 'address', 'service', 'operation'];
  const pair = (record: EvidenceRecord) => `${callerOf(record)} ${addressOf(record)}`;
  assert.deepEqual(await tableSums(store, 'ledger_use', placeColumns), sum(place));
  const hours = await tableSums(store, 'ledger_use', ['grain', 'period_ms'], `grain = 'h'`);
  for (const [key, sums] of hours) assert.deepEqual(sums, sum((r) => `h ${startOf(at(r), hourMs)}`).get(key));
  assert.deepEqual(await tableSums(store, 'ledger_pair', ['caller', 'address']), sum(pair));
  const periods = await tableSums(store, 'ledger_pair_period', ['grain', 'period_ms', 'caller', 'address']);
  assert.deepEqual(
    periods,
    new Map([
      ...sum((r) => `d ${day(r)} ${pair(r)}`),
      ...sum((r) => `t ${thirdOf(at(r))} ${pair(r)}`),
      ...sum((r) => `m ${monthOf(at(r))} ${pair(r)}`),
    ]),
  );
  const party = (record: EvidenceRecord) =>
    `${day(record)} ${record.admission?.participant} ${record.admission?.scid?.value ?? ''}`;
  assert.deepEqual(
    await tableSums(store, 'ledger_party_period', ['period_ms', 'participant', 'scid'], `grain = 'd'`),
    sum(party),
  );
  const refused = records.filter(({ response }) => response.refusal !== null);
  const { rows } = await sql<{ code: string; calls: number }>`
    select code, sum(calls)::bigint as calls from ledger_refusal_period where grain = 'm' group by code`.execute(
    store.db,
  );
  const codes = naiveSums(refused, ({ response }) => response.refusal ?? '');
  assert.deepEqual(
    new Map(rows.map(({ code, calls }) => [code, calls])),
    new Map([...codes].map(([code, { calls }]) => [code, calls])),
  );
  const { total } = await store.db
    .selectFrom('ledger_arrival')
    .select(({ fn }) => fn.sum<number>('records').as('total'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(total), records.length, 'records as they came are kept once');
}

forEachStore((_name, openNew) => {
  const open = oneStore(openNew);

  test('the ledger is what a plain count finds, over nodes, splits, repetition, failing commits and ends without a word', async () => {
    const store = await open();
    const nodes = ['gateway-1', 'gateway-2'];
    const made = nodes.map((node, at) =>
      generateRecords({
        seed: at + 1,
        node,
        count: 200,
        threads: 2,
        spanMs: 40 * dayMs,
        startMs: generatedStartMs - 30 * dayMs,
      }),
    );
    const at: TestClock = { nowMs: generatedStartMs + 20 * dayMs };
    const random = seededRandom(7);
    const sent = nodes.map(() => 0);
    let ledger: Ledger = await openTestLedger(store, { at });
    for (let step = 0; sent.some((count) => count < 200); step += 1) {
      const node = Math.floor(random() * nodes.length);
      const from = Math.max(0, (sent[node] ?? 0) - Math.floor(random() * 30));
      const until = Math.min(200, (sent[node] ?? 0) + 1 + Math.floor(random() * 100));
      const fails = step % 5 === 3;
      if (fails) await sql`alter table ledger_node rename to ledger_node_gone`.execute(store.db);
      const outcome = await send(ledger, nodes[node] ?? '', (made[node] ?? []).slice(from, until));
      if (fails) await sql`alter table ledger_node_gone rename to ledger_node`.execute(store.db);
      assert.equal(outcome.kind, fails ? 'busy' : 'taken');
      if (!fails) sent[node] = until;
      if (step % 4 === 1) await ledger.settled();
      if (step % 7 === 5) ledger = await openTestLedger(store, { at }); // The one before ends as by kill: nothing is folded.
    }
    await ledger.settled();
    await assertEqualsTruth(store, made.flat());
    const gaps = await store.db.selectFrom('ledger_gap').selectAll().execute();
    assert.deepEqual(gaps, []);
    await ledger.close();
  });

  test('a fold that ends at any slice goes on with that slice, others ask in between, and every call is counted once', async () => {
    const store = await open();
    const records = generateRecords({ seed: 41, count: 450, threads: 2, spanMs: 40 * dayMs });
    const at: TestClock = { nowMs: generatedStartMs + 50 * dayMs };
    const slices = async (): Promise<number> =>
      (await store.db.selectFrom('ledger_slice').select('part').execute()).length;
    const run = async (text: string): Promise<void> => {
      await sql.raw(text).execute(store.db);
    };
    await run(`create function ends() returns trigger language plpgsql as
      'begin if old.part = (select part from ends_at) then raise exception ''it ends here''; end if; return old; end'`);
    await run('create table ends_at as select 0::bigint as part');
    await run('create trigger ends before delete on ledger_slice for each row execute function ends()');
    const first = await openTestLedger(store, { at });
    for (let from = 0; from < 450; from += 225) await send(first, 'gateway-1', records.slice(from, from + 225));
    await assert.rejects(first.settled(), /it ends here/);
    const count = await slices();
    assert.ok(count > 3, `${count} slices`);
    // Each time another process opens the ledger, folds one slice, and ends at the next.
    for (let part = 1; part < count - 1; part += 1) {
      await run(`update ends_at set part = ${part}`);
      await assert.rejects(openTestLedger(store, { at }), /it ends here/);
      assert.equal(await slices(), count - part);
    }
    await run('drop function ends cascade');
    await run('drop table ends_at');
    const last = await openTestLedger(store, { at });
    await assertEqualsTruth(store, records);
    const more = generateRecords({ seed: 42, node: 'gateway-2', count: 450, threads: 1, spanMs: 40 * dayMs });
    await send(last, 'gateway-2', more);
    let isFolded = false;
    const seen = new Set<number>();
    const folding = last.settled().then(() => {
      isFolded = true;
    });
    while (!isFolded) seen.add(await slices());
    await folding;
    assert.ok(seen.size > 2, `slices were seen as ${[...seen].join(', ')}`);
    await assertEqualsTruth(store, [...records, ...more]);
    await last.close();
  });

  test('hours become days, and days are let go, without one call less; records go by age and by room', async () => {
    const store = await open();
    const at: TestClock = { nowMs: generatedStartMs + 3 * dayMs };
    const records = generateRecords({ seed: 5, count: 900, threads: 1, spanMs: 3 * dayMs });
    const ledger = await openTestLedger(store, { at, retention: { ...defaultRetention, hoursDays: 2 } });
    for (let from = 0; from < records.length; from += 100)
      await send(ledger, 'gateway-1', records.slice(from, from + 100));
    await ledger.settled();
    await ledger.tidy();
    await assertEqualsTruth(store, records);
    const grains = await tableSums(store, 'ledger_use', ['grain']);
    assert.ok((grains.get('d')?.calls ?? 0) > 0 && (grains.get('h')?.calls ?? 0) > 0, 'some of each');
    // A node that was cut off brings an hour that has become a day already.
    const late = generateRecords({ seed: 6, node: 'gateway-2', count: 50, threads: 1, spanMs: hourMs });
    await send(ledger, 'gateway-2', late);
    await ledger.settled();
    at.nowMs += 40 * dayMs;
    await ledger.tidy();
    await assertEqualsTruth(store, [...records, ...late]);
    assert.deepEqual([...(await tableSums(store, 'ledger_use', ['grain'])).keys()], ['d']);
    at.nowMs += 100 * dayMs;
    await ledger.tidy();
    assert.equal((await store.db.selectFrom('ledger_arrival').select('id').execute()).length, 0);
    at.nowMs += 800 * dayMs;
    await ledger.tidy();
    assert.deepEqual([...(await tableSums(store, 'ledger_pair_period', ['grain'])).keys()], ['m']);
    assert.equal((await tableSums(store, 'ledger_pair', ['1'])).get('1')?.calls, 950);
    await ledger.close();
  });

  test('past the room for records as they came, the oldest of them go, no more than must, and no sum changes', async () => {
    const store = await open();
    const records = generateRecords({ seed: 15, count: 240, threads: 1, spanMs: hourMs });
    const ledger = await openTestLedger(store);
    for (let from = 0; from < 240; from += 40) await send(ledger, 'gateway-1', records.slice(from, from + 40));
    await ledger.settled();
    const kept = () =>
      store.db.selectFrom('ledger_arrival').select(['id', 'packed_bytes', 'records']).orderBy('id').execute();
    const bytesOf = (chunks: Awaited<ReturnType<typeof kept>>) =>
      chunks.reduce((sum, { packed_bytes }) => sum + packed_bytes, 0);
    const before = await kept();
    assert.equal(before.length, 6);
    const sums = await tableSums(store, 'ledger_use', ['1']);
    await ledger.close();
    // Room for the last four, and not quite for a fifth.
    const recordsBytesMax = bytesOf(before.slice(1)) - 1;
    const tight = await openTestLedger(store, { retention: { ...defaultRetention, recordsBytesMax } });
    await tight.tidy();
    assert.deepEqual(await kept(), before.slice(2));
    await tight.tidy();
    assert.deepEqual(await kept(), before.slice(2), 'what fits stays');
    // Records that are committed and not rolled up yet stay, whatever the room.
    const none = await openTestLedger(store, { retention: { ...defaultRetention, recordsBytesMax: 0 } });
    const late = generateRecords({ seed: 16, node: 'gateway-2', count: 10, threads: 1 });
    await tight.close();
    await send(none, 'gateway-2', late);
    await none.tidy();
    assert.deepEqual(
      (await kept()).map(({ records: count }) => count),
      [10],
    );
    assert.deepEqual(await tableSums(store, 'ledger_use', ['1']), sums);
    await none.close();
  });

  test('a node that names boots without end is told so past its threads of a day, and is taken again on the next', async () => {
    const store = await open();
    const at: TestClock = { nowMs: generatedStartMs };
    const notices: string[] = [];
    const options = { at, bounds: { threadsPerDayMax: 3 }, notice: (sentence: string) => notices.push(sentence) };
    const ofBoot = (boot: number, sequence = 1) => ({
      ...generateRecord({ seed: boot, sequence }),
      boot: `boot ${boot}`,
    });
    const refused = { kind: 'too-many-threads', limit: 3 };
    const first = await openTestLedger(store, options);
    for (const boot of [1, 2]) assert.equal((await send(first, 'gateway-1', [ofBoot(boot)])).kind, 'taken');
    assert.deepEqual(await send(first, 'gateway-1', [ofBoot(3), ofBoot(4)]), refused);
    assert.equal((await send(first, 'gateway-1', [ofBoot(3)])).kind, 'taken');
    assert.deepEqual(await send(first, 'gateway-1', [ofBoot(4)]), refused);
    assert.equal((await send(first, 'gateway-1', [ofBoot(1, 2)])).kind, 'taken', 'those that began go on');
    assert.equal(
      (await send(first, 'gateway-2', [{ ...ofBoot(4), node: 'gateway-2' }])).kind,
      'taken',
      'each has its own',
    );
    assert.equal(notices.length, 1);
    await first.close();
    // Another process knows how many began today.
    const second = await openTestLedger(store, options);
    assert.deepEqual(await send(second, 'gateway-1', [ofBoot(4)]), refused);
    at.nowMs += dayMs;
    assert.equal((await send(second, 'gateway-1', [ofBoot(4)])).kind, 'taken');
    await second.settled();
    assert.equal((await tableSums(store, 'ledger_use', ['1'])).get('1')?.calls, 6);
    // What is known of a boot goes with the sums of its days.
    at.nowMs += 900 * dayMs;
    await second.tidy();
    assert.deepEqual(await store.db.selectFrom('ledger_mark').select('boot').execute(), []);
    await second.close();
  });

  test('an exchange is found while it is new, when its chunk is whole, and in the lists of months', async () => {
    const store = await open();
    const ledger = await openTestLedger(store);
    const records = generateRecords({ seed: 11, count: 600, threads: 1 });
    const ids = [records[0], records[299], records[599]].map((record) => record?.exchange ?? '');
    const assertFound = async (): Promise<void> => {
      for (const id of ids) {
        const found = await findExchange(store.db, ledger.desk, id);
        assert.deepEqual(
          found.map((line) => JSON.parse(line) as unknown),
          records.filter(({ exchange }) => exchange === id),
        );
      }
      assert.deepEqual(await findExchange(store.db, ledger.desk, '00000000-0000-4000-8000-000000000000'), []);
    };
    for (let from = 0; from < 600; from += 6) await send(ledger, 'gateway-1', records.slice(from, from + 6));
    await assertFound();
    await ledger.settled();
    await ledger.tidy();
    const { count } = await store.db
      .selectFrom('ledger_arrival')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    assert.ok(count < 64, `${count} chunks are left of 100`);
    await assertFound();
    await store.db.updateTable('ledger_arrival').set({ whole: true }).execute();
    const others = Array.from({ length: 40 }, (_, at) =>
      generateRecord({ seed: at, sequence: at + 1, node: 'gateway-2' }),
    );
    for (const record of others) await send(ledger, 'gateway-2', [record]);
    await store.db.updateTable('ledger_arrival').set({ whole: true }).execute();
    await ledger.settled();
    await ledger.tidy();
    assert.equal((await store.db.selectFrom('ledger_segment').select('id').execute()).length, 2);
    await assertFound();
    await ledger.close();
  });

  test('strangers in thousands fill their room and are others from then on; whom an authority vouches for is still told apart', async () => {
    const store = await open();
    const bounds = { strangersMax: 20, callersMax: 1_000, addressesMax: 4, usesPerHourMax: 60 };
    const ledger = await openTestLedger(store, { bounds });
    const known = generateRecords({ seed: 2, count: 300, threads: 1, participants: 3, spanMs: hourMs - 2_000 });
    const hostile = Array.from({ length: 1_000 }, (_, at) => {
      const record = generateRecord({ seed: at, sequence: at + 1, node: 'gateway-2' });
      const listener = {
        ...record.listener,
        source: `198.51.100.${at % 250}`,
        userAgent: `agent ${at}`,
        receivedMs: generatedStartMs + at,
      };
      return {
        ...record,
        listener,
        identity: null,
        route: record.route && { ...record.route, address: `https://${at}.example` },
      };
    });
    for (let from = 0; from < 1_000; from += 100) {
      await send(ledger, 'gateway-2', hostile.slice(from, from + 100));
      await send(ledger, 'gateway-1', known.slice((from * 3) / 10, (from * 3) / 10 + 30));
      await ledger.settled();
    }
    const callers = await store.db.selectFrom('ledger_caller').select(['vouched', 'kind', 'calls']).execute();
    assert.equal(callers.filter(({ kind }) => kind === 'credential').length, 3);
    assert.ok(callers.filter(({ vouched }) => !vouched).length <= 21);
    const rows = await store.db.selectFrom('ledger_use').select(['period_ms', 'calls']).execute();
    assert.ok(rows.length <= 62, `${rows.length} rows in an hour`);
    for (const table of ['ledger_use', 'ledger_pair', 'ledger_caller'])
      assert.equal(
        (await sql<{ calls: number }>`select sum(calls)::bigint as calls from ${sql.raw(table)}`.execute(store.db))
          .rows[0]?.calls,
        1_300,
        `${table} counts every call`,
      );
    await ledger.close();
  });

  test('of two that take records of one node into one store, one is told to try again, and no call is counted twice', async () => {
    const store = await open();
    const one = await openTestLedger(store);
    const other = await openTestLedger(store);
    const records = generateRecords({ seed: 3, count: 100, threads: 1 });
    assert.equal((await send(one, 'gateway-1', records.slice(0, 40))).kind, 'taken');
    assert.equal((await send(other, 'gateway-1', records.slice(0, 60))).kind, 'taken');
    assert.equal((await send(one, 'gateway-1', records.slice(20, 100))).kind, 'busy');
    assert.equal((await send(one, 'gateway-1', records.slice(20, 100))).kind, 'taken');
    await one.settled();
    await other.settled().catch(() => undefined);
    await other.settled();
    await assertEqualsTruth(store, records);
    await one.close();
    await other.close();
  });

  test('a batch that is packed is taken, and one that would unpack to more than it may is told so', async () => {
    const store = await open();
    const ledger = await openTestLedger(store);
    const [first, second] = [generateRecord({ sequence: 1 }), generateRecord({ sequence: 2 })];
    const take = (encoding: 'gzip' | 'zstd' | 'identity', body: Uint8Array) =>
      ledger.take({ node: 'gateway-1', encoding, body });
    assert.equal((await take('zstd', zstdCompressSync(bodyOf([first])))).kind, 'taken');
    const outcome = await take('gzip', gzipSync(bodyOf([second])));
    assert.deepEqual(outcome, {
      kind: 'taken',
      acknowledged: [{ boot: 'gateway-1-boot-1', thread: 0, sequence: 2 }],
    });
    const bomb = Buffer.alloc(40_000_000, 0x20);
    assert.deepEqual(await take('zstd', zstdCompressSync(bomb)), { kind: 'faulty', fault: 'too-large' });
    assert.deepEqual(await take('gzip', gzipSync(bomb)), { kind: 'faulty', fault: 'too-large' });
    assert.deepEqual(await take('gzip', Buffer.from('no gzip')), { kind: 'faulty', fault: 'not-packed' });
    assert.deepEqual(await take('identity', Buffer.alloc(0)), { kind: 'taken', acknowledged: [] });
    await ledger.close();
  });

  test('sums that grow past what a number holds stop there, and every question is still answered', async () => {
    const store = await open();
    const ledger = await openTestLedger(store);
    const records = generateRecords({ seed: 8, count: 2_400, threads: 1, participants: 1 }).map((record) => ({
      ...record,
      response: { ...record.response, requestBytes: 1e15, responseBytes: 1e15, durationMs: 1e15 },
    }));
    for (const from of [0, 1_200]) {
      assert.equal((await send(ledger, 'gateway-1', records.slice(from, from + 1_200))).kind, 'taken');
      await ledger.settled();
    }
    const span = { sinceMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
    let text = '';
    for await (const page of sumTexts(store.db, { span, participant: null, cursor: null }, 'ndjson')) text += page;
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { calls: number });
    assert.equal(
      rows.reduce((sum, { calls }) => sum + calls, 0),
      records.length,
    );
    const [record] = records;
    const party = record?.identity?.participant ?? '';
    const wanted = { span, participant: null, environment: null, system: null, limit: 100, cursor: null };
    const told = await askParticipant(store.db, party, wanted);
    assert.equal(told?.total.requestBytes, Number.MAX_SAFE_INTEGER);
    await ledger.close();
  });
});
