import assert from 'node:assert/strict';
import test from 'node:test';
import { compileCatalogue } from '@headgate/contract';
import { caisoCatalogue } from '../test-server.fixture.ts';
import { lookUp } from './look-up.ts';
import { openCatalogue } from './open-catalogue.ts';

const catalogue = await openCatalogue(caisoCatalogue);
const target = { environment: 'production', generation: 'new', asOf: '2024-02-21' } as const;
const at = (name: string, differences = {}) => lookUp(catalogue, name, { ...target, ...differences });

test('a service of a verified path is called by its name, system tail, version and end', () => {
  const operation = at('cmri/RetrieveMarketAwards');
  assert.equal(operation.url.href, 'https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP');
  assert.deepEqual(
    [operation.kind, operation.shape, operation.requestRoot],
    ['retrieve', 'retrieve-plain', 'RequestMarketAwards'],
  );
});

test('a name with its tail is called as it was written', () => {
  assert.match(at('CMRI/RetrieveMarketAwards_CMRIv4_AP').url.pathname, /RetrieveMarketAwards_CMRIv4_AP$/);
});

test('the DocAttach mark stands before the end of a path', () => {
  assert.match(
    at('drrs/SubmitDRRegistrations', { docAttach: true }).url.pathname,
    /SubmitDRRegistrations_DRRSv1_DocAttach_AP$/,
  );
  assert.match(at('drrs/SubmitDRRegistrations_DRRSv1_AP', { docAttach: true }).url.pathname, /_DRRSv1_DocAttach_AP$/);
});

test('a service that was seen as DocAttach only is called as DocAttach', () => {
  const operation = at('cmri/RetrieveSchedulePrices');
  assert.equal(operation.shape, 'retrieve-doc-attach');
  assert.match(operation.url.pathname, /RetrieveSchedulePrices_CMRIv3_DocAttach_AP$/);
});

test('the old generation is another host', () => {
  assert.equal(at('cmri/RetrieveMarketAwards', { generation: 'old' }).url.hostname, 'ws.caiso.com');
});

test('MAP Stage is another environment with addresses of its own', () => {
  assert.equal(at('sibr/SubmitRawBidSet', { environment: 'map-stage' }).url.hostname, 'mapstage-ws.caiso.com');
});

test('ADS is called at its endpoint, with an empty SOAPAction and the operation as the body', () => {
  const operation = at('ads/getDispatchBatchesSinceUID');
  assert.equal(operation.url.href, 'https://adsws.prod.caiso.com/ADS/APIWebService/v8');
  assert.deepEqual([operation.shape, operation.soapAction], ['rpc', '']);
});

test('OASIS needs no credential and uses https unless plain is asked for', () => {
  assert.equal(at('oasis/SingleZip').url.href, 'https://oasis.caiso.com/oasisapi/SingleZip');
  assert.equal(at('oasis/SingleZip', { plain: true }).url.protocol, 'http:');
  assert.equal(at('oasis/SingleZip').needsCredential, false);
});

test('plain is ignored where the host offers https only', () => {
  assert.equal(at('cmri/RetrieveMarketAwards', { plain: true }).url.protocol, 'https:');
});

test('a system on a shared path keeps its own name in what limits may ask', () => {
  const operation = at('mf/SubmitGeneratorRDT');
  assert.equal(operation.url.pathname, '/sst/runtime.asvc/SubmitGeneratorRDT');
  assert.equal(operation.subject.system, 'mf');
});

test('a system is known by its id, its printed name or its title', () => {
  for (const name of ['stlmt', 'STLMT', 'MRI-S']) assert.equal(at(`${name}/RetrieveMeterData`).system, 'STLMT');
});

test('a system that the catalogue does not have is refused with those it has', () => {
  assert.throws(() => at('nowhere/RetrieveMarketAwards'), { code: 'catalogue.unknown_system', message: /cmri, drrs/ });
});

test('a misspelt service is refused with the names that begin alike', () => {
  assert.throws(() => at('cmri/RetrieveMarketAward'), {
    code: 'catalogue.unknown_service',
    message: /RetrieveMarketAwards/,
  });
});

test('a short name that ends two paths of one system is refused with both', () => {
  const { catalogue: whole } = catalogue.index;
  const systems = whole.systems.map((system) => {
    const listed = system.services ?? [];
    const beside = listed.filter(({ name }) => name === 'oasisapi/SingleZip');
    return { ...system, services: [...listed, ...beside.map((each) => ({ ...each, name: 'archive/SingleZip' }))] };
  });
  const doubled = { ...catalogue, index: compileCatalogue({ ...whole, systems }) };
  assert.throws(() => lookUp(doubled, 'oasis/SingleZip', target), {
    code: 'catalogue.ambiguous_service',
    message: /oasisapi\/SingleZip, archive\/SingleZip/,
  });
  assert.equal(lookUp(doubled, 'oasis/GroupZip', target).service, 'GroupZip');
});

test('a service that no list has is believed when it is written with its version tail', () => {
  assert.match(at('baaop/RetrieveThings_BAAOPv2_AP').url.pathname, /RetrieveThings_BAAOPv2_AP$/);
  assert.throws(() => at('baaop/RetrieveThings'), { code: 'catalogue.unknown_service' });
});

test('an address that is not printed is refused, never made up', () => {
  assert.throws(() => at('crr/RetrieveThings_CRRv1_AP'), { code: 'catalogue.no_address' });
  assert.throws(() => at('ads/getBatchStatus', { generation: 'old' }), { code: 'catalogue.no_address' });
});

test('a folder without a catalogue is refused with what was expected', async () => {
  await assert.rejects(openCatalogue('/nonexistent'), { code: 'catalogue.unreadable', message: /catalogue\.yaml/ });
});

test("another operator's services are called by its own names: a tail, a version, a mark, and JSON", async () => {
  const other = await openCatalogue(caisoCatalogue.replace(/caiso$/, 'example'));
  const there = (name: string, differences = {}) =>
    lookUp(other, name, { environment: 'live', generation: 'new', asOf: '2026-03-02', ...differences });
  const told = [
    there('offers/SendOffers'),
    there('offers/SendOffers', { docAttach: true }),
    there('outages/ListOutages'),
  ];
  assert.deepEqual(
    told.map(({ url, shape }) => [url.href, shape]),
    [
      ['https://api.grid.example.net/v2/offers/SendOffers_OFFERSv2', 'submit-plain'],
      ['https://api.grid.example.net/v2/offers/SendOffers_OFFERSv2.packed', 'submit-doc-attach'],
      ['https://api.grid.example.net/v2/outages/ListOutages', 'json-retrieve'],
    ],
  );
  assert.equal(there('prices/day-ahead').url.href, 'https://data.grid.example.net/feed/day-ahead');
  assert.equal(there('meters/ReadReadings', { generation: 'old' }).subject.infrastructure, 'west-hall');
  assert.throws(() => there('outages/ListOutages', { generation: 'old' }), { code: 'catalogue.no_address' });
});

test('a listed service in a version that is not listed is refused with the versions that are', () => {
  assert.throws(() => at('cmri/RetrieveMarketAwards_CMRIv9_AP'), {
    code: 'catalogue.unknown_service',
    detail: /RetrieveMarketAwards_CMRIv4_AP/,
  });
});

test('an environment that does not exist is refused with those that do', () => {
  assert.throws(() => at('cmri/RetrieveMarketAwards', { environment: 'prod' }), {
    code: 'catalogue.unknown_environment',
    detail: /production, map-stage/,
  });
});

test('an unknown service of a system without a list says so, and how its path name is written', () => {
  assert.throws(() => at('baaop/RetrieveThing'), {
    code: 'catalogue.unknown_service',
    detail: /lists no service of BAAOP: write the whole name as it stands in the path/,
  });
});
