// Kinds that differ in form: versions, extensions, encodings.
import { der, makeExtension, makeName, toKeyIdentifier } from '@headgate/pki';
import { type Changes, type Recipe, type World, withDer } from './world.ts';

const nobodys = '1.3.6.1.4.1.99999.1';
const derNull = Buffer.of(0x05, 0x00);
const none = Buffer.alloc(0);

/** Recipes by kind. */
export function recipesOfForm(world: World) {
  const { issuing, root, legacyIssuing, legacyRoot, makeAuthority, makeLeaf, makeRoot } = world;
  const leaf = (changes: Changes): Recipe => ({ leaf: makeLeaf(issuing, changes) });
  const belowIssuer = (changes: Changes): Recipe => {
    const odd = makeAuthority(root, 'Kinds Issuing', changes);
    return { issuing: odd, leaf: makeLeaf(odd) };
  };
  const serial = (...content: readonly number[]): Changes => ({
    parts: { serial: der.writeElement(0x02, Buffer.from(content)) },
  });
  const named = (...relativeNames: readonly Uint8Array[]): Recipe =>
    leaf({ parts: { subject: der.writeSequence(...relativeNames) } });
  const commonName = (value: Uint8Array): Uint8Array =>
    der.writeElement(0x31, der.writeSequence(der.writeOid('2.5.4.3'), der.writeElement(0x0c, value)));
  const basic = (value: Uint8Array): Recipe =>
    leaf({ without: ['2.5.29.19'], extensions: [makeExtension('2.5.29.19', true, value)] });
  const altered = (change: (bytes: Buffer) => Uint8Array): Recipe => ({ leaf: withDer(makeLeaf(issuing), change) });
  const names = makeExtension('2.5.29.17', true, der.writeSequence(der.writeImplicit(2, Buffer.from('a.example'))));
  return {
    'a leaf with a critical extension that nobody knows': () =>
      leaf({ extensions: [makeExtension(nobodys, true, derNull)] }),
    'a leaf with an extension that nobody knows': () => leaf({ extensions: [makeExtension(nobodys, false, derNull)] }),
    'an issuing authority with a critical extension that nobody knows': () =>
      belowIssuer({ extensions: [makeExtension(nobodys, true, derNull)] }),
    'an issuing authority with an extension that nobody knows': () =>
      belowIssuer({ extensions: [makeExtension(nobodys, false, derNull)] }),
    'a root with a critical extension that nobody knows': () => {
      const odd = makeRoot('Kinds Odd Root', { extensions: [makeExtension(nobodys, true, derNull)] });
      const below = makeAuthority(odd);
      return { root: odd, issuing: below, leaf: makeLeaf(below) };
    },
    'a leaf that is a proxy certificate': () => {
      const inheritAll = der.writeSequence(der.writeSequence(der.writeOid('1.3.6.1.5.5.7.21.1')));
      return leaf({ extensions: [makeExtension('1.3.6.1.5.5.7.1.14', true, inheritAll)] });
    },
    'a leaf whose authority key identifier is critical': () =>
      leaf({
        without: ['2.5.29.35'],
        extensions: [
          makeExtension('2.5.29.35', true, der.writeSequence(der.writeImplicit(0, toKeyIdentifier(issuing.key)))),
        ],
      }),
    'a leaf without an authority key identifier': () => leaf({ without: ['2.5.29.35'] }),
    'an issuing authority without an authority key identifier': () => belowIssuer({ without: ['2.5.29.35'] }),
    'an issuing authority without a subject key identifier': () => belowIssuer({ without: ['2.5.29.14'] }),
    'a leaf without a subject key identifier': () => leaf({ without: ['2.5.29.14'] }),
    'a leaf whose authority key identifier names issuer and serial number of another authority': () =>
      leaf({
        without: ['2.5.29.35'],
        extensions: [
          makeExtension(
            '2.5.29.35',
            false,
            der.writeSequence(
              der.writeImplicit(0, toKeyIdentifier(issuing.key)),
              der.writeTagged(1, der.writeTagged(4, makeName(legacyRoot.subject))),
              der.writeImplicit(2, Buffer.from(legacyIssuing.serial, 'hex')),
            ),
          ),
        ],
      }),
    'a leaf of version 1': () => leaf({ parts: { version: none, extensions: none } }),
    'a leaf of version 2': () =>
      leaf({ parts: { version: der.writeTagged(0, der.writeInteger(1)), extensions: none } }),
    'a leaf of version 4': () => leaf({ parts: { version: der.writeTagged(0, der.writeInteger(3)) } }),
    'a leaf of version 1 with extensions': () => leaf({ parts: { version: none } }),
    'a leaf with an extension twice': () =>
      leaf({ extensions: [makeExtension('2.5.29.37', false, der.writeSequence(der.writeOid('1.3.6.1.5.5.7.3.2')))] }),
    'a leaf with an unknown extension twice': () =>
      leaf({ extensions: [makeExtension(nobodys, false, derNull), makeExtension(nobodys, false, derNull)] }),
    'a leaf whose list of extensions is empty': () =>
      leaf({ parts: { extensions: der.writeTagged(3, der.writeSequence()) } }),
    'a leaf whose inner algorithm is another one': () =>
      leaf({ parts: { innerAlgorithm: der.writeSequence(der.writeOid('1.2.840.10045.4.3.3')) } }),
    'a leaf whose inner algorithm has other parameters': () =>
      leaf({ parts: { innerAlgorithm: der.writeSequence(der.writeOid('1.2.840.10045.4.3.2'), derNull) } }),
    'an RSASSA-PSS leaf whose inner algorithm has another hash': () => ({
      root: legacyRoot,
      issuing: legacyIssuing,
      leaf: makeLeaf(legacyIssuing, {
        pss: true,
        parts: { innerAlgorithm: der.writeSequence(der.writeOid('1.2.840.113549.1.1.10'), der.writeSequence()) },
      }),
    }),
    'a leaf with serial number 0': () => leaf(serial(0)),
    'a leaf with a negative serial number': () => leaf(serial(0x91, 0x02)),
    'a leaf with a serial number of 20 bytes': () => leaf(serial(...Array.from({ length: 20 }, () => 0x41))),
    'a leaf with a serial number of 21 bytes': () => leaf(serial(...Array.from({ length: 21 }, () => 0x41))),
    'a leaf with a padded serial number': () => leaf(serial(0x00, 0x41)),
    'an issuing authority with serial number 0': () => belowIssuer(serial(0)),
    'a leaf without a subject': () => leaf({ subject: [] }),
    'a leaf without a subject but with critical alternative names': () => leaf({ subject: [], extensions: [names] }),
    'a leaf without an issuer': () => leaf({ parts: { issuer: der.writeSequence() } }),
    'a leaf whose name has an empty part': () => named(commonName(Buffer.from('ALPHAx0001')), der.writeElement(0x31)),
    'a leaf whose name is not UTF-8': () => named(commonName(Buffer.of(0x41, 0xc3))),
    'a leaf whose name has a NUL character': () => named(commonName(Buffer.from('ALPHAx0001\0.example'))),
    'a leaf with unique identifiers': () => leaf({ parts: { uniqueIds: der.writeImplicit(2, Buffer.of(0, 0x2a)) } }),
    'a leaf whose alternative names are empty': () =>
      leaf({ extensions: [makeExtension('2.5.29.17', false, der.writeSequence())] }),
    'a leaf with an IP address of five bytes': () =>
      leaf({
        extensions: [
          makeExtension('2.5.29.17', false, der.writeSequence(der.writeImplicit(7, Buffer.of(192, 0, 2, 1, 0)))),
        ],
      }),
    'a leaf whose basic constraints spell out that it is no authority': () =>
      basic(der.writeSequence(der.writeBoolean(false))),
    'a leaf whose basic constraints have bytes after them': () => basic(Buffer.concat([der.writeSequence(), derNull])),
    'a leaf whose basic constraints have TRUE written as 1': () =>
      basic(der.writeSequence(der.writeElement(0x01, Buffer.of(1)))),
    'a leaf whose key usage is cut short': () =>
      leaf({ keyUsages: undefined, extensions: [makeExtension('2.5.29.15', true, Buffer.of(0x03, 0x02, 0x07))] }),
    'a leaf whose signature has unused bits': () =>
      altered((bytes) => {
        const at = bytes.length - signatureBytes(bytes) - 1;
        bytes[at] = 1;
        return bytes;
      }),
    'a leaf with bytes after it': () => altered((bytes) => Buffer.concat([bytes, derNull])),
    'a leaf with a length that is not the shortest': () =>
      // 30 82 xx xx: the outermost length, written in three octets instead of two.
      altered((bytes) => Buffer.concat([Buffer.of(0x30, 0x83, 0x00), bytes.subarray(2)])),
    'a leaf of indefinite length': () =>
      altered((bytes) => Buffer.concat([Buffer.of(0x30, 0x80), bytes.subarray(4), Buffer.of(0, 0)])),
    'a leaf that is cut short': () => altered((bytes) => bytes.subarray(0, -20)),
    'a leaf that is no certificate': () => altered(() => Buffer.from('-----BEGIN CERTIFICATE-----')),
    'a leaf of more than 65,536 bytes': () =>
      leaf({ extensions: [makeExtension(nobodys, false, der.writeOctetString(Buffer.alloc(66_000)))] }),
  } satisfies Record<string, () => Recipe>;
}

/** How many bytes the signature at the end of a certificate has, its octet of unused bits not counted. */
function signatureBytes(bytes: Buffer): number {
  // An ECDSA signature over P-256 is shorter than 128 bytes: tag, one octet of length, unused bits, signature.
  for (let length = 64; length < 80; length += 1)
    if (bytes[bytes.length - length - 3] === 0x03 && bytes[bytes.length - length - 2] === length + 1) return length;
  throw new RangeError('no signature at the end');
}
