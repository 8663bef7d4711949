// Kinds that differ in key and signature.
import { der } from '@headgate/pki';
import type { Recipe, World } from './world.ts';
import { nowMs } from './world.ts';

/** Recipes by kind. */
export function recipesOfStrength(world: World) {
  const { issuing, legacyIssuing, legacyRoot, root, key, makeAuthority, makeLeaf, makeRoot } = world;
  const legacy = { root: legacyRoot, issuing: legacyIssuing };
  const belowAuthority = (keyType: Parameters<typeof key>[0]): Recipe => {
    const weak = makeAuthority(root, 'Kinds Issuing', { key: key(keyType) });
    return { issuing: weak, leaf: makeLeaf(weak) };
  };
  const withRoot = (changes: Parameters<typeof makeRoot>[1]): Recipe => {
    const own = makeRoot('Kinds Odd Root', changes);
    const below = makeAuthority(own);
    return { root: own, issuing: below, leaf: makeLeaf(below) };
  };
  const withExponent = (exponent: number): Recipe => ({
    leaf: makeLeaf(issuing, { parts: { publicKey: rsaKeyOf(exponent) } }),
  });
  return {
    'a leaf with an elliptic key in the current family': () => ({ leaf: makeLeaf(issuing) }),
    'a leaf with an RSA key in the legacy family': () => ({
      ...legacy,
      leaf: makeLeaf(legacyIssuing, { key: key('rsa-2048') }),
    }),
    'a leaf with an RSA key below an elliptic authority': () => ({
      leaf: makeLeaf(issuing, { key: key('rsa-2048') }),
    }),
    'a leaf with an elliptic key below an RSA authority': () => ({ ...legacy, leaf: makeLeaf(legacyIssuing) }),
    'a leaf with an RSA key of 3072 bits': () => ({ leaf: makeLeaf(issuing, { key: key('rsa-3072') }) }),
    'a leaf with a P-384 key': () => ({ leaf: makeLeaf(issuing, { key: key('ec-p384') }) }),
    'a leaf with a P-521 key': () => ({ leaf: makeLeaf(issuing, { key: key('ec-p521') }) }),
    'a leaf with an Ed25519 key': () => ({ leaf: makeLeaf(issuing, { key: key('ed25519') }) }),
    'a leaf with an Ed448 key': () => ({ leaf: makeLeaf(issuing, { key: key('ed448') }) }),
    'a leaf below an Ed25519 authority': () => belowAuthority('ed25519'),
    'a leaf signed over SHA-384': () => ({ leaf: makeLeaf(issuing, { signatureHash: 'SHA-384' }) }),
    'a leaf signed over SHA-512 with RSA': () => ({
      ...legacy,
      leaf: makeLeaf(legacyIssuing, { signatureHash: 'SHA-512' }),
    }),
    'a leaf signed with RSASSA-PSS over SHA-256': () => ({ ...legacy, leaf: makeLeaf(legacyIssuing, { pss: true }) }),
    'a leaf with an RSA key of 1024 bits': () => ({ leaf: makeLeaf(issuing, { key: key('rsa-1024') }) }),
    'a leaf below an RSA authority of 1024 bits': () => belowAuthority('rsa-1024'),
    'a leaf with an RSA key whose exponent is 1': () => withExponent(1),
    'a leaf with an RSA key whose exponent is even': () => withExponent(65_536),
    'a leaf with a P-224 key': () => ({ leaf: makeLeaf(issuing, { key: key('ec-p224') }) }),
    'a leaf with a P-192 key': () => ({ leaf: makeLeaf(issuing, { key: key('ec-p192') }) }),
    'a leaf below a P-224 authority': () => belowAuthority('ec-p224'),
    'a leaf whose curve is spelt out in parameters': () => ({ leaf: makeLeaf(issuing, { key: key('ec-explicit') }) }),
    'a leaf below an authority whose curve is spelt out in parameters': () => belowAuthority('ec-explicit'),
    'a leaf with a key of an unknown algorithm': () => ({
      leaf: makeLeaf(issuing, {
        parts: {
          publicKey: der.writeSequence(
            der.writeSequence(der.writeOid('1.3.6.1.4.1.99999.7')),
            der.writeBitString(Buffer.alloc(32, 7)),
          ),
        },
      }),
    }),
    'a leaf whose public point is on no curve': () => ({
      leaf: makeLeaf(issuing, {
        parts: {
          publicKey: der.writeSequence(
            der.writeSequence(der.writeOid('1.2.840.10045.2.1'), der.writeOid('1.2.840.10045.3.1.7')),
            der.writeBitString(Buffer.concat([Buffer.of(4), Buffer.alloc(64, 7)])),
          ),
        },
      }),
    }),
    'a leaf signed over MD5 with RSA': () => ({ ...legacy, leaf: makeLeaf(legacyIssuing, { signatureHash: 'MD5' }) }),
    'a leaf signed over SHA-1 with RSA': () => ({
      ...legacy,
      leaf: makeLeaf(legacyIssuing, { signatureHash: 'SHA-1' }),
    }),
    'a leaf signed over SHA-1 with ECDSA': () => ({ leaf: makeLeaf(issuing, { signatureHash: 'SHA-1' }) }),
    'a leaf signed over SHA-224': () => ({ leaf: makeLeaf(issuing, { signatureHash: 'SHA-224' }) }),
    'a leaf signed with RSASSA-PSS over SHA-1': () => ({
      ...legacy,
      leaf: makeLeaf(legacyIssuing, { pss: true, signatureHash: 'SHA-1' }),
    }),
    'an issuing authority signed over SHA-1': () => {
      const weak = makeAuthority(root, 'Kinds Issuing', { signatureHash: 'SHA-1' });
      return { issuing: weak, leaf: makeLeaf(weak) };
    },
    'a root signed over SHA-1': () => withRoot({ signatureHash: 'SHA-1' }),
    'a root whose own signature is broken': () => withRoot({ forge: (signature) => Buffer.alloc(signature.length, 1) }),
    'a root without key identifiers': () => withRoot({ keyIdentifiers: false }),
    'a root with serial number 0': () => withRoot({ parts: { serial: der.writeInteger(0) } }),
  } satisfies Record<string, () => Recipe>;
}

/** A modulus of 2048 bits that nobody has the factors of, with an exponent. */
function rsaKeyOf(exponent: number): Uint8Array {
  const modulus = Buffer.alloc(257, (nowMs % 127) | 1);
  modulus[0] = 0;
  modulus[1] = 0xc1;
  const key = der.writeSequence(der.writeElement(0x02, modulus), der.writeInteger(exponent));
  return der.writeSequence(
    der.writeSequence(der.writeOid('1.2.840.113549.1.1.1'), Buffer.of(0x05, 0x00)),
    der.writeBitString(key),
  );
}
