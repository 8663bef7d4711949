import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadCatalogueFolder } from '@headgate/contract';
import {
  otherUser,
  payloadOf,
  post,
  retrieveMessage,
  send,
  startTestSimulator,
  submitDocAttachMessage,
  submitMessage,
} from '../simulator.fixture.ts';
import { elementsNamed } from '../wire/payload.ts';

const loaded = await loadCatalogueFolder(fileURLToPath(new URL('../../../../catalogues/example', import.meta.url)));
assert.ok(loaded.ok);
const { catalogue } = loaded;
const host = 'api.grid.example.net';
const json = { host, 'content-type': 'application/json' };
const ask = retrieveMessage('<AskOffers/>');
const offer = (unit: string) => `<OfferSet><Offer><unit>${unit}</unit></Offer></OfferSet>`;

test('what is submitted as XML is given back to its sender alone, in both message forms', async (t) => {
  const simulator = await startTestSimulator(t, { catalogue });
  const sent = [
    await post(simulator, '/v2/offers/SendOffers_OFFERSv2', submitMessage(offer('A-1')), { host }),
    await post(simulator, '/v2/offers/SendOffers.packed', submitDocAttachMessage(offer('B-2')), { host }),
  ];
  for (const { status, body } of sent) assert.deepEqual([status, /SUCCESS/.test(body.toString())], [200, true]);
  const listed = payloadOf(await post(simulator, '/v2/offers/ReadOffers', ask, { host }));
  assert.deepEqual(
    elementsNamed(listed, 'unit').map(({ text }) => text),
    ['A-1', 'B-2'],
  );
  const foreign = retrieveMessage('<AskOffers/>', { sender: otherUser });
  const nothing = payloadOf(await post(simulator, '/v2/offers/ReadOffers', foreign, { host }));
  assert.equal(elementsNamed(nothing, 'unit').length, 0);
});

test('what is submitted as JSON is listed by every retrieve of its system', async (t) => {
  const simulator = await startTestSimulator(t, { catalogue });
  const list = async () =>
    JSON.parse((await send(`${simulator.url}/v2/outages/ListOutages`, 'GET', { host })).body.toString()) as {
      readonly items: readonly { readonly content: unknown }[];
    };
  assert.deepEqual(await list(), { items: [] });
  assert.equal((await send(`${simulator.url}/v2/outages/SendOutage`, 'POST', json, '{"mw":5}')).status, 201);
  assert.deepEqual((await list()).items[0]?.content, { mw: 5 });
});

for (const [status, method, path, fields] of [
  [404, 'GET', '/v2/outages/ListOutages', {}],
  [404, 'GET', '/v2/outages/Dance', { host }],
  [404, 'GET', '/v2/exchange', { host }],
  [405, 'POST', '/v2/outages/ListOutages', json],
  [405, 'GET', '/v2/offers/ReadOffers', { host }],
] as const)
  test(`${method} ${path} at ${'host' in fields ? fields.host : 'no host of the catalogue'} answers ${status}`, async (t) => {
    const simulator = await startTestSimulator(t, { catalogue });
    assert.equal((await send(`${simulator.url}${path}`, method, fields)).status, status);
  });

test('without a catalogue its paths are unknown', async (t) => {
  const simulator = await startTestSimulator(t);
  assert.equal((await send(`${simulator.url}/v2/outages/ListOutages`, 'GET', { host })).status, 404);
});
