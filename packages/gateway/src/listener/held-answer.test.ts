import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { HeldAnswer } from './held-answer.ts';

/** Both ends of a connection whose far end reads nothing yet. */
async function pair(context: TestContext): Promise<{ near: Socket; far: Socket }> {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ pauseOnConnect: true }, accepted.resolve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const far = await accepted.promise;
  context.after(() => {
    for (const each of [near, far]) each.destroy();
    server.close();
  });
  return { near, far };
}

test('an answer that is held leaves at the end of the turn, whole', async (context) => {
  const { near, far } = await pair(context);
  const held = new HeldAnswer(near);
  assert.ok(held.hold([Buffer.from('he'), Buffer.from('a'), 'd '], Buffer.from('body')));
  assert.equal(near.bytesWritten, 0);
  await turn();
  assert.equal(near.bytesWritten, 9);
  const [bytes] = (await once(far.resume(), 'data')) as [Buffer];
  assert.equal(bytes.toString(), 'head body');
});

test('nothing is held behind an answer that its caller does not take: whoever sends more waits for it', async (context) => {
  const { near } = await pair(context);
  const held = new HeldAnswer(near);
  while (near.writableLength === 0) near.write(Buffer.alloc(65_536));
  assert.ok(!held.hold([Buffer.from('he'), Buffer.from('a'), 'd '], Buffer.from('body')));
});

test('a large answer, and a second one in the same turn, are not held', async (context) => {
  const { near } = await pair(context);
  const held = new HeldAnswer(near);
  assert.ok(!held.hold([Buffer.from('he'), Buffer.from('a'), 'd '], Buffer.alloc(16 * 1024 + 1)));
  assert.ok(held.hold([Buffer.from('he'), Buffer.from('a'), 'd '], Buffer.alloc(16 * 1024)));
  assert.ok(!held.hold([Buffer.from('he'), Buffer.from('a'), 'd '], Buffer.from('body')));
});
