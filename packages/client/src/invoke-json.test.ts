import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { invoke } from './invoke.ts';
import { codeOf, serveTls, sessionTo } from './test-server.fixture.ts';

const catalogue = fileURLToPath(new URL('../../../catalogues/example', import.meta.url));
const host = 'api.grid.example.net';

/** A session to a server that gives one JSON answer, in the first environment of the catalogue. */
async function sessionAnswered(t: test.TestContext, status: number, contentType: string, body: string) {
  const server = await serveTls(
    t,
    (request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': contentType, 'headgate-exchange': '0C' }).end(body);
    },
    [host],
  );
  return sessionTo(t, server.port, { catalogue });
}

test('a JSON answer is its text and its rows, whatever names its document uses', async (t) => {
  const body = '{"items":[{"code":"A1","title":"x","detail":"a line is out","type":"urn:headgate:problem:x"}]}';
  const session = await sessionAnswered(t, 200, 'application/json', body);
  const decoded = await invoke('outages/ListOutages', {}, session);
  assert.deepEqual([decoded.text, decoded.exchange, decoded.table.rows[0]?.code], [body, '0C', 'A1']);
  const single = await sessionAnswered(t, 200, 'application/json', '{"code":"A1","detail":"a line is out"}');
  assert.equal((await invoke('outages/ListOutages', {}, single)).table.rows[0]?.detail, 'a line is out');
});

test('a submit may be answered with 204 and nothing else, a retrieve may not', async (t) => {
  const session = await sessionAnswered(t, 204, 'application/json', '');
  assert.deepEqual((await invoke('outages/SendOutage', { content: { mw: 1 } }, session)).table.rows, [{}]);
  assert.equal(await codeOf(invoke('outages/ListOutages', {}, session)), 'diagnose.unreadable_answer');
});

test("a system's own problem document is the system's, and one with a code of the gateway is the gateway's", async (t) => {
  const own = '{"type":"about:blank","title":"Not found","status":404,"detail":"no such outage"}';
  const bySystem = await sessionAnswered(t, 404, 'application/problem+json', own);
  await assert.rejects(invoke('outages/ListOutages', {}, bySystem), {
    code: 'diagnose.system_fault',
    refusedBy: 'system',
    message: /Outages answered: no such outage/,
  });
  const said = '{"type":"urn:headgate:problem:admission.acceptable_use","detail":"Wait 4 s.","retryAfterSeconds":4}';
  const byGateway = await sessionAnswered(t, 429, 'application/problem+json', said);
  await assert.rejects(invoke('outages/ListOutages', {}, byGateway), {
    code: 'admission.acceptable_use',
    refusedBy: 'gateway',
    retryAfterSeconds: 4,
  });
});

test('an answer that is no JSON is refused as unreadable', async (t) => {
  const session = await sessionAnswered(t, 200, 'application/json', '{"items":');
  assert.equal(await codeOf(invoke('outages/ListOutages', {}, session)), 'diagnose.unreadable_answer');
});
