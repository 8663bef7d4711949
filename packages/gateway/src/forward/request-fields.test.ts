import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../config.ts';
import type { Exchange } from '../exchange.ts';
import type { HeadPieces } from '../http1/write-joined.ts';
import type { Principal } from '../identity/identify.ts';
import { createIdentityFields } from '../identity-fields.ts';
import { fieldsOf } from '../listener/framing.ts';
import { requestHead } from './request-fields.ts';

const identityFields = createIdentityFields(configSchema.shape.identityFields.parse(undefined));
const exchangeOf = (rawFields: readonly string[], source = '192.0.2.1') =>
  ({
    id: 'our-id',
    request: {
      method: 'POST',
      target: '/a',
      httpVersion: '1.1',
      host: 'ws.example',
      authority: 'ws.example:8443',
      fields: fieldsOf(rawFields.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text))),
    },
    connection: { source, secure: true },
    serving: { identityFields },
    headMemo: {},
    callerMemo: {},
  }) as unknown as Exchange;
const principalOf = (subject: string) =>
  ({ certificate: { subject }, certificateDer: new Uint8Array([1, 2, 3]), chainDer: [] }) as unknown as Principal;
const noBody = { kind: 'none' } as const;

const textOf = (pieces: HeadPieces) =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1'))).join('');

/** The fields of a head, which must be one request line, field lines and an empty line. */
function fieldsIn(head: HeadPieces): [string, string][] {
  const [line, ...rest] = textOf(head).split('\r\n');
  assert.equal(line, 'POST /a HTTP/1.1');
  assert.deepEqual(rest.splice(-2), ['', '']);
  return rest.map((field) => {
    const [name = '', value = ''] = field.split(/: (.*)/s);
    return [name, value];
  });
}

test('a subject of any letters becomes a field value that can be sent, and decodes to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (subject) => {
      const fields = new Map(fieldsIn(requestHead(exchangeOf([]), principalOf(subject), noBody)));
      assert.match(fields.get('ct-remote-user') ?? '', /^[\x20-\x7e]*$/);
    }),
  );
  const said = new Map(fieldsIn(requestHead(exchangeOf([]), principalOf('CN=Ω𝒜,O=É'), noBody))).get('ct-remote-user');
  assert.equal(decodeURIComponent(said ?? ''), 'CN=Ω𝒜,O=É');
});

test('half a letter in a subject is no defect', () => {
  assert.doesNotThrow(() => requestHead(exchangeOf([]), principalOf('CN=\ud800x'), noBody));
});

test('an IPv6 source stands in brackets and quotes in Forwarded', () => {
  const fields = new Map(fieldsIn(requestHead(exchangeOf([], '2001:db8::1'), principalOf('x'), noBody)));
  assert.equal(fields.get('forwarded'), 'for="[2001:db8::1]";host="ws.example:8443";proto=https');
});

test('Via of others is kept and ours is added', () => {
  const fields = new Map(fieldsIn(requestHead(exchangeOf(['Via', '1.0 a', 'Via', '1.1 b']), principalOf('x'), noBody)));
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
      const seven = { kind: 'bytes', bytes: new Uint8Array(7) } as const;
      const fields = fieldsIn(requestHead(exchangeOf(pairs.flat()), principalOf('CN=me'), seven));
      for (const [own, said] of [
        ['client-cert', ':AQID:'],
        ['ct-remote-user', 'CN=me'],
        ['headgate-exchange', 'our-id'],
        ['host', 'ws.example:8443'],
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

test('a second request with the same head differs only in its exchange id and length', () => {
  const exchange = exchangeOf(['x-a', '1']);
  const principal = principalOf('CN=me');
  const first = requestHead(exchange, principal, noBody);
  const second = requestHead({ ...exchange, id: 'other-id' }, principal, { kind: 'bytes', bytes: new Uint8Array(2) });
  assert.equal(textOf(second).replace('other-id', 'our-id').replace('content-length: 2\r\n', ''), textOf(first));
});

test('a head that was remembered for one caller is not sent for another', () => {
  const exchange = exchangeOf([]);
  requestHead(exchange, principalOf('CN=first'), noBody);
  assert.match(textOf(requestHead(exchange, principalOf('CN=second'), noBody)), /ct-remote-user: CN=second/);
});

test('what was remembered of a caller at one host is not sent to another', () => {
  const exchange = exchangeOf([]);
  const principal = principalOf('CN=me');
  requestHead(exchange, principal, noBody);
  const request = { ...exchange.request, authority: 'other.example' };
  const fields = new Map(fieldsIn(requestHead({ ...exchange, request, headMemo: {} }, principal, noBody)));
  assert.equal(fields.get('forwarded'), 'for=192.0.2.1;host="other.example";proto=https');
  assert.equal(fields.get('x-forwarded-host'), 'other.example');
});
