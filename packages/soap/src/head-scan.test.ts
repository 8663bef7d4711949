import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeAttachment } from './attachment.ts';
import { nonceAt } from './caiso-header.ts';
import type { OutgoingMessage } from './envelope.ts';
import { writeFault } from './fault.ts';
import { envelopeBytes, headBounds } from './head.fixture.ts';
import { defaultHeadBounds, type HeadBounds } from './head.ts';
import { parseHead } from './head-parse.ts';
import { scanHead, withoutHeader } from './head-scan.ts';
import { toHeaderPath } from './header-path.ts';
import { readMultipart } from './multipart.ts';
import { caisoHeaderNamespace, soap11Namespace, soap12Namespace } from './namespaces.ts';
import { signEnvelope } from './sign-envelope.ts';
import { makeTestKey } from './signing-key.fixture.ts';
import { writeRetrieveAnswerDocAttach, writeRetrieveAnswerPlain, writeSubmitAnswer } from './write-answer.ts';
import { writeRetrieve, writeSubmitDocAttach, writeSubmitPlain } from './write-request.ts';

const createdMs = Date.UTC(2026, 0, 1);
const boundary = '=_Part_1';
const attachment = encodeAttachment('<DRRegistrationData/>');
const caisoHeader = { username: 'CN=EXAMPLEx0000', createdMs, nonce: nonceAt(createdMs) };
const key = makeTestKey();

/** True when the scan decides; whatever it decides, the parser says too, also of the texts at a path. */
function isDecided(bytes: Uint8Array, bounds: HeadBounds = defaultHeadBounds): boolean {
  for (const path of paths) {
    const withTexts = scanHead(bytes, bounds, path);
    if (withTexts !== 'undecided') assert.deepEqual(withTexts, parseHead(bytes, bounds, path));
  }
  const head = scanHead(bytes, bounds);
  if (head === 'undecided') return false;
  assert.deepEqual(head, parseHead(bytes, bounds));
  return true;
}
/** Of what the generated envelopes are made of. */
const paths = [
  toHeaderPath('urn:p', ['a']),
  toHeaderPath('urn:p', ['a', 'Id']),
  toHeaderPath('', ['a', 'a', 'Body']),
  toHeaderPath(caisoHeaderNamespace, ['CAISOWSHeader', 'CAISOUsernameToken', 'Username']),
];
const isXmlDecided = (xml: string): boolean => isDecided(Buffer.from(xml));
const envelope = (header: string, namespace = soap11Namespace): string =>
  `<S:Envelope xmlns:S="${namespace}"><S:Header>${header}</S:Header><S:Body><r:op xmlns:r="urn:r"/></S:Body></S:Envelope>`;

function envelopeIn({ contentType, body }: OutgoingMessage): Uint8Array {
  const parts = readMultipart(contentType, body);
  return parts.ok ? (parts.parts[0]?.body ?? body) : body;
}

const written: ReadonlyArray<readonly [title: string, (sign?: (xml: string) => string) => OutgoingMessage]> = [
  ['a plain submit', (sign) => writeSubmitPlain({ caisoHeader, attachment, boundary, ...(sign && { sign }) })],
  ['a DocAttach submit', (sign) => writeSubmitDocAttach({ caisoHeader, attachment, ...(sign && { sign }) })],
  ['a retrieve', (sign) => writeRetrieve({ caisoHeader, requestXml: '<a xmlns="urn:a"/>', ...(sign && { sign }) })],
  ['a plain answer', () => writeRetrieveAnswerPlain({ attachment, boundary })],
  ['a DocAttach answer', () => writeRetrieveAnswerDocAttach({ attachment })],
  ['an acknowledgement', () => writeSubmitAnswer({ layout: 'returnData', service: 's', events: [], createdMs })],
];
for (const [title, write] of written) {
  test(`${title} is decided as the parser decides it, unsigned and signed`, () => {
    assert.ok(isDecided(envelopeIn(write())));
    assert.ok(isDecided(envelopeIn(write((xml) => signEnvelope(xml, key)))));
  });
}

test('faults and signed envelopes of both SOAP versions are decided as the parser decides them', () => {
  for (const version of ['1.1', '1.2'] as const) {
    const fault = writeFault({ version, side: 'client', text: 'No & never.', createdMs, fields: [['a', 1]] });
    assert.ok(isXmlDecided(fault));
    const namespace = version === '1.1' ? soap11Namespace : soap12Namespace;
    assert.ok(isXmlDecided(signEnvelope(envelope('<a xmlns="">b</a>', namespace), key)));
  }
});

test('every prefix of a signed envelope is either undecided or what the parser says', () => {
  const bytes = Buffer.from(signEnvelope(envelope('<!-- é --><a b="&lt;">&#233;€𝄞 ] ></a>'), key));
  const decided = Array.from({ length: bytes.length + 1 }, (_, end) => isDecided(bytes.subarray(0, end)));
  assert.ok(decided.filter(Boolean).length > 1000);
});

test('plain forms are decided', () => {
  for (const xml of [
    `\ufeff<?xml version='1.0' encoding="utf-8" standalone="yes"?>\r\n<!-- a - b -->\n${envelope('')}`,
    envelope('<a\n b = "x" c=\'"\' xml:lang="en" >é &amp; &#x1F600; ]&gt; <b/></a\t>'),
    `<Envelope xmlns="${soap12Namespace}"/>`,
    '<a/>',
    '<p:a xmlns:p="urn:p" p:b="" b="">',
  ]) {
    assert.ok(isXmlDecided(xml), xml);
  }
});

const left: ReadonlyArray<readonly [title: string, xml: string]> = [
  ['a document type', `<!DOCTYPE a>${envelope('')}`],
  ['a processing instruction', envelope('<?p?>')],
  ['a CDATA section', envelope('<![CDATA[a]]>')],
  ['a name that is not ASCII', envelope('<é/>')],
  ['an entity that is not predefined', envelope('&nbsp;')],
  ['a reference to no character', envelope('&#xFFFE;')],
  ['"]]>" in text', envelope('a]]>b')],
  ['"--" in a comment', envelope('<!-- a -- b -->')],
  ['crossed tags', envelope('<a><b></a></b>')],
  ['an end tag without a start', '</a>'],
  ['an end tag without a name', '</>'],
  ['a colon too many', envelope('<S:a:b/>')],
  ['an unbound prefix', envelope('<a b:c=""/>')],
  ['a prefix that is out of scope', envelope('<a xmlns:b="urn:b"/><b:a/>')],
  ['an attribute given twice', envelope('<a b="" b=""/>')],
  ['one attribute under two prefixes', envelope('<a xmlns:b="urn:b" xmlns:c="urn:b" b:d="" c:d=""/>')],
  ['a prefix bound to nothing', envelope('<a xmlns:b=""/>')],
  ['a prefix bound to the namespace of "xml"', envelope('<a xmlns:b="http://www.w3.org/XML/1998/namespace"/>')],
  ['the prefix "xmlns" declared', envelope('<a xmlns:xmlns="http://www.w3.org/2000/xmlns/"/>')],
  ['a namespace with white space around it', envelope('<a xmlns:b=" urn:b"/>')],
  ['a declaration of XML 1.1', `<?xml version="1.1"?>${envelope('')}`],
  ['a declaration of another encoding', `<?xml version="1.0" encoding="latin1"?>${envelope('')}`],
  ['a token too long', envelope(`<a b="${'x'.repeat(9000)}"/>`)],
  ['65 open elements', envelope('<a>'.repeat(63))],
  ['129 attributes', `<a ${Array.from({ length: 129 }, (_, n) => `a${n}=""`).join(' ')}/>`],
  ['a zero in the fourth byte', '<a>\u0000'],
];
for (const [title, xml] of left) {
  test(`${title} is left to the parser`, () => {
    assert.equal(scanHead(Buffer.from(xml), defaultHeadBounds), 'undecided');
  });
}

test('invalid UTF-8 is left to the parser wherever text may stand', () => {
  for (const bad of ['c080', 'c3', 'c328', 'eda080', 'e08080', 'f08080', 'f4908080', 'efbfbf', 'ff', '80']) {
    for (const place of ['@', '<a b="@"/>', '<!--@-->', '<a>@</a>']) {
      const [before = '', after = ''] = envelope(place).split('@');
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(bad, 'hex'), Buffer.from(after)]);
      assert.equal(scanHead(bytes, defaultHeadBounds), 'undecided', `${bad} in ${place}`);
    }
  }
});

test('what the scan decides the parser decides alike, for any bytes and bounds', () => {
  fc.assert(
    fc.property(envelopeBytes, headBounds, (bytes, bounds) => {
      isDecided(bytes.subarray(0, bounds.scannedBytesMax), bounds);
    }),
    { numRuns: 2000 },
  );
});

test('an envelope without its header is read as the whole is, and is left whole where the header is not sound', () => {
  let shortened = 0;
  fc.assert(
    fc.property(envelopeBytes, headBounds, (bytes, bounds) => {
      const rest = withoutHeader(bytes, bounds);
      if (rest === bytes) return;
      shortened += 1;
      assert.ok(rest.byteLength < bytes.byteLength);
      assert.deepEqual(parseHead(rest, bounds), parseHead(bytes, bounds));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(shortened > 500, `${shortened} had a header that could be left out`);
});
