// What a record of evidence is as an arrival.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileCatalogue, loadCatalogueFolder, type ScidEvidence } from '@headgate/contract';
import { caisoCatalogue } from '@headgate/testkit';
import { evidenceRecord } from '../start/evidence-record.fixture.ts';
import { createDecoders } from './decode-arrival.ts';

test('a record that says for which SCID a call was proven counts over it, and any other over none', async () => {
  const loaded = await loadCatalogueFolder(caisoCatalogue);
  assert.ok(loaded.ok);
  const decode = createDecoders(compileCatalogue(loaded.catalogue)).evidence();
  const scidOf = (scid: Partial<ScidEvidence> | null | undefined) => {
    const admission = { admitted: true, participant: 'alpha-energy', scid };
    const decoded = decode(JSON.stringify({ ...evidenceRecord({ system: 'CMRI' }), admission }));
    assert.equal(decoded.kind, 'arrival');
    return decoded.kind === 'arrival' ? decoded.arrival.subject.scid : null;
  };
  assert.equal(scidOf({ outcome: 'proven', value: 'HPA1' }), 'HPA1');
  assert.equal(scidOf({ outcome: 'foreign', value: 'HPA1' }), undefined);
  assert.equal(scidOf({ outcome: 'absent', value: null }), undefined);
  assert.equal(scidOf(null), undefined);
  assert.equal(scidOf(undefined), undefined, 'a record of before there was such a member');
});
