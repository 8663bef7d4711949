import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UnusableFiles } from '../unusable-files.ts';
import { type Answer, dayMs, factsOf, listOf, offering, startListServer, startSources, user } from './lists.fixture.ts';

const everyMs = 30_000;

/** A server whose list is in force. */
async function startFetched(t: TestContext, bytes: Uint8Array = listOf(5, { revoked: [user] })) {
  const sources = await startSources(t);
  const server = await startListServer(t, offering(bytes));
  const bundle = {
    crlUrls: [{ url: server.url, everyMs, timeoutMs: 5_000, bytesMax: 1_000_000, authorities: undefined }],
  };
  const running = sources.start();
  await running.apply(bundle);
  /** The next look at which the server is asked. */
  const lookLater = async (): Promise<boolean> => {
    sources.time.nowMs += everyMs;
    return running.look();
  };
  const codes = () => running.lists.faults().map(({ code }) => code);
  return { ...sources, ...running, server, bundle, lookLater, codes };
}

test('a list of a URL is in force, and a changed one once the URL is due', async (t) => {
  const { look, lookLater, notices, numbers, server, time } = await startFetched(t);
  assert.deepEqual(numbers(), [5n]);
  server.answerBy(offering(listOf(6)));
  time.nowMs += everyMs - 1;
  assert.equal(await look(), false);
  time.nowMs += 1;
  assert.equal(await look(), true);
  assert.deepEqual(numbers(), [6n]);
  await lookLater();
  assert.equal(server.asked.length, 3);
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ['revocation-lists-taken'],
  );
});

test('a list that did not change is not sent again, and makes nothing new', async (t) => {
  const { apply, bundle, numbers, server } = await startFetched(t);
  const first = (await apply(bundle, { fetchNow: true })).revocation.get('users');
  const again = (await apply(bundle, { fetchNow: true })).revocation.get('users');
  assert.deepEqual(numbers(), [5n]);
  assert.equal(again, first);
  assert.deepEqual(
    server.asked.map(({ headers }) => headers['if-none-match'] !== undefined),
    [false, true, true],
  );
});

test('a reload asks at once, whether the URL is due or not', async (t) => {
  const { apply, bundle, numbers, server } = await startFetched(t);
  server.answerBy(offering(listOf(6)));
  await apply(bundle, { fetchNow: true });
  assert.deepEqual(numbers(), [6n]);
});

const page: Answer = (_request, response) =>
  response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<html>Down since ${performance.now()}</html>`);
const broken: Answer = (_request, response) => response.end(listOf(9).subarray(0, -3));
const forged = listOf(9, { forge: (signature) => signature.map((byte) => byte ^ 1) });

for (const [what, code, answer] of [
  ['replaced by a page that is another each time', 'html', page],
  ['cut short', 'malformed', broken],
  ['signed falsely', 'not_signed', offering(forged)],
  ['older', 'older', offering(listOf(4))],
  ['too large', 'too_large', (_request, response) => response.end(Buffer.alloc(1_000_001, '0'))],
  ['not there', 'status', (_request, response) => response.writeHead(404).end()],
  ['broken off', 'truncated', (_request, response) => void response.write('0', () => response.destroy())],
] as const satisfies readonly (readonly [string, string, Answer])[])
  test(`a list that is ${what} leaves the one before in force, is told once however often it is asked for, and is back after`, async (t) => {
    const { codes, lookLater, notices, numbers, server } = await startFetched(t);
    server.answerBy(answer);
    for (let times = 0; times < 3; times += 1) {
      assert.equal(await lookLater(), true);
      assert.deepEqual([numbers(), codes()], [[5n], [code]]);
    }
    assert.deepEqual(
      notices.map(({ kind, source }) => [kind, source]),
      [['revocation-list-refused', server.url]],
    );
    server.answerBy(offering(listOf(5, { revoked: [user], thisUpdateMs: Date.UTC(2026, 5, 1) })));
    await lookLater();
    assert.deepEqual([numbers(), codes()], [[5n], []]);
    assert.deepEqual(
      notices.slice(1).map(({ kind }) => kind),
      ['revocation-list-back', 'revocation-lists-taken'],
    );
  });

test('a server that comes back with the list in force is told as back, and nothing else happens', async (t) => {
  const bytes = listOf(5);
  const { lookLater, notices, numbers, server } = await startFetched(t, bytes);
  server.answerBy((_request, response) => response.writeHead(500).end());
  await lookLater();
  server.answerBy(offering(bytes));
  await lookLater();
  assert.deepEqual(numbers(), [5n]);
  assert.deepEqual(
    notices.map(({ kind }) => kind),
    ['revocation-list-refused', 'revocation-list-back'],
  );
});

test('a server that fails now so and now so is told of each once', async (t) => {
  const { lookLater, notices, server } = await startFetched(t);
  for (const status of [500, 302, 500, 302, 500]) {
    server.answerBy((_request, response) => response.writeHead(status).end());
    await lookLater();
  }
  assert.deepEqual(
    notices.flatMap((notice) => (notice.kind === 'revocation-list-refused' ? [notice.code] : [])),
    ['status', 'redirected'],
  );
});

test('a fetched list that is early is in force when its time comes', async (t) => {
  const { lookLater, numbers, server, time } = await startFetched(t);
  server.answerBy(offering(listOf(6, { thisUpdateMs: time.nowMs + dayMs, nextUpdateMs: time.nowMs + 2 * dayMs })));
  await lookLater();
  assert.deepEqual(numbers(), [5n]);
  time.nowMs += dayMs;
  await lookLater();
  assert.deepEqual(numbers(), [6n]);
});

test('the last good answer is kept, open to nobody else, and counts after a restart while the server is down', async (t) => {
  const { bundle, lookLater, memoryFolder, server, start } = await startFetched(t);
  const newer = Buffer.from(listOf(6));
  server.answerBy(offering(newer));
  await lookLater();
  server.answerBy(page);
  await lookLater();
  server.close();
  const [copy = '', ...more] = (await readdir(memoryFolder)).filter((name) => name.endsWith('.crl'));
  assert.deepEqual([await readFile(join(memoryFolder, copy)), more], [newer, []]);
  assert.equal((await stat(join(memoryFolder, copy))).mode & 0o777, 0o600);
  const restarted = start();
  await restarted.apply(bundle);
  assert.deepEqual(restarted.numbers(), [6n]);
  assert.equal(await restarted.look(), true, 'it asks at the first look');
  assert.deepEqual([restarted.numbers(), restarted.lists.faults()[0]?.code], [[6n], 'unreachable']);
});

test('after a restart a copy is known to the server, which sends nothing', async (t) => {
  const { bundle, server, start } = await startFetched(t);
  const restarted = start();
  await restarted.apply(bundle);
  await restarted.look();
  assert.deepEqual(
    server.asked.map(({ headers }) => headers['if-none-match'] !== undefined),
    [false, true],
  );
});

test('a copy that was tampered with is proved like every list, and the server is asked instead', async (t) => {
  const { bundle, memoryFolder, server, start } = await startFetched(t);
  const [copy = ''] = (await readdir(memoryFolder)).filter((name) => name.endsWith('.crl'));
  await writeFile(join(memoryFolder, copy), forged);
  const restarted = start();
  await restarted.apply(bundle);
  assert.deepEqual([restarted.numbers(), server.asked.length], [[5n], 2]);
});

test('the copy of a URL that left the configuration goes', async (t) => {
  const { apply, folder, memoryFolder, write } = await startFetched(t);
  await write('a.crl', listOf(7));
  await apply({ crls: ['a.crl'] });
  const kept = (await readdir(memoryFolder)).filter((name) => name.endsWith('.crl'));
  assert.deepEqual(await Promise.all(kept.map((name) => readFile(join(memoryFolder, name)))), [
    await readFile(join(folder, 'a.crl')),
  ]);
});

test('a URL of which nothing was ever in force stops a start, with what is wrong and what to do', async (t) => {
  const { configOf, start } = await startSources(t);
  const { url } = await startListServer(t, page);
  const crlUrls = [{ url, everyMs, timeoutMs: 5_000, bytesMax: 1_000_000, authorities: undefined }];
  await assert.rejects(start().lists.read(configOf({ crlUrls }), factsOf('current')), (fault) => {
    assert.ok(fault instanceof UnusableFiles);
    const [finding] = fault.findings;
    assert.equal(finding?.file, url);
    assert.match(`${finding.found} ${finding.expected}`, /it is a page \(HTML\).*Configure the address of the list/);
    return true;
  });
});

test('other authorities are proved anew, over an answer that is sent whole again', async (t) => {
  const { apply, bundle, codes, numbers, server } = await startFetched(t);
  await apply(bundle, {}, factsOf('legacy'));
  assert.deepEqual([numbers(), codes()], [[], ['foreign']]);
  await apply(bundle, {}, factsOf('current'));
  assert.deepEqual([numbers(), codes(), server.asked.length], [[5n], [], 3]);
});
