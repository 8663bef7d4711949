import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { takePorts } from './demo-ports.ts';

/** Ports that nobody has at the moment. */
async function freePorts() {
  const servers = [createServer(), createServer(), createServer()];
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const [tls = 0, plain = 0, control = 0] = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await once(server.close(), 'close');
  return { tls, plain, control };
}

test('two demos that begin together never have a port in common, and the first to come has the preferred ones', {
  skip: process.platform === 'linux' ? false : 'a claim on a port is an abstract socket, which only Linux has',
}, async () => {
  const preferred = await freePorts();
  const first = await takePorts(preferred);
  const second = await takePorts(preferred);
  assert.deepEqual(first.ports, preferred);
  assert.deepEqual(first.notes, []);
  const all = [...Object.values(first.ports), ...Object.values(second.ports)];
  assert.equal(new Set(all).size, 6, all.join());
  assert.equal(second.notes[0], `port ${preferred.tls} is taken; using ${second.ports.tls}`);
  first.release();
  second.release();
  const third = await takePorts(preferred);
  assert.deepEqual(third.ports, preferred);
  third.release();
});

test('a port that a program of another kind listens on is left to it', async () => {
  const preferred = await freePorts();
  const other = createServer();
  await once(other.listen(preferred.control, '127.0.0.1'), 'listening');
  const { ports, notes, release } = await takePorts(preferred);
  assert.deepEqual([ports.tls, ports.plain], [preferred.tls, preferred.plain]);
  assert.notEqual(ports.control, preferred.control);
  assert.deepEqual(notes, [`port ${preferred.control} is taken; using ${ports.control}`]);
  release();
  other.close();
});
