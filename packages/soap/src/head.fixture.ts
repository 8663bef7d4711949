// Messages for tests of the head: well-formed, almost so, and neither.
import fc from 'fast-check';
import { defaultHeadBounds, type HeadBounds } from './head.ts';
import { soap11Namespace, soap12Namespace } from './namespaces.ts';

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';

const name = fc.constantFrom('a', 'b', 'Id', 'Body', 'Header', 'Envelope', 'x-1.y_', '_', 'é', '1', 'a:', 'xmlns');
const prefix = fc.constantFrom('', '', '', 'S:', 'S:', 'p:', 'q:', 'r:', 'xml:', 'xmlns:', 'p:q:', ':', 'é:');
const space = fc.constantFrom(' ', ' ', ' ', '\n', '\r\n', '\t', '  ', '', '\r', '\u00a0');
const text = fc
  .array(
    fc.constantFrom(
      'x',
      'QUJDREVG',
      ' ',
      '\n',
      '\r\n',
      '\r',
      'é',
      '€',
      '𝄞',
      '\u007f',
      '\ufeff',
      '\ufffd',
      '>',
      "'",
      '"',
      ']',
      '&amp;',
      '&lt;',
      '&gt;',
      '&quot;',
      '&apos;',
      '&#10;',
      '&#x1F600;',
      '&#0065;',
      'A'.repeat(300),
      ']]',
      ']]>',
      '&nbsp;',
      '&#0;',
      '&#xD800;',
      '&#xFFFE;',
      '&#X41;',
      '&#x110000;',
      '&',
      '&;',
      '\u0001',
      '\uffff',
      '<!-- c -->',
      '<!---->',
      '<!--->-->',
      '<!-- - -- -->',
      '<![CDATA[x]]>',
      '<?p?>',
      '<!DOCTYPE a>',
      '<',
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(''));
const plainText = fc.constantFrom('', 'x', ' ', '&amp;', ']', 'é', 'QUJD'.repeat(20), '<!-- c -->', '\r\n');
const uri = fc.constantFrom(
  soap11Namespace,
  soap12Namespace,
  'urn:p',
  'urn:p',
  'urn:q',
  '',
  ' urn:p ',
  'urn:&amp;',
  '\u00a0urn:p',
  'urn:é',
  xmlNamespace,
  xmlnsNamespace,
  ` ${xmlNamespace}`,
  "urn:'",
);
const attribute = fc.oneof(
  fc
    .tuple(fc.constantFrom('xmlns:p', 'xmlns:q', 'xmlns:r', 'xmlns:S', 'xmlns', 'xmlns:xml', 'xmlns:xmlns'), uri)
    .map(([declared, value]) => `${declared}="${value}"`),
  fc
    .tuple(prefix, name, space, fc.oneof({ weight: 3, arbitrary: plainText }, text), fc.constantFrom('"', "'", ''))
    .map(([before, local, blank, value, quote]) => `${before}${local}${blank.trim()}=${quote}${value}${quote}`),
  fc.constantFrom(`xml:lang="en"`, `p:Id='1'`, `q:Id="1"`, `Id = "1"`, `Id\n=\r\n'1'`, 'Id', ''),
);
const attributes = fc
  .array(fc.tuple(space, attribute), { maxLength: 4 })
  .map((pieces) => pieces.map((piece) => piece.join('')).join(''));
const plainAttributes = fc
  .uniqueArray(
    fc.constantFrom(
      'xmlns:p="urn:p"',
      'xmlns:q="urn:p"',
      'xmlns="urn:d"',
      'xmlns=""',
      'Id="1"',
      "p:Id='&#60;'",
      'q:Id=">"',
      'xml:lang="en"',
    ),
    { maxLength: 4 },
  )
  .map((pieces) => pieces.map((piece) => ` ${piece}`).join(''));

interface Pieces {
  readonly tag: fc.Arbitrary<string>;
  readonly attributes: fc.Arbitrary<string>;
  readonly text: fc.Arbitrary<string>;
  readonly prolog: fc.Arbitrary<string>;
}

const soundTag = fc.constantFrom('a', 'S:Body', 'S:Header', 'S:Envelope', 'p:a', 'q:Id', 'r:x-1.y_', '_', 'Body');
const sound: Pieces = {
  tag: soundTag,
  attributes: plainAttributes,
  text: plainText,
  prolog: fc.constantFrom(
    '',
    '\ufeff',
    '\n<!-- c -->\n',
    '<?xml version="1.0"?>',
    '\ufeff<?xml version="1.0" encoding="US-ASCII"?>',
    "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n",
    `<?xml version = "1.0"${' '.repeat(90)}?>`,
  ),
};
const wild: Pieces = {
  tag: fc.oneof(
    { weight: 3, arbitrary: soundTag },
    fc.tuple(prefix, name).map((parts) => parts.join('')),
  ),
  attributes: fc.oneof({ weight: 3, arbitrary: plainAttributes }, attributes),
  text: fc.oneof({ weight: 3, arbitrary: plainText }, text),
  prolog: fc.oneof(
    { weight: 3, arbitrary: sound.prolog },
    fc.constantFrom(
      ' ',
      '<!DOCTYPE a>',
      '<?p?>',
      'x',
      '\ufeff\ufeff',
      '\u0000',
      '</a>',
      '</>',
      '<?xml version="1.1"?>',
      '<!-->-->',
      '<?xml version="1.0" encoding="latin1"?>',
      ' <?xml version="1.0"?>',
      '<?xml encoding="utf-8"?>',
      '<?xml version="1.0"encoding="utf-8"?>',
      '<?xml version="1.0" standalone="no" encoding="utf-8"?>',
    ),
  ),
};

function contentOf(pieces: Pieces): fc.Arbitrary<string> {
  return fc.letrec<{ content: string; element: string }>((tie) => ({
    content: fc
      .array(fc.oneof({ depthSize: 'small' }, pieces.text, tie('element')), { maxLength: 3 })
      .map((contents) => contents.join('')),
    element: fc
      .tuple(pieces.tag, pieces.attributes, fc.constantFrom('', '', ' ', '\r\n'), tie('content'), fc.nat(9))
      .map(([tag, given, blank, inside, form]) =>
        form < 3 ? `<${tag}${given}${blank}/>` : `<${tag}${given}${blank}>${inside}</${tag}${blank}>`,
      ),
  })).content;
}

const declared = 'xmlns:p="urn:p" xmlns:q="urn:q" xmlns:r="urn:p"';
const root = fc.constantFrom(
  `S:Envelope xmlns:S="${soap11Namespace}" ${declared}`,
  `S:Envelope ${declared} xmlns:S='${soap12Namespace}'`,
  `S:Envelope xmlns="urn:d" xmlns:S="${soap11Namespace}" ${declared}`,
  `Envelope xmlns="${soap12Namespace}" xmlns:S="${soap12Namespace}" ${declared}`,
  `S:Envelope xmlns:S="urn:other" ${declared}`,
);

function envelopeOf(pieces: Pieces): fc.Arbitrary<string> {
  const content = contentOf(pieces);
  return fc
    .tuple(pieces.prolog, root, content, pieces.attributes, content, fc.boolean())
    .map(([prolog, opened, header, given, body, isEmpty]) => {
      const inside = isEmpty ? `<S:Body${given}/>` : `<S:Body${given}>${body}</S:Body>`;
      return `${prolog}<${opened}><S:Header>${header}</S:Header>${inside}</${opened.split(' ')[0]}>`;
    });
}

const byteEdit = fc.record({
  at: fc.nat(),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc
      .constantFrom('<', '>', '/', ':', '&', ']]>', '"', ' ', 'xmlns:p="urn:p"', '--', '\u0000')
      .map((text) => Buffer.from(text)),
    fc.constantFrom([0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xef, 0xbf, 0xbf]),
  ),
  removed: fc.nat(3),
});

function edited(
  bytes: Uint8Array,
  { at, bytes: inserted, removed }: { at: number; bytes: Iterable<number>; removed: number },
): Buffer {
  const start = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, start), Uint8Array.from(inserted), bytes.subarray(start + removed)]);
}

/** Envelopes, most of them sound, some with bytes changed in a few places, at even and at odd addresses, some cut off. */
export const envelopeBytes: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.oneof(envelopeOf(sound), envelopeOf(wild)),
    fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(byteEdit, { minLength: 1, maxLength: 2 })),
    fc.nat(),
    fc.nat(7),
  )
  .map(([xml, edits, cut, form]) => {
    const bytes = edits.reduce<Buffer>(edited, Buffer.from(xml));
    const seen = form === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
    return form % 2 === 1 ? Buffer.concat([Buffer.from('x'), seen]).subarray(1) : seen;
  });

/** Bounds, mostly the default ones, some so small that small messages reach them. */
export const headBounds: fc.Arbitrary<HeadBounds> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(defaultHeadBounds) },
  fc.record({
    scannedBytesMax: fc.constantFrom(64 * 1024, 64 * 1024, 200),
    depthMax: fc.integer({ min: 1, max: 6 }),
    tokenCharsMax: fc.integer({ min: 10, max: 300 }),
    attributesMax: fc.integer({ min: 3, max: 8 }),
  }),
);
