import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readFault } from '@headgate/soap';
import { type SimulatorUnderTest, send, startMs, startTestSimulator, treeOf, user } from '../simulator.fixture.ts';
import { elementsNamed, valuesNamed } from '../wire/payload.ts';

const call = (simulator: SimulatorUnderTest, operation: string, uid: string, fields: Record<string, string> = {}) =>
  send(
    `${simulator.url}/ADS/APIWebService/v8`,
    'POST',
    { 'content-type': 'text/xml; charset=utf-8', soapaction: '""', ...fields },
    `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="urn-com-caiso-ads-webservices-api"><soapenv:Body><a:${operation}><batchUID>${uid}</batchUID></a:${operation}></soapenv:Body></soapenv:Envelope>`,
  );
const result = async (
  simulator: SimulatorUnderTest,
  operation: string,
  uid: string,
  fields?: Record<string, string>,
) => {
  const answer = await call(simulator, operation, uid, fields);
  assert.equal(answer.status, 200, answer.body.toString());
  const text = answer.body.toString('utf8');
  // A public client reads until this very text.
  assert.ok(text.endsWith('</SOAP-ENV:Envelope>'));
  return valuesNamed(treeOf(text), 'result')[0] ?? '';
};
const uidsOf = (listXml: string) =>
  elementsNamed(treeOf(listXml), 'DispatchBatch').map(({ attributes }) => attributes.batchUID ?? '');
const unpacked = (base64: string) => treeOf(gunzipSync(Buffer.from(base64, 'base64')).toString('utf8'));

test('batches are listed from a cursor, and grow as the clock moves', async (t) => {
  const simulator = await startTestSimulator(t);
  const first = uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', '-1'));
  assert.equal(first.length, 12);
  assert.match(first[0] ?? '', /^DISP-[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  assert.deepEqual(first, first.toSorted());
  const last = first.at(-1) ?? '';
  assert.deepEqual(uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', last)), []);
  simulator.turnTo(startMs + 600_000);
  const later = uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', last));
  assert.equal(later.length, 2);
  assert.ok((later[0] ?? '') > last);
});

test('a batch is base64 of gzip of its instructions', async (t) => {
  const simulator = await startTestSimulator(t);
  const [uid = ''] = uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', '-1'));
  const document = unpacked(await result(simulator, 'getDispatchBatch', uid));
  assert.equal(document.namespace, 'http://ads.caiso.com');
  // Public clients take this very element for the root, and read a number as its type.
  assert.equal(document.localName, 'DispatchBatch');
  assert.equal(document.attributes.batchUID, uid);
  assert.match(valuesNamed(document, 'batchType')[0] ?? '', /^\d+$/);
  assert.equal(elementsNamed(document, 'instruction').length, 12);
  assert.equal(elementsNamed(document, 'instructionDetail')[0]?.attributes.segNo, '1');
});

test('a certificate sees only the resources of its coordinators', async (t) => {
  const simulator = await startTestSimulator(t, { provisions: [{ subject: user.subject, scids: ['EXA1'] }] });
  const [uid = ''] = uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', '-1'));
  const forwarded = { 'client-cert': `:${Buffer.from(user.certificateDer).toString('base64')}:` };
  const document = unpacked(await result(simulator, 'getDispatchBatch', uid, forwarded));
  assert.equal(elementsNamed(document, 'instruction').length, 4);
});

test('trajectories have a cursor of their own', async (t) => {
  const simulator = await startTestSimulator(t);
  assert.equal(await result(simulator, 'isNewTrajData', '-1'), 'true');
  const document = unpacked(await result(simulator, 'getTrajectoryData', '-1'));
  const batches = elementsNamed(document, 'trajectoryBatch');
  assert.equal(batches.length, 12);
  assert.equal(elementsNamed(document, 'trajectoryDop').length, 12 * 12 * 3);
  assert.equal(await result(simulator, 'isNewTrajData', batches.at(-1)?.attributes.batchUID ?? ''), 'false');
});

test('a batch has a header, and a status that an acknowledgement changes', async (t) => {
  const simulator = await startTestSimulator(t);
  const [uid = ''] = uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', '-1'));
  assert.deepEqual(uidsOf(await result(simulator, 'getBatchHeader', uid)), [uid]);
  assert.equal(await result(simulator, 'getBatchStatus', uid), '0');
  assert.equal((await call(simulator, 'validateDispatchBatch', uid)).status, 200);
  assert.equal(await result(simulator, 'getBatchStatus', uid), '1');
});

for (const [operation, uid] of [
  ['getDispatchBatch', 'DISP-00000000-0000-0000-0000-000000000000'],
  ['getDispatchBatch', '-1'],
  ['getDispatchBatchesSinceUID', ''],
  ['constructor', '-1'],
] as const) {
  test(`${operation} of "${uid}" is a fault`, async (t) => {
    const simulator = await startTestSimulator(t);
    const answer = await call(simulator, operation, uid);
    assert.equal(answer.status, 500);
    assert.ok(readFault(answer.body.toString('utf8')));
  });
}

test('a body that is no envelope is a fault, and another path is not found', async (t) => {
  const simulator = await startTestSimulator(t);
  assert.equal((await send(`${simulator.url}/ADS/APIWebService/v8`, 'POST', {}, 'x')).status, 500);
  assert.equal((await send(`${simulator.url}/ADS/APIWebService/v7`, 'POST', {}, 'x')).status, 404);
});

test('coordinators that were named take the place of the usual ones', async (t) => {
  const simulator = await startTestSimulator(t, {
    coordinators: [
      { scid: 'ALPH', drp: 'DALP' },
      { scid: 'BRAV', drp: 'DBRA' },
    ],
    provisions: [{ subject: user.subject, scids: ['BRAV'] }],
  });
  const [uid = ''] = uidsOf(await result(simulator, 'getDispatchBatchesSinceUID', '-1'));
  const forwarded = { 'client-cert': `:${Buffer.from(user.certificateDer).toString('base64')}:` };
  const document = unpacked(await result(simulator, 'getDispatchBatch', uid, forwarded));
  assert.equal(elementsNamed(document, 'instruction').length, 6);
});
