import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRefusal } from '@headgate/contract';
import fc from 'fast-check';
import type { RawRequestHead } from '../http1/request-head.ts';
import { fieldsOf, framingOf, readHead } from './framing.ts';

type Changes = Partial<Omit<RawRequestHead, 'fields'>> & { readonly rawFields?: readonly string[] };

/** A head as the parser leaves it: names in lower case, values trimmed. */
const raw = ({ rawFields = ['Host', 'ws.prod.caiso.com'], ...changes }: Changes = {}): RawRequestHead => ({
  method: 'POST',
  target: '/sst/cmri/x?a=1',
  httpVersion: '1.1',
  fields: rawFields.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text.replace(/^[ \t]+|[ \t]+$/g, ''))),
  ...changes,
});
const refused = (changes: Changes, code: string, found: RegExp) =>
  assert.throws(
    () => readHead(raw(changes)),
    (thrown) => isRefusal(thrown) && thrown.code === code && found.test(thrown.detail),
  );

describe('a plain head', () => {
  test('is read into host, path and query', () => {
    const head = readHead(raw({ rawFields: ['HOST', 'WS.Prod.caiso.com:443', 'X-A', ' b\t'] }));
    assert.equal(head.host, 'ws.prod.caiso.com');
    assert.equal(head.path, '/sst/cmri/x');
    assert.equal(head.query, 'a=1');
    assert.equal(head.fields.get('x-a'), 'b');
  });

  test('in absolute form takes host and target from the URL', () => {
    const head = readHead(raw({ target: 'HTTP://gate.example.net:80/a?b' }));
    assert.equal(head.host, 'gate.example.net');
    assert.equal(head.target, '/a?b');
    assert.equal(readHead(raw({ target: 'http://gate.example.net' })).target, '/');
  });

  test('of HTTP/1.0 may name no host', () => {
    assert.equal(readHead(raw({ httpVersion: '1.0', rawFields: [] })).host, '');
  });
});

describe('a head that two readers could read differently', () => {
  const host = ['Host', 'a.example'];
  test('is refused for its length', () => {
    const code = 'listener.ambiguous_framing';
    refused({ rawFields: [...host, 'Content-Length', '1', 'Transfer-Encoding', 'chunked'] }, code, /together/);
    refused(
      { rawFields: [...host, 'Content-Length', '1', 'content-length', '1'] },
      code,
      /more than one Content-Length/,
    );
    refused({ rawFields: [...host, 'Content-Length', '1,1'] }, code, /not a number/);
    refused({ rawFields: [...host, 'Content-Length', '9'.repeat(16)] }, code, /not a number/);
    refused({ rawFields: [...host, 'Transfer-Encoding', 'gzip, chunked'] }, code, /other than chunked/);
    refused({ httpVersion: '1.0', rawFields: [...host, 'Transfer-Encoding', 'chunked'] }, code, /HTTP\/1\.0/);
  });

  test('is refused for its target', () => {
    const code = 'listener.malformed_request';
    for (const target of ['*', 'a', '', 'ftp://x/', 'http://', 'http://a@b.example/x', '/a#b', '/é'])
      refused({ target }, code, /./);
    for (const path of [
      '/a//b',
      '/a/./b',
      '/a/..',
      '/%2e%2E/a',
      '/%2fa',
      '/%5ca',
      '/%00',
      '/%',
      '/%4',
      '/%41',
      '/%7e',
      '/a|b',
    ])
      refused({ target: path }, code, /./);
  });

  test('keeps encodings that mean themselves', () => {
    for (const path of ['/a%20b', '/%3B', '/a;b', "/'()*!$&+,=:@", '/%E2%82%AC'])
      assert.equal(readHead(raw({ target: path })).path, path);
  });

  test('is refused for its host', () => {
    const code = 'listener.malformed_request';
    for (const name of [
      '',
      ' ',
      'a b',
      'a/b',
      'a@b',
      'a,b',
      '*.a',
      '-a',
      'a-',
      'a.',
      '[::1',
      'a:b',
      'a:123456',
      '\xa0a',
    ])
      refused({ rawFields: ['Host', name] }, code, /host|Host/);
  });
});

describe('properties', () => {
  const ascii = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 60,
  });
  test('whatever the head, it is read or refused, and what is read is canonical', () => {
    fc.assert(
      fc.property(ascii, ascii, fc.array(ascii, { maxLength: 8 }), (target, host, more) => {
        let head: ReturnType<typeof readHead>;
        try {
          head = readHead(raw({ target: `/${target}`, rawFields: ['Host', host, ...more] }));
        } catch (thrown) {
          assert.ok(isRefusal(thrown), String(thrown));
          return;
        }
        assert.match(head.target, /^\/[\x21-\x7e]*$/);
        assert.doesNotMatch(head.target, /#/);
        assert.match(head.host, /^[a-z0-9.[\]:-]+$/);
        assert.ok(framingOf(head.fields).declaredBytes !== undefined);
      }),
    );
  });

  test('every value of a name is kept, in order, whatever the name', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__'), fc.stringMatching(/^[a-z]{0,5}$/))),
        (pairs) => {
          const fields = fieldsOf(pairs.flat());
          assert.deepEqual(
            fields.entries().map(([, value]) => value),
            pairs.map(([, value]) => value),
          );
          const wanted = pairs.filter(([name]) => name === 'a').map(([, value]) => value);
          assert.deepEqual([...fields.all('a')], wanted);
          assert.equal(fields.get('a'), wanted[0] ?? null);
        },
      ),
    );
  });
});
