import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKeyPair, makeExtension } from './certificate-maker.ts';
import { bundleOf, dayMs, type Made, makeIntermediate, makeLeaf, makeRoot, nowMs } from './hierarchy.fixture.ts';
import { judgePath, type Purpose, type Verdict, type VerdictCheck } from './judge.ts';
import { buildPath } from './path.ts';
import { createRevocation, proveList, type StaleRule, standingLists } from './revocation.ts';
import { readRevocationList } from './revocation-list.ts';
import { makeRevocationList } from './revocation-list-maker.ts';
import type { TrustSpan } from './trust-bundle.ts';

const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const anyExtendedKeyUsage = '2.5.29.37.0';

const root = await makeRoot();
const intermediate = await makeIntermediate(root);
const leaf = await makeLeaf(intermediate);

interface Judged {
  readonly leaf: Made;
  readonly anchors?: readonly Made[];
  readonly intermediates?: readonly Made[];
  readonly atMs?: number;
  readonly purpose?: Purpose;
}

function judge({ leaf, anchors = [root], intermediates = [intermediate], atMs = nowMs, purpose }: Judged): Verdict {
  return judgePath(buildPath(leaf.der, bundleOf(anchors, intermediates)), atMs, purpose ?? 'clientAuth');
}

function assertRefused(verdict: Verdict, check: VerdictCheck, at: Made): void {
  assert.equal(verdict.accepted, false);
  assert.deepEqual([verdict.check, verdict.certificate], [check, at.facts]);
}

test('a good leaf is accepted with the span of its chain', async () => {
  const brief = await makeLeaf(intermediate, { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 60_000 });
  assert.deepEqual(judge({ leaf: brief }), {
    accepted: true,
    subject: brief.facts.subject,
    issuer: intermediate.facts.subject,
    fingerprint256: brief.facts.fingerprint256,
    anchor: root.facts.subject,
    chain: [brief.facts, intermediate.facts, root.facts],
    validFromMs: nowMs - 60_000,
    validUntilMs: nowMs + 60_000,
  });
});

test('a leaf is valid at the very instant of notAfter and expired one millisecond later', () => {
  assert.equal(judge({ leaf, atMs: leaf.facts.notAfterMs }).accepted, true);
  const verdict = judge({ leaf: leaf, atMs: leaf.facts.notAfterMs + 1 });
  assert.equal(!verdict.accepted && verdict.check, 'expired');
});

test('a leaf is valid from the very instant of notBefore and not one millisecond sooner', () => {
  assert.equal(judge({ leaf, atMs: leaf.facts.notBeforeMs }).accepted, true);
  const verdict = judge({ leaf, atMs: leaf.facts.notBeforeMs - 1 });
  assert.equal(!verdict.accepted && verdict.check, 'not_yet_valid');
});

test('an expired leaf is named', async () => {
  const expired = await makeLeaf(intermediate, { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs - 1_000 });
  assertRefused(judge({ leaf: expired }), 'expired', expired);
});

test('a leaf that is not yet valid is named', async () => {
  const early = await makeLeaf(intermediate, { notBeforeMs: nowMs + 1_000 });
  assertRefused(judge({ leaf: early }), 'not_yet_valid', early);
});

test('an expired intermediate is named, not the leaf below it', async () => {
  const lapsed = await makeIntermediate(root, 'Test Lapsed', { notAfterMs: nowMs - 1_000 });
  assertRefused(judge({ leaf: await makeLeaf(lapsed), intermediates: [lapsed] }), 'expired', lapsed);
});

test('an expired anchor is named', async () => {
  const lapsed = await makeRoot('Test Lapsed', { notAfterMs: nowMs - 1_000 });
  assertRefused(judge({ leaf: await makeLeaf(lapsed), anchors: [lapsed] }), 'expired', lapsed);
});

test('a leaf is accepted while any of its chains is in date', async () => {
  const key = intermediate.signer.key;
  const coming = await makeIntermediate(root, 'Test Issuing', {
    key,
    notBeforeMs: nowMs + dayMs,
    notAfterMs: nowMs + 9 * dayMs,
  });
  const both = [intermediate, coming];
  assert.equal(judge({ leaf, intermediates: both }).accepted, true);
  assertRefused(judge({ leaf, intermediates: [coming] }), 'not_yet_valid', coming);
});

test('what stood in the way of a path is the verdict', async () => {
  const forged = await makeRoot('Test Root', { keyIdentifiers: false });
  const below = await makeLeaf(leaf, { subject: [{ CN: 'BETAx0002' }] });
  const narrow = await makeIntermediate(root, 'Test Narrow', { authority: { pathLength: 0 } });
  const under = await makeIntermediate(narrow, 'Test Under');
  assertRefused(judge({ leaf, intermediates: [] }), 'issuer_unknown', leaf);
  assertRefused(judge({ leaf: forged }), 'signature_invalid', forged);
  assertRefused(judge({ leaf: below, intermediates: [intermediate, leaf] }), 'not_an_authority', leaf);
  assertRefused(judge({ leaf: await makeLeaf(under), intermediates: [narrow, under] }), 'path_too_long', narrow);
});

test('a leaf for another purpose is refused', async () => {
  assertRefused(judge({ leaf, purpose: 'serverAuth' }), 'wrong_purpose', leaf);
  const server = await makeLeaf(intermediate, { extendedKeyUsages: [serverAuth] });
  const verdict = judge({ leaf: server });
  assertRefused(verdict, 'wrong_purpose', server);
  assert.match(
    verdict.accepted ? '' : `${verdict.fault}. ${verdict.fix}`,
    /is a server certificate: .* client authentication\. It must be issued with/,
  );
  assert.equal(judge({ leaf: server, purpose: 'serverAuth' }).accepted, true);
});

test('a leaf for any purpose, or for none in particular, is accepted', async () => {
  const any = await makeLeaf(intermediate, { extendedKeyUsages: [anyExtendedKeyUsage] });
  const unsaid = await makeLeaf(intermediate, { extendedKeyUsages: undefined, keyUsages: undefined });
  assert.equal(judge({ leaf: any }).accepted, true);
  assert.equal(judge({ leaf: unsaid }).accepted, true);
});

test('a key that may transport keys but not sign serves no client', async () => {
  const mute = await makeLeaf(intermediate, {
    keyUsages: ['keyEncipherment'],
    extendedKeyUsages: [clientAuth, serverAuth],
  });
  assertRefused(judge({ leaf: mute }), 'wrong_key_usage', mute);
  assert.equal(judge({ leaf: mute, purpose: 'serverAuth' }).accepted, true);
});

test('an authority for servers issues no users', async () => {
  const servers = await makeIntermediate(root, 'Test Servers', { extendedKeyUsages: [serverAuth] });
  assertRefused(judge({ leaf: await makeLeaf(servers), intermediates: [servers] }), 'wrong_purpose', servers);
});

test('a root for servers issues no users', async () => {
  const servers = await makeRoot('Test Servers', { extendedKeyUsages: [serverAuth] });
  const below = await makeLeaf(servers, { extendedKeyUsages: [clientAuth, serverAuth] });
  assertRefused(judge({ leaf: below, anchors: [servers] }), 'wrong_purpose', servers);
  assert.equal(judge({ leaf: below, anchors: [servers], purpose: 'serverAuth' }).accepted, true);
});

test("an authority's own certificate is no user's", () => {
  assertRefused(judge({ leaf: intermediate }), 'authority_as_caller', intermediate);
});

test('an RSA key of 1024 bits and an elliptic key of 224 bits are weak', async () => {
  const rsa = await makeLeaf(intermediate, { key: await createKeyPair('rsa-1024') });
  const elliptic = await makeLeaf(intermediate, { key: await createKeyPair('ec-p224') });
  assertRefused(judge({ leaf: rsa }), 'weak_key', rsa);
  assertRefused(judge({ leaf: elliptic }), 'weak_key', elliptic);
});

test('an RSA key of 2048 bits is strong enough', async () => {
  assert.equal(judge({ leaf: await makeLeaf(intermediate, { key: await createKeyPair('rsa-2048') }) }).accepted, true);
});

test('a certificate signed over SHA-1 is refused', async () => {
  const weak = await makeLeaf(intermediate, { signatureHash: 'SHA-1' });
  assert.equal(weak.facts.signatureHash, 'sha1');
  assertRefused(judge({ leaf: weak }), 'weak_signature', weak);
});

test("an anchor's own SHA-1 signature does not matter", async () => {
  const dated = await makeRoot('Test Dated', { signatureHash: 'SHA-1' });
  assert.equal(judge({ leaf: await makeLeaf(dated), anchors: [dated] }).accepted, true);
});

test('a critical extension that is not understood is refused', async () => {
  const strange = await makeLeaf(intermediate, {
    extensions: [makeExtension('1.3.6.1.4.1.99999.1', true, Uint8Array.of(0x05, 0x00))],
  });
  const harmless = await makeLeaf(intermediate, {
    extensions: [makeExtension('1.3.6.1.4.1.99999.1', false, Uint8Array.of(0x05, 0x00))],
  });
  assertRefused(judge({ leaf: strange }), 'unhandled_critical_extension', strange);
  assert.equal(judge({ leaf: harmless }).accepted, true);
});

test('name constraints hold, those of an anchor too', async () => {
  // Permits DNS names under `anexamp` alone, and nothing else is constrained.
  const value = Uint8Array.from(Buffer.from('300da00b30098207616e6578616d70', 'hex'));
  const extensions = [makeExtension('2.5.29.30', true, value)];
  const hostNames = ['ws.example.org'];
  const issuing = await makeIntermediate(root, 'Test Constrained', { extensions });
  const foreign = await makeLeaf(issuing, { hostNames });
  assertRefused(judge({ leaf: foreign, intermediates: [issuing] }), 'name_not_permitted', foreign);
  assert.equal(judge({ leaf: await makeLeaf(issuing), intermediates: [issuing] }).accepted, true);
  const anchor = await makeRoot('Test Constrained', { extensions });
  const below = await makeLeaf(anchor, { hostNames });
  assertRefused(judge({ leaf: below, anchors: [anchor] }), 'name_not_permitted', below);
});

test('at every instant a verdict accepts exactly the span that it states', () => {
  const bundle = bundleOf([root], [intermediate]);
  const path = buildPath(leaf.der, bundle);
  const accepted = judgePath(path, nowMs, 'clientAuth');
  assert.ok(accepted.accepted);
  const { validFromMs, validUntilMs } = accepted;
  fc.assert(
    fc.property(fc.integer({ min: validFromMs - dayMs, max: validUntilMs + dayMs }), (atMs) => {
      const within = validFromMs <= atMs && atMs <= validUntilMs;
      assert.equal(judgePath(path, atMs, 'clientAuth').accepted, within);
    }),
  );
});

test('where lists past their end do not count, the span of a verdict ends with the list', () => {
  const nextUpdateMs = nowMs + 5_000;
  const list = makeRevocationList({ signer: intermediate.signer, thisUpdateMs: nowMs, nextUpdateMs, number: 1 });
  const bundle = bundleOf([root], [intermediate]);
  const path = buildPath(leaf.der, bundle);
  const until = (stale: StaleRule) => {
    const revocation = createRevocation({
      standing: standingLists([proveList(readRevocationList(list), bundle)], bundle),
      stale,
    });
    const verdict = judgePath(path, nowMs, 'clientAuth', revocation);
    return verdict.accepted ? verdict.validUntilMs : null;
  };
  assert.deepEqual([until('refuse'), until('accept')], [nextUpdateMs, leaf.facts.notAfterMs]);
});

const ever: TrustSpan = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };

/** Judges the leaf where one member of the bundle is dated. */
function judgeDated(member: Made, span: Partial<TrustSpan>, atMs = nowMs): Verdict {
  const bundle = bundleOf([root], [intermediate], [[member, { ...ever, ...span }]]);
  return judgePath(buildPath(leaf.der, bundle), atMs, 'clientAuth');
}

for (const [what, member] of [
  ['an anchor', root],
  ['an intermediate', intermediate],
] as const) {
  test(`${what} counts to the very instant of its end, and one millisecond later it is withdrawn`, () => {
    assert.equal(judgeDated(member, { untilMs: nowMs + 5 }, nowMs + 5).accepted, true);
    assertRefused(judgeDated(member, { untilMs: nowMs + 5 }, nowMs + 6), 'authority_withdrawn', member);
  });

  test(`${what} counts from the very instant of its beginning, and not one millisecond sooner`, () => {
    assert.equal(judgeDated(member, { fromMs: nowMs + 5 }, nowMs + 5).accepted, true);
    assertRefused(judgeDated(member, { fromMs: nowMs + 5 }, nowMs + 4), 'authority_not_yet_accepted', member);
  });

  test(`the span of a verdict ends where ${what} does`, () => {
    const verdict = judgeDated(member, { fromMs: nowMs - 7, untilMs: nowMs + 7 });
    assert.deepEqual(verdict.accepted && [verdict.validFromMs, verdict.validUntilMs], [nowMs - 7, nowMs + 7]);
  });
}

test('where one way is withdrawn and another leads to an anchor that counts, the leaf is accepted', async () => {
  const renewed = await makeRoot('Test Root', { key: root.signer.key, notAfterMs: nowMs + 30 * dayMs });
  const bundle = bundleOf([root, renewed], [intermediate], [[renewed, { ...ever, untilMs: nowMs - 1 }]]);
  const verdict = judgePath(buildPath(leaf.der, bundle), nowMs, 'clientAuth');
  assert.equal(verdict.accepted && verdict.validUntilMs, Math.min(leaf.facts.notAfterMs, root.facts.notAfterMs));
});
