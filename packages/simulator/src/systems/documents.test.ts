import assert from 'node:assert/strict';
import { test } from 'node:test';
import { send, startTestSimulator } from '../simulator.fixture.ts';

const json = { 'content-type': 'application/json' };

test('a document that was posted is read back and listed', async (t) => {
  const simulator = await startTestSimulator(t);
  const posted = await send(`${simulator.url}/api/v1/schedules`, 'POST', json, '{"mw":5}');
  assert.equal(posted.status, 201);
  const location = posted.fields.location ?? '';
  assert.equal(location, '/api/v1/schedules/1');
  assert.deepEqual(JSON.parse((await send(`${simulator.url}${location}`, 'GET')).body.toString()), { mw: 5 });
  const listed = JSON.parse((await send(`${simulator.url}/api/v1/schedules`, 'GET')).body.toString());
  assert.deepEqual(listed.items[0].content, { mw: 5 });
});

test('a document is replaced and removed', async (t) => {
  const simulator = await startTestSimulator(t);
  const url = `${simulator.url}/api/offers/a`;
  assert.equal((await send(url, 'PUT', json, '1')).status, 201);
  assert.equal((await send(url, 'PUT', json, '2')).status, 200);
  assert.equal((await send(url, 'GET')).body.toString(), '2\n');
  assert.equal((await send(url, 'DELETE')).status, 204);
  assert.equal((await send(url, 'GET')).status, 404);
});

for (const [status, method, path, body] of [
  [400, 'POST', '/api/x', 'not json'],
  [400, 'POST', '/api/x', `${'['.repeat(70)}${']'.repeat(70)}`],
  [404, 'GET', '/api/x/../y', ''],
  [404, 'GET', '/api/', ''],
  [405, 'PATCH', '/api/x', '{}'],
  [413, 'PUT', '/api/x', `"${'x'.repeat(1_100_000)}"`],
] as const) {
  test(`${method} ${path} with ${body.slice(0, 10)} answers ${status}`, async (t) => {
    const simulator = await startTestSimulator(t);
    assert.equal((await send(`${simulator.url}${path}`, method, json, body)).status, status);
  });
}

test('documents live where the operator has them', async (t) => {
  const simulator = await startTestSimulator(t, { documentPrefixes: ['/v2/outages/'] });
  assert.equal((await send(`${simulator.url}/v2/outages/SendOutage`, 'POST', json, '{}')).status, 201);
  assert.equal((await send(`${simulator.url}/api/x`, 'PUT', json, '1')).status, 404);
});
