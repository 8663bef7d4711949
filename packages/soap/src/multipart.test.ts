import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseContentType, readMultipart, writeMultipart } from './multipart.ts';

const boundary = '=_Part_1';
const contentType = `multipart/related; type="text/xml"; start="<payload>"; boundary="${boundary}"`;
const partsOf = (raw: string, type = contentType) => {
  const reading = readMultipart(type, Buffer.from(raw, 'latin1'));
  return reading.ok ? reading.parts.map(({ body }) => Buffer.from(body).toString()) : reading.reason;
};

test('what is written reads back, fields and bytes alike', () => {
  const name = fc.constantFrom('Content-Type', 'Content-ID', 'X-A');
  const value = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/);
  const fields = fc.uniqueArray(fc.tuple(name, value), { selector: ([fieldName]) => fieldName });
  const part = fc.record({ fields, body: fc.uint8Array({ maxLength: 200 }) });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
      const written = writeMultipart(parts, { boundary, type: 'text/xml', start: '<payload>' });
      assert.equal(written.contentType, contentType);
      const reading = readMultipart(written.contentType, written.body);
      assert.ok(reading.ok);
      const expected = parts.map((one) => ({
        fields: new Map(one.fields.map(([fieldName, text]) => [fieldName.toLowerCase(), text])),
        body: Buffer.from(one.body),
      }));
      assert.deepEqual(
        reading.parts.map((one) => ({ fields: one.fields, body: Buffer.from(one.body) })),
        expected,
      );
    }),
  );
});

test('a boundary that occurs in a part, or a field with a line break, is a defect', () => {
  const parameters = { boundary, type: 'text/xml', start: '<payload>' };
  assert.throws(() => writeMultipart([{ fields: [], body: `x--${boundary}` }], parameters), RangeError);
  assert.throws(() => writeMultipart([{ fields: [['A', 'b\r\nC: d']], body: '' }], parameters), RangeError);
  assert.throws(() => writeMultipart([], { ...parameters, boundary: 'x'.repeat(71) }), RangeError);
});

test('a body may hold line breaks, and lines that begin like a boundary', () => {
  assert.deepEqual(partsOf(`--${boundary}\r\n\r\n\r\n--=_Par\r\n\r\n--${boundary}--\r\n`), ['\r\n--=_Par\r\n']);
});

test('blank lines may stand before the first part and after the last', () => {
  assert.deepEqual(partsOf(`\r\n--${boundary}\r\n\r\na\r\n--${boundary}-- \r\n\r\n`), ['a']);
});

const refused: ReadonlyArray<readonly [title: string, raw: string, reason: string]> = [
  ['no end', `--${boundary}\r\n\r\na\r\n`, 'truncated'],
  ['nothing', '', 'truncated'],
  ['text before the first part', `x\r\n--${boundary}\r\n\r\na\r\n--${boundary}--`, 'stray_bytes'],
  ['text after the last part', `--${boundary}\r\n\r\na\r\n--${boundary}--\r\n<evil/>`, 'stray_bytes'],
  ['a boundary that is only a prefix', `--${boundary}2\r\n\r\na\r\n--${boundary}--`, 'bad_boundary'],
  ['bare line feeds', `--${boundary}\n\na\n--${boundary}--`, 'bad_boundary'],
  ['a folded field', `--${boundary}\r\nA: b\r\n c\r\n\r\na\r\n--${boundary}--`, 'bad_part_header'],
  ['a space before the colon', `--${boundary}\r\nA : b\r\n\r\na\r\n--${boundary}--`, 'bad_part_header'],
  ['no blank line', `--${boundary}\r\nA: b\r\n--${boundary}--`, 'bad_part_header'],
  ['a field twice', `--${boundary}\r\nContent-ID: b\r\ncontent-id: c\r\n\r\na\r\n--${boundary}--`, 'duplicate_field'],
  [
    'fields of 9,000 bytes',
    `--${boundary}\r\nA: ${'b'.repeat(9_000)}\r\n\r\na\r\n--${boundary}--`,
    'part_header_too_long',
  ],
  ['nine parts', `--${boundary}\r\n\r\na\r\n`.repeat(9).concat(`--${boundary}--`), 'too_many_parts'],
];
for (const [title, raw, reason] of refused) {
  test(`a message with ${title} is refused as ${reason}`, () => {
    assert.equal(partsOf(raw), reason);
  });
}

test('a content type is taken apart with quotes, escapes and stray semicolons', () => {
  const parsed = parseContentType('Multipart/Related;; TYPE="a\\"b"; Boundary=x;');
  assert.equal(parsed?.mediaType, 'multipart/related');
  assert.deepEqual(
    [...(parsed?.parameters ?? [])],
    [
      ['type', 'a"b'],
      ['boundary', 'x'],
    ],
  );
});

for (const value of [
  '',
  'text',
  'text/xml charset=utf-8',
  'text/xml; a=1; A=2',
  'text/xml; a="1',
  `text/xml; a=${'1'.repeat(2000)}`,
]) {
  test(`a content type that cannot be read is null: ${JSON.stringify(value.slice(0, 40))}`, () => {
    assert.equal(parseContentType(value), null);
  });
}

test('no bytes make it throw', () => {
  const piece = fc.constantFrom(
    '--',
    boundary,
    '\r\n',
    '\r',
    '\n',
    'A: b',
    ' ',
    'x',
    '--=_Part_1\r\n',
    '\r\n--=_Part_1--',
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => void partsOf(pieces.join(''))));
});
