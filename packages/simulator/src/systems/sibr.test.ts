import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  payloadOf,
  post,
  retrieveMessage,
  startTestSimulator,
  submitDocAttachMessage,
  submitMessage,
  treeOf,
} from '../simulator.fixture.ts';
import { elementsNamed, textAt, valuesNamed } from '../wire/payload.ts';

interface BidWords {
  readonly scid?: string;
  readonly resource?: string;
  readonly start?: string;
  readonly stop?: string;
  readonly points?: readonly (readonly [number, number])[];
}

// Two days ahead: the day-ahead market of that day is still open.
const bid = ({
  scid = 'EXA1',
  resource = 'CEDAR_1_UNIT1',
  start = '2026-07-22T15:00:00Z',
  stop = '2026-07-22T16:00:00Z',
  points = [
    [0, 20],
    [10, 35.5],
  ],
}: BidWords = {}) =>
  `<GeneratingBid><mRID>B-1</mRID><startTime>${start}</startTime><stopTime>${stop}</stopTime><marketType>DAM</marketType>` +
  `<SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator><RegisteredGenerator><mRID>${resource}</mRID></RegisteredGenerator>` +
  `<ProductBid><commodityType>EN</commodityType><BidPriceCurve>${points.map(([mw, price]) => `<CurveSchedData><xAxisData>${mw}</xAxisData><y1AxisData>${price}</y1AxisData></CurveSchedData>`).join('')}</BidPriceCurve></ProductBid></GeneratingBid>`;
const bidSet = (...bids: readonly string[]) =>
  `<RawBidSet xmlns="http://www.caiso.com/soa/RawBidSet_v4.xsd#"><MessagePayload>${bids.join('')}</MessagePayload></RawBidSet>`;
const ask = (root: string) =>
  retrieveMessage(
    `<${root}><MessagePayload><marketType>DAM</marketType><MarketStartTime>2026-07-22T15:00:00Z</MarketStartTime><MarketEndTime>2026-07-22T16:00:00Z</MarketEndTime></MessagePayload></${root}>`,
  );
const submitPath = '/sst/sibr/SubmitRawBidSet_SIBRv4_AP';
const retrievePath = '/sst/sibr/RetrieveRawBidSet_SIBRv4_AP';

const events = (answer: Answer) => elementsNamed(treeOf(answer.body.toString('utf8')), 'Event');
const resultOf = (answer: Answer) => events(answer).map((event) => textAt(event, 'result'));

test('a bid submitted in either form can be retrieved with its verdict', async (t) => {
  for (const [path, message] of [
    [submitPath, submitMessage(bidSet(bid()))],
    ['/sst/sibr/SubmitRawBidSet_SIBRv4_DocAttach_AP', submitDocAttachMessage(bidSet(bid()))],
  ] as const) {
    const simulator = await startTestSimulator(t);
    const acknowledged = await post(simulator, path, message);
    assert.equal(acknowledged.status, 200);
    assert.deepEqual(resultOf(acknowledged), ['SCSS0001']);

    const document = payloadOf(await post(simulator, retrievePath, ask('RequestRawBidSet')));
    assert.equal(document.localName, 'RawBidSet');
    assert.deepEqual(valuesNamed(document, 'bidStatus'), ['VALID']);
    assert.deepEqual(valuesNamed(document, 'y1AxisData'), ['20', '35.5']);
    const results = payloadOf(
      await post(simulator, '/sst/sibr/RetrieveCurrentBidResults_SIBRv4_AP', ask('RequestCurrentBidResults')),
    );
    assert.deepEqual(valuesNamed(results, 'bidStatus'), ['VALID']);
  }
});

test('the name from the tool of the market names the same service', async (t) => {
  const simulator = await startTestSimulator(t);
  await post(simulator, submitPath, submitMessage(bidSet(bid())));
  const answer = await post(simulator, '/sst/sibr/retrieveRawBidSet_v4_DocAttach', ask('RequestRawBidSet'));
  assert.equal(payloadOf(answer).localName, 'RawBidSet');
});

test('a later bid for the same hour replaces the earlier one', async (t) => {
  const simulator = await startTestSimulator(t);
  await post(simulator, submitPath, submitMessage(bidSet(bid())));
  await post(
    simulator,
    submitPath,
    submitMessage(
      bidSet(
        bid({
          points: [
            [0, 1],
            [5, 2],
          ],
        }),
      ),
    ),
  );
  const document = payloadOf(await post(simulator, retrievePath, ask('RequestRawBidSet')));
  assert.deepEqual(valuesNamed(document, 'xAxisData'), ['0', '5']);
});

for (const [name, words] of [
  ['INVALID_RESOURCE', { resource: 'NOWHERE_1_UNIT1' }],
  ['INVALID_SC_RESOURCE', { scid: 'EXB2' }],
  ['INVALID_INTERVAL', { start: '2026-07-22T15:30:00Z' }],
  ['MARKET_CLOSED', { start: '2026-07-21T15:00:00Z', stop: '2026-07-21T16:00:00Z' }],
  ['INVALID_TRADE_DATE', { start: '2026-07-23T06:00:00Z', stop: '2026-07-23T08:00:00Z' }],
  [
    'INVALID_CURVE',
    {
      points: [
        [0, 30],
        [10, 20],
      ],
    },
  ],
  [
    'INVALID_PRICE',
    {
      points: [
        [0, 20],
        [10, 5_000],
      ],
    },
  ],
  [
    'INVALID_QUANTITY',
    {
      points: [
        [0, 20],
        [10_000, 30],
      ],
    },
  ],
] as const satisfies readonly (readonly [string, BidWords])[]) {
  test(`a bid that is wrong gets an error event and is kept with its verdict: ${name}`, async (t) => {
    const simulator = await startTestSimulator(t);
    const answer = await post(simulator, submitPath, submitMessage(bidSet(bid(words))));
    assert.equal(answer.status, 200);
    const [event] = events(answer);
    assert.ok(event);
    assert.equal(textAt(event, 'severity'), 'ERROR');
    assert.equal(textAt(event, 'name'), name);
  });
}

test('valid and invalid bids of one set are told apart', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await post(simulator, submitPath, submitMessage(bidSet(bid(), bid({ resource: 'NOWHERE' }))));
  assert.deepEqual(resultOf(answer), ['SCSS0001', 'SIM-SIBR-BID']);
});

test('bids for a coordinator of somebody else are not taken', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await post(simulator, submitPath, submitMessage(bidSet(bid({ scid: 'ZZZZ' }))));
  assert.match(answer.body.toString('utf8'), /Invalid role and\/or Entity list identifier\./);
  const document = payloadOf(await post(simulator, retrievePath, ask('RequestRawBidSet')));
  assert.equal(document.localName, 'outputDataType');
});

test('a set without bids is a fault', async (t) => {
  const simulator = await startTestSimulator(t);
  assert.equal((await post(simulator, submitPath, submitMessage(bidSet()))).status, 500);
});
