import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { after, afterEach, before, test } from 'node:test';
import type { TestPersonName } from '../api/control-app.fixture.ts';
import { startControlFixture, type TestRunningControl } from '../start-control.fixture.ts';

/** A stream as it is read: its frames as they come. */
interface Stream {
  /** Resolves with the next event that is no sign of life. */
  next(): Promise<{ readonly id: string; readonly event: string; readonly data: Record<string, unknown> }>;
  /** The id of the last frame, also of those without an event. */
  readonly lastId: () => string;
  /** Resolves when control ends it. */
  readonly ended: Promise<void>;
  readonly answer: IncomingMessage;
}

let control: TestRunningControl;

before(async () => {
  control = await startControlFixture({ events: { heartbeatMs: 60_000, readersPerAccountMax: 2 } });
});

afterEach(async () => {
  for (const answer of open.splice(0)) answer.destroy();
  await control.apply(null);
});

after(() => control.close());

const open: IncomingMessage[] = [];

async function streamOf(
  person: TestPersonName | null,
  {
    path = '/v1/events',
    fields = {},
  }: { readonly path?: string; readonly fields?: Readonly<Record<string, string>> } = {},
): Promise<Stream> {
  const identity =
    person === null ? {} : { cert: control.certified(person).certificatePem, key: control.certified(person).keyPem };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const target = { host: '127.0.0.1', port: control.running.port, path, agent: false, rejectUnauthorized: false };
  request({ ...target, headers: fields, ...identity }, resolve)
    .on('error', reject)
    .end();
  const answer = await promise;
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8');
  open.push(answer);
  return read(answer);
}

function read(answer: IncomingMessage): Stream {
  const frames: string[] = [];
  const waiting: (() => void)[] = [];
  const ended = Promise.withResolvers<void>();
  let [text, lastId] = ['', ''];
  answer.setEncoding('utf8');
  answer.on('data', (piece: string) => {
    text += piece;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const frame of parts) {
      lastId = /^id: (.*)$/m.exec(frame)?.[1] ?? lastId;
      if (/^data: /m.test(frame)) frames.push(frame);
    }
    for (const tell of waiting.splice(0)) tell();
  });
  answer.on('error', () => undefined);
  answer.on('close', () => ended.resolve());
  return {
    answer,
    ended: ended.promise,
    lastId: () => lastId,
    async next() {
      while (frames.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      const [, id = '', event = '', data = ''] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(frames.shift() ?? '') ?? [];
      return { id, event, data: JSON.parse(data) as Record<string, unknown> };
    },
  };
}

/** Signs in `account`, which publishes an event, and gives its number. */
async function published(account: string): Promise<string> {
  const made = await control.running.makeLink(account);
  const link = new URL(made?.link ?? '').searchParams.get('link');
  const answer = await control.ask(null, '/v1/sign-in', { method: 'POST', body: { link } });
  assert.equal(answer.status, 200);
  return String(answer.fields['set-cookie']).split(';', 1)[0] ?? '';
}

test('a reader is told events as they happen, and after a break what it has missed, over a restart of control too', async () => {
  const stream = await streamOf('operator');
  await published('support');
  const first = await stream.next();
  assert.deepEqual([first.event, (first.data.data as { account: string }).account], ['access.signed-in', 'support']);
  stream.answer.destroy();
  await published('approver');
  await control.restart();
  await published('reader');
  const again = await streamOf('operator', { fields: { 'last-event-id': first.id } });
  const names = [await again.next(), await again.next()].map(({ data }) => (data.data as { account: string }).account);
  assert.deepEqual(names, ['approver', 'reader']);
  const named = await streamOf('operator', { path: `/v1/events?after=${first.id}&topics=access.signed-in` });
  assert.equal(((await named.next()).data.data as { account: string }).account, 'approver');
});

test('a reader of another store, or that comes too late, is told of the gap', async () => {
  await published('support');
  const strange = await streamOf('operator', { fields: { 'last-event-id': 'abcdef-7' } });
  assert.deepEqual(await strange.next().then(({ event, data }) => [event, data]), [
    'gap',
    { missedFrom: null, missedTo: 0 },
  ]);
  assert.equal((await strange.next()).event, 'access.signed-in');
  const senseless = await streamOf('operator', { fields: { 'last-event-id': '%%%' } });
  assert.equal((await senseless.next()).event, 'gap');
});

test('a participant is told nothing of others, and its id moves on all the same', async () => {
  const stream = await streamOf('reader');
  const staff = await streamOf('support');
  await published('support');
  const { id, event } = await staff.next();
  assert.equal(event, 'access.signed-in');
  const told: unknown[] = [];
  void stream.next().then((frame) => told.push(frame));
  await control.apply(null); // Access is looked at again, and the stream says that it lives.
  while (stream.lastId() !== id) await new Promise((resolve) => stream.answer.once('data', resolve));
  assert.deepEqual(told, []);
});

test('a stream ends at once when its account is gone, and when its session is ended', { timeout: 30_000 }, async () => {
  const byCertificate = await streamOf('reader');
  const cookie = await published('support');
  const bySession = await streamOf(null, { fields: { cookie } });
  const stays = await streamOf('operator');
  const signOut = { method: 'POST', fields: { cookie, origin: `https://127.0.0.1:${control.running.port}` } };
  assert.equal((await control.ask(null, '/v1/sign-out', signOut)).status, 204);
  await bySession.ended;
  const operator = { name: 'operator', roles: ['operator' as const] };
  const fingerprints = [control.certified('operator').fingerprint256];
  await control.apply({ accounts: [{ ...operator, fingerprints }] });
  await byCertificate.ended;
  await published('operator');
  assert.equal((await stays.next()).event, 'access.signed-in');
});

test('an account may have as many streams as the configuration says', async () => {
  const first = await streamOf('support');
  await streamOf('support');
  const answer = await control.ask('support', '/v1/events');
  assert.deepEqual([answer.status, answer.json().code], [429, 'control.too_many_streams']);
  await streamOf('operator');
  first.answer.destroy();
  await first.ended;
  // The place is free once control has seen the connection close.
  for (;;) {
    const next = control.ask('support', '/v1/me');
    assert.equal((await next).status, 200);
    const stream = await streamOf('support').catch(() => null);
    if (stream !== null) break;
  }
});

test('a HEAD begins no stream', async () => {
  const answer = await control.ask('support', '/v1/events', { method: 'HEAD' });
  assert.deepEqual([answer.status, answer.fields.allow], [405, 'GET']);
});
