// The suites of the store again, over Redis instead of Valkey: what one decides, the other does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { missing } from '@headgate/testkit';

const execute = promisify(execFile);

/** Without those that wait long; HEADGATE_STORE=redis-server runs any of them so. */
const suites = ['limit-log.property.test.ts', 'limit-sums.test.ts'];

test('Redis decides as Valkey does', { skip: missing('valkey-server') || missing('redis-server') }, async () => {
  const files = suites.map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await execute(process.execPath, ['--test', '--test-reporter=tap', ...files], {
    env: { ...env, HEADGATE_STORE: 'redis-server', HEADGATE_PROPERTY_RUNS: '60' },
  });
  assert.match(stdout, /^# pass 9$/m);
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# skipped 0$/m);
});
