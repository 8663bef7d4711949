// Kinds that differ in dates and in purpose.
import { der } from '@headgate/pki';
import { type Changes, clientAuth, dayMs, nowMs, type Recipe, serverAuth, type World } from './world.ts';

const anyPurpose = '2.5.29.37.0';
const codeSigning = '1.3.6.1.5.5.7.3.3';

/** Recipes by kind. */
export function recipesOfUse(world: World) {
  const { issuing, root, legacyIssuing, legacyRoot, key, makeAuthority, makeLeaf, makeRoot } = world;
  const leaf = (changes: Changes, atMs = nowMs): Recipe => ({ leaf: makeLeaf(issuing, changes), atMs });
  const belowIssuer = (changes: Changes): Recipe => {
    const odd = makeAuthority(root, 'Kinds Issuing', changes);
    return { issuing: odd, leaf: makeLeaf(odd) };
  };
  const belowRoot = (changes: Changes): Recipe => {
    const odd = makeRoot('Kinds Odd Root', changes);
    const below = makeAuthority(odd);
    return { root: odd, issuing: below, leaf: makeLeaf(below) };
  };
  const endsAs = (tag: number, text: string): Recipe =>
    leaf({
      parts: { validity: der.writeSequence(der.writeTime(nowMs - 30 * dayMs), der.writeText(tag, text)) },
    });
  const utcTime = 0x17;
  const generalizedTime = 0x18;
  return {
    'an expired leaf': () => leaf({ notAfterMs: nowMs - dayMs }),
    'an expired leaf of the legacy family': () => ({
      root: legacyRoot,
      issuing: legacyIssuing,
      leaf: makeLeaf(legacyIssuing, { key: key('rsa-2048'), notAfterMs: nowMs - dayMs }),
    }),
    'a leaf that is not yet valid': () => leaf({ notBeforeMs: nowMs + dayMs }),
    'an expired issuing authority': () => belowIssuer({ notAfterMs: nowMs - dayMs }),
    'an issuing authority that is not yet valid': () => belowIssuer({ notBeforeMs: nowMs + dayMs }),
    'an expired root': () => belowRoot({ notAfterMs: nowMs - dayMs }),
    'a root that is not yet valid': () => belowRoot({ notBeforeMs: nowMs + dayMs }),
    'a leaf that ends before it begins': () => leaf({ notBeforeMs: nowMs + dayMs, notAfterMs: nowMs - dayMs }),
    'a leaf in its first second': () => leaf({ notBeforeMs: nowMs }),
    'a leaf in its last second': () => leaf({ notAfterMs: nowMs }),
    'a leaf one second past its end': () => leaf({ notAfterMs: nowMs - 1_000 }),
    'a leaf that outlives its issuer': () => leaf({ notAfterMs: nowMs + 9_000 * dayMs }),
    'a leaf without a well-defined end': () => endsAs(generalizedTime, '99991231235959Z'),
    'a leaf that ends in 2060': () => leaf({ notAfterMs: Date.UTC(2060, 0, 1) }),
    'a leaf whose end before 2050 is a GeneralizedTime': () => endsAs(generalizedTime, '20300101000000Z'),
    'a leaf whose end has no seconds': () => endsAs(utcTime, '3001010000Z'),
    'a leaf whose end has an offset': () => endsAs(utcTime, '300101000000+0100'),
    'a leaf whose end has a fraction': () => endsAs(generalizedTime, '20600101000000.5Z'),
    'a leaf that ends on the thirtieth of February': () => endsAs(utcTime, '300230000000Z'),
    'a leaf for servers alone': () => leaf({ extendedKeyUsages: [serverAuth] }),
    'a leaf for signing code': () => leaf({ extendedKeyUsages: [codeSigning] }),
    'a leaf for clients and servers': () => leaf({ extendedKeyUsages: [clientAuth, serverAuth] }),
    'a leaf for any purpose': () => leaf({ extendedKeyUsages: [anyPurpose] }),
    'a leaf for no purpose in particular': () => leaf({ extendedKeyUsages: undefined }),
    'a leaf whose extended key usage is empty': () => leaf({ extendedKeyUsages: [] }),
    'a leaf whose extended key usage is critical': () =>
      leaf({
        extendedKeyUsages: undefined,
        extensions: [
          der.writeSequence(
            der.writeOid('2.5.29.37'),
            der.writeBoolean(true),
            der.writeOctetString(der.writeSequence(der.writeOid(clientAuth))),
          ),
        ],
      }),
    'a leaf below an authority for clients': () => belowIssuer({ extendedKeyUsages: [clientAuth] }),
    'a leaf below an authority for any purpose': () => belowIssuer({ extendedKeyUsages: [anyPurpose] }),
    'a leaf below an authority for servers alone': () => belowIssuer({ extendedKeyUsages: [serverAuth] }),
    'a leaf below an upper authority for servers alone': () => {
      const upper = makeAuthority(root, 'Kinds Upper', { extendedKeyUsages: [serverAuth] });
      const below = makeAuthority(upper);
      return { upper, issuing: below, leaf: makeLeaf(below) };
    },
    'a leaf below a root for servers alone': () => belowRoot({ extendedKeyUsages: [serverAuth] }),
    'a leaf without key usage': () => leaf({ keyUsages: undefined }),
    'a leaf whose key may only transport keys': () => leaf({ keyUsages: ['keyEncipherment'] }),
    'a leaf whose key may only agree on keys': () => leaf({ keyUsages: ['keyAgreement'] }),
    'a leaf whose key may only vouch for content': () => leaf({ keyUsages: ['nonRepudiation'] }),
    'a leaf whose key may do nothing': () => leaf({ keyUsages: [] }),
    'a leaf whose key may sign certificates': () => leaf({ keyUsages: ['digitalSignature', 'keyCertSign'] }),
    'a leaf with a path length': () =>
      leaf({
        without: ['2.5.29.19'],
        extensions: [
          der.writeSequence(
            der.writeOid('2.5.29.19'),
            der.writeBoolean(true),
            der.writeOctetString(der.writeSequence(der.writeInteger(0))),
          ),
        ],
      }),
  } satisfies Record<string, () => Recipe>;
}
