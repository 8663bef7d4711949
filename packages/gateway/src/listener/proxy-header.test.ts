import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readProxyHeader } from './proxy-header.ts';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const version2 = (command: number, family: number, addresses: Buffer) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(addresses.byteLength);
  return Buffer.concat([signature, Buffer.from([command, family]), length, addresses]);
};
const tcp4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 0x01, 0xbb]);

test('a line of version 1 tells source and port, and what is behind it is left alone', () => {
  const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n';
  assert.deepEqual(readProxyHeader(Buffer.from(`${line}GET / HTTP/1.1\r\n`)), {
    kind: 'header',
    headerBytes: line.length,
    source: { address: '192.0.2.7', port: 40_000 },
  });
});

test('a header of version 2 tells source and port, with fields behind the addresses passed over', () => {
  const header = version2(0x21, 0x11, Buffer.concat([tcp4, Buffer.from([0x04, 0, 1, 0])]));
  assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from('x')])), {
    kind: 'header',
    headerBytes: header.byteLength,
    source: { address: '192.0.2.7', port: 40_000 },
  });
});

test('an IPv6 source of version 2 is spelled as Node spells a socket’s address', () => {
  const addresses = Buffer.alloc(36);
  Buffer.from('20010db8000000000000000000000001', 'hex').copy(addresses);
  addresses.writeUInt16BE(40_000, 32);
  const read = readProxyHeader(version2(0x21, 0x21, addresses));
  assert.deepEqual(read.kind === 'header' && read.source, { address: '2001:db8::1', port: 40_000 });
});

test('a balancer that speaks for itself has no source', () => {
  for (const header of [Buffer.from('PROXY UNKNOWN\r\n'), version2(0x20, 0, Buffer.alloc(0))]) {
    const read = readProxyHeader(header);
    assert.equal(read.kind === 'header' && read.source, null);
  }
});

test('what is no header is invalid, however it begins', () => {
  for (const bytes of [
    'GET / HTTP/1.1\r\n',
    '\x16\x03\x01',
    'PROXY TCP4 300.0.0.1 198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 99999 443\r\n',
    'PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n',
    `PROXY TCP4 ${' '.repeat(200)}\r\n`,
  ])
    assert.equal(readProxyHeader(Buffer.from(bytes, 'latin1')).kind, 'invalid', bytes);
  assert.equal(readProxyHeader(version2(0x31, 0x11, tcp4)).kind, 'invalid');
  assert.equal(readProxyHeader(version2(0x21, 0x12, tcp4)).kind, 'invalid');
  assert.equal(readProxyHeader(version2(0x21, 0x11, Buffer.alloc(4))).kind, 'invalid');
});

test('every beginning of a header is incomplete, never something else', () => {
  const headers = [Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n'), version2(0x21, 0x11, tcp4)];
  for (const header of headers) {
    for (let length = 0; length < header.byteLength; length += 1) {
      assert.equal(readProxyHeader(header.subarray(0, length)).kind, 'incomplete', String(length));
    }
  }
});

test('whatever the bytes, an answer is given', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, signed) => {
      readProxyHeader(signed ? Buffer.concat([signature, bytes]) : Buffer.from(bytes));
    }),
  );
});
