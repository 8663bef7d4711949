import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { certificateBytesMax, readCertificate } from './certificate-facts.ts';
import { createKeyPair, makeExtension } from './certificate-maker.ts';
import { dayMs, makeIntermediate, makeLeaf, makeRoot, nowMs } from './hierarchy.fixture.ts';
import { UnreadableCertificate } from './unreadable-certificate.ts';

const root = await makeRoot();
const leaf = await makeLeaf(root, { subject: [{ C: 'US' }, { O: 'CAISO' }, { OU: 'people' }, { CN: 'ALPHAx0001' }] });

test('a subject is printed most specific attribute first', () => {
  assert.equal(leaf.facts.subject, 'CN=ALPHAx0001,OU=people,O=CAISO,C=US');
  assert.equal(leaf.facts.issuer, 'CN=Test Root,O=Headgate Test,C=US');
});

test('the facts agree with what OpenSSL reads', () => {
  const certificate = new X509Certificate(leaf.der);
  assert.equal(leaf.facts.fingerprint256, certificate.fingerprint256.replaceAll(':', '').toLowerCase());
  assert.equal(leaf.facts.serial, certificate.serialNumber);
  assert.equal(leaf.facts.notBeforeMs, certificate.validFromDate.getTime());
  assert.equal(leaf.facts.notAfterMs, certificate.validToDate.getTime());
  assert.equal(leaf.facts.keyAlgorithm, certificate.publicKey.asymmetricKeyType);
  assert.deepEqual(leaf.facts.extendedKeyUsages, certificate.keyUsage);
  assert.equal(leaf.facts.isAuthority, certificate.ca);
});

test('an authority shows its path length and key usages', async () => {
  const { facts } = await makeIntermediate(root, 'Test Issuing', { authority: { pathLength: 0 } });
  assert.equal(facts.isAuthority, true);
  assert.equal(facts.pathLength, 0);
  assert.deepEqual(facts.keyUsages, ['keyCertSign', 'cRLSign']);
  assert.equal(facts.version, 3);
});

test('an RSA key shows the bits of its modulus', async () => {
  const { facts } = await makeLeaf(root, { key: await createKeyPair('rsa-2048') });
  assert.deepEqual([facts.keyAlgorithm, facts.keyBits], ['rsa', 2048]);
});

test('host names and addresses are printed with their kind', async () => {
  const { facts } = await makeLeaf(root, { hostNames: ['ws.example.org', '127.0.0.1', '2001:db8::1'] });
  assert.deepEqual(facts.subjectAltNames, ['DNS:ws.example.org', 'IP:127.0.0.1', 'IP:2001:db8::1']);
});

test('a date past 2049 is read from its four-digit year', async () => {
  const notAfterMs = Date.UTC(2061, 0, 2, 3, 4, 5);
  assert.equal((await makeLeaf(root, { notAfterMs })).facts.notAfterMs, notAfterMs);
});

test('a name cannot forge a second attribute or a second line', async () => {
  const { facts } = await makeLeaf(root, { subject: [{ CN: 'A,OU=people\r\nx: y\u202e' }] });
  assert.equal(facts.subject, 'CN=A\\,OU=people\\0d\\0ax: y\\e2\\80\\ae');
});

test('an absent extension is null, not empty', async () => {
  const { keyUsages, extendedKeyUsages } = (
    await makeLeaf(root, {
      keyUsages: undefined,
      extendedKeyUsages: undefined,
    })
  ).facts;
  assert.deepEqual([keyUsages, extendedKeyUsages], [null, null]);
});

test('an extension that appears twice makes a certificate unreadable', async () => {
  const again = makeExtension('2.5.29.19', true, Uint8Array.of(0x30, 0x03, 0x01, 0x01, 0xff));
  await assert.rejects(makeLeaf(root, { extensions: [again] }), UnreadableCertificate);
});

test('bytes after a certificate make it unreadable', () => {
  assert.throws(() => readCertificate(Buffer.concat([leaf.der, Buffer.of(0)])), UnreadableCertificate);
});

test('PEM is not DER', () => {
  assert.throws(() => readCertificate(Buffer.from(leaf.pem)), UnreadableCertificate);
});

test('more bytes than the bound are refused unread', () => {
  assert.throws(() => readCertificate(Buffer.alloc(certificateBytesMax + 1)), /at most 65536/);
});

test('random bytes are unreadable and nothing worse', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      assert.throws(() => readCertificate(bytes), UnreadableCertificate);
    }),
    { numRuns: 500 },
  );
});

test('a certificate cut short anywhere is unreadable and nothing worse', () => {
  for (let length = 0; length < leaf.der.length; length += 1) {
    assert.throws(() => readCertificate(leaf.der.subarray(0, length)), UnreadableCertificate);
  }
});

test('a certificate with changed bytes is read or unreadable and nothing worse', () => {
  const change = fc.record({ at: fc.nat(leaf.der.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(leaf.der);
      for (const { at, byte } of changes) bytes[at] = byte;
      try {
        readCertificate(bytes);
      } catch (error) {
        assert.ok(error instanceof UnreadableCertificate, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('dates survive the making and the reading to the second', async () => {
  const second = fc.integer({ min: 0, max: 100 * 365 * 86_400 }).map((offset) => Date.UTC(1990, 0, 1) + offset * 1_000);
  await fc.assert(
    fc.asyncProperty(second, async (notAfterMs) => {
      const { facts } = await makeLeaf(root, { key: root.signer.key, notBeforeMs: nowMs - dayMs, notAfterMs });
      assert.equal(facts.notAfterMs, notAfterMs);
    }),
    { numRuns: 40 },
  );
});
