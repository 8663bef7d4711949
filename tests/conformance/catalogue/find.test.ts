// Looking up requests in the first catalogue: every address, the shared path, both positions of the attachment mark.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  classifyService,
  compileCatalogue,
  findAddress,
  findUrl,
  matrixOf,
  type ServiceClassification,
} from '@headgate/contract';
import fc from 'fast-check';
import { readCatalogue } from './read-catalogue.ts';

const caiso = await readCatalogue('caiso');
const index = compileCatalogue(caiso);
const asOf = '2024-02-21';

function at(url: string) {
  const { protocol, host, pathname } = new URL(url);
  return findAddress(index, { scheme: protocol === 'http:' ? 'http' : 'https', host, path: pathname });
}

function classified(url: string, clues: { soapAction?: string; bodyElement?: string } = {}) {
  const match = at(url);
  assert.ok(match, url);
  return classifyService(index, match, { serviceName: match.serviceName, ...clues });
}

function service(url: string, clues: { soapAction?: string; bodyElement?: string } = {}): ServiceClassification {
  const found = classified(url, clues);
  if (found.kind !== 'service') throw new assert.AssertionError({ message: `${url} is ${found.kind}` });
  return found;
}

test('every printed address of the matrix is found again, with its system, channel, generation and environment', () => {
  for (const environment of ['production', 'map-stage']) {
    for (const row of matrixOf(caiso, environment, asOf).rows) {
      for (const channel of ['ui', 'api'] as const) {
        for (const generation of ['new', 'old'] as const) {
          const { url } = row[channel][generation];
          if (url === null) continue;
          // OASIS prints one address for both channels; its API is told by the path below.
          const asked = channel === 'api' && row.system === 'OASIS' ? `${url}/oasisapi/SingleZip` : url;
          const found = findUrl(index, asked, { asOf });
          assert.ok(found, url);
          assert.ok(
            found.systems.some(({ name }) => name === row.system),
            `${row.system} at ${url}`,
          );
          assert.deepEqual(
            [found.environment, found.channel, found.generation],
            [environment, channel, generation],
            url,
          );
        }
      }
    }
  }
});

test('a call on the old address is told the same call on the new one', () => {
  const found = findUrl(index, 'https://ws.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP?x=1', { asOf });
  assert.equal(found?.replacement?.url, 'https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP');
  assert.equal(findUrl(index, 'https://wsmap.caiso.com/sst/oms-is-weboms', { asOf }), null);
  assert.equal(
    findUrl(index, 'https://wsmap.caiso.com/sst/weboms/X', { asOf })?.replacement?.url,
    'https://mapstage-ws.caiso.com/sst/weboms/X',
  );
  assert.equal(findUrl(index, 'https://portal.caiso.com/tr/page', { asOf })?.replacement?.url, 'https://tr.caiso.com');
  assert.equal(findUrl(index, 'https://ws.prod.caiso.com/sst/cmri', { asOf })?.replacement, null);
});

test('namespaces are the pools of the deck', () => {
  assert.equal(at('https://ws.prod.caiso.com/sst/sibr/X')?.namespace, 'ws');
  assert.equal(at('https://adsws.prod.caiso.com/ADS/APIWebService/v8')?.namespace, 'ads');
  assert.equal(at('http://oasis.caiso.com/oasisapi/SingleZip')?.namespace, 'oasis');
  assert.equal(at('https://oasis.caiso.com/oasisapi/SingleZip')?.channel, 'api');
  assert.equal(at('http://oasis.caiso.com/mrioasis/logon.do')?.channel, 'ui');
  assert.equal(at('https://cmri.caiso.com/login')?.namespace, null);
});

test('a path that begins with the same letters but not the same segments is not found', () => {
  for (const path of [
    '/sst/cmrix',
    '/sst/cmrix/RetrieveMarketAwards_CMRIv4_AP',
    '/sst/cm',
    '/sst',
    '/',
    '/SST/cmri',
    '/sst//cmri',
    '/sst/%63mri',
    '/sst/runtime.asvc2',
  ]) {
    assert.equal(findAddress(index, { scheme: 'https', host: 'ws.prod.caiso.com', path }), null, path);
  }
});

test('a path with dot segments, raw or encoded, is not found', () => {
  for (const path of [
    '/sst/cmri/../drrs/X',
    '/sst/cmri/%2e%2e/drrs/X',
    '/sst/./cmri',
    '/sst/cmri/..',
    '/sst/cmri/.%2E/drrs',
    '/sst/cmri/..%2fdrrs/X',
    '/sst/cmri/..\\drrs/X',
    '/sst/cmri/..;/drrs/X',
    '/sst/cmri/%5c..%5cdrrs',
  ]) {
    assert.equal(findAddress(index, { scheme: 'https', host: 'ws.prod.caiso.com', path }), null, path);
  }
});

test('the host is compared in any letter case and without its port, the scheme as offered', () => {
  const path = '/sst/cmri/X';
  assert.ok(findAddress(index, { scheme: 'https', host: 'WS.Prod.CAISO.com:443', path }));
  assert.equal(findAddress(index, { scheme: 'http', host: 'ws.prod.caiso.com', path }), null);
  assert.equal(findAddress(index, { scheme: 'https', host: 'ws.prod.caiso.com.example.org', path }), null);
  assert.equal(findUrl(index, 'https://unknown.example.org/sst/cmri', { asOf }), null);
  assert.equal(findUrl(index, 'not a url', { asOf }), null);
});

test('a new address is served by the current infrastructure, an old one by the legacy one until a position says otherwise', () => {
  const target = { scheme: 'https', host: 'ws.caiso.com', path: '/sst/drrs/X' } as const;
  assert.equal(at('https://ws.prod.caiso.com/sst/drrs/X')?.infrastructure, 'current');
  const match = findAddress(index, target);
  assert.equal(match?.infrastructure, 'legacy');
  assert.equal(match?.address.id, 'production/api/old/ws.caiso.com/sst/drrs');
  const positions = new Map([[match?.address.id ?? '', 'current']]);
  assert.equal(findAddress(index, target, positions)?.infrastructure, 'current');
});

test('the attachment mark is read last and before the end suffix', () => {
  const stem = 'https://ws.prod.caiso.com/sst/cmri/RetrieveSchedulePrices_CMRIv3';
  const before = service(`${stem}_DocAttach_AP`);
  assert.deepEqual(before, service(`${stem}_AP_DocAttach`));
  assert.deepEqual(
    [before.system, before.service, before.operation, before.docAttach, before.known, before.by],
    ['cmri', 'RetrieveSchedulePrices', 'retrieve', true, true, 'service-name'],
  );
  assert.equal(service(`${stem}_AP`).docAttach, false);
});

test('a service that is not listed gets its class by verb, and is marked as not known', () => {
  const submit = service('https://ws.caiso.com/sst/eide/SubmitInterchange_EIDEv1_AP');
  assert.deepEqual(
    [submit.system, submit.service, submit.operation, submit.known, submit.by],
    ['eide', 'submitinterchange', 'submit', false, 'naming-rule'],
  );
  assert.equal(service('https://ws.caiso.com/sst/ecic/BroadcastThing_ECICv1_AP').operation, 'submit');
  const version = service('https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv9_AP');
  assert.deepEqual([version.service, version.known], ['RetrieveMarketAwards', false]);
  assert.equal(classified('https://ws.prod.caiso.com/sst/cmri/EraseAll_CMRIv1_AP').kind, 'unknown');
});

test('letter case gives no service a second name', () => {
  const plain = service('https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP');
  assert.deepEqual(service('https://ws.prod.caiso.com/sst/cmri/RETRIEVEmarketawards_cmriV4_ap'), plain);
  assert.equal(
    service('https://ws.caiso.com/sst/eide/SUBMITx_AP').service,
    service('https://ws.caiso.com/sst/eide/submitX_AP').service,
  );
});

test('a name whose tail is of a system behind another address is unknown', () => {
  assert.equal(classified('https://ws.prod.caiso.com/sst/cmri/RetrieveDRLocations_DRRSv1_AP').kind, 'unknown');
});

const shared = 'https://ws.prod.caiso.com/sst/runtime.asvc';

test('on runtime.asvc the service name decides where it is listed', () => {
  assert.deepEqual(at(shared)?.systems, ['alfs-fdr', 'mf', 'pisoa']);
  const found = service(`${shared}/RetrieveGeneratorRDT_v1`);
  assert.deepEqual(
    [found.system, found.service, found.known, found.by],
    ['mf', 'RetrieveGeneratorRDT', true, 'service-name'],
  );
});

test('on runtime.asvc the tail decides where the name is not listed', () => {
  assert.equal(service(`${shared}/RetrieveForecast_ALFSv1_AP`).system, 'alfs-fdr');
  assert.equal(service(`${shared}/SubmitRating_FDRv2_DocAttach_AP`).system, 'alfs-fdr');
  assert.equal(service(`${shared}/RetrieveOutages_PISOAv1_AP_DocAttach`).system, 'pisoa');
});

test('on runtime.asvc the SOAPAction decides where the path names no service', () => {
  const found = service(shared, { soapAction: '"http://www.caiso.com/soa/submitGeneratorRDT_v1"' });
  assert.deepEqual([found.system, found.operation, found.by], ['mf', 'submit', 'soap-action']);
});

test('on runtime.asvc the first element of the body decides last', () => {
  const found = service(shared, { soapAction: '""', bodyElement: 'ns2:RequestGeneratorRDT_v2' });
  assert.deepEqual(
    [found.system, found.service, found.operation, found.by],
    ['mf', 'RetrieveGeneratorRDT', 'retrieve', 'body-element'],
  );
});

test('on runtime.asvc a call that nothing decides stays undecided, with its candidates', () => {
  assert.deepEqual(classified(shared, { bodyElement: 'ISOAttachment' }), {
    kind: 'undecided',
    candidates: ['alfs-fdr', 'mf', 'pisoa'],
  });
  assert.equal(classified(`${shared}/RetrieveSomething`).kind, 'undecided');
});

test('a listed service name outweighs a SOAPAction that says otherwise', () => {
  const found = service(`${shared}/RetrieveGeneratorRDT_v1`, {
    soapAction: 'SubmitOutage_PISOAv1',
    bodyElement: 'SubmitOutage',
  });
  assert.deepEqual([found.system, found.operation], ['mf', 'retrieve']);
});

test('retrieves of meter data are marked as such', () => {
  const found = service('https://ws.prod.caiso.com/sst/stlmt/retrieveMeterData_v1_DocAttach');
  assert.deepEqual(
    [found.system, found.service, found.operation, found.subjects],
    ['stlmt', 'RetrieveMeterData', 'retrieve', ['meter-data']],
  );
});

test('the ADS endpoint takes its operation from the body, OASIS from the path', () => {
  const ads = 'https://adsws.prod.caiso.com/ADS/APIWebService/v8';
  assert.equal(at(ads)?.serviceName, null);
  assert.equal(
    service(ads, { soapAction: '""', bodyElement: 'a:getDispatchBatchesSinceUID' }).service,
    'getDispatchBatchesSinceUID',
  );
  assert.equal(service(ads, { bodyElement: 'submitMSSLFRequest' }).operation, 'submit');
  assert.equal(service('https://oasis.caiso.com/oasisapi/GroupZip').operation, 'retrieve');
});

test('a found URL carries the status of its address on the day', () => {
  const found = findUrl(index, 'https://wsmap.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP', { asOf });
  assert.equal(found?.systems[0]?.cell.status, 'decommissioned');
  assert.equal(found?.service?.kind, 'service');
});

test('whatever the path, a match is a prefix of whole segments and the longest there is', () => {
  const segment = fc.oneof(
    fc.constantFrom('sst', 'cmri', 'drrs', 'runtime.asvc', 'SST', '', 'x', '%2e'),
    fc.string({ maxLength: 6 }),
  );
  const paths = [...index.addresses.values()]
    .filter(({ host }) => host === 'ws.prod.caiso.com')
    .map(({ path }) => path);
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const path = `/${segments.join('/')}`;
      const match = findAddress(index, { scheme: 'https', host: 'ws.prod.caiso.com', path });
      const covering = paths.filter((one) => path === one || path.startsWith(`${one}/`));
      if (match === null) return;
      assert.equal(match.address.path, covering.toSorted((one, other) => other.length - one.length)[0]);
      assert.equal(
        path,
        match.servicePath === '' && !path.endsWith('/')
          ? match.address.path
          : `${match.address.path}/${match.servicePath}`,
      );
    }),
  );
});
