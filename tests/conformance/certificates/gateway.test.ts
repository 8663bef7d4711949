// Kinds of chain shown to a real gateway over TLS: who is refused reads why in its own format.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProblemCode } from '@headgate/contract';
import { toKeyPem, toPem } from '@headgate/pki';
import { fakeClock, startTestGateway, type TestGateway } from '@headgate/testkit';
import { wordsOf } from '../gateway/told.ts';
import { type Expected, type KindName, kinds } from './kinds.ts';
import { recipesIn } from './recipes.ts';
import { createWorld, nowMs, pemOf, type Specimen, toSpecimen } from './world.ts';

const world = await createWorld();
const recipes = recipesIn(world);

/** A sample of every group that OpenSSL lets a caller show. */
const shown: readonly KindName[] = [
  'a leaf with an elliptic key in the current family',
  'a leaf with an RSA key in the legacy family',
  'a leaf with an Ed25519 key',
  'a leaf with an RSA key of 1024 bits',
  'a leaf below a P-224 authority',
  'a leaf signed over SHA-1 with RSA',
  'an issuing authority signed over SHA-1',
  'a leaf below six intermediates',
  'a leaf below seven intermediates',
  'a leaf of an authority that is in no bundle',
  'a leaf of the legacy family after its removal',
  'a leaf of the legacy family in the overlap',
  'a leaf that signed itself and claims the key identifier of the issuing authority',
  'a leaf with one bit of its signature changed',
  'a leaf issued by another leaf',
  'an intermediate below an authority of path length 0',
  'a good path beside one that has expired',
  'a mesh of fifty authorities of one name beside a good path',
  'an expired leaf',
  'a leaf that is not yet valid',
  'an expired issuing authority',
  'an expired root',
  'a leaf for servers alone',
  'a leaf below an authority for servers alone',
  'a leaf whose key may only transport keys',
  'a leaf whose key may sign certificates',
  'a leaf with a critical extension that nobody knows',
  'a leaf without an authority key identifier',
  'a leaf of version 1',
  'a leaf with an unknown extension twice',
  'a leaf with serial number 0',
  'a leaf with a negative serial number',
  'a leaf without a subject',
  'a leaf whose name has a NUL character',
  'a leaf whose end before 2050 is a GeneralizedTime',
  'a leaf whose basic constraints have TRUE written as 1',
  'a leaf whose subject is outside the permitted directory',
  'a leaf with an excluded DNS name',
  'a leaf without policies where its issuer requires one',
  'a revoked leaf',
  'a revoked leaf of the legacy family',
  'a leaf revoked by a delta',
  'a leaf whose hold a delta removed',
  'a leaf on a list in PEM',
  'a revoked issuing authority',
  'a leaf that is not on a list past its end, where such lists count',
  'a leaf that is not on a list past its end, where such lists do not count',
];

async function show(specimen: Specimen, call: Parameters<TestGateway['call']>[0] = {}) {
  const gateway = await startTestGateway({
    clock: fakeClock(nowMs),
    trustPem: { anchorsPem: pemOf(specimen.anchors), intermediatesPem: pemOf(specimen.intermediates) },
    crls: () => Object.fromEntries(specimen.lists.map((bytes, at) => [`${at}.crl`, bytes])),
    staleCrls: specimen.stale,
  });
  try {
    const user = { certificatePem: toPem(specimen.leaf.der), keyPem: toKeyPem(specimen.leaf.key) };
    // OpenSSL offers no weak certificate at its default level, as few clients of this market are set.
    const answer = await gateway.call({ user, ciphers: 'DEFAULT@SECLEVEL=0', ...call });
    return { answer, record: await gateway.recordOf(answer), forwarded: gateway.upstream.received.length };
  } finally {
    await gateway.close();
  }
}

function codeFor({ at, check }: Exclude<Expected, { accepted: true }>): ProblemCode {
  switch (check) {
    case 'issuer_unknown':
      return 'identity.issuer_unknown';
    case 'revocation_unknown':
      return 'identity.revocation_unknown';
    case 'expired':
    case 'not_yet_valid':
    case 'revoked':
      return at === 'leaf' ? `identity.certificate_${check}` : 'identity.authority_invalid';
    default:
      return at === 'leaf' ? 'identity.certificate_invalid' : 'identity.authority_invalid';
  }
}

describe('over TLS', () => {
  for (const name of shown) {
    const expected: Expected = kinds[name];
    test(`${name} is ${expected.accepted ? 'served' : 'told why it is not'}`, async () => {
      const specimen = toSpecimen(world, recipes[name]());
      const { answer, record, forwarded } = await show(specimen);
      assert.equal(record.identity?.verdict, expected.accepted ? 'accepted' : 'refused');
      assert.equal(forwarded, expected.accepted ? 1 : 0);
      if (expected.accepted) {
        assert.equal(answer.status, 200);
        return;
      }
      const told = wordsOf(answer, 'soap-1.1');
      assert.equal(told.code, codeFor(expected));
      assert.equal(record.response.refusal, told.code);
      assert.match(told.text, expected.says);
      assert.match(told.fix ?? '', /^[A-Z].*\.$/);
    });
  }
});

describe('a revoked leaf is told so', () => {
  const specimen = toSpecimen(world, recipes['a revoked leaf']());
  const says =
    /CN=ALPHAx0001,OU=people,O=CAISO,C=US .*serial [0-9A-F]{32}\) was revoked on 2026-05-29T00:00:00\.000Z \(key compromise\)/;

  test('in a SOAP 1.2 fault', async () => {
    const { answer } = await show(specimen, { fields: { 'content-type': 'application/soap+xml' }, body: soap12 });
    assert.match(wordsOf(answer, 'soap-1.2').text, says);
  });

  test('in problem+json', async () => {
    const { answer } = await show(specimen, {
      fields: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{}',
    });
    assert.match(wordsOf(answer, 'problem+json').text, says);
    assert.equal(answer.status, 403);
  });

  test('on a page', async () => {
    const { answer } = await show(specimen, {
      host: 'cmri.caiso.com',
      path: '/',
      method: 'GET',
      fields: { accept: 'text/html' },
    });
    assert.match(wordsOf(answer, 'html').text, says);
    assert.match(answer.body, /it is on the list of its issuer/);
  });
});

const soap12 =
  '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><RequestMarketAwards/></s:Body></s:Envelope>';
