// Made with the openssl program, because the certificate maker cannot make certificates this bad.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isStrongKey, isStrongSignature } from './algorithms.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { judgePath } from './judge.ts';
import { buildPath } from './path.ts';
import { createTrustBundle } from './trust-bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'headgate-pki-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

function readMade(file: string): X509Certificate {
  return new X509Certificate(readFileSync(join(folder, file)));
}

function selfSigned(...options: readonly string[]): CertificateFacts {
  openssl('req', '-x509', '-nodes', '-subj', '/CN=Made', '-keyout', 'key.pem', '-out', 'made.pem', ...options);
  return readCertificate(readMade('made.pem').raw);
}

test('a certificate signed over MD5 is refused', { skip }, () => {
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=R', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=L', '-keyout', 'leaf.key', '-out', 'leaf.csr');
  openssl('x509', '-req', '-md5', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-out', 'leaf.pem');
  const bundle = createTrustBundle({ name: 'md5', anchorsPem: readFileSync(join(folder, 'ca.pem'), 'utf8') });
  const leaf = readMade('leaf.pem');
  const verdict = judgePath(buildPath(leaf.raw, bundle), leaf.validFromDate.getTime(), 'clientAuth');
  assert.equal(!verdict.accepted && verdict.check, 'weak_signature');
});

test('the hash of an RSASSA-PSS signature is read from its parameters', { skip }, () => {
  const pss = ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss'];
  const strong = selfSigned(...pss, '-sha256');
  const weak = selfSigned(...pss, '-sha1');
  assert.deepEqual([strong.signatureAlgorithm, strong.signatureHash], ['rsassaPss', 'sha256']);
  assert.deepEqual([weak.signatureAlgorithm, weak.signatureHash], ['rsassaPss', 'sha1']);
});

test('an Ed25519 certificate is strong in key and signature', { skip }, () => {
  const facts = selfSigned('-newkey', 'ed25519');
  assert.equal(facts.keyAlgorithm, 'ed25519');
  assert.ok(isStrongKey(facts) && isStrongSignature(facts));
});

test('a curve spelt out in parameters has no strength, whatever its size', { skip }, () => {
  const facts = selfSigned('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit');
  assert.deepEqual([facts.keyAlgorithm, facts.keyBits], ['ec', 0]);
  assert.equal(isStrongKey(facts), false);
});
