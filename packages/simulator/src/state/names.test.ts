import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameName } from './names.ts';

for (const [left, right, isSame] of [
  ['CN=Ax0001,OU=people,O=CAISO,C=US', 'CN=Ax0001, OU=people, O=CAISO, C=US', true],
  ['CN=Ax0001,OU=people,O=CAISO,C=US', 'C=US, O=CAISO, OU=people, CN=Ax0001', true],
  ['serialNumber=7,CN=A', 'OID.2.5.4.5=7, CN=A', true],
  ['CN=A,O=Example Power', 'CN=A, O=ExamplePower', true],
  ['CN=A', 'CN=a', false],
  ['CN=A,O=X', 'CN=A', false],
  ['CN=A\\,O=X', 'CN=A,O=X', false],
  ['', '', false],
] as const) {
  test(`"${left}" and "${right}" are ${isSame ? 'the same name' : 'not the same name'}`, () => {
    assert.equal(isSameName(left, right), isSame);
  });
}
