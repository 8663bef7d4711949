// One value of a JSON document by pointers: what JSON.parse and the pointer say, from as few bytes as that takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PayloadValue, toPayloadValue, toPointerTokens } from './payload-places.ts';
import { readPayloadValue } from './payload-value.ts';

const read = (text: string | Uint8Array, pointers: readonly string[], isWhole = true): PayloadValue => {
  const json = pointers.map((pointer) => toPointerTokens(pointer) ?? []);
  const value = readPayloadValue(
    'application/json',
    { bytes: Buffer.from(text), isWhole },
    { xml: [], json, attachment: null },
  );
  assert.ok(!(value instanceof Promise), 'nothing is unpacked');
  return value;
};
const said = (value: PayloadValue): string =>
  value.kind === 'found' ? value.value : value.kind === 'unreadable' ? value.reason : value.kind;

const cases: readonly (readonly [what: string, text: string, pointer: string, expected: string])[] = [
  ['a member', '{"party":"SKR1"}', '/party', 'SKR1'],
  ['a member of a member', ' { "a" : { "b" : "x" , "party" : "SKR1" } } ', '/a/party', 'SKR1'],
  ['an element of an array', '{"outages":[{"party":"A"},{"party":"B"}]}', '/outages/1/party', 'B'],
  ['a name with escapes', '{"par\\u0074y":"S\\u004bR1"}', '/party', 'SKR1'],
  ['a name with a slash and a tilde', '{"a/b~":"A"}', '/a~1b~0', 'A'],
  ['a quote that is escaped', '{"x":"\\\\\\"","party":"A"}', '/party', 'A'],
  ['a number', '{"party":12}', '/party', '12'],
  ['a byte order mark', '\ufeff{"party":"A"}', '/party', 'A'],
  ['the same name deeper', '{"x":{"party":"X"},"party":"A"}', '/party', 'A'],
  ['the first of two of one name', '{"party":"A","party":"B"}', '/party', 'A'],
  ['no value: null', '{"party":null}', '/party', 'absent'],
  ['no value: an object', '{"party":{"id":"A"}}', '/party', 'absent'],
  ['no value: an empty text', '{"party":" "}', '/party', 'absent'],
  ['another document', '[1,{"party":"A"}]', '/party', 'absent'],
  ['what is no JSON', '<party>A</party>', '/party', 'not_json'],
  ['a comma too many', '{"x":1,,"party":"A"}', '/party', 'not_json'],
  ['a document that breaks off', '{"party":"A', '/party', 'not_json'],
  ['a string with a line break', '{"x":"\n","party":"A"}', '/party', 'not_json'],
  ['100 arrays in each other', '['.repeat(100), '/party', 'too_deep'],
];
for (const [what, text, pointer, expected] of cases)
  test(`JSON: ${what}: ${expected}`, () => {
    assert.equal(said(read(text, [pointer])), expected);
  });

test('JSON: bytes that are no UTF-8 end what is read', () => {
  assert.equal(said(read(Buffer.from('{"party":"A","x":"\xff"}', 'latin1'), ['/party'])), 'A');
  assert.equal(said(read(Buffer.from('{"x":"\xff","party":"A"}', 'latin1'), ['/party'])), 'not_utf8');
});

test('a pointer that is none has no tokens', () => {
  for (const pointer of ['', 'party', '/a~2', '/a~']) assert.equal(toPointerTokens(pointer), null);
  assert.deepEqual(toPointerTokens('/a~1b/~0/'), ['a/b', '~', '']);
});

const name = fc.constantFrom('a', 'b', 'c/d', '');
const documents = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('A', 'B ', '', ' ', 'é€𝄞"\\', 0, -1.5, 1e21, true, null),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;
const pointer = fc
  .array(fc.constantFrom('a', 'b', 'c~1d', '', '0', '1'), { minLength: 1, maxLength: 3 })
  .map((tokens) => `/${tokens.join('/')}`);

test('JSON: whatever the document and the pointer, the value is the one that JSON.parse has there', () => {
  fc.assert(
    fc.property(documents, pointer, fc.constantFrom(undefined, 1, '\t'), fc.nat(), (document, at, indent, cut) => {
      const text = JSON.stringify(document, null, indent);
      const tokens = toPointerTokens(at) ?? [];
      const value = tokens.reduce<unknown>(
        (inside, token) =>
          typeof inside === 'object' && inside !== null
            ? Reflect.get(Object.assign(Object.create(null), inside), token)
            : undefined,
        document,
      );
      const isScalar = typeof value === 'string' || typeof value === 'number';
      const expected = (isScalar ? toPayloadValue(String(value)) : null) ?? 'absent';
      assert.equal(said(read(text, [at])), expected);
      const bytes = Buffer.from(text);
      const head = said(read(bytes.subarray(0, cut % (bytes.byteLength + 1)), [at], false));
      assert.ok(head === 'beyond' || head === expected, head);
    }),
    { numRuns: 5_000 },
  );
});

test('JSON: no bytes make it throw', () => {
  const markup = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', ' ', '\u0000') });
  fc.assert(
    fc.property(markup, fc.boolean(), (text, isWhole) => void read(text, ['/a', '/0'], isWhole)),
    {
      numRuns: 3_000,
    },
  );
});
