import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toKeyPem } from './certificate-maker.ts';
import { makeIntermediate, makeRoot } from './hierarchy.fixture.ts';
import { createTrustBundle, UnreadableTrustBundle } from './trust-bundle.ts';

const root = await makeRoot();
const otherRoot = await makeRoot('Other Root');
const intermediate = await makeIntermediate(root);

function faultOf(anchorsPem: string, intermediatesPem = ''): UnreadableTrustBundle {
  try {
    createTrustBundle({ name: 'users', anchorsPem, intermediatesPem });
  } catch (error) {
    if (error instanceof UnreadableTrustBundle) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'The bundle was read.' });
}

test('a file may hold several certificates and text between them', () => {
  const bundle = createTrustBundle({
    name: 'users',
    anchorsPem: `# the first\n${root.pem}\nthe second:\n${otherRoot.pem.replaceAll('\n', '\r\n')}`,
    intermediatesPem: intermediate.pem,
  });
  assert.deepEqual(bundle.anchors, [root.facts, otherRoot.facts]);
  assert.deepEqual(bundle.intermediates, [intermediate.facts]);
});

test('a certificate that is listed twice is held once, as an anchor', () => {
  const bundle = createTrustBundle({ name: 'users', anchorsPem: root.pem + root.pem, intermediatesPem: root.pem });
  assert.equal(bundle.anchors.length, 1);
  assert.equal(bundle.intermediates.length, 0);
});

test('an authority is found by its name whatever the case', () => {
  const bundle = createTrustBundle({ name: 'users', anchorsPem: root.pem });
  assert.equal(bundle.withSubject(root.facts.subject.toUpperCase()).length, 1);
  assert.equal(bundle.withSubject('CN=Nobody').length, 0);
});

test('a damaged certificate is named by file, number and line', () => {
  const damaged = root.pem.replace('MII', 'MIA');
  const fault = faultOf(root.pem, `${intermediate.pem}${damaged}`);
  const lineNumber = intermediate.pem.split('\n').length;
  assert.deepEqual([fault.bundle, fault.file, fault.certificateNumber], ['users', 'intermediates', 2]);
  assert.equal(fault.lineNumber, lineNumber);
  assert.match(fault.message, /^Trust bundle `users`, intermediates file, certificate 2, line \d+: /);
});

test('a block whose base64 lost a character is refused, not shortened', () => {
  assert.match(faultOf(root.pem.replace('MII', 'M*I')).message, /not the base64 of one certificate/);
});

test('a certificate without its END line is refused', () => {
  assert.match(faultOf(root.pem.replace(/-----END.*/, '')).message, /certificate 1, line 1: .*no END line/);
});

test('a second BEGIN line inside a block is refused', () => {
  assert.match(faultOf(root.pem.replace(/-----END.*\n/, '') + otherRoot.pem).message, /BEGIN line stands out of order/);
});

test('a private key in a trust file is refused', () => {
  assert.match(faultOf(root.pem + toKeyPem(root.signer.key)).message, /private key\. Remove it/);
});

test('a bundle without an anchor is refused', () => {
  assert.match(faultOf('', intermediate.pem).message, /anchors file.*no certificate/);
});

test('a file over the bound is refused unread', () => {
  assert.match(faultOf(' '.repeat(4 * 1024 * 1024 + 1)).message, /over 4194304 characters/);
});

test('more than 1,000 certificates are refused', () => {
  assert.match(faultOf(root.pem.repeat(1_001)).message, /more than 1000 certificates/);
});
