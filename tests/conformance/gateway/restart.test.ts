// One gateway takes over from another on the same port. What waits to be accepted at a listener that closes goes to another
// listener only where Linux is told so: the test runs in a network of its own, where it may say so.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { StormOutcome } from './restart-storm.fixture.ts';

const storm = fileURLToPath(new URL('./restart-storm.fixture.ts', import.meta.url));

/** Words of a shell that sets up a network of its own. */
const network = 'ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req';

function noNetwork(): string | false {
  const tried = spawnSync('unshare', ['-rn', 'sh', '-c', network], { encoding: 'utf8' });
  if (tried.error !== undefined) return `unshare cannot be run: ${tried.error.message}`;
  return tried.status === 0 ? false : `no network of its own can be made here: ${tried.stderr.trim()}`;
}

test('a restart under a storm of connections loses no call, where Linux hands waiting connections on', {
  skip: noNetwork(),
}, async () => {
  const script = `${network} && exec "$0" "$1"`;
  const { stdout } = await promisify(execFile)('unshare', ['-rn', 'sh', '-c', script, process.execPath, storm]);
  const { answered, lost } = JSON.parse(stdout) as StormOutcome;
  assert.deepEqual(lost, {});
  assert.deepEqual(Object.keys(answered), ['200']);
});
