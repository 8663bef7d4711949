import assert from 'node:assert/strict';
import test from 'node:test';
import { caisoCatalogue } from '../test-server.fixture.ts';
import { describeUrl } from './describe-url.ts';
import { openCatalogue } from './open-catalogue.ts';

const catalogue = await openCatalogue(caisoCatalogue);
const about = (url: string) => describeUrl(catalogue, url, '2024-02-21');

test('a URL of an old address is told with its system, its class and the address that replaces it', () => {
  const { system, generation, replacement, ...told } = about(
    'https://ws.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP',
  );
  assert.deepEqual([system, generation, told.class], ['CMRI', 'old', 'retrieve']);
  assert.equal(replacement, 'https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP');
});

test('a service that is not listed is spelt as in the URL', () => {
  const { service } = about('https://ws.caiso.com/sst/baaop/RetrieveThings_BAAOPv2_AP');
  assert.ok(service?.kind === 'service');
  assert.deepEqual([service.service, service.version, service.known], ['RetrieveThings', 2, false]);
});

test('a shared path that names no service leaves the system open', () => {
  const { system, systems, service } = about('https://ws.prod.caiso.com/sst/runtime.asvc');
  assert.equal(system, null);
  assert.ok(systems.length > 1);
  assert.equal(service, null);
});

test('a URL that no address covers is refused, and no more than 300 characters of it are repeated', () => {
  assert.throws(() => about('https://example.org/x'), { code: 'catalogue.unknown_url', message: /example\.org\/x/ });
  assert.throws(
    () => about(`https://example.org/${'x'.repeat(9_999)}`),
    ({ message }: Error) => message.length < 400,
  );
});
