import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attributeOf, comparableName, parseDistinguishedName } from './name-attributes.ts';

const dn = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';

test('a name is read into its relative names, in the order written', () => {
  assert.deepEqual(parseDistinguishedName('CN=a+UID=b,O=c'), [
    [
      { type: 'CN', value: 'a' },
      { type: 'UID', value: 'b' },
    ],
    [{ type: 'O', value: 'c' }],
  ]);
});

test('spellings of older writers mean the same name', () => {
  for (const written of [
    'CN=ALPHAx0001, OU=people, O=CAISO, C=US',
    'cn = alphax0001 ; ou = people ; o = caiso ; c = us',
    'OID.2.5.4.3=ALPHAx0001,OU=people,O=CAISO,C=US',
    '2.5.4.3=ALPHAx0001,OU="people",O=CAISO,C=US',
    'CN=\\41LPHAx0001,OU=people,O=CAISO,C=US',
    'CN=ALPHAx0001,OU=people  ,O=CAISO,C=US',
  ])
    assert.equal(comparableName(written), comparableName(dn), written);
  assert.equal(comparableName('OID.2.5.4.5=7,CN=a'), comparableName('SerialNumber=7,CN=a'));
  assert.equal(comparableName('S=Ohio,E=a@b'), comparableName('ST=Ohio,emailAddress=a@b'));
  assert.equal(comparableName('CN=a+UID=b'), comparableName('UID=b+CN=a'));
});

test('other names stay other names', () => {
  for (const other of [
    'CN=ALPHAx0002,OU=people,O=CAISO,C=US',
    'OU=people,CN=ALPHAx0001,O=CAISO,C=US',
    'CN=ALPHAx0001,OU=people,O=CAISO',
    'CN=ALPHAx0001\\,OU=people,O=CAISO,C=US',
    'CN=ALPHAx0001\\20,OU=people,O=CAISO,C=US,DC=x',
    'CN=ALPHAx0001+OU=people,O=CAISO,C=US',
  ])
    assert.notEqual(comparableName(other), comparableName(dn), other);
});

test('text that is no distinguished name is none', () => {
  for (const text of ['', 'ALPHAx0001', 'CN', '=a', 'CN=a,', 'CN="a', 'CN="a"b', 'CN=a\\', `CN=${'a'.repeat(2_000)}`])
    assert.equal(parseDistinguishedName(text), null, text.slice(0, 40));
});

test('escaped separators, quotes and spaces belong to the value', () => {
  assert.equal(attributeOf('CN=a\\,b\\+c\\"d\\\\e\\ ,O=f', 'CN'), 'a,b+c"d\\e ');
  assert.equal(attributeOf('CN="a, b=c; d",O=f', 'CN'), 'a, b=c; d');
  assert.equal(attributeOf('CN=\\c3\\89,O=f', 'CN'), 'É');
  assert.equal(attributeOf('O=f', 'CN'), null);
});

test('no text makes reading throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom('', 'CN=', 'CN=a,O='), (text, before) => {
      parseDistinguishedName(`${before}${text}`);
    }),
  );
});
