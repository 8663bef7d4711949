// Makes certificates for tests and demonstrations, good ones and bad ones. Never used on the way of a real exchange.
import { createHash, generateKeyPair, type KeyObject, randomBytes, constants as rsa, sign } from 'node:crypto';
import { isIP, SocketAddress } from 'node:net';
import { promisify } from 'node:util';
import { EXTENSION } from './certificate-extensions.ts';
import { DerReader, TAG } from './der.ts';
import {
  writeBitString,
  writeBoolean,
  writeElement,
  writeImplicit,
  writeInteger,
  writeNamedBits,
  writeOctetString,
  writeOid,
  writeSequence,
  writeTagged,
  writeText,
  writeTime,
} from './der-writer.ts';

/** Kinds of key a certificate can be made with; `rsa-1024`, `ec-p192`, `ec-p224` and `ec-explicit` are made to be refused. */
export type KeyType =
  | 'rsa-2048'
  | 'rsa-3072'
  | 'rsa-1024'
  | 'ec-p256'
  | 'ec-p384'
  | 'ec-p521'
  | 'ec-p224'
  | 'ec-p192'
  | 'ec-explicit'
  | 'ed25519'
  | 'ed448';

/** A private key and its certificate's public half. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What can sign certificates: a name and a key of any kind. */
export interface Signer {
  readonly subject: readonly NameAttribute[];
  readonly key: KeyPair;
}

/** One attribute of a name, e.g. `{ CN: 'ALPHAx0001' }`. */
export type NameAttribute = Readonly<Record<string, string>>;

/** A source of random bytes. */
export type RandomBytes = (byteCount: number) => Uint8Array;

/** Hashes to sign over; MD5, SHA-1 and SHA-224 are made to be refused. */
export type SignatureHash = 'MD5' | 'SHA-1' | 'SHA-224' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** Parts of a certificate (RFC 5280 §4.1) as whole elements. */
export interface CertificateParts {
  readonly version: Uint8Array;
  readonly serial: Uint8Array;
  /** The algorithm within what is signed. */
  readonly innerAlgorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly validity: Uint8Array;
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Unique identifiers, by default none. */
  readonly uniqueIds: Uint8Array;
  readonly extensions: Uint8Array;
  /** The algorithm beside the signature. */
  readonly outerAlgorithm: Uint8Array;
}

/** Everything that a made certificate says. Instants are ms since 1970 UTC, kept to the second below. */
export interface CertificateContents {
  /** Least specific attribute first, as it is encoded. */
  readonly subject: readonly NameAttribute[];
  readonly key: KeyPair;
  readonly signer: Signer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Present makes an authority; `pathLength` absent means any number of intermediates below. */
  readonly authority?: { readonly pathLength?: number };
  /** Names of RFC 5280 §4.2.1.3; absent leaves the extension out. */
  readonly keyUsages?: readonly KeyUsage[] | undefined;
  /** Dotted OIDs; absent leaves the extension out. */
  readonly extendedKeyUsages?: readonly string[] | undefined;
  /** DNS names and IP addresses; absent leaves the extension out. */
  readonly hostNames?: readonly string[];
  /** Default `SHA-256`. Ed25519 and Ed448 bring their own. */
  readonly signatureHash?: SignatureHash;
  /** True signs with RSASSA-PSS, where the key is RSA. */
  readonly pss?: boolean;
  /** Default true; false leaves out both key identifiers, as old and forged certificates do. */
  readonly keyIdentifiers?: boolean;
  /** Further extensions, as they are. */
  readonly extensions?: readonly Uint8Array[];
  /** Numbers of extensions that are left out though the rest asks for them. */
  readonly without?: readonly string[];
  /** Where the 16 bytes of the serial number come from; by default the system's random source. */
  readonly random?: RandomBytes;
  /** Parts that say something else than the rest: whole elements, true or not. An empty one is left out. */
  readonly parts?: Partial<CertificateParts>;
  /** What becomes of the signature; by default it stays. */
  readonly forge?: (signature: Uint8Array) => Uint8Array;
}

const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

/** A bit of RFC 5280 §4.2.1.3. */
export type KeyUsage = keyof typeof keyUsageBits;

/** An Extension (RFC 5280 §4.1) with a value of the caller's making. */
export function makeExtension(oid: string, critical: boolean, ...value: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return writeSequence(writeOid(oid), ...(critical ? [writeBoolean(true)] : []), writeOctetString(...value));
}

const makeKeyPair = promisify(generateKeyPair);

/** A fresh key pair, made off the calling thread, so that several RSA keys are made side by side. */
export async function createKeyPair(keyType: KeyType): Promise<KeyPair> {
  switch (keyType) {
    case 'rsa-2048':
      return makeKeyPair('rsa', { modulusLength: 2048 });
    case 'rsa-3072':
      return makeKeyPair('rsa', { modulusLength: 3072 });
    case 'rsa-1024':
      return makeKeyPair('rsa', { modulusLength: 1024 });
    case 'ec-p256':
      return makeKeyPair('ec', { namedCurve: 'P-256' });
    case 'ec-p384':
      return makeKeyPair('ec', { namedCurve: 'P-384' });
    case 'ec-p521':
      return makeKeyPair('ec', { namedCurve: 'P-521' });
    case 'ec-p224':
      return makeKeyPair('ec', { namedCurve: 'secp224r1' });
    case 'ec-p192':
      return makeKeyPair('ec', { namedCurve: 'prime192v1' });
    case 'ec-explicit':
      return makeKeyPair('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
    case 'ed25519':
      return makeKeyPair('ed25519');
    case 'ed448':
      return makeKeyPair('ed448');
  }
}

/** The DER of a certificate that says what it is told to, true or not. */
export function makeCertificate(contents: CertificateContents): Buffer<ArrayBuffer> {
  const { signer, parts = {} } = contents;
  const algorithm = makeAlgorithm(signer.key, contents);
  const toBeSigned = writeSequence(
    parts.version ?? writeTagged(0, writeInteger(2)),
    parts.serial ?? writeElement(TAG.integer, toSerial((contents.random ?? randomBytes)(16))),
    parts.innerAlgorithm ?? algorithm,
    parts.issuer ?? makeName(signer.subject),
    parts.validity ?? writeSequence(writeTime(contents.notBeforeMs), writeTime(contents.notAfterMs)),
    parts.subject ?? makeName(contents.subject),
    parts.publicKey ?? toSpki(contents.key),
    parts.uniqueIds ?? Buffer.alloc(0),
    parts.extensions ?? writeTagged(3, writeSequence(...toExtensions(contents))),
  );
  const signature = signOver(toBeSigned, signer.key, contents);
  return writeSequence(
    toBeSigned,
    parts.outerAlgorithm ?? algorithm,
    writeBitString(contents.forge?.(signature) ?? signature),
  );
}

/** How something is signed. */
export interface Signing {
  readonly signatureHash?: SignatureHash;
  readonly pss?: boolean;
}

/** The signature of a key over bytes. */
export function signOver(bytes: Uint8Array, { privateKey }: KeyPair, signing: Signing): Buffer {
  const isEdwards = privateKey.asymmetricKeyType?.startsWith('ed') === true;
  const hash = isEdwards ? null : (signing.signatureHash ?? 'SHA-256').replace('-', '');
  if (signing.pss !== true) return sign(hash, bytes, privateKey);
  return sign(hash, bytes, {
    key: privateKey,
    padding: rsa.RSA_PKCS1_PSS_PADDING,
    saltLength: rsa.RSA_PSS_SALTLEN_DIGEST,
  });
}

const hashOids: Readonly<Record<SignatureHash, string>> = {
  MD5: '1.2.840.113549.2.5',
  'SHA-1': '1.3.14.3.2.26',
  'SHA-224': '2.16.840.1.101.3.4.2.4',
  'SHA-256': '2.16.840.1.101.3.4.2.1',
  'SHA-384': '2.16.840.1.101.3.4.2.2',
  'SHA-512': '2.16.840.1.101.3.4.2.3',
};

const rsaSignatures: Readonly<Record<SignatureHash, string>> = {
  MD5: '1.2.840.113549.1.1.4',
  'SHA-1': '1.2.840.113549.1.1.5',
  'SHA-224': '1.2.840.113549.1.1.14',
  'SHA-256': '1.2.840.113549.1.1.11',
  'SHA-384': '1.2.840.113549.1.1.12',
  'SHA-512': '1.2.840.113549.1.1.13',
};

const ecdsaSignatures: Readonly<Record<SignatureHash, string>> = {
  MD5: '1.2.840.10045.4.3',
  'SHA-1': '1.2.840.10045.4.1',
  'SHA-224': '1.2.840.10045.4.3.1',
  'SHA-256': '1.2.840.10045.4.3.2',
  'SHA-384': '1.2.840.10045.4.3.3',
  'SHA-512': '1.2.840.10045.4.3.4',
};

const hashBytes: Readonly<Record<SignatureHash, number>> = {
  MD5: 16,
  'SHA-1': 20,
  'SHA-224': 28,
  'SHA-256': 32,
  'SHA-384': 48,
  'SHA-512': 64,
};

const derNull = Buffer.of(0x05, 0x00);

/** The AlgorithmIdentifier of a key's signature (RFC 5280 §4.1.1.2). */
export function makeAlgorithm(
  { privateKey }: KeyPair,
  { signatureHash = 'SHA-256', pss }: Signing,
): Buffer<ArrayBuffer> {
  switch (privateKey.asymmetricKeyType) {
    case 'ed25519':
      return writeSequence(writeOid('1.3.101.112'));
    case 'ed448':
      return writeSequence(writeOid('1.3.101.113'));
    case 'ec':
      return writeSequence(writeOid(ecdsaSignatures[signatureHash]));
    default:
      return pss === true
        ? makePssAlgorithm(signatureHash)
        : writeSequence(writeOid(rsaSignatures[signatureHash]), derNull);
  }
}

function makePssAlgorithm(signatureHash: SignatureHash): Buffer<ArrayBuffer> {
  const hash = writeSequence(writeOid(hashOids[signatureHash]), derNull);
  const mask = writeSequence(writeOid('1.2.840.113549.1.1.8'), hash);
  return writeSequence(
    writeOid('1.2.840.113549.1.1.10'),
    writeSequence(writeTagged(0, hash), writeTagged(1, mask), writeTagged(2, writeInteger(hashBytes[signatureHash]))),
  );
}

/** One PEM CERTIFICATE block, newline at the end. */
export function toPem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** The private key as PKCS#8 PEM, not encrypted. */
export function toKeyPem({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const attributeOids: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
};

// RFC 5280 appendix A: a country is a PrintableString, a mailbox and a domain component are IA5Strings; the rest may be UTF-8.
const attributeTags: Readonly<Record<string, number>> = {
  C: TAG.printableString,
  emailAddress: TAG.ia5String,
  DC: TAG.ia5String,
};

/** A Name (RFC 5280 §4.1.2.4); `tag` writes its other values in another kind of string. */
export function makeName(attributes: readonly NameAttribute[], tag: number = TAG.utf8String): Buffer<ArrayBuffer> {
  return writeSequence(
    ...attributes.flatMap((attribute) =>
      Object.entries(attribute).map(([type, value]) =>
        writeElement(
          TAG.set,
          writeSequence(writeOid(attributeOids[type] ?? type), writeText(attributeTags[type] ?? tag, value)),
        ),
      ),
    ),
  );
}

function toSpki({ publicKey }: KeyPair): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** The key identifier of RFC 5280 §4.2.1.2 (1): SHA-1 over the key's bits. A name, not a proof, so that SHA-1 does no harm. */
export function toKeyIdentifier(key: KeyPair): Buffer {
  const spki = new DerReader(toSpki(key)).enter(TAG.sequence);
  spki.next(TAG.sequence);
  return createHash('sha1').update(spki.next(TAG.bitString).content.subarray(1)).digest();
}

// Positive, 16 bytes, no leading zero (RFC 5280 §4.1.2.2).
function toSerial([first = 0, ...rest]: Uint8Array): Buffer {
  return Buffer.from([(first & 0x7f) | 0x40, ...rest]);
}

function toExtensions(contents: CertificateContents): readonly Uint8Array[] {
  const { authority, keyUsages, extendedKeyUsages, hostNames, keyIdentifiers = true, without = [] } = contents;
  const extensions: [oid: string, critical: boolean, value: Uint8Array][] = [
    [EXTENSION.basicConstraints, true, toBasicConstraints(authority)],
  ];
  if (keyUsages !== undefined)
    extensions.push([EXTENSION.keyUsage, true, writeNamedBits(keyUsages.map((usage) => keyUsageBits[usage]))]);
  if (extendedKeyUsages !== undefined)
    extensions.push([EXTENSION.extendedKeyUsage, false, writeSequence(...extendedKeyUsages.map(writeOid))]);
  if (hostNames !== undefined)
    extensions.push([EXTENSION.subjectAltName, false, writeSequence(...hostNames.map(toGeneralName))]);
  if (keyIdentifiers) {
    extensions.push([EXTENSION.subjectKeyIdentifier, false, writeOctetString(toKeyIdentifier(contents.key))]);
    const ofSigner = writeImplicit(0, toKeyIdentifier(contents.signer.key));
    extensions.push([EXTENSION.authorityKeyIdentifier, false, writeSequence(ofSigner)]);
  }
  return [
    ...extensions.filter(([oid]) => !without.includes(oid)).map((each) => makeExtension(...each)),
    ...(contents.extensions ?? []),
  ];
}

function toBasicConstraints(authority: CertificateContents['authority']): Buffer<ArrayBuffer> {
  if (authority === undefined) return writeSequence();
  const { pathLength } = authority;
  return writeSequence(writeBoolean(true), ...(pathLength === undefined ? [] : [writeInteger(pathLength)]));
}

function toGeneralName(host: string): Buffer<ArrayBuffer> {
  return isIP(host) === 0 ? writeImplicit(2, Buffer.from(host)) : writeImplicit(7, toAddressOctets(host));
}

/** The octets of an IP address. */
export function toAddressOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The canonical form has at most one run of zero groups to fill in.
  const [head = '', tail] = new SocketAddress({ address, family: 'ipv6' }).address.split('::');
  const groupsOf = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [before, behind] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array.from({ length: 8 - before.length - behind.length }, () => '0');
  const groups = tail === undefined ? before : [...before, ...zeros, ...behind];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
