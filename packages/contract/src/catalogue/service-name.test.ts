import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ServiceNaming } from './model.ts';
import { operationByVerb, readServiceName } from './service-name.ts';

const naming: ServiceNaming = {
  verbs: [
    { prefix: 'Submit', operation: 'submit' },
    { prefix: 'Retrieve', operation: 'retrieve' },
  ],
  attachmentSuffix: '_DocAttach',
  endSuffix: '_AP',
  source: 'deck p. 21',
};

const forms = [
  ['RetrieveMarketAwards_CMRIv4_AP', 'RetrieveMarketAwards', 'CMRI', 4, false],
  ['RetrieveSchedulePrices_CMRIv3_DocAttach_AP', 'RetrieveSchedulePrices', 'CMRI', 3, true],
  ['RetrieveSchedulePrices_CMRIv3_AP_DocAttach', 'RetrieveSchedulePrices', 'CMRI', 3, true],
  ['SubmitMeterData_DocAttach', 'SubmitMeterData', null, null, true],
  ['retrieveRawBidSet_v4', 'retrieveRawBidSet', null, 4, false],
  ['retrieveRawBidSet_v4_DocAttach', 'retrieveRawBidSet', null, 4, true],
  ['SubmitGeneratorRDT', 'SubmitGeneratorRDT', null, null, false],
] as const;

for (const [text, base, tag, version, docAttach] of forms) {
  test(`${text} is read as ${base}`, () => {
    assert.deepEqual(readServiceName(text, naming), { base, tag, version, docAttach });
  });
}

test('a name with the attachment mark twice, with a slash, or longer than 200 characters is no service name', () => {
  for (const text of ['X_DocAttach_AP_DocAttach', 'a/RetrieveX', '', '_AP', `R${'x'.repeat(200)}`, 'Retrieve%58']) {
    assert.equal(readServiceName(text, naming), null, text);
  }
});

test('the attachment mark means the same before and after the end suffix', () => {
  const part = fc.stringMatching(/^[A-Z][a-z]{1,10}$/);
  fc.assert(
    fc.property(part, part, fc.integer({ min: 1, max: 99 }), (thing, system, version) => {
      const stem = `Retrieve${thing}_${system}v${version}`;
      assert.deepEqual(
        readServiceName(`${stem}_DocAttach_AP`, naming),
        readServiceName(`${stem}_AP_DocAttach`, naming),
      );
    }),
  );
});

test('the verb gives the class in any letter case', () => {
  assert.equal(operationByVerb('retrieveRawBidSet', naming), 'retrieve');
  assert.equal(operationByVerb('SUBMITRAWBIDSET', naming), 'submit');
  assert.equal(operationByVerb('DeleteEverything', naming), null);
});
