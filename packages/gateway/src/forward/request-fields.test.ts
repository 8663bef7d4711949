import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Exchange } from '../exchange.ts';
import type { Principal } from '../identity/identify.ts';
import { fieldsOf } from '../listener/framing.ts';
import { requestFields } from './request-fields.ts';

const exchangeOf = (rawFields: readonly string[], source = '192.0.2.1') =>
  ({
    id: 'our-id',
    request: { httpVersion: '1.1', host: 'ws.example', fields: fieldsOf(rawFields) },
    connection: { source, secure: true },
  }) as unknown as Exchange;
const principalOf = (subject: string) =>
  ({ certificate: { subject }, certificateDer: new Uint8Array([1, 2, 3]) }) as unknown as Principal;

test('a subject of any letters becomes a field value that can be sent, and decodes to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (subject) => {
      const fields = new Map(requestFields(exchangeOf([]), principalOf(subject), null));
      assert.match(fields.get('ct-remote-user') ?? '', /^[\x20-\x7e]*$/);
    }),
  );
  const said = new Map(requestFields(exchangeOf([]), principalOf('CN=Ω𝒜,O=É'), null)).get('ct-remote-user');
  assert.equal(decodeURIComponent(said ?? ''), 'CN=Ω𝒜,O=É');
});

test('half a letter in a subject is no defect', () => {
  assert.doesNotThrow(() => requestFields(exchangeOf([]), principalOf('CN=\ud800x'), null));
});

test('an IPv6 source stands in brackets and quotes in Forwarded', () => {
  const fields = new Map(requestFields(exchangeOf([], '2001:db8::1'), principalOf('x'), null));
  assert.equal(fields.get('forwarded'), 'for="[2001:db8::1]";host="ws.example";proto=https');
});

test('Via of others is kept and ours is added', () => {
  const fields = new Map(requestFields(exchangeOf(['Via', '1.0 a', 'Via', '1.1 b']), principalOf('x'), null));
  assert.equal(fields.get('via'), '1.0 a, 1.1 b, 1.1 headgate');
});

test('whatever the caller sends, our names occur once and carry our values', () => {
  const name = fc.constantFrom(
    'Client-Cert',
    'client_cert',
    'CT-Remote-User',
    'Headgate-Exchange',
    'Host',
    'Content-Length',
    'X-Forwarded-For',
    'Connection',
    'X-Other',
    'Forwarded',
  );
  const value = fc.constantFrom('forged', 'client-cert', 'host, content-length', 'close');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (pairs) => {
      const fields = requestFields(exchangeOf(pairs.flat()), principalOf('CN=me'), 7);
      for (const [own, said] of [
        ['client-cert', ':AQID:'],
        ['ct-remote-user', 'CN=me'],
        ['headgate-exchange', 'our-id'],
        ['host', 'ws.example'],
        ['content-length', '7'],
        ['x-forwarded-for', '192.0.2.1'],
      ] as const)
        assert.deepEqual(
          fields.filter(([field]) => field === own).map(([, is]) => is),
          [said],
        );
      assert.ok(!fields.some(([field]) => field.includes('_') || field === 'connection'));
    }),
  );
});
