// The servers that suites of later work stand on: each starts, answers over its own protocol, stops, and leaves nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { missing, startPostgres, startValkey } from '@headgate/testkit';

const execute = promisify(execFile);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Sends one command as a RESP array and reads one short answer. */
async function ask(socket: Socket, ...words: readonly string[]): Promise<string> {
  socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString('latin1');
}

test('Valkey answers PING and keeps a key while it runs', { skip: missing('valkey-server') }, async (t) => {
  const valkey = await startValkey();
  t.after(() => valkey.close());
  const socket = connect(valkey.port, valkey.host);
  t.after(() => socket.destroy());
  assert.equal(await ask(socket, 'PING'), '+PONG\r\n');
  assert.equal(await ask(socket, 'SET', 'key', 'kept'), '+OK\r\n');
  assert.equal(await ask(socket, 'GET', 'key'), '$4\r\nkept\r\n');
});

test('two Valkeys run side by side, and each is gone once stopped', { skip: missing('valkey-server') }, async () => {
  const pair = await Promise.all([startValkey(), startValkey()]);
  assert.notEqual(pair[0].port, pair[1].port);
  await Promise.all(pair.map((valkey) => valkey.close()));
  for (const { folder, host, pid, port } of pair) {
    assert.equal(isAlive(pid), false);
    assert.equal(existsSync(folder), false);
    await assert.rejects(once(connect(port, host), 'connect'), { code: 'ECONNREFUSED' });
  }
});

test('PostgreSQL answers a query over its socket, and is gone once stopped', {
  skip: missing('postgresql'),
}, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.close());
  const { database, host, pid, port, user } = postgres;
  const where = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const { stdout } = await execute('psql', [...where, '-AtX', '-c', 'select 6 * 7, current_user']);
  assert.equal(stdout, `42|${user}\n`);
  await postgres.close();
  assert.equal(isAlive(pid), false);
  assert.equal(existsSync(host), false);
});
