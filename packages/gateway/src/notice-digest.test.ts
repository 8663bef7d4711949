import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { type Countable, createNoticeDigest, otherSources } from './notice-digest.ts';

const refused = (source: string): Countable => ({ kind: 'connection-refused', listener: 'secure', source, count: 1 });

test('a thousand of one source in a second are two notices, and none is left out of the count', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const told: Countable[] = [];
  const digest = createNoticeDigest<Countable>((notice) => told.push(notice));
  for (let at = 0; at < 1_000; at += 1) digest.add(refused('192.0.2.7'));
  assert.deepEqual(told, [refused('192.0.2.7')]);
  mock.timers.tick(1_000);
  assert.deepEqual(told, [refused('192.0.2.7'), { ...refused('192.0.2.7'), count: 999 }]);
  digest.add(refused('192.0.2.7'));
  assert.deepEqual(told.at(-1), refused('192.0.2.7'));
  digest.flush();
  assert.equal(told.length, 3);
});

test('sources beyond a hundred in one second are told together', () => {
  const told: Countable[] = [];
  const digest = createNoticeDigest<Countable>((notice) => told.push(notice));
  for (let at = 0; at < 5_000; at += 1) digest.add(refused(`2001:db8::${at.toString(16)}`));
  digest.flush();
  assert.equal(told.length, 102);
  assert.equal(
    told.reduce((sum, { count }) => sum + count, 0),
    5_000,
  );
  assert.equal(told.at(-1)?.source, otherSources);
});
