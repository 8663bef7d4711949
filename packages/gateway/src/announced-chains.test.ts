import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogueFolder } from '@headgate/contract';
import { createKeyPair, makeCertificate, toPem } from '@headgate/pki';
import { caisoCatalogue } from '@headgate/testkit';
import { announcedWarnings } from './announced-chains.ts';

const host = 'ws.prod.caiso.com';
const nowMs = Date.UTC(2024, 1, 21, 12);
const span = { notBeforeMs: nowMs - 1_000, notAfterMs: nowMs + 1_000_000 };

/** What is told of a chain of this host that ends below, or at, an authority of a name. */
async function toldOf(commonName: string, { isRootSent = false } = {}) {
  const loaded = await loadCatalogueFolder(caisoCatalogue);
  assert.ok(loaded.ok);
  const [rootKey, key] = [await createKeyPair('ec-p256'), await createKeyPair('ec-p256')];
  const signer = { subject: [{ O: 'Entrust, Inc.' }, { CN: commonName }], key: rootKey };
  const leaf = makeCertificate({ ...span, subject: [{ CN: host }], key, signer, hostNames: [host] });
  const root = makeCertificate({ ...span, ...signer, signer, authority: {} });
  const chain = {
    infrastructure: null,
    file: 'ws.pem',
    fingerprint: '',
    ...span,
    endsMs: span.notAfterMs,
    certificatesPem: toPem(leaf) + (isRootSent ? toPem(root) : ''),
  };
  const { catalogue } = loaded;
  const chainPositions = new Map([[host, 'current']]);
  const hosts = [[{ name: host, shown: chain, chains: [chain] }]];
  return announcedWarnings({ snapshot: { catalogue, chainPositions }, hosts, announced: [] }, nowMs);
}

test('a name that the document writes with another dash or other capitals is the same name', async () => {
  assert.deepEqual(await toldOf('Entrust Root Certification Authority - G2'), []);
  assert.deepEqual(await toldOf('ENTRUST root certification authority - G2'), []);
  const [told] = await toldOf('Entrust Root Certification Authority - G4');
  assert.match(
    told?.sentence ?? '',
    /announces "Entrust Root Certification Authority – G2" for production, current, api now/,
  );
});

test('a root that is sent and has another fingerprint than is announced is not known by its name', async () => {
  assert.equal((await toldOf('Entrust Root Certification Authority - G2', { isRootSent: true })).length, 1);
});
