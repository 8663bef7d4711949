import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFault } from '@headgate/soap';
import {
  type Answer,
  payloadOf,
  post,
  retrieveMessage,
  type SimulatorUnderTest,
  startMs,
  startTestSimulator,
  submitMessage,
  treeOf,
} from '../simulator.fixture.ts';
import { elementsNamed, textAt, valuesNamed } from '../wire/payload.ts';

const registration = (program = 'Proxy DR', drp = 'DEX1') =>
  `<DRRegistrationData xmlns="http://www.caiso.com/soa/DRRegistrationData_v1.xsd#"><MessagePayload><DemandResponseRegistration_Full>` +
  `<mRID>REG-1</mRID><name>REG-1</name><DemandResponseProvider><mRID>${drp}</mRID></DemandResponseProvider>` +
  `<DistributedActivity><action>SUBMIT</action><submittedActiveEndDateTime>2027-08-01T07:00:00Z</submittedActiveEndDateTime><submittedActiveStartDateTime>2026-08-01T07:00:00Z</submittedActiveStartDateTime></DistributedActivity>` +
  `<RegisteredGenerator><LoadAggregationPoint><AggregatedPnode><mRID>SLAP_EXAMPLE</mRID></AggregatedPnode></LoadAggregationPoint><LoadServingEntity><mRID>LEXA</mRID></LoadServingEntity><SchedulingCoordinator><mRID>EXA1</mRID></SchedulingCoordinator></RegisteredGenerator>` +
  `<DemandUtilityDistributionCompany><mRID>UEXA</mRID></DemandUtilityDistributionCompany><baselineMethod>10 in 10 with SMA</baselineMethod>` +
  `<program>${program}</program><resourceType>Pre Defined</resourceType><DistributedEnergyResourceContainer><locationID>130001000001</locationID></DistributedEnergyResourceContainer>` +
  `</DemandResponseRegistration_Full></MessagePayload></DRRegistrationData>`;

const submit = (simulator: SimulatorUnderTest, xml = registration()) =>
  post(simulator, '/sst/drrs/SubmitDRRegistrations_DRRSv1_AP', submitMessage(xml));
const poll = (simulator: SimulatorUnderTest, batch: string) =>
  post(
    simulator,
    '/sst/drrs/RetrieveBatchValidationStatus_DRRSv1_AP',
    retrieveMessage(
      `<BatchValidationStatus xmlns="http://www.caiso.com/soa/BatchValidationStatus_v1.xsd#"><MessagePayload><BatchStatus><mRID>${batch}</mRID></BatchStatus></MessagePayload></BatchValidationStatus>`,
    ),
  );
const retrieve = (simulator: SimulatorUnderTest, mrid: string) =>
  post(
    simulator,
    '/sst/drrs/RetrieveDRRegistrations_DRRSv1_AP',
    retrieveMessage(
      `<RequestDRRegistrationData xmlns="http://www.caiso.com/soa/RequestDRRegistrationData_v1.xsd#"><MessagePayload><RegistrationRequest><requestType>REGISTRATION_ONLY</requestType><DemandResponseRegistration><mRID>${mrid}</mRID><DemandResponseProvider><mRID>DEX1</mRID></DemandResponseProvider></DemandResponseRegistration></RegistrationRequest></MessagePayload></RequestDRRegistrationData>`,
    ),
  );
const batchOf = (answer: Answer) => {
  const [batch] = elementsNamed(treeOf(answer.body.toString('utf8')), 'Batch');
  return (batch && textAt(batch, 'mRID')) ?? assert.fail('no batch');
};
const verdict = async (simulator: SimulatorUnderTest, batch: string) => {
  const [status] = elementsNamed(payloadOf(await poll(simulator, batch)), 'BatchStatus');
  return status && textAt(status, 'description');
};

test('a registration is answered with a batch whose verdict comes with time', async (t) => {
  const simulator = await startTestSimulator(t);
  const answer = await submit(simulator);
  assert.equal(answer.status, 200);
  const batch = batchOf(answer);
  assert.match(batch, /^\d+$/);
  assert.equal(await verdict(simulator, batch), 'IN PROCESS');
  simulator.turnTo(startMs + 90_000);
  assert.equal(await verdict(simulator, batch), 'SUCCESS');
});

test('a registration is retrieved with a status that moves on', async (t) => {
  const simulator = await startTestSimulator(t);
  await submit(simulator);
  const statuses: string[] = [];
  for (const afterMs of [0, 90_000, 800_000]) {
    simulator.turnTo(startMs + afterMs);
    const document = payloadOf(await retrieve(simulator, 'REG-1'));
    const [status] = elementsNamed(document, 'status');
    statuses.push((status && textAt(status, 'value')) ?? '');
    assert.deepEqual(valuesNamed(document, 'locationID'), ['130001000001']);
  }
  assert.deepEqual(statuses, ['NEW', 'PENDING', 'CONFIRMED']);
});

test('a registration that breaks a rule ends in an error that says which', async (t) => {
  const simulator = await startTestSimulator(t);
  const batch = batchOf(await submit(simulator, registration('No such program')));
  simulator.turnTo(startMs + 90_000);
  const document = payloadOf(await poll(simulator, batch));
  const [status] = elementsNamed(document, 'BatchStatus');
  assert.equal(status && textAt(status, 'description'), 'ERROR');
  assert.match(valuesNamed(document, 'errMessage')[0] ?? '', /^Program must be one of/);
});

test('a location is submitted, validated and retrieved', async (t) => {
  const simulator = await startTestSimulator(t);
  const xml = `<DRRegistrationData><MessagePayload><DistributedEnergyResourceContainer><mRID>SITE-9</mRID><name>Ninth site</name><DemandResponseProvider><mRID>DEX1</mRID></DemandResponseProvider><DistributedActivity><action>SUBMIT</action><submittedActiveStartDateTime>2026-07-01T07:00:00Z</submittedActiveStartDateTime><submittedActiveEndDateTime>2028-07-01T07:00:00Z</submittedActiveEndDateTime></DistributedActivity><RegisteredGenerator><LoadAggregationPoint><AggregatedPnode><mRID>SLAP_EXAMPLE</mRID></AggregatedPnode></LoadAggregationPoint></RegisteredGenerator></DistributedEnergyResourceContainer></MessagePayload></DRRegistrationData>`;
  const batch = batchOf(await post(simulator, '/sst/drrs/SubmitDRLocations_DRRSv1_AP', submitMessage(xml)));
  simulator.turnTo(startMs + 90_000);
  assert.equal(await verdict(simulator, batch), 'SUCCESS');
  const request = `<RequestDRRegistrationData><MessagePayload><LocationRequest><DistributedEnergyResourceContainer><mRID>SITE-9</mRID></DistributedEnergyResourceContainer></LocationRequest></MessagePayload></RequestDRRegistrationData>`;
  const document = payloadOf(
    await post(simulator, '/sst/drrs/RetrieveDRLocations_DRRSv1_AP', retrieveMessage(request)),
  );
  const [status] = elementsNamed(document, 'status');
  assert.equal(status && textAt(status, 'value'), 'ACTIVE');
});

for (const [title, call, sentence] of [
  ['a batch that does not exist', (s: SimulatorUnderTest) => poll(s, '1'), /^No data found/],
  ['a registration that does not exist', (s: SimulatorUnderTest) => retrieve(s, 'NONE'), /^No data found/],
  [
    'a provider of somebody else',
    (s: SimulatorUnderTest) => submit(s, registration('Proxy DR', 'DZZZ')),
    /^Invalid role/,
  ],
  ['a submit without items', (s: SimulatorUnderTest) => submit(s, '<DRRegistrationData/>'), /^A submit holds/],
] as const) {
  test(`${title} is a fault with the sentence in StandardOutput`, async (t) => {
    const simulator = await startTestSimulator(t);
    const answer = await call(simulator);
    assert.equal(answer.status, 500);
    assert.match(answer.body.toString('utf8'), /<detail><StandardOutput><MessagePayload><EventLog>/);
    assert.match(readFault(answer.body.toString('utf8'))?.description ?? '', sentence);
  });
}
