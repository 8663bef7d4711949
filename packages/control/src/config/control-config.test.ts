import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sayFinding } from '@headgate/contract';
import { parseControlConfig } from './control-config.ts';

const head = `
tls: { certificate: control.pem, key: control.key }
trust: { anchors: anchors.pem }
store: { folder: state }
`;
const print = 'ab'.repeat(32);

function findingsOf(text: string): readonly string[] {
  const parsed = parseControlConfig('control.yaml', `${head}${text}`);
  return parsed.ok ? [] : parsed.findings.map(sayFinding);
}

test('a fingerprint is taken as openssl prints it', () => {
  const written = print.toUpperCase().replace(/..(?=.)/g, '$&:');
  const parsed = parseControlConfig(
    'control.yaml',
    `${head}accounts: [{ name: desk, roles: [operator], fingerprints: ["${written}"] }]\n`,
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.config.accounts[0]?.fingerprints, [print]);
  assert.deepEqual(parsed.config.listen, { address: '127.0.0.1', port: 9_443 });
});

test('a misspelt key is refused with its place and the key that is meant', () => {
  assert.deepEqual(findingsOf('acounts: []\n'), [
    'control.yaml:5:1 acounts: found unknown key `acounts`; expected `accounts`',
  ]);
});

test('roles of a participant need a participant, and roles of the operator have none', () => {
  const accounts = (entry: string) => findingsOf(`accounts:\n  - ${entry}\n`);
  assert.match(
    accounts('{ name: a, roles: [participant-reader] }')[0] ?? '',
    /^control\.yaml:6:5 accounts\.0: .*`participant`/,
  );
  assert.match(accounts('{ name: a, roles: [operator], participant: p }')[0] ?? '', /accounts\.0\.participant/);
  assert.match(
    accounts('{ name: a, roles: [operator, participant-reader], participant: p }')[0] ?? '',
    /accounts\.0\.roles/,
  );
  assert.match(accounts('{ name: a, roles: [node] }')[0] ?? '', /accounts\.0\.roles\.0/);
});

test('a name and a certificate stand once: two accounts of one certificate would be decided by their order', () => {
  const twice = findingsOf(
    `accounts:\n  - { name: a, roles: [operator], fingerprints: [${print}] }\n  - { name: a, roles: [support] }\n` +
      `nodes:\n  - { name: a, fingerprints: [${print}] }\n`,
  );
  assert.equal(twice.length, 2);
  assert.match(twice[0] ?? '', /^control\.yaml:7:\d+ accounts\.1\.name: found a again; expected each name once$/);
  assert.match(twice[1] ?? '', /^control\.yaml:9:\d+ nodes\.0\.fingerprints\.0: found abababababababab again/);
});
