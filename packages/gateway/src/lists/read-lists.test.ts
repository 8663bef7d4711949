import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrustBundle, findEntry, readCertificate, toPem } from '@headgate/pki';
import { listOf, nowMs, trust, user } from './lists.fixture.ts';
import { readLists, readListsHere } from './read-lists.ts';

const facts = trust.get('users');
assert.ok(facts);
const bundle = createTrustBundle({ ...facts });
const small = listOf(1, { revoked: [user] });

/** A list past the size from which on a thread of its own reads. */
const many = Array.from({ length: 40_000 }, (_, index) => ({
  serial: `4${index.toString(16).padStart(31, '0')}`.toUpperCase(),
  onMs: nowMs - 1_000,
  reason: 1,
}));

test('a list in PEM and one in DER are read alike, into memory that threads share', () => {
  const pem = Buffer.from(toPem(Buffer.from(small), 'X509 CRL'));
  for (const file of [small, pem]) {
    const read = readListsHere({ trust: facts, source: { file } });
    assert.ok('lists' in read);
    const [each] = read.lists;
    assert.ok(each?.list.entries.bytes.buffer instanceof SharedArrayBuffer);
    assert.ok(each.list.entries.slots.buffer instanceof SharedArrayBuffer);
    assert.equal(findEntry(each.list.entries, readCertificate(user.certificateDer).serial)?.reason, 'keyCompromise');
    assert.equal(each.signers.length, 1);
  }
});

test('a large list is read while the thread that asked goes on, and comes without a copy of its bytes', async () => {
  const der = listOf(1, { entries: many });
  const file = new Uint8Array(new SharedArrayBuffer(der.length));
  file.set(der);
  let turns = 0;
  let isRead = false;
  const turn = (): void => {
    turns += 1;
    if (!isRead) setImmediate(turn);
  };
  setImmediate(turn);
  const read = await readLists({ trust: facts, source: { file } }, bundle);
  isRead = true;
  assert.ok('lists' in read);
  const [each] = read.lists;
  assert.equal(each?.list.entries.count, many.length);
  assert.equal(findEntry(each.list.entries, many[39_999]?.serial ?? '')?.onMs, nowMs - 1_000);
  assert.ok(turns > 10, `${turns} turns`);
  assert.equal(each.signers.length, 1);
  file[der.length - 1] = 0; // One memory, seen from both threads.
  assert.equal(each.list.der.at(-1), 0);
});
