// Where we and the openssl program differ on purpose, each with the reason. A difference that is not here fails the test.
import type { KindName } from './kinds.ts';

/** Reasons, each with the kinds that it is about. */
export type Differences = readonly (readonly [reason: string, kinds: readonly KindName[]])[];

/** Openssl refuses, and we accept. */
export const weAccept: Differences = [
  [
    'it tries one path, and that one is bad; RFC 5280 §6.1 asks for one that is good',
    [
      'a mesh of fifty authorities of one name beside a good path',
      'a good path beside one through a revoked authority',
      'a good path beside one with another purpose',
      'a good path beside one whose name constraints it breaks',
      'a good path beside one whose authority may not sign',
    ],
  ],
  [
    'it asks for the purpose by name; RFC 5280 §4.2.1.12 lets any purpose pass',
    ['a leaf for any purpose', 'a leaf below an authority for any purpose'],
  ],
  ['it ends a certificate one second early; RFC 5280 §4.1.2.5 includes the last', ['a leaf in its last second']],
  [
    'asked for lists, it demands one about every certificate; here an issuer without a list was promised none',
    [
      'a leaf of an issuer without a list, where stale lists do not count',
      'a leaf on a list for authorities alone',
      'a leaf on the list of another distribution point',
      'a leaf whose serial number another authority revoked',
      'a revoked root',
      'an issuing authority on a list for callers alone',
    ],
  ],
  [
    'it takes no list past its end; here that is a choice (`staleCrls`)',
    ['a leaf that is not on a list past its end, where such lists count'],
  ],
];

/** We refuse, and openssl accepts. */
export const weRefuse: Differences = [
  [
    'RFC 5280 §4 forbids it to the authority, and openssl looks only with -x509_strict',
    [
      'a leaf without an authority key identifier',
      'an issuing authority without a subject key identifier',
      'an issuing authority without an authority key identifier',
      'a leaf whose key may sign certificates',
      'a leaf with a path length',
      'a leaf with serial number 0',
      'a leaf with a negative serial number',
      'a leaf with a serial number of 21 bytes',
      'an issuing authority with serial number 0',
      'a leaf whose alternative names are empty',
      'a leaf whose list of extensions is empty',
      'a leaf whose end before 2050 is a GeneralizedTime',
      'a leaf with an unknown extension twice',
      'a leaf with an IP address of five bytes',
      'a leaf whose name has an empty part',
    ],
  ],
  [
    'a version without extensions cannot say what it is for; the issue asks for version 3',
    ['a leaf of version 1', 'a leaf of version 2', 'a leaf of version 4', 'a leaf of version 1 with extensions'],
  ],
  [
    'two readers could read it differently: it is BER, or has bytes that no reader expects',
    [
      'a leaf of indefinite length',
      'a leaf with a length that is not the shortest',
      'a leaf with bytes after it',
      'a leaf whose basic constraints have TRUE written as 1',
      'a leaf whose basic constraints have bytes after them',
      'a leaf whose name has a NUL character',
    ],
  ],
  [
    'at its level 2 openssl takes 112 bits; here elliptic curves have at least 256, and hashes 128 bits of resistance',
    ['a leaf with a P-224 key', 'a leaf below a P-224 authority', 'a leaf signed over SHA-224'],
  ],
  [
    'openssl does not look at exponents',
    ['a leaf with an RSA key whose exponent is 1', 'a leaf with an RSA key whose exponent is even'],
  ],
  [
    'callers are known by their subject, and an authority is none',
    [
      'a leaf without a subject',
      'a leaf without a subject but with critical alternative names',
      'an authority that also has the usages of a caller',
    ],
  ],
  ['a client signs; an agreed key has no use in what is spoken here', ['a leaf whose key may only agree on keys']],
  [
    'what a root says of itself constrains here too (RFC 5937)',
    [
      'a leaf below a root that is no authority',
      'a leaf with a policy below an authority without any where the root requires one',
    ],
  ],
  [
    'an IP address in place of a host name cannot be compared, and must be rejected (RFC 5280 §4.2.1.10)',
    ['a leaf with an IP address for a host where a host is excluded'],
  ],
  [
    'a wildcard could stand for the excluded name (CVE-2025-61727)',
    ['a leaf with a wildcard over an excluded DNS name'],
  ],
  [
    'a distance of names is not understood (RFC 5280 §4.2.1.10), and openssl 3.5 does not look',
    ['a leaf below name constraints with a minimum distance'],
  ],
  ['our bound: 8 certificates', ['a leaf below seven intermediates', 'a leaf below twenty intermediates']],
  ['our bound: 65,536 bytes', ['a leaf of more than 65,536 bytes']],
];
