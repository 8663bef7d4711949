import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { writeJoined } from './write-joined.ts';

test('what a slow reader has not taken yet is what was written, whatever is written after it', async (context) => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ pauseOnConnect: true }, accepted.resolve).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const reader = await accepted.promise;
  const bodies = Array.from({ length: 200 }, (_, at) => Buffer.alloc(60_000, 65 + (at % 26)));
  for (const [at, body] of bodies.entries())
    writeJoined(socket, [Buffer.from('he'), Buffer.from('ad '), `${at}\r\n`], body);
  socket.end();

  const received: Buffer[] = [];
  reader.on('data', (chunk: Buffer) => received.push(chunk));
  reader.resume();
  await once(reader, 'end');
  const expected = Buffer.concat(bodies.flatMap((body, at) => [Buffer.from(`head ${at}\r\n`), body]));
  assert.ok(Buffer.concat(received).equals(expected));
});
