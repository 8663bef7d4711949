import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { readCertificate } from './certificate-facts.ts';
import { judgePath, type Verdict } from './judge.ts';
import { buildPath } from './path.ts';
import { createTestAuthority, createTestIssuer, type Family, type Side, type TestUser } from './test-authority.ts';
import { createTrustBundle, type TrustBundle } from './trust-bundle.ts';

// A real handshake knows no clock but the system's.
const nowMs = Date.now();
const startedMs = performance.now();
const authority = await createTestAuthority({ nowMs });
const person = { name: 'ALPHAx0001', organisation: 'CAISO' };
const [user, currentUser, ...otherUsers] = await Promise.all([
  authority.user('legacy', person),
  authority.user('current', person),
  authority.expiredUser('current', person),
  authority.notYetValidUser('current', person),
  authority.strangerUser(person),
  authority.user('current', { ...person, keyType: 'ec-p256' }),
]);
const [expiredUser, earlyUser, stranger, ellipticUser] = otherUsers;
const servers = await Promise.all(
  Array.from({ length: 10 }, (_, index) => authority.serverChain('current', [`ws${index}.example.org`, '127.0.0.1'])),
);
const tookMs = Math.round(performance.now() - startedMs);
const [server = await authority.serverChain('current', ['ws.example.org'])] = servers;

const folder = mkdtempSync(join(tmpdir(), 'headgate-pki-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const withoutOpenSsl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

function bundleFor(family: Family, side: Side): TrustBundle {
  return createTrustBundle({ name: `${family} ${side}`, ...authority.trustBundlePem(family, side) });
}

function verdictOn({ certificateDer }: TestUser, family: Family): Verdict {
  return judgePath(buildPath(certificateDer, bundleFor(family, 'user')), nowMs, 'clientAuth');
}

function checkOf(verdict: Verdict): string {
  return verdict.accepted ? 'accepted' : verdict.check;
}

function writePem(name: string, pem: string): string {
  const file = join(folder, name);
  writeFileSync(file, pem);
  return file;
}

function verifyWithOpenSsl(family: Family, side: Side, leafPem: string, options: readonly string[]): string {
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem(family, side);
  const files = ['-CAfile', writePem('root.pem', anchorsPem), '-untrusted', writePem('issuing.pem', intermediatesPem)];
  const leaf = writePem('leaf.pem', leafPem);
  return execFileSync('openssl', ['verify', '-x509_strict', ...options, ...files, leaf], { encoding: 'utf8' });
}

test('every certificate has a serial number of its own', (t) => {
  t.diagnostic(`an authority, six users and ten servers were made in ${tookMs} ms`);
  const ders = [user, currentUser, ...otherUsers].map(({ certificateDer }) => certificateDer);
  const leaves = servers.map(({ certificatePem }) => new X509Certificate(certificatePem).raw);
  assert.equal(new Set([...ders, ...leaves].map((der) => readCertificate(der).serial)).size, 16);
});

test("a user's subject has the operator's form", () => {
  assert.equal(user.subject, 'CN=ALPHAx0001,OU=people,O=CAISO,C=US');
  assert.equal(user.fingerprint256, readCertificate(user.certificateDer).fingerprint256);
  assert.ok(new X509Certificate(user.certificatePem).raw.equals(user.certificateDer));
});

test('a user has an RSA key of 2048 bits unless told otherwise', () => {
  assert.equal(readCertificate(user.certificateDer).keyBits, 2048);
  assert.equal(readCertificate(ellipticUser.certificateDer).keyAlgorithm, 'ec');
});

test('each family accepts its own users and no others', () => {
  assert.equal(checkOf(verdictOn(user, 'legacy')), 'accepted');
  assert.equal(checkOf(verdictOn(currentUser, 'current')), 'accepted');
  assert.equal(checkOf(verdictOn(user, 'current')), 'issuer_unknown');
  assert.equal(checkOf(verdictOn(currentUser, 'legacy')), 'issuer_unknown');
});

test('an expired, an early and a stranger user are refused as such', () => {
  assert.equal(checkOf(verdictOn(expiredUser, 'current')), 'expired');
  assert.equal(checkOf(verdictOn(earlyUser, 'current')), 'not_yet_valid');
  assert.equal(checkOf(verdictOn(stranger, 'current')), 'issuer_unknown');
});

test('a name or an organisation out of form is refused', async () => {
  await assert.rejects(authority.user('legacy', { ...person, name: 'ALPHA' }), /as in ALPHAx0001/);
  await assert.rejects(authority.user('legacy', { ...person, organisation: 'A,O=B' }), RangeError);
  await assert.rejects(authority.serverChain('legacy', []), RangeError);
});

test('serial numbers come from the source of random bytes that is passed in', async () => {
  const seeded = await createTestAuthority({ nowMs, random: (byteCount) => new Uint8Array(byteCount).fill(0xab) });
  const { certificateDer } = await seeded.user('legacy', { ...person, keyType: 'ec-p256' });
  assert.equal(readCertificate(certificateDer).serial, `6B${'AB'.repeat(15)}`);
});

test('OpenSSL accepts a user chain, strictly', { skip: withoutOpenSsl }, () => {
  assert.match(verifyWithOpenSsl('legacy', 'user', user.certificatePem, ['-purpose', 'sslclient']), /: OK/);
});

test('OpenSSL accepts a server chain for its host name, strictly', { skip: withoutOpenSsl }, () => {
  const options = ['-purpose', 'sslserver', '-verify_hostname', 'ws0.example.org'];
  assert.match(verifyWithOpenSsl('current', 'server', server.certificatePem, options), /: OK/);
});

interface Handshake {
  readonly clientAccepts: boolean;
  readonly verdict: Verdict;
}

async function shakeHands(user: TestUser, trust: string, servername: string): Promise<Handshake> {
  const listener = tls.createServer({
    cert: server.certificatePem,
    key: server.keyPem,
    requestCert: true,
    rejectUnauthorized: false,
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, 'secureConnection') as Promise<[tls.TLSSocket]>;
  const client = tls.connect({
    port,
    host: '127.0.0.1',
    servername,
    ca: trust,
    cert: user.certificatePem,
    key: user.keyPem,
    rejectUnauthorized: false,
  });
  try {
    const [[socket]] = await Promise.all([accepted, once(client, 'secureConnect')]);
    const leaf = socket.getPeerX509Certificate();
    assert.ok(leaf !== undefined);
    const verdict = judgePath(buildPath(leaf.raw, bundleFor('current', 'user')), Date.now(), 'clientAuth');
    socket.destroy();
    return { clientAccepts: client.authorized, verdict };
  } finally {
    client.destroy();
    listener.close();
  }
}

test('in a mutual handshake the client verifies the server chain and the server the user', async () => {
  const { anchorsPem } = authority.trustBundlePem('current', 'server');
  const { clientAccepts, verdict } = await shakeHands(currentUser, anchorsPem, 'ws0.example.org');
  assert.equal(clientAccepts, true);
  assert.equal(verdict.accepted && verdict.subject, currentUser.subject);
});

test('a client that trusts the other family, or asks for another name, does not accept the server', async () => {
  const legacy = authority.trustBundlePem('legacy', 'server').anchorsPem;
  const current = authority.trustBundlePem('current', 'server').anchorsPem;
  assert.equal((await shakeHands(currentUser, legacy, 'ws0.example.org')).clientAccepts, false);
  assert.equal((await shakeHands(currentUser, current, 'other.example.org')).clientAccepts, false);
});

test('a handshake completes for a stranger, and the verdict refuses them', async () => {
  const { anchorsPem } = authority.trustBundlePem('current', 'server');
  const { verdict } = await shakeHands(stranger, anchorsPem, 'ws0.example.org');
  assert.equal(checkOf(verdict), 'issuer_unknown');
});

test('an issuer that goes on elsewhere with the key of a family makes users of that family, and none with the key of another', async () => {
  const issuer = createTestIssuer(authority.userIssuer('legacy'), { nowMs });
  const user = await issuer.user({ name: 'ECHOx0009', organisation: 'EXAMPLE' });
  const judged = (family: Family) =>
    judgePath(buildPath(user.certificateDer, bundleFor(family, 'user')), nowMs, 'clientAuth');
  assert.equal(judged('legacy').accepted, true);
  assert.equal(checkOf(judged('current')), 'issuer_unknown');
  const { certificatePem } = authority.userIssuer('legacy');
  const { keyPem } = authority.userIssuer('current');
  assert.throws(() => createTestIssuer({ certificatePem, keyPem }, { nowMs }), /not that of the certificate/);
});
