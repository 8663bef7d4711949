// One value from the head of a message: the first one, in every shape in which a message carries its payload, as libxml2 reads the
// same document; never past its bounds, and never by a throw.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { XmlCData, XmlDocument, XmlElement, XmlText } from 'libxml2-wasm';
import { encodeAttachment } from './attachment.ts';
import { isoAttachmentNamespace, soap11Namespace, soap12Namespace, xopNamespace } from './namespaces.ts';
import { type PayloadPlaces, type PayloadValue, toPayloadValue, type XmlPlace } from './payload-places.ts';
import { readPayloadValue } from './payload-value.ts';
import { writeRetrieve, writeSubmitDocAttach, writeSubmitPlain } from './write-request.ts';

const attachment = { namespace: isoAttachmentNamespace, elements: ['ISOAttachment', 'AttachmentValue'] };
const place = (path: string, namespace: string | null = null): XmlPlace => {
  const [elements = '', name = null] = path.split('@');
  return { namespace, elements: elements.split('/').filter((step) => step !== ''), attribute: name };
};
const places = (...xml: readonly XmlPlace[]): PayloadPlaces => ({ xml, json: [], attachment });
const bid = places(place('RawBidSet/MessagePayload/*/SchedulingCoordinator/mRID'));

const envelope = (body: string, { header = '', namespace = soap11Namespace } = {}): string =>
  `<S:Envelope xmlns:S="${namespace}"><S:Header>${header}</S:Header><S:Body>${body}</S:Body></S:Envelope>`;
const bidSet = (...scids: readonly string[]): string =>
  `<RawBidSet xmlns="urn:bids"><MessageHeader><Source>desk</Source></MessageHeader><MessagePayload>${scids
    .map((scid) => `<Bid><name>b</name><SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator></Bid>`)
    .join('')}</MessagePayload></RawBidSet>`;

interface Shape {
  readonly contentType: string;
  readonly body: Buffer;
}

const mtomType = 'multipart/related; type="application/xop+xml"; start="<root>"; boundary=b';
const mtomBody = envelope(
  `<i:ISOAttachment xmlns:i="${isoAttachmentNamespace}"><i:AttachmentValue><x:Include xmlns:x="${xopNamespace}" href="cid:a%40b"/></i:AttachmentValue></i:ISOAttachment>`,
);
const mtom = (octets: Uint8Array, id = 'a@b'): Shape => ({
  contentType: mtomType,
  body: Buffer.concat([
    Buffer.from(`--b\r\nContent-ID: <root>\r\nContent-Type: application/xop+xml\r\n\r\n${mtomBody}\r\n`),
    Buffer.from(`--b\r\nContent-ID: <${id}>\r\nContent-Transfer-Encoding: binary\r\n\r\n`),
    octets,
    Buffer.from('\r\n--b--\r\n'),
  ]),
});
const caisoHeader = { username: 'CN=x', createdMs: 0, nonce: 'bg==' };
const docAttach = (content: string): Shape => ({
  contentType: 'text/xml',
  body: Buffer.from(
    envelope(
      `<i:ISOAttachment xmlns:i="${isoAttachmentNamespace}"><i:AttachmentValue>${content}</i:AttachmentValue></i:ISOAttachment>`,
    ),
  ),
});

/** Every way in which the market's clients send one payload. */
const shapes: Readonly<Record<string, (xml: string) => Shape>> = {
  'in the Body': (xml) => writeRetrieve({ caisoHeader, requestXml: xml }),
  'in the Body of SOAP 1.2': (xml) => ({
    contentType: 'application/soap+xml',
    body: Buffer.from(envelope(xml, { namespace: soap12Namespace })),
  }),
  'in the element of an attachment': (xml) => writeSubmitDocAttach({ caisoHeader, attachment: encodeAttachment(xml) }),
  'in the element of an attachment, in lines': (xml) =>
    docAttach(`\n${encodeAttachment(xml).base64.replace(/.{1,76}/g, '$&\r\n')}`),
  'in the element of an attachment, in lines of references': (xml) =>
    docAttach(encodeAttachment(xml).base64.replace(/.{1,76}/g, '$&&#xD;&#10;')),
  'in the element of an attachment, as CDATA': (xml) => docAttach(`<![CDATA[${encodeAttachment(xml).base64}]]>`),
  'in the element of an attachment, not compressed': (xml) => docAttach(Buffer.from(xml).toString('base64')),
  'in a part, as base64': (xml) => writeSubmitPlain({ caisoHeader, attachment: encodeAttachment(xml), boundary: 'b' }),
  'in a part, as gzip (MTOM)': (xml) => mtom(gzipSync(xml)),
  'in a part, plain': (xml) => mtom(Buffer.from(`\ufeff${xml}`)),
};

const read = (
  { contentType, body }: Shape,
  sought: PayloadPlaces = bid,
  bounds: Parameters<typeof readPayloadValue>[3] = {},
) => readPayloadValue(contentType, { bytes: body, isWhole: true }, sought, bounds);
const said = (value: PayloadValue): string =>
  value.kind === 'found' ? value.value : value.kind === 'unreadable' ? `unreadable: ${value.reason}` : value.kind;

for (const [where, shape] of Object.entries(shapes))
  describe(`a payload ${where}`, () => {
    test('says its first value, and that it has none', async () => {
      const found = await read(shape(bidSet('HPA1', 'HPA2')));
      assert.equal(said(found), 'HPA1');
      assert.equal(
        found.kind === 'found' ? found.where : null,
        where.startsWith('in the Body') ? 'body' : 'attachment',
      );
      assert.equal(said(await read(shape(bidSet()))), 'absent');
      assert.equal(said(await read(shape('<Other/>'))), 'absent');
    });

    test('says at every byte at which it may be cut what the whole says, or that it may stand in the rest', async () => {
      const { contentType, body } = shape(bidSet('HPA1'));
      let kinds = '';
      for (let length = 0; length <= body.byteLength; length += 1) {
        const cut = await readPayloadValue(contentType, { bytes: body.subarray(0, length), isWhole: false }, bid);
        assert.ok(cut.kind === 'beyond' || (cut.kind === 'found' && cut.value === 'HPA1'), `${length}: ${said(cut)}`);
        kinds += cut.kind === 'found' ? 'f' : 'b';
      }
      assert.match(kinds, /^b+f+$/, 'once found, always found');
    });

    test('is beyond the head where the head ends before it, however much comes first', async () => {
      const long = shape(
        bidSet('HPA1').replace('<MessageHeader>', () => `<MessageHeader><n>${randomText(200_000)}</n>`),
      );
      const bytes = long.body.subarray(0, 64 * 1024);
      assert.equal(said(await readPayloadValue(long.contentType, { bytes, isWhole: false }, bid)), 'beyond');
    });
  });

function randomText(length: number): string {
  let state = 7;
  let text = '';
  while (text.length < length) {
    state = (state * 48_271) % 0x7fff_ffff;
    text += state.toString(36);
  }
  return text;
}

const cases: readonly (readonly [what: string, sought: PayloadPlaces, xml: string, expected: string])[] = [
  ['white space around it', bid, bidSet('\n  HPA1\t'), 'HPA1'],
  ['references', bid, bidSet('H&#80;&#x41;1'), 'HPA1'],
  ['CDATA and a comment in it', bid, bidSet('<![CDATA[HP]]>A<!-- x -->1'), 'HPA1'],
  ['an empty value before it', bid, bidSet('', ' ', 'HPA2'), 'HPA2'],
  ['a value in a comment before it', bid, bidSet('A').replace('<Bid>', '<!-- <mRID>X</mRID> --><Bid>'), 'A'],
  ['a longer value, cut', bid, bidSet('x'.repeat(200)), 'x'.repeat(65)],
  ['unqualified elements below the root', bid, bidSet('A').replace('<MessagePayload', '<MessagePayload xmlns=""'), 'A'],
  [
    'elements of another namespace, which are others',
    bid,
    bidSet('A', 'B').replace('<mRID>A', '<mRID xmlns="urn:decoy">A'),
    'B',
  ],
  ['the namespace that is asked for', places(place('a/b', 'urn:a')), '<p:a xmlns:p="urn:a"><p:b>A</p:b></p:a>', 'A'],
  ['another namespace than is asked for', places(place('a/b', 'urn:a')), '<a xmlns="urn:b"><b>A</b></a>', 'absent'],
  [
    'a prefix that is bound anew',
    places(place('a/b', 'urn:a')),
    '<p:a xmlns:p="urn:a"><p:b xmlns:p="urn:c">A</p:b><p:b>B</p:b></p:a>',
    'B',
  ],
  ['a version in the name of the root', bid, bidSet('A').replaceAll('RawBidSet', 'RawBidSet_v4'), 'A'],
  ['an attribute', places(place('a/b@scid')), '<a><b other="X"/><b scid=" A "/></a>', 'A'],
  [
    'an attribute with a prefix, which is another',
    places(place('a/b@scid')),
    '<a><b x:scid="X" xmlns:x="urn:x"/><b scid="A"/></a>',
    'A',
  ],
  ['an attribute of the root', places(place('a@scid')), '<a scid="A"/>', 'A'],
  ['the first of two places', places(place('a/c'), place('a/b')), '<a><b>B</b><c>C</c></a>', 'B'],
  [
    'deeper elements of the same name',
    places(place('a/b/c')),
    '<a><b><b><c>X</c></b></b><c>Y</c><b><c>A</c></b></a>',
    'A',
  ],
  ['the root itself', places(place('a')), '<a>A</a>', 'A'],
];
for (const [what, sought, xml, expected] of cases)
  test(`a value is read past ${what}`, async () => {
    for (const shape of Object.values(shapes)) assert.equal(said(await read(shape(xml), sought)), expected);
  });

const bomb = gzipSync(`<RawBidSet>${' '.repeat(50_000_000)}</RawBidSet>`, { level: 9 });
const base64 = encodeAttachment(bidSet('A')).base64;
const nested = '<a>'.repeat(20_000);
const hostile: readonly (readonly [what: string, shape: Shape, expected: string])[] = [
  ['a DOCTYPE', shaped(`<!DOCTYPE S:Envelope [<!ENTITY a "HPA1">]>${envelope(bidSet('&a;'))}`), 'unreadable: doctype'],
  [
    'a DOCTYPE in the attachment',
    docAttach(encodeAttachment(`<!DOCTYPE a>${bidSet('A')}`).base64),
    'unreadable: doctype',
  ],
  ['an entity that nothing declares', shaped(envelope(bidSet('&a;'))), 'unreadable: not_well_formed'],
  ['20,000 nested elements', shaped(envelope(`<RawBidSet>${nested}`)), 'unreadable: too_deep'],
  [
    '20,000 nested elements in the attachment',
    docAttach(encodeAttachment(`<RawBidSet>${nested}`).base64),
    'unreadable: too_deep',
  ],
  ['a name without an end', shaped(envelope(`<RawBidSet><${'x'.repeat(100_000)}`)), 'unreadable: token_too_long'],
  ['a comment without an end', shaped(envelope(`<RawBidSet><!--${'<'.repeat(100_000)}`)), 'unreadable: token_too_long'],
  [
    '200 attributes',
    shaped(envelope(`<RawBidSet ${Array.from({ length: 200 }, (_, n) => `a${n}=""`).join(' ')}>`)),
    'unreadable: too_many_attributes',
  ],
  [
    'a processing instruction',
    shaped(envelope('<RawBidSet><?php x ?></RawBidSet>')),
    'unreadable: processing_instruction',
  ],
  ['50 MB of white space in 48 KB of gzip', mtom(bomb), 'beyond'],
  ['50 MB of white space, as base64', docAttach(bomb.toString('base64')), 'beyond'],
  [
    'gzip that breaks off',
    docAttach(gzipSync(bidSet('A')).subarray(0, 20).toString('base64')),
    'unreadable: not_well_formed',
  ],
  [
    'what is no gzip behind its header',
    mtom(Buffer.concat([Buffer.from('1f8b0800000000000003', 'hex'), Buffer.alloc(50, 0xff)])),
    'unreadable: corrupt',
  ],
  ['deflate without gzip', docAttach(deflateRawSync(bidSet('A')).toString('base64')), 'unreadable: not_xml'],
  ['base64 of another alphabet', docAttach(`${base64.slice(0, 8)}*-_${base64.slice(8)}`), 'unreadable: bad_base64'],
  ['text that is no base64', docAttach('what is this?'), 'unreadable: bad_base64'],
  ['an empty attachment', docAttach(' '), 'absent'],
  ['an element in the attachment', docAttach('<x>A</x>'), 'unreadable: not_well_formed'],
  ['a part that nothing refers to', mtom(gzipSync(bidSet('A')), 'other'), 'unreadable: attachment_missing'],
  [
    'a part that is referred to and is not there',
    { contentType: 'text/xml', body: Buffer.from(mtomBody) },
    'unreadable: attachment_missing',
  ],
  ['no envelope', shaped(bidSet('A')), 'unreadable: not_soap'],
  ['an empty Body', shaped(envelope('')), 'absent'],
  ['no Body', shaped(`<E:Envelope xmlns:E="${soap11Namespace}"/>`), 'absent'],
  ['a Body inside a header', shaped(envelope(bidSet('A'), { header: `<S:Body>${bidSet('X')}</S:Body>` })), 'A'],
  ['a payload in a header', shaped(envelope('<Other/>', { header: bidSet('X') })), 'absent'],
  ['a second element in the Body', shaped(envelope(`<Other/>${bidSet('X')}`)), 'absent'],
  [
    'UTF-16',
    { contentType: 'text/xml', body: Buffer.from(envelope(bidSet('A')), 'utf16le') },
    'unreadable: encoding_unsupported',
  ],
  [
    'UTF-16 in the attachment',
    mtom(gzipSync(Buffer.from(`\ufeff${bidSet('A')}`, 'utf16le'))),
    'unreadable: encoding_unsupported',
  ],
  ['bytes that are no UTF-8', shaped(envelope('<RawBidSet>\u0001')), 'unreadable: not_well_formed'],
  ['JSON', { contentType: 'text/xml', body: Buffer.from('{"a":1}') }, 'unreadable: not_xml'],
  ['no bytes at all', { contentType: 'text/xml', body: Buffer.alloc(0) }, 'unreadable: not_well_formed'],
  [
    'multipart without a boundary',
    { contentType: 'multipart/related', body: Buffer.from('x') },
    'unreadable: bad_multipart',
  ],
  [
    'multipart whose parts cannot be told apart',
    { contentType: mtomType, body: Buffer.from('x') },
    'unreadable: bad_multipart',
  ],
];

function shaped(xml: string): Shape {
  return { contentType: 'text/xml', body: Buffer.from(xml) };
}

for (const [what, shape, expected] of hostile)
  test(`${what}: ${expected}`, async () => {
    assert.equal(said(await read(shape)), expected);
  });

test('a value before bytes that are no UTF-8 is found, and none behind them', async () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  assert.equal(said(await read({ contentType: 'text/xml', body: bytes(envelope(`${bidSet('A')}\xff`)) })), 'A');
  assert.equal(
    said(await read({ contentType: 'text/xml', body: bytes(envelope(bidSet('\xff', 'A'))) })),
    'unreadable: not_utf8',
  );
  assert.equal(said(await read(mtom(gzipSync(bytes(bidSet('\xff', 'A')))))), 'unreadable: not_utf8');
});

test('a bomb is unpacked no further than the bound: what stands behind it is not seen, what stands before it is', async () => {
  const blown = (before: string, after: string) =>
    mtom(gzipSync(`<RawBidSet xmlns="urn:bids">${before}<n>${' '.repeat(5_000_000)}</n>${after}</RawBidSet>`));
  const payload = bidSet('HPA1').replace(/^<RawBidSet[^>]*>|<\/RawBidSet>$/g, '');
  assert.equal(said(await read(blown(payload, ''))), 'HPA1');
  assert.equal(said(await read(blown('', payload))), 'beyond');
  assert.equal(said(await read(blown('', payload), bid, { unpackedBytesMax: 6_000_000 })), 'HPA1');
});

test('a value is found although what follows it is no XML, since nothing of it is read', async () => {
  assert.equal(said(await read(shaped(envelope(bidSet('A')).replace('</Bid>', '\u0000<<<')))), 'A');
});

// What libxml2 makes of the same document, told by a walk over its tree.
function byLibxml2(xml: string, sought: readonly XmlPlace[]): string {
  const document = XmlDocument.fromString(xml);
  try {
    return firstOf(document.root, [], document.root.namespaceUri, sought) ?? 'absent';
  } finally {
    document.dispose();
  }
}

function firstOf(
  element: XmlElement,
  above: readonly string[],
  rootNamespace: string,
  sought: readonly XmlPlace[],
): string | null {
  const isForeign = above.length > 0 && element.namespaceUri !== '' && element.namespaceUri !== rootNamespace;
  const path = [...above, isForeign ? '{foreign}' : element.name];
  const here = sought.filter(
    ({ namespace, elements }) =>
      (namespace === null || namespace === rootNamespace) &&
      elements.length === path.length &&
      elements.every((name, index) => name === path[index] || (name === '*' && path[index] !== '{foreign}')),
  );
  for (const { attribute } of here) {
    if (attribute === null) continue;
    const value = element.attrs.find(({ name, namespaceUri }) => name === attribute && namespaceUri === '')?.value;
    const kept = toPayloadValue(value ?? '');
    if (kept !== null) return kept;
  }
  let text = '';
  for (let node = element.firstChild; node !== null; node = node.next) {
    if (node instanceof XmlText || node instanceof XmlCData) text += node.content;
    const inside = node instanceof XmlElement ? firstOf(node, path, rootNamespace, sought) : null;
    if (inside !== null) return inside;
  }
  return here.some(({ attribute }) => attribute === null) ? toPayloadValue(text) : null;
}

const name = fc.constantFrom('a', 'b', 'c');
const qualified = fc.tuple(fc.constantFrom('', '', '', 'p:', 'q:'), name).map(([prefix, local]) => prefix + local);
const text = fc.constantFrom(
  '',
  '',
  ' ',
  '\r\n',
  'A1',
  'é€𝄞',
  '&amp;',
  '&#66;',
  '&#x43;',
  '<![CDATA[D<]]>',
  '<!-- <b>X</b> -->',
);
const attribute = fc.constantFrom(
  '',
  '',
  ' id="I1"',
  " id=' '",
  ' p:id="P"',
  ' xmlns:p="urn:p2"',
  ' xmlns="urn:p"',
  ' xmlns=""',
  ' x="&lt;"',
);
const element = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(qualified, attribute, fc.array(fc.oneof({ depthSize: 'small' }, text, tie('element')), { maxLength: 5 }))
    .map(([tag, attributes, inside]) => `<${tag}${attributes}>${inside.join('')}</${tag}>`),
})).element;
const document = fc
  .tuple(fc.constantFrom('', ' xmlns="urn:p"', ' xmlns="urn:d"'), fc.array(fc.oneof(text, element), { maxLength: 6 }))
  .map(([given, inside]) => `<a${given} xmlns:p="urn:p" xmlns:q="urn:q">${inside.join('')}</a>`);
const xmlPlace = fc.record({
  namespace: fc.constantFrom(null, null, 'urn:p', ''),
  elements: fc.array(fc.constantFrom('a', 'b', 'c', '*'), { maxLength: 3 }).map((below) => ['a', ...below]),
  attribute: fc.constantFrom(null, null, 'id'),
});
const sought = fc.array(xmlPlace, { minLength: 1, maxLength: 3 });
const everyShape = Object.values(shapes);

test('whatever the document, the places and the shape of the message, the value is the one that libxml2 finds', async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(document, sought, fc.constantFrom(...everyShape), async (xml, xmlPlaces, shape) => {
      const value = await read(shape(xml), places(...xmlPlaces));
      assert.equal(said(value), byLibxml2(xml, xmlPlaces));
      if (value.kind === 'found') found += 1;
    }),
    { numRuns: 6_000 },
  );
  assert.ok(found > 500, `${found} documents had one`);
});

test('whatever is cut off, a head never says another value than the whole', async () => {
  await fc.assert(
    fc.asyncProperty(document, sought, fc.constantFrom(...everyShape), fc.nat(), async (xml, xmlPlaces, shape, cut) => {
      const { contentType, body } = shape(xml);
      const bytes = body.subarray(0, cut % (body.byteLength + 1));
      const head = await readPayloadValue(contentType, { bytes, isWhole: false }, places(...xmlPlaces));
      if (head.kind !== 'beyond') assert.deepEqual(head, await read({ contentType, body }, places(...xmlPlaces)));
    }),
    { numRuns: 3_000 },
  );
});

test('no bytes make it throw', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc
      .tuple(fc.constantFrom(...everyShape), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }))
      .map(([shape, at, junk]) => {
        const { body } = shape(bidSet('A'));
        const start = at % body.byteLength;
        return Buffer.concat([body.subarray(0, start), junk, body.subarray(start + 1)]);
      }),
  );
  const type = fc.constantFrom('text/xml', mtomType, 'multipart/related; boundary=b; start="<payload>"', '');
  await fc.assert(
    fc.asyncProperty(type, bytes, fc.boolean(), async (contentType, body, isWhole) => {
      const value = await readPayloadValue(contentType, { bytes: body, isWhole }, bid);
      assert.match(value.kind, /^(?:found|absent|beyond|unreadable)$/);
    }),
    { numRuns: 3_000 },
  );
});
