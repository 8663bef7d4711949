import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionKeys, renewSessionKeys, type SessionKeys } from './session-keys.ts';

test('every day another key signs, and the ones before are still believed', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const first = createSessionKeys();
  const taken: SessionKeys[] = [];
  const renewal = renewSessionKeys(first, (keys) => taken.push(keys));
  t.mock.timers.tick(86_400_000);
  t.mock.timers.tick(86_400_000);
  assert.deepEqual(
    taken.map((keys) => keys.slice(1)),
    [first, taken[0]],
  );
  assert.equal(new Set(taken.at(-1)?.map(({ id }) => id)).size, 3);
  renewal.close();
  t.mock.timers.tick(86_400_000);
  assert.equal(taken.length, 2);
});
