import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bundleOf, dayMs, type Made, makeIntermediate, makeLeaf, makeRoot, nowMs } from './hierarchy.fixture.ts';
import { buildPath, chainLengthMax, type PathObstacle, type PathResult } from './path.ts';
import { UnreadableCertificate } from './unreadable-certificate.ts';

const root = await makeRoot();
const intermediate = await makeIntermediate(root);
const leaf = await makeLeaf(intermediate);
const bundle = bundleOf([root], [intermediate]);

function assertObstacle(result: PathResult, reason: PathObstacle, at: Made): void {
  assert.equal(result.found, false);
  assert.deepEqual([result.reason, result.at], [reason, at.facts]);
}

async function makeLine(below: Made, length: number): Promise<Made[]> {
  const line = [below];
  for (let number = 1; number <= length; number += 1) {
    line.push(await makeIntermediate(line.at(-1) ?? below, `Test Issuing ${number}`));
  }
  return line.slice(1);
}

test('a path goes over an intermediate that only the bundle holds', () => {
  const result = buildPath(leaf.der, bundle);
  assert.deepEqual(result, {
    found: true,
    chain: [leaf.facts, intermediate.facts, root.facts],
    otherChains: [],
    signaturesHold: true,
    spans: new Map(),
  });
});

test('a leaf signed by the anchor itself has a path of two', async () => {
  const result = buildPath((await makeLeaf(root)).der, bundle);
  assert.equal(result.found && result.chain.length, 2);
});

test('without the intermediate the issuer is unknown', () => {
  assertObstacle(buildPath(leaf.der, bundleOf([root])), 'issuer_unknown', leaf);
});

test('without the anchor the issuer of the intermediate is unknown', async () => {
  const otherBundle = bundleOf([await makeRoot('Other Root')], [intermediate]);
  assertObstacle(buildPath(leaf.der, otherBundle), 'issuer_unknown', intermediate);
});

test('a root listed among the intermediates anchors nothing', async () => {
  const otherBundle = bundleOf([await makeRoot('Other Root')], [intermediate, root]);
  assert.equal(buildPath(leaf.der, otherBundle).found, false);
});

test('during an overlap both families have a path in a bundle of both', async () => {
  const other = await makeRoot('Other Root');
  const otherLeaf = await makeLeaf(other);
  const both = bundleOf([root, other], [intermediate]);
  assert.equal(buildPath(leaf.der, both).found, true);
  assert.equal(buildPath(otherLeaf.der, both).found, true);
  assertObstacle(buildPath(otherLeaf.der, bundle), 'issuer_unknown', otherLeaf);
});

test("a self-signed certificate with the anchor's name is refused", async () => {
  const forged = await makeRoot('Test Root', { keyIdentifiers: false });
  assertObstacle(buildPath(forged.der, bundle), 'signature_invalid', forged);
});

test("a self-signed certificate with the anchor's name and honest key identifiers is refused", async () => {
  const forged = await makeRoot();
  assertObstacle(buildPath(forged.der, bundle), 'issuer_unknown', forged);
});

test('a leaf signed by a forged anchor is refused', async () => {
  const forged = await makeRoot();
  const forgedLeaf = await makeLeaf(forged, { keyIdentifiers: false });
  assertObstacle(buildPath(forgedLeaf.der, bundle), 'signature_invalid', forgedLeaf);
});

test('a leaf used as an issuer is refused', async () => {
  const below = await makeLeaf(leaf, { subject: [{ CN: 'BETAx0002' }] });
  assertObstacle(buildPath(below.der, bundleOf([root], [intermediate, leaf])), 'not_an_authority', leaf);
});

test('an authority that may not sign certificates is refused as an issuer', async () => {
  const mute = await makeIntermediate(root, 'Test Mute', { keyUsages: ['cRLSign'] });
  const below = await makeLeaf(mute);
  assertObstacle(buildPath(below.der, bundleOf([root], [mute])), 'not_an_authority', mute);
});

test('an authority without key usages may sign certificates', async () => {
  const plain = await makeIntermediate(root, 'Test Plain', { keyUsages: undefined });
  assert.equal(buildPath((await makeLeaf(plain)).der, bundleOf([root], [plain])).found, true);
});

test('an authority with path length 0 has no intermediate below it', async () => {
  const narrow = await makeIntermediate(root, 'Test Narrow', { authority: { pathLength: 0 } });
  const below = await makeIntermediate(narrow, 'Test Below');
  const lowest = await makeLeaf(below);
  const withBoth = bundleOf([root], [narrow, below]);
  assertObstacle(buildPath(lowest.der, withBoth), 'path_too_long', narrow);
  assert.equal(buildPath((await makeLeaf(narrow)).der, withBoth).found, true);
});

test('a self-issued intermediate does not count against the path length', async () => {
  const narrow = await makeIntermediate(root, 'Test Narrow', { authority: { pathLength: 0 } });
  const renewed = await makeIntermediate(narrow, 'Test Narrow');
  assert.equal(buildPath((await makeLeaf(renewed)).der, bundleOf([root], [narrow, renewed])).found, true);
});

test(`a chain has at most ${chainLengthMax} certificates`, async () => {
  const line = await makeLine(root, chainLengthMax - 1);
  const withLine = bundleOf([root], line);
  const longest = await makeLeaf(line[chainLengthMax - 3] ?? root);
  const tooLong = buildPath((await makeLeaf(line[chainLengthMax - 2] ?? root)).der, withLine);
  const found = buildPath(longest.der, withLine);
  assert.equal(found.found && found.chain.length, chainLengthMax);
  assert.equal(!tooLong.found && tooLong.reason, 'path_too_long');
});

test('authorities that sign each other end in a refusal', async () => {
  const one = await makeRoot('Test One');
  const two = await makeRoot('Test Two');
  const oneByTwo = await makeIntermediate(two, 'Test One', { key: one.signer.key });
  const twoByOne = await makeIntermediate(one, 'Test Two', { key: two.signer.key });
  assert.equal(buildPath((await makeLeaf(one)).der, bundleOf([root], [oneByTwo, twoByOne])).found, false);
});

test('copies of one authority that certify each other lead nowhere', async () => {
  const copies = await Promise.all(
    Array.from({ length: 12 }, () => makeIntermediate(intermediate, 'Test Issuing', { key: intermediate.signer.key })),
  );
  const result = buildPath(leaf.der, bundleOf([await makeRoot('Other Root')], copies));
  assert.equal(!result.found && result.reason, 'issuer_unknown');
});

test('a mesh of authorities that all certify each other is given up in bounded work, and hides no way out of it', async () => {
  const roots = await Promise.all(Array.from({ length: 12 }, (_, number) => makeRoot(`Test Mesh ${number}`)));
  const mesh = await Promise.all(
    roots.flatMap((below) =>
      roots
        .filter((above) => above !== below)
        .map((above) =>
          makeIntermediate(above, below.facts.subject.slice(3, -'O=Headgate Test,C=US'.length - 1), {
            key: below.signer.key,
          }),
        ),
    ),
  );
  const [first] = roots;
  assert.ok(first);
  const caught = await makeLeaf(first);
  assert.equal(buildPath(caught.der, bundleOf([root], mesh)).found, false);
  const way = await makeIntermediate(root, 'Test Mesh 5', { key: roots[5]?.signer.key ?? first.signer.key });
  assert.equal(buildPath(caught.der, bundleOf([root], [...mesh, way])).found, true);
});

test('a renewed intermediate with the same key gives a second chain, the longest-lived first', async () => {
  const renewed = await makeIntermediate(root, 'Test Issuing', {
    key: intermediate.signer.key,
    notAfterMs: nowMs + 9 * dayMs,
  });
  const result = buildPath(leaf.der, bundleOf([root], [intermediate, renewed]));
  assert.ok(result.found);
  assert.deepEqual(result.chain[1], renewed.facts);
  assert.deepEqual(result.otherChains, [[leaf.facts, intermediate.facts, root.facts]]);
});

test('an anchor presented as a leaf is no path', () => {
  assertObstacle(buildPath(root.der, bundle), 'issuer_unknown', root);
});

test('a leaf that cannot be read is refused as such', () => {
  assert.throws(() => buildPath(Buffer.from('no certificate'), bundle), UnreadableCertificate);
});

test('no leaf with a changed byte keeps its path', () => {
  fc.assert(
    fc.property(fc.nat(leaf.der.length - 1), fc.integer({ min: 1, max: 255 }), (at, difference) => {
      const bytes = Buffer.from(leaf.der);
      bytes[at] = (bytes[at] ?? 0) ^ difference;
      try {
        assert.equal(buildPath(bytes, bundle).found, false);
      } catch (error) {
        assert.ok(error instanceof UnreadableCertificate, String(error));
      }
    }),
    { numRuns: 1_000 },
  );
});
