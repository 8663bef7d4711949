import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { logoutPage } from './faults.ts';
import { send, startTestSimulator } from './simulator.fixture.ts';

const query =
  '/oasisapi/SingleZip?queryname=SLD_FCST&version=1&startdatetime=20260720T07:00-0000&enddatetime=20260721T07:00-0000';

test('requests are counted, and answers say which environment and infrastructure they came from', async (t) => {
  const simulator = await startTestSimulator(t, { environment: 'map-stage', infrastructure: 'legacy' });
  const answer = await send(`${simulator.url}${query}`, 'GET');
  await send(`${simulator.url}/nowhere`, 'GET');
  assert.equal(simulator.requestCount(), 2);
  assert.equal(answer.fields['simulator-environment'], 'map-stage');
  assert.equal(answer.fields['simulator-infrastructure'], 'legacy');
  assert.equal(answer.fields.date, 'Mon, 20 Jul 2026 18:00:00 GMT');
});

test('a body over 20 MiB is read to its end and refused', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await send(`${simulator.url}/api/x`, 'PUT', {}, Buffer.alloc(20 * 1024 * 1024 + 1));
  assert.equal(answer.status, 413);
});

test('bytes that are no request close the connection and nothing else', async (t) => {
  const simulator = await startTestSimulator(t);
  const socket = connect(simulator.port, '127.0.0.1');
  socket.write('\u0016\u0003 nonsense\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  assert.equal((await send(`${simulator.url}${query}`, 'GET')).status, 200);
});

test('a path that cannot be decoded is a bad request', async (t) => {
  const simulator = await startTestSimulator(t);
  assert.equal((await send(`${simulator.url}/api/%zz`, 'GET')).status, 400);
});

test('faults are off until they are set, are told in the log, and end', async (t) => {
  const lines: string[] = [];
  const simulator = await startTestSimulator(t, { log: (line) => lines.push(line) });
  assert.deepEqual(lines, []);
  await simulator.setFaults({ html: true, delayMs: 1 });
  const page = await send(`${simulator.url}${query}`, 'GET');
  assert.equal(page.status, 200);
  assert.equal(page.body.toString(), logoutPage);
  assert.match(logoutPage, /<title>BIG-IP logout page<\/title>/);
  await simulator.setFaults({});
  assert.equal((await send(`${simulator.url}${query}`, 'GET')).fields['content-type'], 'application/x-zip-compressed');
  assert.deepEqual(lines, ['faults: html, delayMs 1', 'faults: none']);
});

test('a connection closed before the answer carries nothing out', async (t) => {
  const simulator = await startTestSimulator(t);
  await simulator.setFaults({ closeBeforeAnswer: true });
  await assert.rejects(send(`${simulator.url}/api/x`, 'PUT', {}, '1'), { code: 'ECONNRESET' });
  await simulator.setFaults({});
  assert.equal((await send(`${simulator.url}/api/x`, 'GET')).status, 404);
});

test('a connection closed in the middle of the answer has carried the request out', async (t) => {
  const simulator = await startTestSimulator(t);
  await simulator.setFaults({ closeMidAnswer: true });
  await assert.rejects(send(`${simulator.url}/api/x`, 'PUT', {}, '1'), /aborted|socket hang up/);
  await simulator.setFaults({});
  assert.equal((await send(`${simulator.url}/api/x`, 'GET')).status, 200);
});

test('garbage is no HTTP', async (t) => {
  const simulator = await startTestSimulator(t, { faults: { garbage: true } });
  await assert.rejects(send(`${simulator.url}${query}`, 'GET'), /Parse Error/);
});

test('a simulator that refuses can be connected to again at the same port', async (t) => {
  const simulator = await startTestSimulator(t);
  await simulator.setFaults({ refuse: true });
  await assert.rejects(send(`${simulator.url}${query}`, 'GET'), { code: 'ECONNREFUSED' });
  await simulator.setFaults({});
  assert.equal((await send(`${simulator.url}${query}`, 'GET')).status, 200);
});

test('a delay out of bounds is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  await assert.rejects(simulator.setFaults({ delayMs: -1 }), RangeError);
});

test('the program says pid, address and ready, and stops cleanly on SIGTERM', async (t) => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, '--port', '0', '--seed', 'x'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === 'ready') child.kill('SIGTERM');
  }
  if (child.exitCode === null) await once(child, 'exit');
  assert.equal(child.exitCode, 0);
  assert.equal(lines[0], `simulator pid ${child.pid}`);
  assert.match(lines[1] ?? '', /^simulator listening on http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(lines.slice(2), ['ready', 'stopping on SIGTERM', 'stopped']);
});

test('the program refuses an option it does not know, and says which there are', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, '--port', 'eighty'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  for await (const chunk of child.stderr) told += chunk;
  assert.match(told, /--port is a whole number from 0 to 65535, not "eighty"\.\nUsage:/);
});
