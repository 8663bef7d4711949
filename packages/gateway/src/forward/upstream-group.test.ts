import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WrittenConfig } from '../config.ts';
import type { EndpointNotice, Member, Outcome } from '../upstream.ts';
import { optionsOf, TurnedDeadlines } from './back-end.fixture.ts';
import { createEndpoint } from './endpoint.ts';
import { createUpstreamGroup } from './upstream-group.ts';

const urls = ['http://127.0.0.1:1001', 'http://127.0.0.1:1002', 'http://127.0.0.1:1003', 'http://127.0.0.1:1004'];
const refused: Outcome = { kind: 'not-connected', reason: 'refused' };
const broken = (
  reason: 'broken' | 'invalid' | 'left' | 'timeout',
  wait: 'response' | 'whole' = 'response',
): Outcome => ({
  kind: 'no-answer',
  reason,
  wait,
  waitedMs: 1,
  sent: true,
  reusedConnection: false,
  cause: new Error('for a test'),
});

function groupOf(count: number, changes: Partial<WrittenConfig['upstreams'][number]> = {}) {
  const { path, upstream } = optionsOf({ endpoints: urls.slice(0, count), ...changes });
  const deadlines = new TurnedDeadlines();
  const notices: EndpointNotice[] = [];
  const endpoints = urls.slice(0, count).map((url) => createEndpoint(url, null, path, deadlines));
  const group = createUpstreamGroup(upstream, path, endpoints, deadlines, (notice) => notices.push(notice));
  const known: readonly (Member | null)[] = group.members;
  const indexOf = (wanted: Member | null) => known.indexOf(wanted);
  /** How many of so many calls each member gets. */
  const shares = (calls: number, hashText: (call: number) => string = () => '') => {
    const counts = group.members.map(() => 0);
    for (let call = 0; call < calls; call += 1) {
      const chosen = group.next(hashText(call), []);
      const at = indexOf(chosen);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts;
  };
  const member = (at: number) => {
    const found = group.members[at];
    assert.ok(found);
    return found;
  };
  const fail = (at: number, times: number, outcome = refused) => {
    for (let each = 0; each < times; each += 1) member(at).failed(outcome);
  };
  return { group, indexOf, member, fail, shares, notices, deadlines };
}

describe('a group', () => {
  test('gives each endpoint its weight', () => {
    const endpoints = [
      { url: 'http://127.0.0.1:1001', weight: 3 },
      { url: 'http://127.0.0.1:1002', weight: 1 },
    ];
    assert.deepEqual(groupOf(2, { endpoints }).shares(8), [6, 2]);
  });

  test('gives an attempt none of the endpoints that were tried, until there is no other', () => {
    const { group } = groupOf(3);
    const tried: Member[] = [];
    for (let next = group.next('', tried); next !== null; next = group.next('', tried)) tried.push(next);
    assert.equal(new Set(tried).size, 3);
  });

  test('of one endpoint gives it once, and learns nothing', () => {
    const { group, member, fail, notices } = groupOf(1);
    assert.equal(group.next('', []), member(0));
    assert.equal(group.next('', [member(0)]), null);
    assert.equal(member(0).watched, false);
    fail(0, 100);
    assert.deepEqual(notices, []);
  });

  test('keeps the calls of one caller together, and moves them while their endpoint is down', () => {
    const { group, indexOf, member, fail } = groupOf(3, { balance: 'consistent-hash', hashKey: 'source' });
    assert.equal(group.hashKey, 'source');
    const first = group.next('198.51.100.7', []);
    for (let each = 0; each < 10; each += 1) assert.equal(group.next('198.51.100.7', []), first);
    fail(indexOf(first), 5);
    const other = group.next('198.51.100.7', []);
    assert.notEqual(other, first);
    assert.ok(other === member(0) || other === member(1) || other === member(2));
  });
});

describe('an endpoint', () => {
  test('is ejected after so many failures in a row, comes back after a time, and says both', () => {
    const { fail, shares, notices, deadlines } = groupOf(2);
    fail(0, 4);
    assert.deepEqual(shares(10), [5, 5]);
    fail(0, 1);
    assert.deepEqual(shares(10), [0, 10]);
    deadlines.pass(9_999);
    assert.deepEqual(shares(10), [0, 10]);
    deadlines.pass(1);
    assert.ok((shares(22)[0] ?? 0) > 0);
    assert.deepEqual(notices, [
      {
        kind: 'endpoint-down',
        upstream: '*/*/*',
        endpoint: urls[0],
        reason: 'ejected for 10000 ms after a refused connection',
        endpointsUp: 1,
      },
      { kind: 'endpoint-up', upstream: '*/*/*', endpoint: urls[0], reason: 'its ejection is over', endpointsUp: 2 },
    ]);
  });

  test('is not ejected when a good answer comes in between', () => {
    const { fail, member, notices } = groupOf(2);
    for (let each = 0; each < 5; each += 1) {
      fail(0, 4);
      member(0).ended(500);
    }
    assert.deepEqual(notices, []);
  });

  for (const [what, outcome, counts] of [
    ['a refused connection', refused, true],
    ['a connection that is not accepted in time', { kind: 'not-connected', reason: 'timed-out', waitedMs: 1 }, true],
    ['a failed handshake', { kind: 'not-connected', reason: 'tls', found: 'x', isLasting: true }, true],
    ['a connection that breaks', broken('broken'), true],
    ['an answer that is late', broken('timeout'), true],
    ['an answer that is not HTTP', broken('invalid'), true],
    ['a caller that leaves', broken('left'), false],
    ['the end of the whole exchange', broken('timeout', 'whole'), false],
    ['a full queue', { kind: 'not-connected', reason: 'queue-full' }, false],
    ['a wait in the queue', { kind: 'not-connected', reason: 'busy', waitedMs: 1 }, false],
    ['a kept connection found closed', { kind: 'not-sent' }, false],
    ['a body that the caller broke off', { kind: 'no-request', cause: null }, false],
  ] as const)
    test(`is ${counts ? '' : 'not '}ejected for ${what}`, () => {
      const { fail, member } = groupOf(2);
      fail(0, 5, outcome);
      assert.equal(member(0).isEjected, counts);
    });

  test('is ejected for answers that break off', () => {
    const { member } = groupOf(2);
    for (let each = 0; each < 5; each += 1) member(0).broke();
    assert.equal(member(0).isEjected, true);
  });

  test('is ejected for statuses only where they are named', () => {
    for (const [statuses, isEjected] of [
      [[], false],
      [[503], true],
    ] as const) {
      const { member } = groupOf(2, { ejection: { statuses: [...statuses] } });
      for (let each = 0; each < 5; each += 1) member(0).ended(503);
      assert.equal(member(0).isEjected, isEjected);
    }
  });

  test('is never ejected at 0 failures', () => {
    const { member } = groupOf(2, { ejection: { failures: 0 } });
    assert.equal(member(0).watched, false);
  });

  test('that comes back has a tenth of its share, and the whole of it when the slow start is over', () => {
    const { fail, shares, deadlines } = groupOf(2);
    fail(0, 5);
    deadlines.pass(10_000);
    assert.deepEqual(shares(110), [10, 100]);
    deadlines.pass(5_000);
    assert.deepEqual(shares(30), [10, 20]);
    deadlines.pass(5_000);
    assert.deepEqual(shares(20), [10, 10]);
  });

  test('that comes back and fails once is ejected again, for twice as long, up to a bound', () => {
    const { fail, member, deadlines } = groupOf(2, { ejection: { maxMs: 30_000 } });
    fail(0, 5);
    deadlines.pass(10_000);
    for (const forMs of [20_000, 30_000, 30_000]) {
      fail(0, 1);
      deadlines.pass(forMs - 1);
      assert.equal(member(0).isUp, false);
      deadlines.pass(1);
      assert.equal(member(0).isUp, true);
    }
  });

  test('that served for long is ejected as briefly as the first time', () => {
    const { fail, member, deadlines } = groupOf(2, { ejection: { maxMs: 30_000 } });
    for (const _ of [1, 2]) {
      fail(0, 5);
      deadlines.pass(10_000);
      assert.equal(member(0).isUp, true);
      member(0).ended(200);
      deadlines.pass(30_000);
    }
  });

  test('that comes up by its checks starts slowly too', () => {
    const { member, shares, notices } = groupOf(2);
    member(0).checked(false, 'for a test');
    assert.deepEqual(shares(10), [0, 10]);
    member(0).checked(true, 'for a test');
    assert.deepEqual(shares(110), [10, 100]);
    assert.deepEqual(
      notices.map(({ kind, endpointsUp }) => [kind, endpointsUp]),
      [
        ['endpoint-down', 1],
        ['endpoint-up', 2],
      ],
    );
  });

  test('that is both ejected and ill is up only when neither holds, and says each change once', () => {
    const { member, fail, deadlines, notices } = groupOf(2);
    fail(0, 5);
    member(0).checked(false, 'for a test');
    deadlines.pass(10_000);
    assert.equal(member(0).isUp, false);
    member(0).checked(true, 'for a test');
    assert.equal(member(0).isUp, true);
    assert.deepEqual(
      notices.map(({ kind }) => kind),
      ['endpoint-down', 'endpoint-up'],
    );
  });
});

describe('endpoints that fail together', () => {
  test('are not ejected beyond the percentage, and never the last one', () => {
    for (const [count, maxPercent, ejected] of [
      [4, 75, 3],
      [4, 50, 2],
      [4, 100, 3],
      [4, 0, 0],
      [2, 75, 1],
      [3, 75, 2],
    ] as const) {
      const { group, fail } = groupOf(count, { ejection: { maxPercent } });
      for (let at = 0; at < count; at += 1) fail(at, 5);
      assert.equal(group.members.filter((member) => member.isEjected).length, ejected, `${maxPercent} % of ${count}`);
    }
  });

  test('are all used when none is up', () => {
    const { member, shares, notices } = groupOf(2);
    for (const at of [0, 1]) member(at).checked(false, 'for a test');
    assert.deepEqual(shares(10), [5, 5]);
    assert.equal(notices.at(-1)?.endpointsUp, 0);
  });

  test('are all used when less than the panic percentage of their weight is up', () => {
    const { member, shares } = groupOf(4, { panicPercent: 50 });
    member(0).checked(false, 'for a test');
    member(1).checked(false, 'for a test');
    assert.deepEqual(shares(8), [0, 0, 4, 4]);
    member(2).checked(false, 'for a test');
    assert.deepEqual(shares(8), [2, 2, 2, 2]);
  });

  test('are tried once those that are up were tried', () => {
    const { group, member } = groupOf(2);
    member(0).checked(false, 'for a test');
    assert.equal(group.next('', [member(1)]), member(0));
  });
});

test('a closed group waits for nothing', () => {
  const { group, fail, deadlines } = groupOf(2);
  fail(0, 5);
  group.close();
  assert.equal(deadlines.waitingCount, 0);
});
