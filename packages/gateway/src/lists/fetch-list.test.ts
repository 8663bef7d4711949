import assert from 'node:assert/strict';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import { type Fetched, type FetchOrders, fetchList } from './fetch-list.ts';
import { type Answer, listOf, offering, startListServer } from './lists.fixture.ts';

const list = listOf(1);

const fetchFrom = (url: string, changes: Partial<FetchOrders> = {}): Promise<Fetched> =>
  fetchList({ url, authorities: null, bytesMax: 100_000, timeoutMs: 10_000, known: null, ...changes });

async function codeFrom(url: string, changes: Partial<FetchOrders> = {}): Promise<string> {
  const fetched = await fetchFrom(url, changes);
  return fetched.kind === 'failed' ? fetched.fault.code : fetched.kind;
}

async function codeOf(t: TestContext, answer: Answer, changes: Partial<FetchOrders> = {}): Promise<string> {
  const { url } = await startListServer(t, answer);
  return codeFrom(url, changes);
}

test('an answer comes whole, in shared memory, with what the server says of it', async (t) => {
  const { asked, url } = await startListServer(t, (_request, response) =>
    response.writeHead(200, { ETag: '"1"', 'Last-Modified': 'Mon, 01 Jun 2026 00:00:00 GMT' }).end(list),
  );
  const fetched = await fetchFrom(url);
  assert.ok(fetched.kind === 'answer');
  assert.deepEqual(Buffer.from(fetched.bytes), Buffer.from(list));
  assert.ok(fetched.bytes.buffer instanceof SharedArrayBuffer);
  assert.deepEqual(fetched.validators, { etag: '"1"', lastModified: 'Mon, 01 Jun 2026 00:00:00 GMT' });
  assert.equal(asked[0]?.headers['if-none-match'], undefined);
  assert.equal(asked[0]?.headers['accept-encoding'], 'identity');
});

test('what is known is told to the server, which then sends nothing', async (t) => {
  const { asked, url } = await startListServer(t, offering(list, '"1"'));
  const known = { etag: '"1"', lastModified: 'Mon, 01 Jun 2026 00:00:00 GMT' };
  assert.deepEqual(await fetchFrom(url, { known }), { kind: 'unchanged' });
  assert.equal(asked[0]?.headers['if-modified-since'], known.lastModified);
});

test('an answer that was not asked for is no answer: 304 to whoever has nothing', async (t) => {
  assert.equal(await codeOf(t, (_request, response) => response.writeHead(304).end()), 'redirected');
});

test('a server that takes too long is slow, before its head and within its body', async (t) => {
  assert.equal(await codeOf(t, () => undefined, { timeoutMs: 100 }), 'slow');
  const drip: Answer = (_request, response) => response.writeHead(200).write(list.subarray(0, 10));
  assert.equal(await codeOf(t, drip, { timeoutMs: 100 }), 'slow');
});

test('an answer that breaks off is cut, also where it has no length', async (t) => {
  const short: Answer = (_request, response) => {
    response.writeHead(200, { 'Content-Length': list.length + 1 });
    response.write(list, () => response.destroy());
  };
  assert.equal(await codeOf(t, short), 'truncated');
  const chunked: Answer = (_request, response) => void response.write(list, () => response.destroy());
  assert.equal(await codeOf(t, chunked), 'truncated');
});

test('an answer past its bound is not read on, whether its length is told or not', async (t) => {
  const bytesMax = list.length - 1;
  const told: Answer = (_request, response) => response.writeHead(200, { 'Content-Length': list.length }).end(list);
  assert.equal(await codeOf(t, told, { bytesMax }), 'too_large');
  const untold: Answer = (_request, response) => {
    response.write(list.subarray(0, 10));
    response.end(list.subarray(10));
  };
  assert.equal(await codeOf(t, untold, { bytesMax }), 'too_large');
  assert.equal(await codeOf(t, untold, { bytesMax: list.length }), 'answer');
});

test('an answer that leads elsewhere is not followed', async (t) => {
  const other = await startListServer(t, offering(list));
  const leading: Answer = (_request, response) => response.writeHead(302, { Location: other.url }).end();
  assert.equal(await codeOf(t, leading), 'redirected');
  assert.equal(other.asked.length, 0);
});

test('what is no whole answer is a fault with a code of its own', async (t) => {
  assert.equal(await codeOf(t, (_request, response) => response.writeHead(503).end()), 'status');
  assert.equal(await codeOf(t, (_request, response) => response.writeHead(206).end(list)), 'status');
  const gzip: Answer = (_request, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(list);
  assert.equal(await codeOf(t, gzip), 'encoded');
});

test('where nobody listens, or nobody speaks HTTP, is told apart', async (t) => {
  const { close, url } = await startListServer(t, offering(list));
  close();
  assert.equal(await codeFrom(url), 'unreachable');
  const mail = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));
  t.after(() => mail.close());
  assert.equal(await codeFrom(`http://127.0.0.1:${(mail.address() as AddressInfo).port}/`), 'not_http');
});

test('an https server is believed by the configured authorities alone', async (t) => {
  const nowMs = Date.now();
  const [own, other] = [await createTestAuthority({ nowMs }), await createTestAuthority({ nowMs })];
  const { certificatePem: cert, keyPem: key } = await own.serverChain('current', ['localhost']);
  const { url } = await startListServer(t, offering(list), (answer) => createSecureServer({ cert, key }, answer));
  const at = url.replace('http:', 'https:');
  const named = at.replace('127.0.0.1', 'localhost');
  const authorities = own.trustBundlePem('current', 'server').anchorsPem;
  assert.equal(await codeFrom(named, { authorities }), 'answer');
  const strangers = other.trustBundlePem('current', 'server').anchorsPem;
  assert.equal(await codeFrom(named, { authorities: strangers }), 'not_trusted');
  assert.equal(await codeFrom(at, { authorities }), 'not_trusted', 'its certificate is of another name');
  assert.equal(await codeFrom(named, { authorities: 'no PEM' }), 'not_trusted');
});
