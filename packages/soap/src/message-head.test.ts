import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseContentType, readMultipartPrefix } from './multipart.ts';
import { scanRootPart } from './multipart-scan.ts';

// Mostly the first, which is as it should be.
const mostly = (usual: string, ...others: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
const fields = fc.uniqueArray(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom('Content-ID: <payload>\r\n', 'Content-Type: text/xml\r\n', 'X: \u00e9\t\r\n'),
    },
    fc.constantFrom(
      'content-id:<other>\r\n',
      'Content-ID: payload\r\n',
      'content-type: a\r\n',
      'bad field\r\n',
      'a: b\n',
      '--B: x\r\n',
      ' folded\r\n',
      '--B\r\n',
      'a:\u007f\r\n',
    ),
  ),
  { maxLength: 3 },
);
const part = fc
  .tuple(fields, mostly('\r\n', '\n', ''), fc.string())
  .map(([lines, end, body]) => `${lines.join('')}${end}${body}`);
const message = fc
  .tuple(
    mostly('--B', '\r\n--B', 'x--B', ' \r\n--B', '--C'),
    fc.oneof(
      fc.array(fc.tuple(mostly('\r\n', ' \r\n', 'C\r\n', '\n', '--\r\n'), part), { maxLength: 3 }),
      fc.array(fc.tuple(fc.constant('\r\n'), fc.constant('A: 1\r\n\r\n')), { minLength: 7, maxLength: 9 }),
    ),
    mostly('--\r\n', '--', '', '-', '\r', '--\r\nx', '-- \r\n'),
    fc.nat(),
    fc.boolean(),
  )
  .map(([first, parts, last, cut, isCut]) => {
    const text = `${first}${parts.map((piece) => `${piece.join('')}\r\n--B`).join('')}${last}`;
    return Buffer.from(isCut ? text.slice(0, cut % (text.length + 1)) : text, 'latin1');
  });
const start = fc.constantFrom(undefined, undefined, undefined, '<payload>', 'payload', '<other>', '');

test('the root part that the scan finds is the one that the reader of all parts finds', () => {
  fc.assert(
    fc.property(message, start, (bytes, wanted) => {
      const scanned = scanRootPart('B', wanted, bytes);
      if (scanned === 'undecided') return;
      const parts = readMultipartPrefix('B', bytes);
      assert.ok(typeof parts !== 'string');
      const bare = (id: string) => id.trim().replace(/^<(.*)>$/, '$1');
      const root =
        wanted === undefined
          ? parts[0]
          : parts.find((one) => bare(one.fields.get('content-id') ?? '') === bare(wanted));
      assert.deepEqual(Buffer.from(scanned), root && Buffer.from(root.body));
    }),
    { numRuns: 2000 },
  );
});

test('a part after the root part that cannot be read leaves the message to the reader of all parts', () => {
  const head = '--B\r\nContent-ID: <a>\r\n\r\n<x/>\r\n--B';
  assert.equal(String(scanRootPart('B', '<a>', Buffer.from(`${head}--\r\n`))), '<x/>');
  for (const rest of ['junk', '\r\nbad\r\n\r\n', '\r\nA: 1\r\na: 2\r\n\r\n', '--\r\nstray']) {
    assert.equal(scanRootPart('B', '<a>', Buffer.from(`${head}${rest}`)), 'undecided');
  }
});

test('a boundary that MIME forbids is left to the reader of all parts', () => {
  assert.equal(scanRootPart('', undefined, Buffer.from('--\r\nA: 1\r\n\r\n')), 'undecided');
  assert.equal(parseContentType('multipart/related; boundary="a b"')?.parameters.get('boundary'), 'a b');
});
