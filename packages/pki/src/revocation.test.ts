import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyPair } from './certificate-maker.ts';
import { writeImplicit, writeSequence } from './der-writer.ts';
import { bundleOf, dayMs, type Made, makeIntermediate, makeLeaf, makeRoot, nowMs } from './hierarchy.fixture.ts';
import {
  createRevocation,
  faultOfList,
  faultOfReplacement,
  idleDeltas,
  proveList,
  type RevocationStatus,
  standingLists,
  whyIdle,
} from './revocation.ts';
import { type RevocationList, readRevocationList } from './revocation-list.ts';
import { type ListContents, type MadeEntry, makeRevocationList } from './revocation-list-maker.ts';
import type { TrustBundle } from './trust-bundle.ts';

const root = await makeRoot();
const issuing = await makeIntermediate(root);
const leaf = await makeLeaf(issuing);
const bundle = bundleOf([root], [issuing]);

const revoked: MadeEntry = { serial: leaf.facts.serial, onMs: nowMs - 1_000, reason: 1 };

function list(changes: Partial<ListContents> = {}, by: Made = issuing): RevocationList {
  const dates = { thisUpdateMs: nowMs - dayMs / 2, nextUpdateMs: nowMs + dayMs / 2 };
  return readRevocationList(makeRevocationList({ signer: by.signer, number: 7, ...dates, ...changes }));
}

function statusBy(
  lists: readonly RevocationList[],
  stale: 'accept' | 'refuse' = 'accept',
  atMs = nowMs,
): RevocationStatus {
  return revocationBy(lists, stale).statusOf(leaf.facts, atMs);
}

function revocationBy(lists: readonly RevocationList[], stale: 'accept' | 'refuse', own = bundle) {
  const proved = lists.map((each) => proveList(each, own));
  return createRevocation({ standing: standingLists(proved, own), stale });
}

function faultIn(each: RevocationList, own: TrustBundle, atMs: number): string | null {
  return faultOfList(proveList(each, own), own, atMs)?.sentence ?? null;
}

test('a list of the issuer may be used', () => {
  assert.equal(faultIn(list(), bundle, nowMs), null);
});

test('a list of an issuer that signs with RSA, RSASSA-PSS or Ed25519 may be used', async () => {
  const rsa = await makeIntermediate(root, 'Test RSA', { key: await createKeyPair('rsa-2048') });
  const edwards = await makeIntermediate(root, 'Test Edwards', { key: await createKeyPair('ed25519') });
  const own = bundleOf([root], [rsa, edwards]);
  assert.equal(faultIn(list({}, rsa), own, nowMs), null);
  assert.equal(faultIn(list({ signatureHash: 'SHA-512' }, rsa), own, nowMs), null);
  assert.equal(faultIn(list({ pss: true, signatureHash: 'SHA-384' }, rsa), own, nowMs), null);
  assert.equal(faultIn(list({}, edwards), own, nowMs), null);
});

test('a list that its issuer did not sign must not be used', async () => {
  const forge = (signature: Uint8Array) => signature.map((byte, index) => (index === 20 ? byte ^ 1 : byte));
  assert.match(faultIn(list({ forge }), bundle, nowMs) ?? '', /not signed by a certificate of bundle test/);
  const borrowed = await makeRoot('Test Issuing');
  assert.match(faultIn(list({}, borrowed), bundle, nowMs) ?? '', /not signed/);
  assert.match(faultIn(list({ keyIdentifier: false }, borrowed), bundle, nowMs) ?? '', /not signed/);
});

test('a list of an authority that is not in the bundle must not be used', async () => {
  assert.match(faultIn(list({}, await makeRoot('Other')), bundle, nowMs) ?? '', /CN=Other,.* not in bundle test/);
});

test('a list that was signed by whoever may not sign lists must not be used', async () => {
  const mute = await makeIntermediate(root, 'Test Mute', { keyUsages: ['keyCertSign'] });
  assert.match(faultIn(list({}, mute), bundleOf([root], [mute]), nowMs) ?? '', /cRLSign/);
});

test('a list whose signer has no path to an anchor must not be used', () => {
  const elsewhere = bundleOf([leaf], [issuing]);
  assert.match(faultIn(list(), elsewhere, nowMs) ?? '', /not signed/);
});

test('a list signed over SHA-1 must not be used', () => {
  assert.match(faultIn(list({ signatureHash: 'SHA-1' }), bundle, nowMs) ?? '', /resists forgery/);
});

test('a list that is yet to come must not be used before', () => {
  const coming = list({ thisUpdateMs: nowMs + 1_000 });
  assert.match(faultIn(coming, bundle, nowMs) ?? '', /yet to come/);
  assert.equal(faultIn(coming, bundle, nowMs + 1_000), null);
});

test('an indirect list must not be used', () => {
  const scope = writeSequence(writeImplicit(4, Buffer.of(0xff)));
  assert.match(faultIn(list({ scope }), bundle, nowMs) ?? '', /indirect/);
});

test('a list must not replace a newer one of its issuer and scope', () => {
  const [older, newer] = [list({ number: 6 }), list({ number: 7 })];
  assert.match(
    faultOfReplacement(older, [newer])?.sentence ?? '',
    /number 6, .*older than the one that was in force \(number 7/,
  );
  assert.equal(faultOfReplacement(newer, [older]), null);
  assert.equal(faultOfReplacement(newer, [newer]), null);
  assert.equal(
    faultOfReplacement(list({ number: 6, scope: writeSequence(writeImplicit(1, Buffer.of(0xff))) }), [newer]),
    null,
  );
  assert.equal(faultOfReplacement(list({ number: 6 }, root), [newer]), null);
  assert.equal(faultOfReplacement(list({ number: 6, base: 5 }), [newer]), null);
});

test('lists without numbers are as old as their dates', () => {
  const [older, newer] = [nowMs - 2_000, nowMs - 1_000].map((thisUpdateMs) => list({ number: null, thisUpdateMs }));
  assert.ok(older && newer);
  assert.match(faultOfReplacement(older, [newer])?.sentence ?? '', /older/);
  assert.equal(faultOfReplacement(newer, [older]), null);
});

test('a delta counts where it goes on from the complete list, and else changes nothing and is told', async () => {
  const complete = list({ number: 10 });
  const delta = (changes: Partial<ListContents>, by?: Made) =>
    list({ entries: [revoked], base: 10, number: 12, ...changes }, by);
  assert.equal(statusBy([complete, delta({})]).state, 'revoked');
  assert.equal(statusBy([complete, delta({ base: 9 })]).state, 'revoked');
  assert.deepEqual(idleDeltas([complete, delta({})]), []);
  const later = [complete, delta({ base: 11 })];
  assert.equal(statusBy(later).state, 'good');
  assert.match(idleDeltas(later)[0] ?? '', /goes on from list 11, and the complete list is 10/);
  assert.match(idleDeltas([delta({})])[0] ?? '', /no complete list/);
  const renewed = await makeIntermediate(root);
  const otherKey = [complete, delta({}, renewed)];
  assert.equal(statusBy(otherKey).state, 'good');
  assert.match(idleDeltas(otherKey)[0] ?? '', /another key/);
});

test('a delta that the complete list has caught up with changes nothing and is not told', () => {
  const lists = [list({ number: 12 }), list({ entries: [revoked], base: 10, number: 12 })];
  assert.equal(statusBy(lists).state, 'good');
  assert.deepEqual(idleDeltas(lists), []);
});

test('of several deltas the newest counts', () => {
  const complete = list({ number: 10, entries: [{ ...revoked, reason: 6 }] });
  const back = list({ base: 10, number: 12, entries: [{ ...revoked, reason: 8 }] });
  const again = list({ base: 10, number: 13, entries: [{ ...revoked, reason: 1 }] });
  assert.equal(statusBy([complete, back]).state, 'good');
  assert.equal(statusBy([again, complete, back]).state, 'revoked');
});

test('where stale lists do not count, nobody is known to be good from the first end of list, delta and signer on', async () => {
  const ends = nowMs + 5_000;
  for (const lists of [[list({ nextUpdateMs: ends })], [list(), list({ base: 7, number: 8, nextUpdateMs: ends })]]) {
    assert.deepEqual(statusBy(lists, 'refuse', ends), { state: 'good', untilMs: ends });
    const ended = statusBy(lists, 'refuse', ends + 1);
    assert.deepEqual(ended, { state: 'unknown', untilMs: Number.POSITIVE_INFINITY, endedMs: ends });
    assert.equal(statusBy(lists, 'accept', ends + 1).state, 'good');
  }
  const brief = await makeIntermediate(root, 'Test Issuing', { key: issuing.signer.key, notAfterMs: ends });
  const own = revocationBy([list()], 'refuse', bundleOf([root], [brief]));
  assert.equal(own.statusOf(leaf.facts, ends + 1).state, 'unknown');
});

test('a revoked certificate is revoked at every instant', () => {
  const status = statusBy([list({ entries: [revoked], nextUpdateMs: nowMs - 1_000 })], 'refuse', nowMs + 900 * dayMs);
  assert.equal(status.state, 'revoked');
});

test('of several lists of a scope it is told which counts, and why each of the others does not', () => {
  const older = list({ number: 6 });
  const complete = list({ number: 7 });
  const delta = list({ number: 9, base: 7, thisUpdateMs: nowMs - 1_000 });
  const overtaken = list({ number: 8, base: 7, thisUpdateMs: nowMs - 2_000 });
  const asOld = list({ number: 7, base: 6 });
  const apart = list({ number: 12, base: 10 });
  const lists = [older, complete, delta, overtaken, asOld, apart];
  const why = (each: RevocationList, among: readonly RevocationList[] = lists, atMs = nowMs) => {
    const proved = among.map((one) => proveList(one, bundle));
    return whyIdle(proved[among.indexOf(each)] ?? assert.fail(), proved, bundle, atMs);
  };
  assert.deepEqual([why(complete), why(delta)], [null, null]);
  assert.match(why(older) ?? '', /^Another of its scope counts in its place, number 7, of /);
  assert.equal(why(overtaken), 'A newer delta counts in its place.');
  assert.match(why(asOld) ?? '', /^The complete list, number 7, of \S+ is as new\.$/);
  assert.match(why(apart) ?? '', /^It changes nothing: it goes on from list 10, and the complete list is 7\.$/);
  assert.match(why(delta, [delta]) ?? '', /no complete list of its scope/);
  assert.match(why(complete, lists, nowMs - dayMs) ?? '', /yet to come/);
});
