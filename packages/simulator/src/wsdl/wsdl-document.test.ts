import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PayloadElement } from '@headgate/soap';
import { send, startTestSimulator, treeOf } from '../simulator.fixture.ts';
import { adsPath } from '../systems/ads.ts';
import { services } from '../systems/secured-systems.ts';
import { elementsNamed } from '../wire/payload.ts';
import { pathOf } from '../wire/service.ts';
import { adsOperationTypes } from './ads-wsdl.ts';

const paths = [adsPath, ...services.flatMap((service) => [pathOf(service), pathOf(service, true)])];

const local = (name: string | undefined): string => name?.split(':')[1] ?? '';
const named = (root: PayloadElement, kind: string) =>
  root.children.filter(({ localName }) => localName === kind).map(({ attributes }) => attributes.name ?? '');

test('every service describes itself, and no name in a description is left hanging', async (t) => {
  const simulator = await startTestSimulator(t);
  for (const path of paths) {
    const answer = await send(`${simulator.url}${path}?WSDL`, 'GET');
    assert.equal(answer.status, 200, path);
    const root = treeOf(answer.body.toString('utf8'));
    assert.equal(root.namespace, 'http://schemas.xmlsoap.org/wsdl/');
    const messages = named(root, 'message');
    for (const { attributes } of [
      ...elementsNamed(root, 'input'),
      ...elementsNamed(root, 'output'),
      ...elementsNamed(root, 'header'),
    ])
      if (attributes.message !== undefined)
        assert.ok(messages.includes(local(attributes.message)), `${path}: ${attributes.message}`);
    const elements = elementsNamed(root, 'schema').flatMap((schema) => named(schema, 'element'));
    for (const { attributes } of elementsNamed(root, 'part'))
      if (attributes.element !== undefined)
        assert.ok(elements.includes(local(attributes.element)), `${path}: ${attributes.element}`);
    assert.equal(elementsNamed(root, 'address')[0]?.attributes.location, `${simulator.url}${path}`);
    assert.match(elementsNamed(root, 'documentation')[0]?.text ?? '', /not a description by the market operator/);
  }
});

test('a description names the address by which the caller came through a gateway', async (t) => {
  const simulator = await startTestSimulator(t);
  const fields = { host: 'adsws.prod.caiso.com', forwarded: 'for=192.0.2.7;host="adsws.prod.caiso.com";proto=https' };
  const answer = await send(`${simulator.url}${adsPath}?wsdl`, 'GET', fields);
  const [address] = elementsNamed(treeOf(answer.body.toString('utf8')), 'address');
  assert.equal(address?.attributes.location, 'https://adsws.prod.caiso.com/ADS/APIWebService/v8');
});

test('a GET that asks for no description is not allowed, and an unknown service has none', async (t) => {
  const simulator = await startTestSimulator(t);
  assert.equal((await send(`${simulator.url}${adsPath}`, 'GET')).status, 405);
  assert.equal((await send(`${simulator.url}/sst/cmri/RetrieveMarketAwards_CMRIv4_AP?x=wsdl`, 'GET')).status, 405);
  assert.equal((await send(`${simulator.url}/sst/cmri/RetrieveNothing_CMRIv1_AP?wsdl`, 'GET')).status, 404);
});

test('every operation that the dispatch system describes is answered, and with a result where one is described', async (t) => {
  const simulator = await startTestSimulator(t);
  const ask = (operation: string, uid: string) =>
    send(
      `${simulator.url}${adsPath}`,
      'POST',
      { 'content-type': 'text/xml' },
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a:${operation} xmlns:a="urn-com-caiso-ads-webservices-api"><batchUID>${uid}</batchUID></a:${operation}></s:Body></s:Envelope>`,
    );
  const listed = await ask('getDispatchBatchesSinceUID', '-1');
  const list = treeOf(elementsNamed(treeOf(listed.body.toString('utf8')), 'result')[0]?.text ?? '');
  const uid = elementsNamed(list, 'DispatchBatch')[0]?.attributes.batchUID ?? '';
  for (const [operation, type] of Object.entries(adsOperationTypes)) {
    const answer = await ask(operation, /Traj/.test(operation) ? '-1' : uid);
    assert.equal(answer.status, 200, operation);
    assert.equal(
      elementsNamed(treeOf(answer.body.toString('utf8')), 'result').length,
      type === null ? 0 : 1,
      operation,
    );
  }
});
