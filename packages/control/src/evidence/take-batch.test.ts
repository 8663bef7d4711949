import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, generatedStartMs, generateRecord, generateRecords } from './generated-records.fixture.ts';
import { createTaking, type Mark, nameOf } from './take-batch.ts';

const takenMs = generatedStartMs + 3_600_000;
const none: ReadonlyMap<string, Mark> = new Map();

function marksOf(marks: readonly Mark[]): ReadonlyMap<string, Mark> {
  return new Map(marks.map((mark) => [nameOf(mark), mark]));
}

test('a batch that is sent twice is taken once, and acknowledged both times', () => {
  const take = createTaking();
  const body = bodyOf(generateRecords({ seed: 1, count: 50, threads: 2 }));
  const first = take('gateway-1', body, none, takenMs);
  const second = take('gateway-1', body, marksOf(first.marks), takenMs);
  assert.equal(first.calls.length, 50);
  assert.equal(second.calls.length, 0);
  assert.equal(second.lines.length, 0);
  assert.equal(second.counts.repeated, 50);
  assert.deepEqual(second.acknowledged, first.acknowledged);
  assert.equal(
    first.acknowledged.reduce((sum, { sequence }) => sum + sequence, 0),
    50,
  );
});

test('numbers that are passed over are a gap that was found, and one that the node tells says when', () => {
  const take = createTaking();
  const [first, second] = [generateRecord({ sequence: 1 }), generateRecord({ sequence: 791 })];
  const found = take('gateway-1', bodyOf([first, second]), none, takenMs);
  const hole = { node: 'gateway-1', boot: 'gateway-1-boot-1', thread: 0, after: 1, atMost: 789 };
  assert.deepEqual(found.gaps, [{ ...hole, fromMs: null, toMs: null, told: false }]);
  const gap = { boot: 'gateway-1-boot-1', thread: 0, after: 1, atMost: 789, fromMs: 1_000, toMs: 2_000 };
  const told = take('gateway-1', bodyOf([first, { gap }, second]), none, takenMs);
  assert.deepEqual(told.gaps, [{ ...hole, fromMs: 1_000, toMs: 2_000, told: true }]);
});

test('lines of a log may leave numbers out: an import has no gaps', () => {
  const record = generateRecord({ node: 'import:f5', sequence: 40 });
  const { gaps, calls } = createTaking()('import:f5', bodyOf([record]), none, takenMs);
  assert.equal(gaps.length, 0);
  assert.equal(calls.length, 1);
});

test('lines that are no records are counted by why, and what stands beside them is taken', () => {
  const good = generateRecord({ sequence: 1 });
  const hostile = [
    '{"half": ',
    'null',
    '[1, 2]',
    '"text"',
    `{"gap": null}`,
    '{"gap": {"boot": "b", "thread": 0, "after": -1, "atMost": 5}}',
    JSON.stringify({ ...good, node: 'gateway-2' }),
    JSON.stringify({ ...good, sequence: 0 }),
    JSON.stringify({ ...good, sequence: 1.5 }),
    JSON.stringify({ ...good, sequence: '7' }),
    JSON.stringify({ ...good, thread: 70_000 }),
    JSON.stringify({ ...good, boot: 'x'.repeat(5_000) }),
    JSON.stringify({ ...good, schemaVersion: 'new' }),
    JSON.stringify({ ...good, listener: [], response: null }),
    JSON.stringify({ ...good, listener: { userAgent: 'x'.repeat(1_100_000) } }),
    '['.repeat(50_000),
  ];
  const body = Buffer.from([...hostile, JSON.stringify(good)].join('\n'));
  const { calls, counts, lines, marks } = createTaking()('gateway-1', body, none, takenMs);
  assert.deepEqual(Object.fromEntries(counts.unreadable), {
    'not-json': 2,
    'no-object': 3,
    'bad-gap': 2,
    'other-node': 1,
    'no-place': 5,
    'no-version': 1,
    'no-sections': 1,
    'too-long': 1,
  });
  assert.equal(calls.length, 1);
  assert.equal(lines.length, 1);
  assert.deepEqual(
    marks.map(({ sequence }) => sequence),
    [1],
  );
});

test('a record of wrong types throughout is counted, with nothing of it believed', () => {
  const body = bodyOf([
    {
      schemaVersion: 1,
      node: 'gateway-1',
      boot: 'b',
      thread: 0,
      sequence: 1,
      exchange: { length: 36 },
      listener: {
        source: ['192.0.2.1'],
        receivedMs: '1708516800000',
        userAgent: 7,
        framing: {},
        cookies: { count: 'many' },
      },
      identity: 'CN=admin',
      route: { address: 12, service: { toString: 'x' }, system: null },
      admission: [[]],
      inspection: 3,
      response: {
        requestBytes: -5,
        responseBytes: 1e300,
        durationMs: null,
        refusal: 99,
        complete: 'yes',
        status: '200',
      },
    },
  ]);
  const [call] = createTaking()('gateway-1', body, none, takenMs).calls;
  assert.equal(call?.atMs, takenMs);
  assert.equal(call?.caller.kind, 'source');
  assert.equal(call?.address.kind, 'unrouted');
  assert.equal(call?.requestBytes, 0);
  assert.equal(call?.responseBytes, 2 ** 43);
  assert.equal(call?.outcome, 'broken');
  assert.equal(call?.cookies, 0);
});

test('keys of prototypes, NUL and half a character are texts like any other', () => {
  const good = generateRecord({ sequence: 1 });
  const text = JSON.stringify(good)
    .replace('"listener":{', '"__proto__":{"polluted":true},"constructor":1,"listener":{"__proto__":{"polluted":true},')
    .replace(/"userAgent":(?:null|"[^"]*")/, '"userAgent":"__proto__\\u0000\\ud800"');
  const { calls } = createTaking()('gateway-1', Buffer.from(text), none, takenMs);
  assert.equal(calls[0]?.agent, '__proto__\ufffd\ufffd');
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test('a record of a later version is kept and marked, and not counted', () => {
  const later = { ...generateRecord({ sequence: 1 }), schemaVersion: 9, response: 'something else' };
  const { calls, lines, counts, marks } = createTaking()('gateway-1', bodyOf([later]), none, takenMs);
  assert.deepEqual([calls.length, lines.length, counts.laterVersion, marks[0]?.sequence], [0, 1, 1, 1]);
});

test('a clock that cannot be right is not believed: the call counts for when it was taken in', () => {
  const ahead = generateRecord({ sequence: 1, receivedMs: takenMs + 40 * 86_400_000 });
  const before = generateRecord({ sequence: 2, receivedMs: 12 });
  const { calls, counts, toMs } = createTaking()('gateway-1', bodyOf([ahead, before]), none, takenMs);
  assert.deepEqual(
    calls.map(({ atMs }) => atMs),
    [takenMs, takenMs],
  );
  assert.equal(counts.oddClocks, 2);
  assert.equal(counts.knownMs, 0);
  assert.equal(toMs, takenMs);
});
