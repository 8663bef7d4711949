import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { GatewayNotice } from './gateway-notice.ts';
import { createHandshakeFailures, watchHandshakes } from './handshake-failures.ts';
import { readHandshakeFailure } from './listener/handshake-failure.ts';

const failed = (source: string, count = 1, serverName: string | null = 'a.example') => ({
  ...readHandshakeFailure('ERR_SSL_NO_SHARED_CIPHER'),
  kind: 'handshake-failed' as const,
  listener: 'secure',
  source,
  serverName,
  count,
});

test('sums are kept by source and name, and the most frequent are told first', () => {
  const failures = createHandshakeFailures();
  failures.add(failed('192.0.2.1'));
  failures.add(failed('192.0.2.2', 5));
  failures.add(failed('192.0.2.1'));
  failures.add(failed('192.0.2.1', 1, null));
  assert.deepEqual(failures.total(), { 'no-shared-cipher': 8 });
  const taken = failures.takeRows();
  assert.equal(taken?.count, 8);
  assert.deepEqual(
    taken.rows.map(({ source, serverName, count }) => [source, serverName, count]),
    [
      ['192.0.2.2', 'a.example', 5],
      ['192.0.2.1', 'a.example', 2],
      ['192.0.2.1', null, 1],
    ],
  );
  assert.equal(failures.takeRows(), null);
  assert.deepEqual(failures.total(), { 'no-shared-cipher': 8 });
});

test('however many sources there are, a summary has ten rows and counts every failure', () => {
  const failures = createHandshakeFailures();
  for (let at = 0; at < 20_000; at += 1) failures.add(failed(`2001:db8::${at.toString(16)}`));
  const taken = failures.takeRows();
  assert.equal(taken?.rows.length, 10);
  assert.equal(taken.count, 20_000);
  assert.deepEqual([taken.rows[0]?.source, taken.rows[0]?.count], ['other sources', 19_000]);
});

test('sums are told once an hour where anything failed, and at the end', (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const told: GatewayNotice[] = [];
  const watched = watchHandshakes((notice) => told.push(notice));
  watched.notice(failed('192.0.2.1'));
  watched.notice({ kind: 'thread-replaced', thread: 0 });
  mock.timers.tick(3_600_000);
  mock.timers.tick(3_600_000);
  watched.notice(failed('192.0.2.2', 3));
  watched.close();
  mock.timers.tick(3_600_000);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['handshake-failed', 'thread-replaced', 'handshake-failures', 'handshake-failed', 'handshake-failures'],
  );
  const last = told.at(-1);
  assert.ok(last?.kind === 'handshake-failures');
  assert.deepEqual([last.count, last.rows[0]?.source], [3, '192.0.2.2']);
});

test('an error that nobody has seen yet is told in its own words', () => {
  assert.deepEqual(readHandshakeFailure('ERR_SSL_EXCESSIVE_MESSAGE_SIZE'), {
    reason: 'bad-message',
    detail: 'the caller sent what TLS does not allow: excessive message size',
  });
  assert.deepEqual(readHandshakeFailure('ERR_NEW'), { reason: 'other', detail: 'the handshake failed: ERR_NEW' });
  assert.equal(readHandshakeFailure('ERR_SSL_BAD_SIGNATURE').reason, 'client-key');
});
