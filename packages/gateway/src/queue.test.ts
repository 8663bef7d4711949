import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueue } from './queue.ts';

test('work waits for what came before it, and a failure holds up nothing', async () => {
  const queue = createQueue();
  const first = Promise.withResolvers<void>();
  const done: string[] = [];
  const failing = queue(async () => {
    await first.promise;
    done.push('first');
    throw new Error('first');
  });
  const second = queue(async () => {
    done.push('second');
    return 2;
  });
  first.resolve();
  await assert.rejects(failing, /first/);
  assert.equal(await second, 2);
  assert.deepEqual(done, ['first', 'second']);
});
