import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { after, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { startTestControl, type TestControl, type TestPersonName } from '../api/control-app.fixture.ts';
import { createEmbeddedFolder } from '../store/for-each-store.fixture.ts';
import { openStore } from '../store/open-store.ts';
import { openEventLog } from './event-log.ts';
import { type EventStreams, eventRoutes } from './event-routes.ts';

const folder = await createEmbeddedFolder();
const store = await openStore({ folder, url: null });

after(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function asking(control: TestControl, person: TestPersonName, lastRead = ''): TLSSocket {
  const { certificatePem: cert, keyPem: key } = control.certified(person);
  const socket = connect({ port: control.port, cert, key, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  const field = lastRead === '' ? '' : `Last-Event-ID: ${lastRead}\r\n`;
  socket.write(`GET /v1/events HTTP/1.1\r\nHost: localhost\r\n${field}\r\n`);
  return socket;
}

async function reading(control: TestControl, person: TestPersonName): Promise<TLSSocket> {
  const socket = asking(control, person);
  await once(socket, 'data');
  return socket;
}

test('a reader that takes nothing is let go, while many others are told everything', async () => {
  const log = await openEventLog(store.db, { keptMax: 10_000, keptMs: 1_000_000 }, Date.now);
  const bounds = { readersMax: 100, readersPerAccountMax: 64, heartbeatMs: 60_000, stallMs: 300 };
  let streams: EventStreams | undefined;
  const control = await startTestControl({
    bounds: { requestsPerAccountMax: 64 },
    routes(app) {
      streams = eventRoutes(app, { log, bounds, mayStill: () => Promise.resolve(true) });
    },
  });
  const slow = await reading(control, 'support');
  slow.pause();
  const others = await Promise.all(Array.from({ length: 12 }, () => reading(control, 'operator')));
  const lastOf = async (socket: TLSSocket) => {
    let text = '';
    socket.setEncoding('utf8');
    while (!text.includes('"at":119')) text = text.slice(-1_000) + String((await once(socket, 'data'))[0]);
  };
  const told = others.map(lastOf);
  for (let at = 0; at < 120; at += 1) await log.publish('large', { at, text: 'x'.repeat(60_000) });
  await Promise.all(told);
  while (streams?.count() !== 12) await new Promise((resolve) => setImmediate(resolve));
  for (const socket of [slow, ...others]) socket.destroy();
  await streams.close();
  assert.equal(streams.count(), 0);
  await control.close();
});

test('a reader that comes after what it missed was dropped is told how much, and goes on behind it', async () => {
  const log = await openEventLog(store.db, { keptMax: 100, keptMs: 1_000_000 }, Date.now);
  const bounds = { readersMax: 4, readersPerAccountMax: 4, heartbeatMs: 60_000, stallMs: 300 };
  let streams: EventStreams | undefined;
  const control = await startTestControl({
    routes(app) {
      streams = eventRoutes(app, { log, bounds, mayStill: () => Promise.resolve(true) });
    },
  });
  const lastRead = log.newest();
  await Promise.all(Array.from({ length: 512 }, (_, at) => log.publish('count', { at })));
  const dropped = log.dropped();
  assert.ok(dropped > lastRead + 1);
  const socket = asking(control, 'operator', `${log.epoch}-${lastRead}`);
  socket.setEncoding('utf8');
  let text = '';
  while (!text.includes(`id: ${log.epoch}-${log.newest()}\n`)) text += String((await once(socket, 'data'))[0]);
  const events = [...text.matchAll(/^id: [0-9a-f]+-(\d+)\nevent: (.+)\ndata: (.+)$/gm)];
  const [gap, next] = events.map(([, number, event, data]) => ({ number: Number(number), event, data }));
  assert.deepEqual([gap?.number, gap?.event], [dropped, 'gap']);
  assert.deepEqual(JSON.parse(gap?.data ?? ''), { missedFrom: lastRead + 1, missedTo: dropped });
  assert.deepEqual([next?.number, next?.event], [dropped + 1, 'count']);
  socket.destroy();
  await streams?.close();
  await control.close();
});

test('a silent stream is said to live, and ends at the heartbeat after which its account may not any more', async () => {
  const log = await openEventLog(store.db, { keptMax: 10_000, keptMs: 1_000_000 }, Date.now);
  const bounds = { readersMax: 4, readersPerAccountMax: 4, heartbeatMs: 20, stallMs: 300 };
  let isGranted = true;
  const control = await startTestControl({
    routes(app) {
      eventRoutes(app, { log, bounds, mayStill: () => Promise.resolve(isGranted) });
    },
  });
  const socket = asking(control, 'operator');
  socket.setEncoding('utf8');
  const ended = once(socket, 'close');
  let text = '';
  while (!text.includes(': alive')) text += String((await once(socket, 'data'))[0]);
  isGranted = false;
  while (!text.includes('\r\n0\r\n')) text += String((await once(socket, 'data'))[0]);
  socket.destroy();
  await ended;
  await control.close();
});
