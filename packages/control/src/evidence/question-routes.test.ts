import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import { startTestControl, type TestControl, type TestPersonName } from '../api/control-app.fixture.ts';
import { forEachStore } from '../store/for-each-store.fixture.ts';
import { bodyOf, generatedStartMs, generateRecords, naiveSums } from './generated-records.fixture.ts';
import { intakeRoutes } from './intake-routes.ts';
import { oneStore, openTestLedger, send } from './ledger.fixture.ts';
import type { Ledger } from './ledger.ts';
import { questionRoutes } from './question-routes.ts';
import { dayMs } from './rollup.ts';

interface Row {
  readonly caller: { readonly fingerprint: string; readonly participant: string };
  readonly address: { readonly address: string };
  readonly calls: number;
  readonly last: string;
  readonly [member: string]: unknown;
}

interface List {
  readonly rows: readonly Row[];
  readonly next: string | null;
  readonly counted: { readonly since: string | null; readonly until: string | null };
  readonly known: readonly { readonly sentence: string }[];
}

// Participants 0 and 1 are those of the accounts of participants; 11 never went to the new addresses.
const named = ['participant-a', 'participant-b'];
const forward = {
  upstream: 'cmri',
  endpoint: '10.20.30.40:9443',
  attempts: 1,
  retryWithheld: false,
  forwarded: 'yes',
  reusedConnection: true,
  status: 200,
  firstByteMs: 12,
} as const;
const records = generateRecords({
  seed: 21,
  count: 900,
  threads: 2,
  spanMs: 60 * dayMs,
  startMs: generatedStartMs - 70 * dayMs,
})
  .map((record) => {
    const at = Number(/party-(\d+)/.exec(record.identity?.participant ?? '')?.[1] ?? 0);
    const participant = named[at] ?? `party-${at}`;
    const identity = record.identity && { ...record.identity, participant };
    return { ...record, forward, identity, admission: record.admission && { ...record.admission, participant } };
  })
  .map((record) =>
    record.identity?.participant === 'party-11' && record.route?.generation === 'new'
      ? { ...record, route: null }
      : record,
  );
// What a cursor of each question holds, with one value at a time that no store takes.
const cursorForms = {
  'old-addresses?': [1, 'a', 'b'],
  'never-on-new?': [1, 'a', 'b', 'c', 'd'],
  'senders?': [1, 'a'],
  'refusals?': [1, 'a', 'b', 'c'],
  'export?': ['h', 1, 'a', 'b', 'c', 'd'],
  'export?of=records&': [1],
};
const oddCursors = Object.entries(cursorForms).flatMap(([question, form]) =>
  form.flatMap((value, at) =>
    (typeof value === 'number' ? ['1.5', '1e300', '1e999'] : [String.raw`"\u0000"`, String.raw`"\ud800"`]).map(
      (odd) => {
        const values = form.map((each) => JSON.stringify(each)).with(at, odd);
        return `/v1/evidence/${question}cursor=${Buffer.from(`[${values.join(',')}]`).toString('base64url')}`;
      },
    ),
  ),
);
const isOld = ({ route }: EvidenceRecord) => route?.generation === 'old';
const fingerprintOf = ({ identity }: EvidenceRecord) => identity?.fingerprint ?? '';

forEachStore((_name, openNew) => {
  const open = oneStore(openNew);

  async function startWithRecords(): Promise<{ control: TestControl; ledger: Ledger; close: () => Promise<void> }> {
    const store = await open();
    const ledger = await openTestLedger(store, { bounds: { foldSoonMs: 1 } });
    const control = await startTestControl({
      routes: (app) => {
        intakeRoutes(app, { ledger });
        questionRoutes(app, { db: store.db, ledger });
      },
    });
    for (let from = 0; from < records.length; from += 90) {
      const body = bodyOf(records.slice(from, from + 90));
      const answer = await control.ask('node', '/v1/nodes/gateway-1/records', {
        method: 'POST',
        fields: { 'content-type': 'application/x-ndjson' },
        body,
      });
      assert.equal(answer.status, 200, answer.text);
    }
    await ledger.settled();
    const close = async (): Promise<void> => {
      await control.close();
      await ledger.close();
    };
    return { control, ledger, close };
  }

  test('every question is answered as a plain count answers it, to whoever may ask', async (t) => {
    const { control, ledger, close } = await startWithRecords();
    const ask = async (path: string, who: TestPersonName = 'operator'): Promise<List> => {
      const answer = await control.ask(who, path);
      assert.equal(answer.status, 200, answer.text);
      return answer.json<List>();
    };
    const refusedAs = async (who: TestPersonName | null, path: string): Promise<unknown> => {
      const answer = await control.ask(who, path);
      return [answer.status, answer.json().code];
    };

    await t.test('who still calls an old address: each caller with its calls, the last first, in pages', async () => {
      const key = (record: EvidenceRecord) => `${fingerprintOf(record)} ${record.route?.address}`;
      const expected = naiveSums(records.filter(isOld), key);
      const rows: Row[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: List = await ask(`/v1/evidence/old-addresses?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`);
        rows.push(...page.rows);
        cursor = page.next;
      }
      assert.deepEqual(
        new Map(
          rows.map(({ caller, address, calls, refused, last }) => [
            `${caller.fingerprint} ${address.address}`,
            [calls, refused, Date.parse(last)],
          ]),
        ),
        new Map([...expected].map(([each, { calls, refused, lastMs }]) => [each, [calls, refused, lastMs]])),
      );
      assert.deepEqual(
        rows.map(({ last }) => last),
        rows
          .map(({ last }) => last)
          .toSorted()
          .reverse(),
      );
      const [first] = rows;
      const latest = records.filter(isOld).toSorted((a, b) => b.listener.receivedMs - a.listener.receivedMs)[0];
      assert.equal(first?.lastSource, latest?.listener.source);
    });

    await t.test('a span counts its days whole, and says which', async () => {
      const since = new Date(generatedStartMs - 50 * dayMs - 3_600_000).toISOString();
      const until = new Date(generatedStartMs - 20 * dayMs).toISOString();
      const { rows, counted } = await ask(`/v1/evidence/old-addresses?since=${since}&until=${until}&limit=1000`);
      assert.deepEqual(counted, {
        since: `${since.slice(0, 10)}T00:00:00.000Z`,
        until: `${new Date(Date.parse(until) + dayMs).toISOString().slice(0, 10)}T00:00:00.000Z`,
      });
      const inSpan = records.filter(
        (record) =>
          isOld(record) &&
          record.listener.receivedMs >= Date.parse(counted.since ?? '') &&
          record.listener.receivedMs < Date.parse(counted.until ?? ''),
      );
      assert.equal(
        rows.reduce((sum, { calls }) => sum + calls, 0),
        inSpan.length,
      );
    });

    await t.test('who has never been seen on the new one is told with its old addresses', async () => {
      const { rows } = await ask('/v1/evidence/never-on-new');
      const seenOnNew = new Set(
        records.flatMap((record) =>
          record.route?.generation === 'new' ? [`${fingerprintOf(record)} ${record.route.system}`] : [],
        ),
      );
      const expected = new Set(
        records.flatMap((record) =>
          isOld(record) && !seenOnNew.has(`${fingerprintOf(record)} ${record.route?.system}`)
            ? [`${fingerprintOf(record)} ${record.route?.system}`]
            : [],
        ),
      );
      assert.deepEqual(new Set(rows.map(({ caller, system }) => `${caller.fingerprint} ${String(system)}`)), expected);
      assert.ok(rows.some(({ caller }) => caller.participant === 'party-11'));
      const early = new Date((records[40]?.listener.receivedMs ?? 0) + 1).toISOString();
      const then = await ask(`/v1/evidence/never-on-new?asOf=${early}&limit=1000`);
      const known = records.filter(({ listener }) => listener.receivedMs < Date.parse(early));
      const onNew = new Set(
        known.flatMap((record) =>
          record.route?.generation === 'new' ? [`${fingerprintOf(record)} ${record.route.system}`] : [],
        ),
      );
      assert.deepEqual(
        new Set(then.rows.map(({ caller, system }) => `${caller.fingerprint} ${String(system)}`)),
        new Set(
          known
            .filter((record) => isOld(record) && !onNew.has(`${fingerprintOf(record)} ${record.route?.system}`))
            .map((record) => `${fingerprintOf(record)} ${record.route?.system}`),
        ),
      );
    });

    await t.test('who sends chunked, large and unencoded, or with cookies', async () => {
      const { rows } = await ask('/v1/evidence/senders?ways=chunked,unencoded&limit=1000');
      const expected = naiveSums(records, fingerprintOf);
      for (const { caller, chunked, calls } of rows) {
        const sum = expected.get(caller.fingerprint);
        assert.deepEqual([chunked, calls], [sum?.chunked, sum?.calls]);
      }
      const unencoded = records.filter(
        ({ listener, inspection, response }) =>
          response.requestBytes >= 10_000 &&
          listener.contentEncoding === null &&
          inspection?.payloadEncoding === 'none',
      ).length;
      assert.equal(
        rows.reduce((sum, row) => sum + Number(row.unencoded), 0),
        unencoded,
      );
    });

    await t.test('who was refused and why, with what to do about it', async () => {
      const refused = records.filter(({ response }) => response.refusal !== null);
      const { rows } = await ask('/v1/evidence/refusals?by=code');
      assert.deepEqual(
        new Map(rows.map(({ code, calls }) => [code, calls])),
        new Map(
          [...naiveSums(refused, ({ response }) => response.refusal ?? '')].map(([code, { calls }]) => [code, calls]),
        ),
      );
      assert.match(String(rows.find(({ code }) => code === 'identity.certificate_expired')?.fix), /certificate/);
      const one = await ask('/v1/evidence/refusals?rule=ws-global&participant=party-3');
      assert.equal(
        one.rows.reduce((sum, { calls }) => sum + calls, 0),
        refused.filter(
          ({ identity, admission }) => identity?.participant === 'party-3' && admission?.decidedBy === 'ws-global',
        ).length,
      );
    });

    await t.test('a participant is told of itself, and another one is not there', async () => {
      const own = await ask('/v1/evidence/old-addresses?limit=1000', 'reader');
      assert.ok(own.rows.length > 0);
      assert.deepEqual([...new Set(own.rows.map(({ caller }) => caller.participant))], ['participant-a']);
      assert.deepEqual(await refusedAs('reader', '/v1/evidence/old-addresses?participant=participant-b'), [
        404,
        'control.not_found',
      ]);
      assert.deepEqual(await refusedAs('reader', '/v1/participants/participant-b/evidence'), [
        404,
        'control.not_found',
      ]);
      const summary = (await control.ask('administrator', '/v1/participants/participant-a/evidence')).json<{
        total: { calls: number };
        scids: { scid: string | null; calls: number }[];
      }>();
      const mine = records.filter(({ admission }) => admission?.participant === 'participant-a');
      assert.equal(summary.total.calls, mine.length);
      assert.equal(
        summary.scids.find(({ scid }) => scid !== null)?.calls,
        mine.filter(({ admission }) => admission?.scid !== null).length,
      );
      assert.deepEqual(await refusedAs('operator', '/v1/participants/nobody/evidence'), [404, 'control.not_found']);
    });

    await t.test('one exchange is told along the path, to its participant and to staff', async () => {
      const record = records.find(
        ({ identity, response }) =>
          identity?.participant === 'participant-a' && response.refusal === 'admission.acceptable_use',
      );
      const path = `/v1/exchanges/${record?.exchange}`;
      const story = (await control.ask('support', path)).json<{
        told: { stage: string; sentence: string }[];
        problem: { fix: string };
        record: unknown;
      }>();
      assert.deepEqual(
        story.told.map(({ stage }) => stage),
        ['listener', 'identity', 'route', 'admission', 'inspection', 'forward', 'response'],
      );
      assert.match(story.told[3]?.sentence ?? '', /The rule ws-global had no room for it, acting for participant-a/);
      assert.ok(story.problem.fix.length > 0);
      assert.deepEqual(story.record, record);
      assert.equal((await control.ask('reader', path)).status, 200);
      assert.deepEqual(await refusedAs('other-reader', path), [404, 'control.no_such_exchange']);
      assert.deepEqual(await refusedAs('operator', '/v1/exchanges/nowhere'), [404, 'control.no_such_exchange']);
    });

    await t.test(
      'an export has every call, goes on from a cursor, and holds nothing that a spreadsheet runs',
      async () => {
        const csv = (await control.ask('operator', '/v1/evidence/export?format=csv')).text;
        const lines = csv.trimEnd().split('\r\n');
        const callsAt = lines[0]?.split(',').indexOf('calls') ?? -1;
        assert.equal(lines[0]?.split(',').at(-1), 'cursor');
        const sums = (await control.ask('operator', '/v1/evidence/export')).text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { calls: number; cursor: string });
        assert.equal(sums.length, lines.length - 1);
        assert.equal(
          sums.reduce((sum, { calls }) => sum + calls, 0),
          records.length,
        );
        assert.ok(callsAt > 0);
        const rest = (await control.ask('operator', `/v1/evidence/export?cursor=${sums[99]?.cursor}`)).text;
        assert.equal(rest.trimEnd().split('\n').length, sums.length - 100);
        const raw = (await control.ask('operator', '/v1/evidence/export?of=records&cursors=true')).text;
        const [cursors, kept] = Object.values(
          Object.groupBy(raw.trimEnd().split('\n'), (line) => (line.startsWith('{"cursor"') ? 'cursor' : 'record')),
        ).toSorted((a, b) => a.length - b.length);
        assert.deepEqual(new Set(kept?.map((line) => JSON.parse(line) as unknown)), new Set(records));
        const { cursor } = JSON.parse(cursors?.[4] ?? '{}') as { cursor: string };
        const later = (await control.ask('operator', `/v1/evidence/export?of=records&cursor=${cursor}`)).text;
        assert.equal(later.trimEnd().split('\n').length, records.length - 450);
        assert.equal((await control.ask('operator', '/v1/evidence/export', { method: 'HEAD' })).status, 405);
        const own = (await control.ask('reader', '/v1/evidence/export?of=records')).text;
        assert.ok(raw.includes(forward.endpoint) && !own.includes(forward.endpoint));
        assert.equal(
          own.trimEnd().split('\n').length,
          records.filter(({ identity }) => identity?.participant === 'participant-a').length,
        );
      },
    );

    await t.test('what cannot be asked is refused with its name, and a gateway asks nothing', async () => {
      for (const path of [
        '/v1/evidence/old-addresses?since=yesterday',
        '/v1/evidence/old-addresses?since=2024-02-31T99:00Z',
        '/v1/evidence/old-addresses?limit=0',
        '/v1/evidence/old-addresses?limit=100000',
        '/v1/evidence/old-addresses?until=2024-02-01&asOf=2024-02-01',
        '/v1/evidence/old-addresses?cursor=bm90aGluZw',
        `/v1/evidence/refusals?cursor=${Buffer.from('["a",1]').toString('base64url')}`,
        '/v1/evidence/export?cursor=xyz',
        '/v1/evidence/senders?ways=slowly',
        '/v1/evidence/refusals?by=weather',
        ...oddCursors,
      ])
        assert.deepEqual(await refusedAs('operator', path), [400, 'control.invalid_request'], path);
      assert.deepEqual(await refusedAs('node', '/v1/evidence/old-addresses'), [403, 'control.not_permitted']);
      assert.deepEqual(await refusedAs(null, '/v1/evidence/old-addresses'), [401, 'control.sign_in_needed']);
    });

    await t.test('an answer says how far it knows each node, gaps too', async () => {
      const gap = {
        boot: 'gateway-1-boot-1',
        thread: 0,
        after: 9_000,
        atMost: 10_000,
        fromMs: generatedStartMs,
        toMs: generatedStartMs + 1_000,
      };
      await send(ledger, 'gateway-1', [{ gap }, 'no record']);
      const { known } = await ask('/v1/evidence/old-addresses?limit=1');
      assert.match(
        known[0]?.sentence ?? '',
        /^gateway-1: known until 2024-02-1\d .* UTC; a gap of at most 10,000 records between 2024-02-21 12:00:00 UTC and 2024-02-21 12:00:01 UTC; 1 line could not be read\.$/,
      );
    });
    await close();
  });

  test('a node sends for itself alone, and in the forms that are taken', async () => {
    const store = await open();
    const ledger = await openTestLedger(store, { bounds: { waitingBytesMax: 100_000, threadsPerDayMax: 2 } });
    const control = await startTestControl({ routes: (app) => intakeRoutes(app, { ledger }) });
    const post = async (
      who: TestPersonName,
      path: string,
      body: string | Uint8Array,
      fields = {},
    ): Promise<unknown> => {
      const answer = await control.ask(who, path, {
        method: 'POST',
        fields: { 'content-type': 'application/x-ndjson', ...fields },
        body,
      });
      return answer.status === 200 ? answer.json() : [answer.status, answer.json().code, answer.fields['retry-after']];
    };
    const [line] = records;
    const path = '/v1/nodes/gateway-1/records';
    assert.deepEqual(await post('node', path, bodyOf([line])), {
      acknowledged: [{ boot: 'gateway-1-boot-1', thread: line?.thread, sequence: 1 }],
    });
    assert.deepEqual(await post('node', path, ''), { acknowledged: [] });
    assert.deepEqual(await post('other-node', path, ''), [404, 'control.not_found', undefined]);
    assert.deepEqual(await post('operator', path, ''), [403, 'control.not_permitted', undefined]);
    assert.deepEqual(await post('node', '/v1/imports/f5/records', ''), [403, 'control.not_permitted', undefined]);
    assert.deepEqual(
      await post('operator', '/v1/imports/f5/records', bodyOf([{ ...line, node: 'import:f5', sequence: 70 }])),
      {
        acknowledged: [{ boot: 'gateway-1-boot-1', thread: line?.thread, sequence: 70 }],
      },
    );
    const boots = ['boot-2', 'boot-3'].map((boot) => ({ ...line, boot }));
    assert.deepEqual(await post('node', path, bodyOf(boots)), [429, 'control.too_many_boots', '3600']);
    const unsupported = [415, 'control.unsupported_media_type', undefined];
    assert.deepEqual(await post('node', path, 'x', { 'content-encoding': 'br' }), unsupported);
    assert.deepEqual(await post('node', path, 'x', { 'content-type': 'text/plain' }), unsupported);
    assert.deepEqual(await post('node', path, '{}', { 'content-type': 'application/json' }), unsupported);
    assert.deepEqual(await post('node', path, 'x', { 'content-encoding': 'zstd' }), [
      400,
      'control.malformed_request',
      undefined,
    ]);
    assert.deepEqual(await post('node', path, Buffer.alloc(9_000_000, 0x20)), [413, 'control.too_large', undefined]);
    assert.deepEqual(await post('node', path, Buffer.alloc(200_000, 0x20)), [503, 'control.ledger_busy', '1']);
    await control.close();
    await ledger.close();
  });
});
