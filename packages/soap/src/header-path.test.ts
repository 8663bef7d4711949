// The texts at a path of the Header: every one of them, by both readers, in every spelling that means the same, and within bounds.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nonceAt } from './caiso-header.ts';
import { defaultHeadBounds, type EnvelopeHead, type HeadBounds, readHead } from './head.ts';
import { parseHead } from './head-parse.ts';
import { scanHead } from './head-scan.ts';
import { headerTextCharactersMax, headerTextsMax, toHeaderPath } from './header-path.ts';
import { readMessageHead } from './message-head.ts';
import { soap11Namespace, soap12Namespace } from './namespaces.ts';
import { signEnvelope } from './sign-envelope.ts';
import { makeTestKey } from './signing-key.fixture.ts';
import { writeRetrieve, writeSubmitPlain } from './write-request.ts';

const path = toHeaderPath('urn:c', ['Caller', 'Token', 'Name']);
const envelope = (header: string, body = '<a/>', namespace = soap11Namespace) =>
  `<S:Envelope xmlns:S="${namespace}" xmlns:c="urn:c"><S:Header>${header}</S:Header><S:Body>${body}</S:Body></S:Envelope>`;
const named = (name: string) => `<c:Caller><c:Token><c:Name>${name}</c:Name></c:Token></c:Caller>`;
const textsOf = (
  xml: string,
  by: (bytes: Uint8Array, bounds: HeadBounds, at: typeof path) => EnvelopeHead = readHead,
): readonly string[] | null => {
  const head = by(Buffer.from(xml), defaultHeadBounds, path);
  return head.kind === 'soap' ? (head.headerTexts ?? null) : null;
};

const cases: readonly (readonly [what: string, xml: string, texts: readonly string[]])[] = [
  ['one name', envelope(named('alpha')), ['alpha']],
  ['a name with white space around it', envelope(named('\n  alpha\t')), ['alpha']],
  ['a name with references', envelope(named('al&#112;h&#x61; &amp; co')), ['alpha & co']],
  ['a name in CDATA', envelope(named('<![CDATA[al]]>pha')), ['alpha']],
  ['a name with a comment in it', envelope(named('al<!-- x -->pha')), ['alpha']],
  ['a name with an element in it', envelope(named('al<b>ph</b>a')), ['alpha']],
  ['a name that is not ASCII', envelope(named('Ålpha €')), ['Ålpha €']],
  ['line breaks of Windows', envelope(named('al\r\npha')), ['al\npha']],
  ['an empty name', envelope(named('')), ['']],
  ['an element that closes itself', envelope('<c:Caller><c:Token><c:Name/></c:Token></c:Caller>'), ['']],
  [
    'another prefix',
    envelope(named('alpha').replaceAll('c:', 'x:').replace('<x:Caller', '<x:Caller xmlns:x="urn:c"')),
    ['alpha'],
  ],
  ['a default namespace', envelope('<Caller xmlns="urn:c"><Token><Name>alpha</Name></Token></Caller>'), ['alpha']],
  ['unqualified elements below', envelope('<c:Caller><Token><Name>alpha</Name></Token></c:Caller>'), ['alpha']],
  ['SOAP 1.2', envelope(named('alpha'), '<a/>', soap12Namespace), ['alpha']],
  ['two headers', envelope(`${named('alpha')}${named('beta')}`), ['alpha', 'beta']],
  [
    'two names in one',
    envelope('<c:Caller><c:Token><c:Name>a</c:Name><c:Name>b</c:Name></c:Token></c:Caller>'),
    ['a', 'b'],
  ],
  [
    'two tokens',
    envelope('<c:Caller><c:Token><c:Name>a</c:Name></c:Token><c:Token><c:Name>b</c:Name></c:Token></c:Caller>'),
    ['a', 'b'],
  ],
  ['other headers around it', envelope(`<x><y>1</y></x>${named('alpha')}<z/>`), ['alpha']],
  [
    'other elements around it',
    envelope('<c:Caller><q/><c:Token><q>1</q><c:Name>a</c:Name></c:Token><q/></c:Caller>'),
    ['a'],
  ],
  ['another namespace', envelope('<Caller><Token><Name>alpha</Name></Token></Caller>'), []],
  ['a level too many', envelope('<c:Caller><x><c:Token><c:Name>alpha</c:Name></c:Token></x></c:Caller>'), []],
  ['a level too few', envelope('<c:Caller><c:Name>alpha</c:Name></c:Caller>'), []],
  ['other letter case', envelope(named('alpha').toLowerCase()), []],
  ['in the Body', envelope('', named('alpha')), []],
  [
    'in a Header that is none of SOAP',
    `<S:Envelope xmlns:S="${soap11Namespace}" xmlns:c="urn:c"><Header>${named('a')}</Header><S:Body><a/></S:Body></S:Envelope>`,
    [],
  ],
  ['no header', envelope(''), []],
];

for (const [what, xml, texts] of cases)
  test(`the texts of a head with ${what} are read`, () => {
    assert.deepEqual(textsOf(xml), texts);
    assert.deepEqual(textsOf(xml, parseHead), texts);
  });

test('a path may begin with an element of no namespace, undeclared or taken back', () => {
  const unqualified = toHeaderPath('', ['Caller', 'Name']);
  for (const opening of ['<Caller>', '<Caller xmlns="">']) {
    const xml = envelope(`${opening}<Name>alpha</Name></Caller><c:Caller><Name>beta</Name></c:Caller>`);
    for (const by of [scanHead, parseHead]) {
      const head = by(Buffer.from(xml), defaultHeadBounds, unqualified);
      assert.ok(head !== 'undecided' && head.kind === 'soap');
      assert.deepEqual(head.headerTexts, ['alpha']);
    }
  }
});

test('plain names are read without the parser', () => {
  for (const name of ['alpha', ' CN=ALPHAx0001,OU=people,O=CAISO,C=US\n', 'Ålpha'])
    assert.notEqual(scanHead(Buffer.from(envelope(named(name))), defaultHeadBounds, path), 'undecided', name);
});

test('whatever stands around and in the names, the scan reads what the parser reads', () => {
  const piece = fc.constantFrom(
    'alpha',
    ' ',
    '\r\n',
    'é€',
    '&amp;',
    '&#65;',
    '<!-- c -->',
    '<![CDATA[<x>]]>',
    '<b>x</b>',
    ']',
    '',
  );
  const name = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
  const element = fc.constantFrom('c:Caller', 'c:Token', 'c:Name', 'Token', 'Name', 'x');
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', maxDepth: 5 },
      name,
      name.map(named),
      fc
        .tuple(element, fc.array(tie('tree'), { maxLength: 3 }))
        .map(([tag, inner]) => `<${tag}>${inner.join('')}</${tag}>`),
    ),
  }));
  let read = 0;
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 3 }), (headers) => {
      const bytes = Buffer.from(envelope(headers.join('')));
      const scanned = scanHead(bytes, defaultHeadBounds, path);
      if (scanned === 'undecided') return;
      assert.deepEqual(scanned, parseHead(bytes, defaultHeadBounds, path));
      if (scanned.kind === 'soap' && (scanned.headerTexts?.length ?? 0) > 0) read += 1;
    }),
    { numRuns: 2_000 },
  );
  assert.ok(read > 100, `${read} had a name`);
});

test('of many names a few are kept, and one more tells that there are more', () => {
  for (const by of [readHead, parseHead])
    assert.equal(textsOf(envelope(named('a').repeat(50)), by)?.length, headerTextsMax + 1);
});

test('a long name is cut, longer than any that is allowed, by both readers alike', () => {
  for (const name of [
    `${'x'.repeat(headerTextCharactersMax + 1)} y`,
    'x'.repeat(5_000),
    '&#120;'.repeat(5_000),
    `${' '.repeat(3_000)}${'x'.repeat(5_000)}`,
  ]) {
    const xml = envelope(named(name));
    for (const by of [readHead, parseHead])
      assert.deepEqual(textsOf(xml, by), ['x'.repeat(headerTextCharactersMax + 1)], name.slice(0, 10));
  }
});

test('a head that is not over yet says so, with the names so far', () => {
  const xml = envelope(`${named('alpha')}${'<x/>'.repeat(20_000)}${named('beta')}`);
  const head = readHead(Buffer.from(xml), undefined, path);
  assert.ok(head.kind === 'soap');
  assert.deepEqual([head.complete, head.headerTexts], [false, ['alpha']]);
});

test('without a path nothing is read', () => {
  const head = readHead(Buffer.from(envelope(named('alpha'))));
  assert.ok(head.kind === 'soap' && !('headerTexts' in head));
});

describe('the username of a market message', () => {
  const username = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';
  const createdMs = Date.UTC(2026, 0, 1);
  const caisoHeader = { username, createdMs, nonce: nonceAt(createdMs), messageId: 'm' };
  const key = makeTestKey();
  const caisoPath = toHeaderPath('http://www.caiso.com/soa/2006-09-30/CAISOWSHeader.xsd', [
    'CAISOWSHeader',
    'CAISOUsernameToken',
    'Username',
  ]);
  const sign = (xml: string) => signEnvelope(xml, key);

  test('is read from a signed retrieve, without the parser', () => {
    const { body } = writeRetrieve({ caisoHeader, requestXml: '<a xmlns="urn:a"/>', sign });
    const head = scanHead(body, defaultHeadBounds, caisoPath);
    assert.ok(head !== 'undecided' && head.kind === 'soap');
    assert.deepEqual(head.headerTexts, [username]);
  });

  test('is read from the root part of a submit with an attachment', () => {
    const attachment = { base64: 'QUJD', hash: 'aGFzaA==' };
    const { contentType, body } = writeSubmitPlain({ caisoHeader, attachment, boundary: 'b', sign });
    const head = readMessageHead(contentType, body, undefined, caisoPath);
    assert.ok(head.kind === 'soap');
    assert.deepEqual(head.headerTexts, [username]);
  });
});
