import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import test from 'node:test';
import { operationOf, testIdentities } from '../test-server.fixture.ts';
import { currentCredential, expiryWarningMs } from './current-credential.ts';
import { type CredentialFiles, credentialBytesMax, loadCredential } from './load-credential.ts';

const { user, authority } = await testIdentities();
const files: CredentialFiles = { certificate: user.certificatePem, key: user.keyPem };

test('the username is the subject of the certificate, most specific attribute first', () => {
  assert.equal(loadCredential(files).username, 'CN=ALPHAx0001,OU=people,O=CAISO,C=US');
});

test('one file may hold the certificate and the key', () => {
  const both = Buffer.from(`${user.keyPem}\n${user.certificatePem}`);
  assert.equal(loadCredential({ certificate: both, key: both }).fingerprint256, user.fingerprint256);
});

test('a PKCS#12 file is refused with the command that converts it', () => {
  const pkcs12 = Uint8Array.of(0x30, 0x82, 0x01, 0x00);
  assert.throws(
    () => loadCredential({ certificate: pkcs12, key: pkcs12 }),
    (error: { code: string; fix: string }) => {
      assert.equal(error.code, 'credential.unsupported_format');
      return error.fix.includes('openssl pkcs12');
    },
  );
});

test('an encrypted key opens with its passphrase and is refused without', () => {
  const passphrase = 'correct horse';
  const key = createPrivateKey(user.keyPem).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  assert.equal(loadCredential({ ...files, key: key.toString(), passphrase }).username, user.subject);
  assert.throws(() => loadCredential({ ...files, key: key.toString() }), {
    code: 'credential.unreadable',
    message: /passphrase/,
  });
});

test('the key of another certificate is refused', async () => {
  const other = await authority.user('current', { name: 'BRAVOx0002', organisation: 'CAISO' });
  assert.throws(() => loadCredential({ ...files, key: other.keyPem }), { code: 'credential.key_mismatch' });
});

test('text that is no PEM, damaged PEM and an oversized file are refused as unreadable', () => {
  const damaged = user.certificatePem.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  for (const certificate of ['nothing', damaged, Buffer.alloc(credentialBytesMax + 1, 0x2d)]) {
    assert.throws(() => loadCredential({ ...files, certificate }), { code: 'credential.unreadable' });
  }
});

const credential = loadCredential(files);
const operation = operationOf();
const holder = (differences = {}) => ({ credential, allowExpired: false, onExpiryWarning: () => {}, ...differences });

test('an expired certificate is refused before anything is sent, and sent when the caller insists', () => {
  const afterMs = credential.notAfterMs + 1;
  assert.throws(() => currentCredential(holder(), operation, afterMs), {
    code: 'credential.expired',
    message: /CN=ALPHAx0001/,
  });
  assert.equal(currentCredential(holder({ allowExpired: true }), operation, afterMs), credential);
});

test('the last instant of a certificate is still valid', () => {
  assert.equal(currentCredential(holder(), operation, credential.notAfterMs), credential);
});

test('a certificate that begins later is refused', () => {
  const code = 'credential.not_yet_valid';
  assert.throws(() => currentCredential(holder(), operation, credential.notBeforeMs - 1), { code });
});

test('a warning is given in the last thirty days and not before', () => {
  const said: string[] = [];
  const onExpiryWarning = (sentence: string) => said.push(sentence);
  currentCredential(holder({ onExpiryWarning }), operation, credential.notAfterMs - expiryWarningMs - 1);
  assert.equal(said.length, 0);
  currentCredential(holder({ onExpiryWarning }), operation, credential.notAfterMs - expiryWarningMs);
  assert.match(said.join(), /expires on .*, in 30 days/);
});

test('a public query needs no certificate, and everything else does', () => {
  assert.equal(currentCredential(holder({ credential: null }), operationOf({ needsCredential: false }), 0), null);
  assert.throws(() => currentCredential(holder({ credential: null }), operation, 0), { code: 'credential.missing' });
});
