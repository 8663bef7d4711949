import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  payloadOf,
  post,
  retrieveMessage,
  type SimulatorUnderTest,
  startMs,
  startTestSimulator,
  submitMessage,
} from '../simulator.fixture.ts';
import { elementsNamed, textAt, valuesNamed } from '../wire/payload.ts';

const submit = (simulator: SimulatorUnderTest, values: string, scid = 'EXA1') =>
  post(
    simulator,
    '/sst/stlmt/SubmitMeterData_MRISv1_AP',
    submitMessage(
      `<MeterData xmlns="http://www.caiso.com/soa/MeterData_v1.xsd#"><MessagePayload><MeterMeasurementData><SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator><RegisteredResource><mRID>CEDAR_1_UNIT1</mRID></RegisteredResource><measurementType>GEN</measurementType><timeIntervalLength>60</timeIntervalLength>${values}</MeterMeasurementData></MessagePayload></MeterData>`,
    ),
  );
const retrieve = async (simulator: SimulatorUnderTest, content: string) =>
  payloadOf(
    await post(
      simulator,
      '/sst/stlmt/RetrieveMeterData_MRISv1_AP',
      retrieveMessage(`<RequestMeterData><MessagePayload>${content}</MessagePayload></RequestMeterData>`),
    ),
  );
const day = '<dateTimeStart>2026-07-19T07:00:00Z</dateTimeStart><dateTimeEnd>2026-07-20T07:00:00Z</dateTimeEnd>';
const value = (end: string, mwh: number) =>
  `<MeasurementValue><intervalEndTime>${end}</intervalEndTime><value>${mwh}</value></MeasurementValue>`;

test('a day of meter data comes for one coordinator or for all of them', async (t) => {
  const simulator = await startTestSimulator(t);
  const one = await retrieve(simulator, `<SCID>EXA1</SCID>${day}`);
  assert.equal(elementsNamed(one, 'MeasurementValue').length, 24 * 4);
  const all = await retrieve(simulator, `<SCID>ALL</SCID>${day}<timeIntervalLength>15</timeIntervalLength>`);
  assert.equal(elementsNamed(all, 'MeasurementValue').length, 96 * 12);
});

test('a submitted reading takes the place of the polled one', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await submit(simulator, value('2026-07-19T08:00:00Z', 4.25));
  assert.equal(answer.status, 200);
  assert.match(answer.body.toString('utf8'), /<Batch><mRID>\d+<\/mRID>/);
  const document = await retrieve(simulator, `<SCID>EXA1</SCID>${day}<resource>CEDAR_1_UNIT1</resource>`);
  assert.equal(valuesNamed(document, 'value')[0], '4.25');
});

test('updatedSince gives only what was written since', async (t) => {
  const simulator = await startTestSimulator(t);
  simulator.turnTo(startMs + 60_000);
  await submit(simulator, value('2026-07-19T08:00:00Z', 4.25));
  const document = await retrieve(
    simulator,
    `<SCID>EXA1</SCID>${day}<updatedSinceDateTime>2026-07-20T18:00:30Z</updatedSinceDateTime>`,
  );
  assert.deepEqual(valuesNamed(document, 'intervalEndTime'), ['2026-07-19T08:00:00Z']);
});

test('more than 200,000 records are refused inside the attachment', async (t) => {
  const simulator = await startTestSimulator(t);
  const span = '<dateTimeStart>2026-05-01T07:00:00Z</dateTimeStart><dateTimeEnd>2026-07-19T07:00:00Z</dateTimeEnd>';
  const document = await retrieve(simulator, `<SCID>ALL</SCID>${span}<timeIntervalLength>5</timeIntervalLength>`);
  assert.match(valuesNamed(document, 'description')[0] ?? '', /more than 200,000 records/);
});

test('a submission over 15 MB unpacked is refused', async (t) => {
  const simulator = await startTestSimulator(t);
  // Digits that do not compress away, so that the size is met before the ratio: gzip sees no repetition so far back.
  let state = 1;
  const noise = Array.from({ length: 200_000 }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    return (state >>> 0).toString(36);
  }).join(' ');
  const answer = await submit(simulator, `<note>${noise.repeat(12)}</note>`);
  assert.equal(answer.status, 500);
  assert.match(answer.body.toString('utf8'), /larger than 15 MB uncompressed/);
});

for (const [title, content, sentence] of [
  ['a coordinator of somebody else', `<SCID>ZZZZ</SCID>${day}`, /^Invalid role and\/or Entity list identifier\.$/],
  ['no coordinator', day, /^SCID is required/],
  [
    'an interval that is not metered',
    `<SCID>EXA1</SCID>${day}<timeIntervalLength>7</timeIntervalLength>`,
    /^timeIntervalLength/,
  ],
] as const) {
  test(`a retrieve with ${title} carries the error in place of data`, async (t) => {
    const simulator = await startTestSimulator(t);
    const document = await retrieve(simulator, content);
    assert.equal(document.localName, 'outputDataType');
    const [event] = elementsNamed(document, 'Event');
    assert.match((event && textAt(event, 'description')) ?? '', sentence);
  });
}

test('a reading for a coordinator of somebody else is not taken', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await submit(simulator, value('2026-07-19T08:00:00Z', 1), 'ZZZZ');
  assert.match(answer.body.toString('utf8'), /Invalid role/);
});
