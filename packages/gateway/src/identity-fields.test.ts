// What a back end is told of a caller, kind by kind, from a certificate made for the test.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { createTestAuthority, readCertificate } from '@headgate/pki';
import { type IdentityValue, identityValues } from './config-identity.ts';
import type { Principal } from './identity/identify.ts';
import { createIdentityFields } from './identity-fields.ts';

const authority = await createTestAuthority({ nowMs: Date.UTC(2026, 5, 1) });
const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'Alpha Co', keyType: 'ec-p256' });
const issuing = new X509Certificate(authority.trustBundlePem('current', 'user').intermediatesPem);
const facts = readCertificate(user.certificateDer);
const principal = {
  certificate: facts,
  certificateDer: user.certificateDer,
  chainDer: [issuing.raw],
  enrolment: { participant: { id: 'alpha' } },
} as unknown as Principal;

const said = (value: IdentityValue, whose = principal): string | undefined =>
  createIdentityFields([{ name: 'X-Caller', value }]).of(whose)[0]?.[1];

describe('a back end is told', () => {
  const base64 = Buffer.from(user.certificateDer).toString('base64');
  const expected: Readonly<Record<IdentityValue, string>> = {
    certificate: `:${base64}:`,
    chain: `:${issuing.raw.toString('base64')}:`,
    subject: 'CN=ALPHAx0001,OU=people,O=Alpha Co,C=US',
    issuer: facts.issuer,
    'common-name': 'ALPHAx0001',
    serial: facts.serial,
    fingerprint: user.fingerprint256,
    'not-after': '2027-06-01T00:00:00.000Z',
    participant: 'alpha',
    'der-base64': base64,
    'pem-url-encoded': encodeURIComponent(user.certificatePem),
    verified: 'SUCCESS',
  };
  for (const value of identityValues)
    test(`${value} as it is in the certificate`, () => assert.equal(said(value), expected[value]));
});

test('a chain of several intermediates is one list, from the issuer on', () => {
  const chainDer = [new Uint8Array([1]), new Uint8Array([2])];
  assert.equal(said('chain', { ...principal, chainDer }), ':AQ==:, :Ag==:');
});

test('what a caller does not have is left out', () => {
  assert.equal(said('chain', { ...principal, chainDer: [] }), undefined);
  assert.equal(said('participant', { ...principal, enrolment: null }), undefined);
  assert.equal(said('common-name', { ...principal, certificate: { ...facts, subject: 'O=Alpha' } }), undefined);
  const anonymous = { ...principal, certificate: null, certificateDer: null, chainDer: [] };
  for (const value of identityValues) assert.equal(said(value, anonymous), undefined, value);
});

test('a name is sent in lower case, and is nobody else’s in any spelling', () => {
  const fields = createIdentityFields([{ name: 'X-Market_Caller', value: 'serial' }]);
  assert.deepEqual(fields.of(principal), [['x-market_caller', facts.serial]]);
  for (const name of ['x-market_caller', 'x.market.caller', 'xmarketcaller', 'client-cert', 'ct_remote_user'])
    for (const time of ['at first', 'again']) assert.ok(fields.claims(name), `${name} ${time}`);
  for (const name of ['x-market', 'soapaction']) assert.ok(!fields.claims(name), name);
});

test('however many names callers think of, each is judged for itself', () => {
  const fields = createIdentityFields([]);
  for (let at = 0; at < 5_000; at += 1) assert.ok(!fields.claims(`x-${at}`));
  assert.ok(fields.claims('client-cert'));
});
