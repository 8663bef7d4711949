import assert from 'node:assert/strict';
import { test } from 'node:test';
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
import { valuesNamed } from '../wire/payload.ts';
import { pathOf } from '../wire/service.ts';
import { notPublicNote, unpublishedServices } from './unpublished.ts';

const retrieves = unpublishedServices.filter(({ operation }) => operation === 'retrieve');

for (const submit of unpublishedServices.filter(({ operation }) => operation === 'submit')) {
  const retrieve = retrieves.find(({ tag }) => tag === submit.tag) ?? assert.fail(submit.name);
  const document = (value: string) => `<${submit.requestRoot}><value>${value}</value></${submit.requestRoot}>`;
  const ask = `<${retrieve.requestRoot}/>`;

  test(`${submit.tag} gives back to its sender alone what came in both forms, and says that it is not public`, async (t) => {
    const simulator = await startTestSimulator(t);
    const plain = await post(simulator, pathOf(submit), submitMessage(document('A')));
    const attached = await post(simulator, pathOf(submit, true), submitDocAttachMessage(document('B')));
    for (const { status, body } of [plain, attached]) {
      assert.equal(status, 200);
      assert.ok(body.toString().includes(notPublicNote));
    }
    for (const isDocAttach of [false, true]) {
      const kept = payloadOf(await post(simulator, pathOf(retrieve, isDocAttach), retrieveMessage(ask)));
      assert.deepEqual(valuesNamed(kept, 'value'), ['A', 'B']);
      assert.deepEqual(valuesNamed(kept, 'note'), [notPublicNote]);
      const wsdl = await send(`${simulator.url}${pathOf(retrieve, isDocAttach)}?wsdl`, 'GET');
      assert.ok(wsdl.body.toString().includes(notPublicNote));
    }
    const foreign = retrieveMessage(ask, { sender: otherUser });
    assert.equal(payloadOf(await post(simulator, pathOf(retrieve), foreign)).localName, 'outputDataType');
  });
}

const shared = '/sst/runtime.asvc';
const submitFields = { soapaction: '"http://www.caiso.com/soa/SubmitPISOADocument_PISOAv1_AP"' };

test('the shared path takes the service from SOAPAction, then from the first element of the Body', async (t) => {
  const simulator = await startTestSimulator(t);
  const sent = submitMessage('<PISOADocument><value>P</value></PISOADocument>');
  assert.equal((await post(simulator, shared, sent, submitFields)).status, 200);
  const ask = retrieveMessage('<RequestPISOADocument/>');
  for (const fields of [{ soapaction: 'RetrievePISOADocument' }, { soapaction: '""' }, {}])
    assert.deepEqual(valuesNamed(payloadOf(await post(simulator, shared, ask, fields)), 'value'), ['P']);
  const alfs = retrieveMessage('<RequestALFSDocument/>');
  assert.equal(payloadOf(await post(simulator, shared, alfs)).localName, 'outputDataType');
});

test('SOAPAction goes before the Body on the shared path, and a message that names nothing is not found', async (t) => {
  const simulator = await startTestSimulator(t);
  const ask = retrieveMessage('<RequestPISOADocument/>');
  const crossed = await post(simulator, shared, ask, { soapaction: 'RetrieveALFSDocument' });
  assert.deepEqual([crossed.status, /RequestALFSDocument was expected/.test(crossed.body.toString())], [500, true]);
  assert.equal((await post(simulator, shared, retrieveMessage('<Nothing/>'))).status, 404);
  assert.equal((await post(simulator, shared, submitMessage('<PISOADocument/>'))).status, 404);
  assert.equal((await send(`${simulator.url}${shared}`, 'POST', {}, 'no message')).status, 404);
});
