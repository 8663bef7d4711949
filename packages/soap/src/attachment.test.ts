import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { attachmentHash, decodeAttachment, encodeAttachment } from './attachment.ts';

test('what is packed unpacks to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (xml) => {
      const text = Buffer.from(xml).toString(); // A lone surrogate has no UTF-8.
      const reading = decodeAttachment(encodeAttachment(text).base64);
      assert.deepEqual(reading, { ok: true, xml: text, bytes: Buffer.byteLength(text) });
    }),
  );
});

test('the hash is SHA-1 over the base64 text, itself in base64, and the text has no breaks', () => {
  const { base64, hash } = encodeAttachment('<a/>'.repeat(1000));
  assert.match(base64, /^[A-Za-z0-9+/]+=*$/);
  assert.equal(hash, createHash('sha1').update(Buffer.from(base64, 'ascii')).digest('base64'));
  assert.equal(attachmentHash(base64), hash);
});

test('equal payloads pack equally', () => {
  assert.deepEqual(encodeAttachment('<a/>'), encodeAttachment(Buffer.from('<a/>')));
});

test('base64 with line breaks is unpacked', () => {
  const { base64 } = encodeAttachment(
    '<a>long enough for two lines of base64 text, or so it is hoped by the author</a>',
  );
  assert.equal(decodeAttachment(base64.replace(/.{76}/g, '$&\r\n')).ok, true);
});

const packed = gzipSync(`<a>${'<row n="1"/>'.repeat(50)}</a>`);
const withByte = (index: number, change: number): Buffer => {
  const bytes = Buffer.from(packed);
  bytes[index] = (bytes[index] ?? 0) ^ change;
  return bytes;
};
const refused: ReadonlyArray<readonly [title: string, base64: string, reason: string]> = [
  ['no text', '', 'bad_base64'],
  ['text that is not base64', '<html>no</html>', 'bad_base64'],
  ['base64 without its padding', gzipSync('<a/>').toString('base64').replace(/=+$/, '').concat('A'), 'bad_base64'],
  ['base64 of the URL alphabet', Buffer.from([0x1f, 0x8b, 0xff, 0xff, 0xfe]).toString('base64url'), 'bad_base64'],
  ['base64 of bare XML', Buffer.from('<a/>').toString('base64'), 'not_gzip'],
  ['half a gzip member', packed.subarray(0, packed.length / 2).toString('base64'), 'truncated'],
  ['a gzip member without its last byte', packed.subarray(0, -1).toString('base64'), 'truncated'],
  ['a wrong checksum', withByte(packed.length - 6, 1).toString('base64'), 'bad_checksum'],
  ['bytes after the gzip member', Buffer.concat([packed, Buffer.from('<evil/>')]).toString('base64'), 'corrupt'],
  ['a bomb', gzipSync(Buffer.alloc(10 * 1024 * 1024)).toString('base64'), 'bomb'],
  ['bytes that are not UTF-8', gzipSync(Buffer.from([0xff, 0xfe])).toString('base64'), 'not_utf8'],
];
for (const [title, base64, reason] of refused) {
  test(`${title}: refused as ${reason}`, () => {
    assert.deepEqual(decodeAttachment(base64), { ok: false, reason });
  });
}

test('a payload over the bytes is refused, packed or unpacked', () => {
  const text = Array.from({ length: 30_000 }, (_, n) => `<r n="${n * 7919}"/>`).join('');
  const { base64 } = encodeAttachment(text);
  assert.equal(decodeAttachment(base64).ok, true);
  assert.deepEqual(decodeAttachment(base64, { bytesMax: text.length - 1 }), { ok: false, reason: 'too_large' });
  assert.deepEqual(decodeAttachment(base64, { bytesMax: 10 }), { ok: false, reason: 'too_large' });
  assert.equal(decodeAttachment(base64, { bytesMax: text.length }).ok, true);
});
