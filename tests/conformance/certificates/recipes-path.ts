// Kinds that differ in who signed whom.
import { der, makeName, makeRevocationList, toKeyIdentifier } from '@headgate/pki';
import { authorityName, dayMs, type Made, nowMs, type Recipe, serverAuth, type World, withDer } from './world.ts';

const printableString = 0x13;

/** Recipes by kind. */
export function recipesOfPath(world: World) {
  const { issuing, root, legacyIssuing, legacyRoot, key, freshKey, makeAuthority, makeLeaf, makeRoot } = world;
  const bothFamilies = { anchors: [root, legacyRoot], intermediates: [issuing, legacyIssuing] };
  const belowIssuer = (changes: Parameters<typeof makeAuthority>[2]): Recipe => {
    const odd = makeAuthority(root, 'Kinds Issuing', changes);
    return { issuing: odd, leaf: makeLeaf(odd) };
  };
  const belowRoot = (changes: Parameters<typeof makeRoot>[1]): Recipe => {
    const odd = makeRoot('Kinds Odd Root', changes);
    const below = makeAuthority(odd);
    return { root: odd, issuing: below, leaf: makeLeaf(below) };
  };
  const belowLine = (length: number): Recipe => {
    const line: Made[] = [];
    for (let number = 1; number <= length; number += 1)
      line.push(makeAuthority(line.at(-1) ?? root, `Kinds Line ${number}`));
    return { leaf: makeLeaf(line.at(-1) ?? root), intermediates: line };
  };
  /** The good path, and others over authorities of the same name and key that are renewed badly. */
  const beside = (count: number, changes: Parameters<typeof makeAuthority>[2]): Recipe => {
    const bad = Array.from({ length: count }, () =>
      makeAuthority(root, 'Kinds Issuing', { key: issuing.key, notAfterMs: nowMs + 5_000 * dayMs, ...changes }),
    );
    return { leaf: makeLeaf(issuing), intermediates: [...bad, issuing] };
  };
  const changed = (der: Buffer): Buffer => {
    der[der.length - 12] = (der[der.length - 12] ?? 0) ^ 1;
    return der;
  };
  const impostor = (changes: Parameters<typeof makeRoot>[1] = {}): Recipe => {
    const borrowed = makeRoot('Kinds Issuing', changes);
    return { leaf: makeLeaf(borrowed) };
  };
  const claimed = der.writeSequence(
    der.writeOid('2.5.29.35'),
    der.writeOctetString(der.writeSequence(der.writeImplicit(0, toKeyIdentifier(issuing.key)))),
  );
  return {
    'a leaf below the root itself': () => ({ leaf: makeLeaf(root), issuing: root, intermediates: [] }),
    'a leaf below two intermediates': () => belowLine(2),
    'a leaf below six intermediates': () => belowLine(6),
    'a leaf below seven intermediates': () => belowLine(7),
    'a leaf below twenty intermediates': () => belowLine(20),
    'a leaf of an authority that is in no bundle': () => ({ leaf: makeLeaf(makeRoot('Kinds Stranger')) }),
    'a leaf of the legacy family after its removal': () => ({
      leaf: makeLeaf(legacyIssuing, { key: key('rsa-2048') }),
    }),
    'a leaf of the legacy family in the overlap': () => ({
      ...bothFamilies,
      leaf: makeLeaf(legacyIssuing, { key: key('rsa-2048') }),
    }),
    'a leaf of the current family in the overlap': () => ({ ...bothFamilies, leaf: makeLeaf(issuing) }),
    'a leaf whose issuing authority is not in the bundle': () => ({ leaf: makeLeaf(issuing), intermediates: [] }),
    'a leaf whose root is only among the intermediates': () => ({
      leaf: makeLeaf(issuing),
      anchors: [legacyRoot],
      intermediates: [issuing, root],
    }),
    'a leaf that signed itself': () => {
      const own = freshKey();
      return {
        leaf: makeLeaf(
          { subject: [{ C: 'US' }, { O: 'CAISO' }, { OU: 'people' }, { CN: 'ALPHAx0001' }], key: own },
          { key: own },
        ),
      };
    },
    'a leaf that signed itself under the name of the issuing authority': () => {
      const own = freshKey();
      return { leaf: makeLeaf({ subject: issuing.subject, key: own }, { key: own, subject: issuing.subject }) };
    },
    'a leaf that signed itself and claims the key identifier of the issuing authority': () => {
      const own = freshKey();
      const changes = { key: own, subject: issuing.subject, without: ['2.5.29.35'], extensions: [claimed] };
      return { leaf: makeLeaf({ subject: issuing.subject, key: own }, changes) };
    },
    'a leaf of an authority that borrows the name of ours': () => impostor(),
    'a leaf of an authority that borrows the name and key identifier of ours': () => ({
      leaf: makeLeaf({ subject: issuing.subject, key: freshKey() }, { without: ['2.5.29.35'], extensions: [claimed] }),
    }),
    'a leaf with one bit of its signature changed': () => ({ leaf: withDer(makeLeaf(issuing), changed) }),
    'a leaf whose signature is empty': () => ({ leaf: makeLeaf(issuing, { forge: () => Buffer.alloc(0) }) }),
    'a leaf whose signature is that of another leaf': () => {
      let kept = Buffer.alloc(0);
      makeLeaf(issuing, {
        forge: (signature) => {
          kept = Buffer.from(signature);
          return signature;
        },
      });
      return { leaf: makeLeaf(issuing, { forge: () => kept }) };
    },
    'a leaf whose subject was changed after signing': () => ({
      leaf: withDer(makeLeaf(issuing), (bytes) => {
        bytes[bytes.indexOf('ALPHAx0001')] = 'B'.charCodeAt(0);
        return bytes;
      }),
    }),
    'a leaf whose ECDSA signature is 0, 0': () => ({
      leaf: makeLeaf(issuing, { forge: () => der.writeSequence(der.writeInteger(0), der.writeInteger(0)) }),
    }),
    'a leaf signed over another hash than it says': () => {
      const says = der.writeSequence(der.writeOid('1.2.840.10045.4.3.3'));
      return { leaf: makeLeaf(issuing, { parts: { innerAlgorithm: says, outerAlgorithm: says } }) };
    },
    'a leaf whose algorithm is not of the kind of its issuer’s key': () => {
      const says = der.writeSequence(der.writeOid('1.2.840.113549.1.1.11'), Buffer.of(0x05, 0x00));
      return { leaf: makeLeaf(issuing, { parts: { innerAlgorithm: says, outerAlgorithm: says } }) };
    },
    'an issuing authority with one bit of its signature changed': () => {
      const broken = withDer(makeAuthority(root), changed);
      return { issuing: broken, leaf: makeLeaf(broken) };
    },
    'a leaf issued by another leaf': () => {
      const between = makeLeaf(issuing, { subject: [{ CN: 'BETAx0002' }] });
      return { issuing: between, leaf: makeLeaf(between), intermediates: [issuing, between] };
    },
    'a leaf below an issuer without basic constraints': () => belowIssuer({ without: ['2.5.29.19'] }),
    'a leaf below an issuer of version 1': () =>
      belowIssuer({ parts: { version: Buffer.alloc(0), extensions: Buffer.alloc(0) } }),
    'a leaf below an issuer that may not sign certificates': () => belowIssuer({ keyUsages: ['cRLSign'] }),
    'a leaf below a root that may not sign certificates': () => belowRoot({ keyUsages: ['cRLSign'] }),
    'a leaf below a root that is no authority': () => belowRoot({ without: ['2.5.29.19'] }),
    'a leaf below an issuer without key usage': () => belowIssuer({ keyUsages: undefined }),
    'a leaf below an issuer whose basic constraints are not critical': () =>
      belowIssuer({
        without: ['2.5.29.19'],
        extensions: [
          der.writeSequence(der.writeOid('2.5.29.19'), der.writeOctetString(der.writeSequence(der.writeBoolean(true)))),
        ],
      }),
    'an intermediate below an authority of path length 0': () => {
      const upper = makeAuthority(root, 'Kinds Upper', { authority: { pathLength: 0 } });
      const below = makeAuthority(upper);
      return { upper, issuing: below, leaf: makeLeaf(below) };
    },
    'two intermediates below a root of path length 1': () => {
      const odd = makeRoot('Kinds Odd Root', { authority: { pathLength: 1 } });
      const upper = makeAuthority(odd, 'Kinds Upper');
      const below = makeAuthority(upper);
      return { root: odd, upper, issuing: below, leaf: makeLeaf(below) };
    },
    'one intermediate below an authority of path length 1': () => {
      const upper = makeAuthority(root, 'Kinds Upper', { authority: { pathLength: 1 } });
      const below = makeAuthority(upper);
      return { upper, issuing: below, leaf: makeLeaf(below) };
    },
    'a renewed authority below itself where the path length is 0': () => {
      const upper = makeAuthority(root, 'Kinds Issuing', { authority: { pathLength: 0 } });
      const renewed = makeAuthority(upper, 'Kinds Issuing');
      return { upper, issuing: renewed, leaf: makeLeaf(renewed) };
    },
    'a leaf under the very name of its issuer where the path length is 0': () => {
      const narrow = makeAuthority(root, 'Kinds Issuing', { authority: { pathLength: 0 } });
      return { issuing: narrow, leaf: makeLeaf(narrow, { subject: narrow.subject }) };
    },
    'authorities that certify each other without a root': () => {
      const [one, two] = [makeRoot('Kinds One'), makeRoot('Kinds Two')];
      const oneByTwo = makeAuthority(two, 'Kinds One', { key: one.key });
      const twoByOne = makeAuthority(one, 'Kinds Two', { key: two.key });
      return { issuing: twoByOne, leaf: makeLeaf(one), intermediates: [oneByTwo, twoByOne] };
    },
    'authorities that certify each other beside a good path': () => {
      const [one, two] = [makeRoot('Kinds One'), makeRoot('Kinds Two')];
      const oneByTwo = makeAuthority(two, 'Kinds One', { key: one.key, notAfterMs: nowMs + 5_000 * dayMs });
      const twoByOne = makeAuthority(one, 'Kinds Two', { key: two.key });
      const oneByRoot = makeAuthority(root, 'Kinds One', { key: one.key });
      return { leaf: makeLeaf(one), intermediates: [oneByTwo, twoByOne, oneByRoot] };
    },
    'a mesh of fifty authorities of one name beside a good path': () => {
      const mesh = Array.from({ length: 50 }, (_, number) =>
        makeAuthority(
          { subject: issuing.subject, key: number % 2 === 0 ? issuing.key : legacyIssuing.key },
          'Kinds Issuing',
          {
            key: number % 3 === 0 ? issuing.key : legacyIssuing.key,
            notAfterMs: nowMs + 5_000 * dayMs,
          },
        ),
      );
      return { leaf: makeLeaf(issuing), intermediates: [...mesh, issuing] };
    },
    'a good path beside one that has expired': () => beside(1, { notAfterMs: nowMs - dayMs }),
    'a good path beside one through a revoked authority': () => {
      const recipe = beside(1, {});
      const [revoked] = recipe.intermediates ?? [];
      const list = makeRevocationList({
        signer: root,
        thisUpdateMs: nowMs - dayMs,
        nextUpdateMs: nowMs + dayMs,
        number: 1,
        entries: [{ serial: revoked?.serial ?? '', onMs: nowMs - dayMs }],
      });
      return { ...recipe, lists: [list] };
    },
    'a good path beside ten that are not yet valid': () => beside(10, { notBeforeMs: nowMs + dayMs }),
    'a good path beside one with another purpose': () => beside(1, { extendedKeyUsages: [serverAuth] }),
    'a good path beside one whose name constraints it breaks': () =>
      beside(1, {
        extensions: [
          der.writeSequence(
            der.writeOid('2.5.29.30'),
            der.writeBoolean(true),
            der.writeOctetString(
              der.writeSequence(der.writeTagged(0, der.writeSequence(der.writeTagged(4, makeName([{ C: 'XX' }]))))),
            ),
          ),
        ],
      }),
    'a good path beside one that is too long': () => {
      const line = belowLine(7).intermediates ?? [];
      const last = makeAuthority(line.at(-1) ?? root, 'Kinds Issuing', {
        key: issuing.key,
        notAfterMs: nowMs + 5_000 * dayMs,
      });
      return { leaf: makeLeaf(issuing), intermediates: [...line, last, issuing] };
    },
    'a good path beside one whose authority may not sign': () => beside(1, { keyUsages: ['cRLSign'] }),
    'two paths of which each has a fault of its own': () => {
      const recipe = beside(1, { notBeforeMs: nowMs + dayMs });
      const list = makeRevocationList({
        signer: issuing,
        thisUpdateMs: nowMs - dayMs,
        nextUpdateMs: nowMs + dayMs,
        number: 1,
        entries: [{ serial: recipe.leaf.serial, onMs: nowMs - dayMs }],
      });
      return { ...recipe, lists: [list] };
    },
    'a leaf below a cross-certificate to the other family': () => {
      const crossed = makeAuthority(legacyRoot, 'Kinds Issuing', { key: issuing.key });
      return { leaf: makeLeaf(issuing), anchors: [legacyRoot], intermediates: [crossed] };
    },
    'a leaf below a cross-certificate that has expired': () => {
      const crossed = makeAuthority(legacyRoot, 'Kinds Issuing', { key: issuing.key, notAfterMs: nowMs - dayMs });
      return { issuing: crossed, leaf: makeLeaf(issuing), anchors: [legacyRoot], intermediates: [crossed] };
    },
    'a leaf of an authority that was renewed with the same key': () => {
      const renewed = makeAuthority(root, 'Kinds Issuing', { key: issuing.key, notAfterMs: nowMs + 5_000 * dayMs });
      return { issuing: renewed, leaf: makeLeaf(issuing) };
    },
    'a leaf of an authority that was renewed with another key': () => {
      const renewed = makeAuthority(root, 'Kinds Issuing', { notAfterMs: nowMs + 5_000 * dayMs });
      return { leaf: makeLeaf(issuing), intermediates: [renewed, issuing] };
    },
    'a leaf whose issuer differs in letter case and spaces': () => ({
      leaf: makeLeaf(issuing, {
        parts: { issuer: makeName([{ C: 'us' }, { O: 'HEADGATE  KINDS' }, { CN: 'kinds   issuing' }]) },
      }),
    }),
    'a leaf whose issuer is written in another kind of string': () => ({
      leaf: makeLeaf(issuing, { parts: { issuer: makeName(issuing.subject, printableString) } }),
    }),
    'a leaf whose issuer has one more attribute': () => ({
      leaf: makeLeaf({ subject: [...authorityName('Kinds Issuing'), { OU: 'more' }], key: issuing.key }),
    }),
    'the issuing authority itself': () => ({ leaf: issuing }),
    'an authority that also has the usages of a caller': () => ({
      leaf: makeAuthority(root, 'Kinds Both', {
        keyUsages: ['digitalSignature', 'keyCertSign'],
        extendedKeyUsages: ['1.3.6.1.5.5.7.3.2'],
      }),
    }),
    'the root itself': () => ({ leaf: root }),
  } satisfies Record<string, () => Recipe>;
}
