import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import { sql } from 'kysely';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import type { Store } from '../store/open-store.ts';
import { findExchange } from './arrivals.ts';
import { askParticipant } from './ask-participant.ts';
import { sumTexts } from './export-rows.ts';
import {
  bodyOf,
  generatedStartMs,
  generateRecord,
  generateRecords,
  naiveSums,
  seeded,
} from './generated-records.fixture.ts';
import { openTestLedger, send, type TestClock, tableSums } from './ledger.fixture.ts';
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

forEachStore((_name, open) => {
  test('the ledger is what a plain count finds, over nodes, splits, repetition, failing commits and ends without a word', async () => {
    const store = await open();
    const nodes = ['gateway-1', 'gateway-2', 'gateway-3'];
    const made = nodes.map((node, at) =>
      generateRecords({
        seed: at + 1,
        node,
        count: 600,
        threads: 2,
        spanMs: 40 * dayMs,
        startMs: generatedStartMs - 30 * dayMs,
      }),
    );
    const at: TestClock = { nowMs: generatedStartMs + 20 * dayMs };
    const random = seeded(7);
    const sent = nodes.map(() => 0);
    let ledger: Ledger = await openTestLedger(store, { at });
    for (let step = 0; sent.some((count) => count < 600); step += 1) {
      const node = Math.floor(random() * nodes.length);
      const from = Math.max(0, (sent[node] ?? 0) - Math.floor(random() * 60));
      const until = Math.min(600, (sent[node] ?? 0) + 1 + Math.floor(random() * 200));
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
    await store.close();
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
    await store.close();
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
    await ledger.tidy();
    assert.equal((await store.db.selectFrom('ledger_segment').select('id').execute()).length, 2);
    await assertFound();
    await ledger.close();
    await store.close();
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
    await store.close();
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
    await store.close();
  });

  test('a batch that is packed is taken, and one that would unpack to more than it may is told so', async () => {
    const store = await open();
    const ledger = await openTestLedger(store);
    const { gzipSync, zstdCompressSync } = await import('node:zlib');
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
    await store.close();
  });

  test('sums that grow past what a number holds stop there, and every question is still answered', async () => {
    const store = await open();
    const ledger = await openTestLedger(store);
    const records = generateRecords({ seed: 8, count: 3_000, threads: 1, participants: 1 }).map((record) => ({
      ...record,
      response: { ...record.response, requestBytes: 1e15, responseBytes: 1e15, durationMs: 1e15 },
    }));
    for (const from of [0, 1_500]) {
      assert.equal((await send(ledger, 'gateway-1', records.slice(from, from + 1_500))).kind, 'taken');
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
    await store.close();
  });
});
