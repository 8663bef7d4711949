// Names the signature and key algorithms of a certificate, and how strong they are. What is not listed has no known strength.
import { bitStringOctets, DerReader, integerBits, TAG, toDottedOid, toSmallInteger } from './der.ts';

/** A certificate's signature: its name (the OID if unlisted) and its hash; `intrinsic` where the scheme brings its own. */
export interface SignatureFacts {
  readonly signatureAlgorithm: string;
  readonly signatureHash: string;
}

/** A certificate's public key: its kind (the OID if unlisted) and its size; 0 bits if the size is unknown. */
export interface KeyFacts {
  readonly keyAlgorithm: string;
  readonly keyBits: number;
  /** False for an RSA key with an exponent of 1 or an even one, which anybody can sign with, or nobody (RFC 8017 §3.1). */
  readonly hasSoundExponent: boolean;
}

const signatures: ReadonlyMap<string, readonly [name: string, hash: string]> = new Map([
  ['1.2.840.113549.1.1.2', ['md2WithRSAEncryption', 'md2']],
  ['1.2.840.113549.1.1.4', ['md5WithRSAEncryption', 'md5']],
  ['1.2.840.113549.1.1.5', ['sha1WithRSAEncryption', 'sha1']],
  ['1.2.840.113549.1.1.11', ['sha256WithRSAEncryption', 'sha256']],
  ['1.2.840.113549.1.1.12', ['sha384WithRSAEncryption', 'sha384']],
  ['1.2.840.113549.1.1.13', ['sha512WithRSAEncryption', 'sha512']],
  ['1.2.840.113549.1.1.14', ['sha224WithRSAEncryption', 'sha224']],
  ['1.2.840.10040.4.3', ['dsaWithSHA1', 'sha1']],
  ['1.2.840.10045.4.1', ['ecdsa-with-SHA1', 'sha1']],
  ['1.2.840.10045.4.3.1', ['ecdsa-with-SHA224', 'sha224']],
  ['1.2.840.10045.4.3.2', ['ecdsa-with-SHA256', 'sha256']],
  ['1.2.840.10045.4.3.3', ['ecdsa-with-SHA384', 'sha384']],
  ['1.2.840.10045.4.3.4', ['ecdsa-with-SHA512', 'sha512']],
  ['1.3.101.112', ['ed25519', 'intrinsic']],
  ['1.3.101.113', ['ed448', 'intrinsic']],
]);

const hashes: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

const strongHashes: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512', 'intrinsic']);

const curveBits: ReadonlyMap<string, number> = new Map([
  ['1.2.840.10045.3.1.1', 192],
  ['1.3.132.0.33', 224],
  ['1.2.840.10045.3.1.7', 256],
  ['1.3.132.0.10', 256],
  ['1.3.132.0.34', 384],
  ['1.3.132.0.35', 521],
  ['1.3.36.3.3.2.8.1.1.7', 256],
  ['1.3.36.3.3.2.8.1.1.11', 384],
  ['1.3.36.3.3.2.8.1.1.13', 512],
]);

/** What the content of a signature's AlgorithmIdentifier says (RFC 5280 §4.1.1.2). */
export function readSignature(algorithm: DerReader): SignatureFacts {
  const oid = toDottedOid(algorithm.next(TAG.objectIdentifier).content);
  if (oid === '1.2.840.113549.1.1.10')
    return { signatureAlgorithm: 'rsassaPss', signatureHash: readPssHash(algorithm) };
  const [signatureAlgorithm, signatureHash] = signatures.get(oid) ?? [oid, 'unknown'];
  return { signatureAlgorithm, signatureHash };
}

// RFC 4055 §3.1: without parameters, and without the first of them, the hash is SHA-1.
function readPssHash(algorithm: DerReader): string {
  const hash = algorithm.atEnd ? undefined : algorithm.enter(TAG.sequence).optional(0xa0);
  if (hash === undefined) return 'sha1';
  const oid = toDottedOid(new DerReader(hash.content).enter(TAG.sequence).next(TAG.objectIdentifier).content);
  return hashes.get(oid) ?? 'unknown';
}

/** How many bytes of salt an RSASSA-PSS signature says it has, from the content of its AlgorithmIdentifier (RFC 4055 §3.1). */
export function readPssSaltBytes(algorithm: Uint8Array): number {
  const identifier = new DerReader(algorithm);
  identifier.next(TAG.objectIdentifier);
  if (identifier.atEnd) return 20;
  const parameters = identifier.enter(TAG.sequence);
  parameters.optional(0xa0);
  parameters.optional(0xa1);
  const salt = parameters.optional(0xa2);
  return salt === undefined ? 20 : toSmallInteger(new DerReader(salt.content).next(TAG.integer));
}

/** What the content of a SubjectPublicKeyInfo says (RFC 5280 §4.1.2.7). */
export function readKey(key: DerReader): KeyFacts {
  const algorithm = key.enter(TAG.sequence);
  const oid = toDottedOid(algorithm.next(TAG.objectIdentifier).content);
  const bits = key.next(TAG.bitString);
  switch (oid) {
    case '1.2.840.113549.1.1.1':
      return { keyAlgorithm: 'rsa', ...readRsaKey(bitStringOctets(bits)) };
    case '1.2.840.113549.1.1.10':
      return { keyAlgorithm: 'rsa-pss', ...readRsaKey(bitStringOctets(bits)) };
    case '1.2.840.10045.2.1':
      return { keyAlgorithm: 'ec', keyBits: readCurveBits(algorithm), hasSoundExponent: true };
    case '1.3.101.112':
      return { keyAlgorithm: 'ed25519', keyBits: 256, hasSoundExponent: true };
    case '1.3.101.113':
      return { keyAlgorithm: 'ed448', keyBits: 456, hasSoundExponent: true };
    default:
      return { keyAlgorithm: oid, keyBits: 0, hasSoundExponent: true };
  }
}

function readRsaKey(octets: Uint8Array): Omit<KeyFacts, 'keyAlgorithm'> {
  const key = new DerReader(octets).enter(TAG.sequence);
  const keyBits = integerBits(key.next(TAG.integer));
  const exponent = key.next(TAG.integer);
  key.finish();
  const isOdd = ((exponent.content.at(-1) ?? 0) & 1) === 1;
  return { keyBits, hasSoundExponent: isOdd && integerBits(exponent) > 1 };
}

// Explicit curve parameters have no strength here: with a generator of the attacker's choosing, a foreign key can be made
// to match a private one (CVE-2020-0601). RFC 5480 §2.1.1 forbids them in certificates.
function readCurveBits(algorithm: DerReader): number {
  const curve = algorithm.optional(TAG.objectIdentifier);
  return curve === undefined ? 0 : (curveBits.get(toDottedOid(curve.content)) ?? 0);
}

/** Whether a certificate's signature uses a hash that still resists collisions; MD5 and SHA-1 do not (RFC 9155). */
export function isStrongSignature({ signatureHash }: SignatureFacts): boolean {
  return strongHashes.has(signatureHash);
}

/** Whether a key has at least 112 bits of strength: RSA from 2048 bits, elliptic curves from 256 (NIST SP 800-57, table 2). */
export function isStrongKey({ keyAlgorithm, keyBits, hasSoundExponent }: KeyFacts): boolean {
  if (!hasSoundExponent) return false;
  switch (keyAlgorithm) {
    case 'rsa':
    case 'rsa-pss':
      return keyBits >= 2048;
    case 'ec':
    case 'ed25519':
    case 'ed448':
      return keyBits >= 256;
    default:
      return false;
  }
}
