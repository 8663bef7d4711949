// Kinds that differ in what revocation lists say of them.
import { der, type ListContents, type MadeEntry, makeExtension, makeRevocationList, toPem } from '@headgate/pki';
import { authorityName, dayMs, type Made, nowMs, type Recipe, type World } from './world.ts';

const onMs = nowMs - 3 * dayMs;
const reasons = { keyCompromise: 1, affiliationChanged: 3, superseded: 4, certificateHold: 6, removeFromCRL: 8 };

/** Values of an issuingDistributionPoint. */
const forCallers = der.writeSequence(der.writeImplicit(1, Buffer.of(0xff)));
const forAuthorities = der.writeSequence(der.writeImplicit(2, Buffer.of(0xff)));
const forKeyCompromise = der.writeSequence(der.writeImplicit(3, Buffer.of(6, 0x40)));
const place = (url: string): Uint8Array =>
  der.writeTagged(0, der.writeTagged(0, der.writeImplicit(6, Buffer.from(url))));
const atPlace = (url: string): Uint8Array => der.writeSequence(place(url));
const publishedAt = (url: string): Uint8Array =>
  makeExtension('2.5.29.31', false, der.writeSequence(der.writeSequence(place(url))));

// Says where deltas to a list are: we join what the operator brings, but OpenSSL looks for deltas only where this is said.
const freshest = makeExtension(
  '2.5.29.46',
  false,
  der.writeSequence(der.writeSequence(place('http://lists.example/delta.crl'))),
);
const withDeltas = { extensions: [freshest] };

/** Recipes by kind. */
export function recipesOfRevocation(world: World) {
  const { root, issuing, legacyRoot, legacyIssuing, makeAuthority, makeLeaf, key } = world;
  const list = (entries: readonly MadeEntry[], changes: Partial<ListContents> = {}): Buffer =>
    makeRevocationList({
      signer: issuing,
      thisUpdateMs: nowMs - dayMs,
      nextUpdateMs: nowMs + 6 * dayMs,
      number: 10,
      entries,
      ...changes,
    });
  const entry = ({ serial }: Made, reason?: number): MadeEntry =>
    reason === undefined ? { serial, onMs } : { serial, onMs, reason };
  const ended: Partial<ListContents> = { nextUpdateMs: nowMs - 1_000 };
  const revoked = (reason?: number, changes: Partial<ListContents> = {}, rest: Partial<Recipe> = {}): Recipe => {
    const leaf = makeLeaf(issuing);
    return { leaf, lists: [list([entry(leaf, reason)], changes)], ...rest };
  };
  const issuerOn = (changes: Partial<ListContents>): Recipe => ({
    leaf: makeLeaf(issuing),
    lists: [list([entry(issuing, reasons.keyCompromise)], { signer: root, ...changes })],
  });
  const url = 'http://lists.example/7.crl';
  return {
    'a leaf that is on no list of its issuer': () => {
      const other = makeLeaf(issuing);
      return { leaf: makeLeaf(issuing), lists: [list([entry(other)]), list([], { signer: root })] };
    },
    'a leaf whose serial number another authority revoked': () => {
      const leaf = makeLeaf(issuing);
      return { leaf, lists: [list([entry(leaf)], { signer: root })] };
    },
    'a revoked leaf': () => revoked(reasons.keyCompromise),
    'a revoked leaf of the legacy family': () => {
      const leaf = makeLeaf(legacyIssuing, { key: key('rsa-2048') });
      const lists = [list([entry(leaf)], { signer: legacyIssuing }), list([])];
      return {
        root: legacyRoot,
        issuing: legacyIssuing,
        anchors: [root, legacyRoot],
        intermediates: [issuing, legacyIssuing],
        leaf,
        lists,
      };
    },
    'a leaf revoked without a reason': () => revoked(),
    'a leaf revoked because its holder left': () => revoked(reasons.affiliationChanged),
    'a leaf that was superseded': () => revoked(reasons.superseded),
    'a leaf on hold': () => revoked(reasons.certificateHold),
    'a leaf on a list in PEM': () => {
      const leaf = makeLeaf(issuing);
      return { leaf, lists: [Buffer.from(toPem(list([entry(leaf)]), 'X509 CRL'))] };
    },
    'a leaf on the second list of one file': () => {
      const leaf = makeLeaf(issuing);
      const both = [list([], { signer: root }), list([entry(leaf)])];
      return { leaf, lists: [Buffer.from(both.map((each) => toPem(each, 'X509 CRL')).join('\n'))] };
    },
    'a leaf on a list of version 1': () => revoked(undefined, { number: null }),
    'a leaf revoked by a delta': () => {
      const leaf = makeLeaf(issuing);
      return { leaf, lists: [list([], withDeltas), list([entry(leaf)], { base: 10, number: 12 })] };
    },
    'a leaf whose hold a delta removed': () => {
      const leaf = makeLeaf(issuing);
      const removed = list([entry(leaf, reasons.removeFromCRL)], { base: 9, number: 12 });
      return { leaf, lists: [list([entry(leaf, reasons.certificateHold)], withDeltas), removed] };
    },
    'a leaf put on hold by a delta': () => {
      const leaf = makeLeaf(issuing);
      return {
        leaf,
        lists: [list([entry(leaf, reasons.certificateHold)], { base: 10, number: 11 }), list([], withDeltas)],
      };
    },
    'a leaf on a list that a newer one without it replaced': () => {
      const leaf = makeLeaf(issuing);
      const before = list([entry(leaf, reasons.certificateHold)], { number: 9, thisUpdateMs: nowMs - 2 * dayMs });
      return { leaf, lists: [before, list([])] };
    },
    'a leaf on a list for callers alone': () => revoked(undefined, { scope: forCallers }),
    'a leaf on a list for authorities alone': () => revoked(undefined, { scope: forAuthorities }),
    'a leaf on the list of the distribution point that it names': () => {
      const leaf = makeLeaf(issuing, { extensions: [publishedAt(url)] });
      return { leaf, lists: [list([entry(leaf)], { scope: atPlace(url) })] };
    },
    'a leaf on the list of another distribution point': () => {
      const leaf = makeLeaf(issuing, { extensions: [publishedAt(url)] });
      return { leaf, lists: [list([entry(leaf)], { scope: atPlace('http://lists.example/8.crl') })] };
    },
    'a leaf on a list for key compromise alone': () => revoked(reasons.keyCompromise, { scope: forKeyCompromise }),
    'a leaf on a list signed by a certificate of its issuer for that': () => {
      const signer = makeLeaf(issuing, {
        subject: authorityName('Kinds Issuing'),
        keyUsages: ['cRLSign'],
        extendedKeyUsages: undefined,
      });
      const leaf = makeLeaf(issuing);
      return { leaf, intermediates: [issuing, signer], lists: [list([entry(leaf)], { signer })] };
    },
    'a revoked issuing authority': () => issuerOn({}),
    'an issuing authority on a list for callers alone': () => issuerOn({ scope: forCallers }),
    'an issuing authority on a list for authorities alone': () => issuerOn({ scope: forAuthorities }),
    'a revoked root': () => ({ leaf: makeLeaf(issuing), lists: [list([entry(root)], { signer: root })] }),
    'a leaf that is not on a list past its end, where such lists count': () => ({
      leaf: makeLeaf(issuing),
      lists: [list([], ended)],
    }),
    'a leaf on a list past its end, where such lists count': () => revoked(undefined, ended),
    'a leaf that is not on a list past its end, where such lists do not count': () => ({
      leaf: makeLeaf(issuing),
      lists: [list([], ended)],
      stale: 'refuse' as const,
    }),
    'a leaf on a list past its end, where such lists do not count': () =>
      revoked(undefined, ended, { stale: 'refuse' }),
    'a leaf of an issuer without a list, where stale lists do not count': () => {
      const other = makeAuthority(root, 'Kinds Other');
      return {
        issuing: other,
        intermediates: [issuing, other],
        leaf: makeLeaf(other),
        lists: [list([], ended)],
        stale: 'refuse' as const,
      };
    },
    'an expired leaf that is also revoked': () => {
      const leaf = makeLeaf(issuing, { notAfterMs: nowMs - dayMs });
      return { leaf, lists: [list([entry(leaf)])] };
    },
  } satisfies Record<string, () => Recipe>;
}
