import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payloadOf, post, retrieveMessage, startTestSimulator } from '../simulator.fixture.ts';
import { elementsNamed, textAt, valuesNamed } from '../wire/payload.ts';

const awards = (record: string) =>
  `<RequestMarketAwards xmlns="http://www.caiso.com/soa/RequestMarketAwards_v4.xsd#"><MessagePayload><RequestMarketAwardsRecord>${record}</RequestMarketAwardsRecord></MessagePayload></RequestMarketAwards>`;
const span = '<dateTimeStart>2026-07-20T07:00:00Z</dateTimeStart><dateTimeEnd>2026-07-21T07:00:00Z</dateTimeEnd>';
const dayAhead = '<marketType>DAM</marketType><executionType>IFM</executionType>';
const path = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';

test('day-ahead awards come for every hour of the day and every resource of the coordinator', async (t) => {
  const simulator = await startTestSimulator(t);
  const request = retrieveMessage(awards(`${span}${dayAhead}<schedulingCoordinator>EXA1</schedulingCoordinator>`));
  const answer = await post(simulator, path, request);
  assert.equal(answer.status, 200);
  assert.match(answer.fields['content-type'] ?? '', /^multipart\/related;.*boundary=/);
  const rows = elementsNamed(payloadOf(answer), 'MarketAward');
  assert.equal(rows.length, 24 * 4 * 2);
  const [first] = rows;
  assert.ok(first);
  assert.equal(textAt(first, 'intervalStartTime'), '2026-07-20T07:00:00Z');
  assert.equal(textAt(first, 'productType'), 'EN');
  assert.match(textAt(first, 'MW') ?? '', /^-?\d+(\.\d+)?$/);
});

test('a plain answer has one SOAP part without line breaks and without a colon before a space', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await post(simulator, path, retrieveMessage(awards(`${span}${dayAhead}`)));
  const text = answer.body.toString('latin1');
  const envelope = text.slice(text.indexOf('<SOAP-ENV:Envelope'), text.indexOf('</SOAP-ENV:Envelope>'));
  assert.doesNotMatch(envelope, /\r|\n|: /);
});

for (const docAttachPath of [
  '/sst/cmri/RetrieveMarketAwards_CMRIv4_DocAttach_AP',
  '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP_DocAttach',
]) {
  test(`a DocAttach answer is one envelope without an XML declaration: ${docAttachPath}`, async (t) => {
    const simulator = await startTestSimulator(t);
    const answer = await post(simulator, docAttachPath, retrieveMessage(awards(`${span}${dayAhead}`)));
    assert.equal(answer.status, 200);
    assert.match(answer.body.toString('utf8'), /^<SOAP-ENV:Envelope /);
    assert.equal(elementsNamed(payloadOf(answer), 'MarketAward').length, 24 * 12 * 2);
  });
}

test('real-time awards stop at the interval that has begun', async (t) => {
  const simulator = await startTestSimulator(t);
  const request = awards(
    `${span}<marketType>RTM</marketType><executionType>RTUC</executionType><resource>CEDAR_1_UNIT1</resource>`,
  );
  const rows = elementsNamed(payloadOf(await post(simulator, path, retrieveMessage(request))), 'MarketAward');
  assert.equal(rows.length, 11 * 4 * 2 + 2);
  assert.equal(textAt(rows.at(-1) ?? rows[0] ?? assert.fail(), 'intervalEndTime'), '2026-07-20T18:15:00Z');
});

test('prices come in parts that add up', async (t) => {
  const simulator = await startTestSimulator(t);
  const request = `<RequestSchedulePrices><MessagePayload>${span}${dayAhead}<resource>CEDAR_1_UNIT1</resource></MessagePayload></RequestSchedulePrices>`;
  for (const name of ['RetrieveSchedulePrices_CMRIv3_AP', 'RetrieveSchedulePrices_CMRIv3_DocAttach_AP']) {
    const document = payloadOf(await post(simulator, `/sst/cmri/${name}`, retrieveMessage(request)));
    const [lmp = 0, energy = 0, congestion = 0, loss = 0] = valuesNamed(document, 'price').map(Number);
    assert.ok(Math.abs(lmp - energy - congestion - loss) < 1e-4);
    assert.deepEqual(valuesNamed(document, 'priceType').slice(0, 4), ['LMP', 'MCE', 'MCC', 'MCL']);
  }
});

for (const [title, record, sentence] of [
  [
    'a coordinator of somebody else',
    `${span}${dayAhead}<schedulingCoordinator>ZZZZ</schedulingCoordinator>`,
    'Invalid role and/or Entity list identifier.',
  ],
  [
    'a market that does not exist',
    `${span}<marketType>DAM</marketType><executionType>RTD</executionType>`,
    /^marketType and executionType must be one of/,
  ],
  ['a span without an end', `<dateTimeStart>2026-07-20T07:00:00Z</dateTimeStart>${dayAhead}`, /required/],
  [
    'a day that has no results yet',
    `<dateTimeStart>2026-08-20T07:00:00Z</dateTimeStart><dateTimeEnd>2026-08-21T07:00:00Z</dateTimeEnd>${dayAhead}`,
    /^No data found/,
  ],
  [
    'more than seven days',
    `<dateTimeStart>2026-07-01T07:00:00Z</dateTimeStart><dateTimeEnd>2026-07-21T07:00:00Z</dateTimeEnd>${dayAhead}`,
    /7 days/,
  ],
] as const) {
  test(`${title} is answered with status 200 and an error inside the attachment`, async (t) => {
    const simulator = await startTestSimulator(t);
    const answer = await post(simulator, path, retrieveMessage(awards(record)));
    assert.equal(answer.status, 200);
    const document = payloadOf(answer);
    assert.equal(document.localName, 'outputDataType');
    assert.equal(document.namespace, 'http://www.caiso.com/soa/2006-06-13/StandardOutput.xsd');
    const [event] = elementsNamed(document, 'Event');
    const description = event === undefined ? '' : (textAt(event, 'description') ?? '');
    if (typeof sentence === 'string') assert.equal(description, sentence);
    else assert.match(description, sentence);
  });
}

test('the day-ahead results of tomorrow are posted at 13:00 Pacific', async (t) => {
  const simulator = await startTestSimulator(t);
  const tomorrow = `<dateTimeStart>2026-07-21T07:00:00Z</dateTimeStart><dateTimeEnd>2026-07-22T07:00:00Z</dateTimeEnd>`;
  const ask = async () =>
    payloadOf(await post(simulator, path, retrieveMessage(awards(`${tomorrow}${dayAhead}`)))).localName;
  simulator.turnTo(Date.UTC(2026, 6, 20, 19, 59));
  assert.equal(await ask(), 'outputDataType');
  simulator.turnTo(Date.UTC(2026, 6, 20, 20));
  assert.equal(await ask(), 'MarketAwards');
});
