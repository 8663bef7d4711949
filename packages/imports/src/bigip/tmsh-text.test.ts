// The text of a BIG-IP configuration, as it is written and as it is broken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { importBigip } from './import-bigip.ts';
import { parseConfigText, type Statement } from './tmsh-text.ts';
import { writeFiles } from './write-files.ts';

const parse = (text: string) => parseConfigText('bigip.conf', text);
const shape = (block: readonly Statement[]): unknown =>
  block.map(({ words, block: inner }) => (inner === null ? words : [words, shape(inner)]));

test('words, quotes, escapes, comments and braces are read as tmsh writes them', () => {
  const text = String.raw`#TMSH-VERSION: 16.1
ltm pool /Common/p {
    # a comment
    description "say \"hi\" {now} \\r\\n
over lines"
    members {
        /Common/a\ b:80 { address 192.0.2.1 } /Common/c:80 { }
    }
    monitor min 1 of { /Common/x /Common/y }
    empty { }
}
ltm default-node-monitor { rule none }
`;
  const { objects, faults } = parse(text);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    objects.map(({ kind, name, line }) => [kind, name, line]),
    [
      ['ltm pool', '/Common/p', 2],
      ['ltm default-node-monitor', '', 12],
    ],
  );
  assert.deepEqual(shape(objects[0]?.block ?? []), [
    ['description', 'say "hi" {now} \\r\\n\nover lines'],
    [
      ['members'],
      [
        [['/Common/a b:80'], [['address', '192.0.2.1']]],
        [['/Common/c:80'], []],
      ],
    ],
    [['monitor', 'min', '1', 'of'], [['/Common/x', '/Common/y']]],
    [['empty'], []],
  ]);
  assert.deepEqual(
    objects[0]?.block.map(({ line }) => line),
    [4, 6, 9, 10],
  );
});

test('the body of an iRule is text, with braces counted as Tcl counts them', () => {
  const body = '\nwhen HTTP_REQUEST {\n  log local0. "a \\{ brace"\n  # } is counted too {\n}\n';
  const { objects, faults } = parse(`ltm rule /Common/r {${body}}\nltm pool p { }\n`);
  assert.deepEqual(faults, []);
  assert.equal(objects[0]?.text, body);
  assert.equal(objects[1]?.name, 'p');
});

test('behind what cannot be read, the next object is read again, and each fault has its line', () => {
  const text =
    'ltm pool a {\n  members {\nltm pool b { }\nrubbish here\nltm pool c { x "open }\nltm pool d { }\npool old {\n}\nltm rule r { {\n';
  const { objects, faults } = parse(text);
  assert.deepEqual(
    objects.map(({ name }) => name),
    ['b', 'd'],
  );
  assert.deepEqual(
    faults.map(({ line, fault }) => `${line} ${fault}`),
    [
      '2 a brace is not closed',
      '4 no object begins so: rubbish here',
      '5 a quote is not closed',
      '7 written before version 11, which is not read: pool old {',
      '9 the program is not closed',
    ],
  );
});

test('texts that are made to be hard to read are given up within bounds', () => {
  const deep = parse(`ltm pool p {${' a {'.repeat(100_000)}`);
  assert.match(deep.faults[0]?.fault ?? '', /more than 64 deep/);
  const open = parse('ltm rule r {\n'.repeat(100_000));
  assert.equal(open.objects.length, 0);
  assert.ok(open.faults.length <= 501);
  assert.match(open.faults.at(-1)?.fault ?? '', /not closed/);
  const quotes = parse('ltm pool p { "\n'.repeat(50_000));
  assert.ok(quotes.faults.length > 0);
  assert.equal(importBigip([{ file: 'a', text: `ltm rule r {${' '.repeat(300_000)}\n\n\n}` }]).untranslated.length, 1);
});

/** Any unit of UTF-16, the low ones above all. */
const anyUnit = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }))
  .map((unit) => String.fromCharCode(unit));

const pieces = fc.constantFrom(
  'ltm virtual /Common/v {\n',
  'ltm pool /Common/p {\n',
  'ltm rule /Common/r {\n',
  'ltm policy /Common/x {\n',
  'ltm profile client-ssl /Common/s {\n',
  'sys file ssl-cert /Common/c {\n',
  'destination /Common/192.0.2.1:443\n',
  'destination 2001:db8::1.80\n',
  'profiles { /Common/http { } /Common/s { } /Common/serverssl { } }\n',
  'pool /Common/p\n',
  'members { /Common/192.0.2.9:80 { address 192.0.2.9 } }\n',
  'defaults-from /Common/s\n',
  'cert /Common/c\n',
  'subject-alternative-name "DNS:a.example.org, DNS:*.b"\n',
  'policies { /Common/x { } }\n',
  'rules { a { actions { 0 { forward select pool /Common/p } } conditions { 0 { http-uri path starts-with values { /a/../b /c } } } } }\n',
  'monitor /Common/http and /Common/tcp\n',
  'persist { /Common/source_addr { default yes } }\n',
  '}\n',
  '{ ',
  '"',
  '\\',
  '\u0000\u001b[2J',
);

test('any text gives objects and faults, and a translation that can be written', () => {
  const texts = fc.oneof(
    { weight: 4, arbitrary: fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.string({ unit: anyUnit, maxLength: 400 }) },
  );
  fc.assert(
    fc.property(texts, (text) => {
      const imported = importBigip([{ file: 'bigip.conf', text }]);
      for (const { line } of [...imported.untranslated, ...imported.faults])
        assert.ok(line >= 1 && line <= text.split('\n').length);
      const files = writeFiles(imported, ['bigip.conf'], '2024-02-21');
      assert.equal(files.size, 7);
    }),
    { numRuns: 200 },
  );
});
