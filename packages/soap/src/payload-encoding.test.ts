import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { encodeAttachment } from './attachment.ts';
import { writeMultipart } from './multipart.ts';
import { readPayloadEncoding } from './payload-encoding.ts';
import { writeRetrieve, writeSubmitDocAttach, writeSubmitPlain } from './write-request.ts';

const caisoHeader = { username: 'CN=a', nonce: 'bm9uY2U=', createdMs: Date.UTC(2024, 1, 21, 12) };
const attachment = encodeAttachment('<RawBidSet/>');

const parts = (body: string | Uint8Array, fields: readonly (readonly [string, string])[] = []) => {
  const root = { fields: [['Content-ID', '<root>']] as const, body: '<Envelope/>' };
  const { contentType, body: bytes } = writeMultipart([root, { fields, body }], {
    boundary: 'part',
    type: 'text/xml',
    start: '<root>',
  });
  return readPayloadEncoding(contentType, bytes);
};
const element = (text: string) =>
  readPayloadEncoding('text/xml', Buffer.from(`<e><i:AttachmentValue a="b">${text}</i:AttachmentValue></e>`));

test('both forms of a submit as the market asks for them are gzip in base64', () => {
  const plain = writeSubmitPlain({ caisoHeader, attachment, boundary: 'b' });
  const docAttach = writeSubmitDocAttach({ caisoHeader, attachment });
  for (const { contentType, body } of [plain, docAttach])
    assert.equal(readPayloadEncoding(contentType, body), 'gzip+base64');
});

test('an attachment is told by its bytes, whatever its fields call it', () => {
  assert.equal(parts(gzipSync('<a/>')), 'gzip');
  assert.equal(parts(attachment.base64, [['Content-Type', 'text/xml']]), 'gzip+base64');
  assert.equal(parts(Buffer.from('<RawBidSet/>').toString('base64')), 'base64');
  assert.equal(parts('<RawBidSet/>'), 'none');
});

test('a content encoding of a part counts too', () => {
  assert.equal(parts('zzzz', [['Content-Encoding', 'gzip']]), 'gzip+base64');
  assert.equal(parts('\u0001\u0002\u0003\u0004', [['Content-Encoding', 'x-gzip']]), 'gzip');
});

test('an element is told by the start of its text', () => {
  assert.equal(element(`\r\n  ${attachment.base64}`), 'gzip+base64');
  assert.equal(element('PGEvPg=='), 'base64');
  assert.equal(element('&lt;RawBidSet/&gt;'), 'none');
});

test('what shows no attachment tells nothing', () => {
  const { contentType, body } = writeRetrieve({ caisoHeader, requestXml: '<RequestMarketAwards/>' });
  assert.equal(readPayloadEncoding(contentType, body), null);
  assert.equal(readPayloadEncoding('multipart/related; boundary=part', Buffer.from('--part\r\n\r\n<Envelope/>')), null);
  assert.equal(readPayloadEncoding('text/xml', Buffer.from('<i:AttachmentValue>H4')), null);
  assert.equal(readPayloadEncoding('text/xml', Buffer.from(`<i:AttachmentValue ${'a'.repeat(600)}>H4sI`)), null);
});

test('any bytes are judged without a throw', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.uint8Array({ maxLength: 200 }), (type, bytes) => {
      readPayloadEncoding(type, bytes);
      readPayloadEncoding('multipart/related; boundary=part', bytes);
    }),
  );
});
