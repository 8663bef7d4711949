import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeExtension, type Signer, toPem } from './certificate-maker.ts';
import { writeElement, writeImplicit, writeInteger, writeSequence } from './der-writer.ts';
import { dayMs, makeIntermediate, makeRoot, nowMs } from './hierarchy.fixture.ts';
import {
  findEntry,
  listBytesMax,
  type RevocationList,
  readRevocationList,
  splitLists,
  UnreadableRevocationList,
} from './revocation-list.ts';
import { type ListContents, type MadeEntry, makeRevocationList } from './revocation-list-maker.ts';

const root = await makeRoot();
const { signer } = await makeIntermediate(root);

function make(changes: Partial<ListContents> = {}, own: Signer = signer): Buffer<ArrayBuffer> {
  const thisUpdateMs = nowMs - dayMs;
  return makeRevocationList({ signer: own, thisUpdateMs, nextUpdateMs: nowMs + dayMs, number: 7, ...changes });
}

function readWith(entries: readonly MadeEntry[], changes: Partial<ListContents> = {}): RevocationList {
  return readRevocationList(make({ entries, ...changes }));
}

function assertUnreadable(der: Uint8Array, says: RegExp): void {
  assert.throws(
    () => readRevocationList(der),
    (fault: Error) => fault instanceof UnreadableRevocationList && says.test(fault.message),
  );
}

test('a list shows its issuer, dates, number and entries', () => {
  const list = readWith([{ serial: '4A01', onMs: nowMs - 5_000, reason: 4 }]);
  assert.equal(list.issuer, 'CN=Test Issuing,O=Headgate Test,C=US');
  assert.deepEqual([list.thisUpdateMs, list.nextUpdateMs], [nowMs - dayMs, nowMs + dayMs]);
  assert.deepEqual([list.number, list.base, list.entries.count], [7n, null, 1]);
  assert.deepEqual(findEntry(list.entries, '4A01'), { onMs: nowMs - 5_000, reason: 'superseded' });
  assert.equal(findEntry(list.entries, '4A02'), null);
});

test('a list without entries finds nobody', () => {
  assert.equal(findEntry(readWith([]).entries, '01'), null);
});

test('every serial number on a list is found with its own date, and none beside it', () => {
  const serial = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .filter(([first = 0]) => first > 0)
    .map((bytes) => Buffer.from(bytes).toString('hex').toUpperCase());
  fc.assert(
    fc.property(fc.uniqueArray(serial, { minLength: 1, maxLength: 200 }), (serials) => {
      const [absent = '', ...present] = serials;
      const list = readWith(present.map((each, index) => ({ serial: each, onMs: nowMs - index * 1_000 })));
      assert.equal(findEntry(list.entries, absent), null);
      for (const [index, each] of present.entries())
        assert.equal(findEntry(list.entries, each)?.onMs, nowMs - index * 1_000);
    }),
    { numRuns: 60 },
  );
});

test('a date of the next century and one of the last are told apart', () => {
  const list = readWith([
    { serial: '01', onMs: Date.UTC(2061, 1, 3) },
    { serial: '02', onMs: Date.UTC(1999, 11, 31) },
  ]);
  assert.deepEqual(
    [findEntry(list.entries, '01')?.onMs, findEntry(list.entries, '02')?.onMs],
    [Date.UTC(2061, 1, 3), Date.UTC(1999, 11, 31)],
  );
});

test('each reason of RFC 5280 §5.3.1 is read, beside other extensions too', () => {
  const invalidSince = makeExtension('2.5.29.24', false, writeElement(0x18, Buffer.from('20600101000000Z')));
  const list = readWith([
    { serial: '01', onMs: nowMs },
    { serial: '02', onMs: nowMs, reason: 6 },
    { serial: '03', onMs: nowMs, reason: 10, extensions: [invalidSince] },
  ]);
  const reasons = ['01', '02', '03'].map((serial) => findEntry(list.entries, serial)?.reason);
  assert.deepEqual(reasons, ['unspecified', 'certificateHold', 'aACompromise']);
});

test('a serial number that comes twice in a delta stays revoked', () => {
  for (const reasons of [
    [1, 8],
    [8, 1],
  ]) {
    const list = readWith(
      reasons.map((reason) => ({ serial: '01', onMs: nowMs, reason })),
      { base: 3 },
    );
    assert.equal(findEntry(list.entries, '01')?.reason, 'keyCompromise');
  }
});

test('a list that must not be used by itself is refused, with what is wrong', () => {
  const nobodys = makeExtension('1.3.6.1.4.1.99999.1', true, Buffer.of(0x05, 0x00));
  const certificateIssuer = makeExtension('2.5.29.29', true, writeSequence(writeImplicit(2, Buffer.from('a'))));
  const entry = (changes: Partial<MadeEntry>) => make({ entries: [{ serial: '01', onMs: nowMs, ...changes }] });
  assertUnreadable(make({ extensions: [nobodys] }), /critical extension 1\.3\.6\.1\.4\.1\.99999\.1/);
  assertUnreadable(entry({ extensions: [nobodys] }), /an entry with the critical extension/);
  assertUnreadable(entry({ extensions: [certificateIssuer] }), /an entry with the critical extension 2\.5\.29\.29/);
  assertUnreadable(entry({ reason: 8 }), /takes an entry back without being a delta/);
  assertUnreadable(entry({ reason: 7 }), /a reason of no meaning/);
  assertUnreadable(make({ nextUpdateMs: null }), /when the next one is due/);
  assertUnreadable(
    make({ scope: writeSequence(writeImplicit(1, Buffer.of(0xff)), writeImplicit(2, Buffer.of(0xff))) }),
    /only for one kind/,
  );
  assertUnreadable(make({ extensions: [makeExtension('2.5.29.20', false, writeInteger(9))] }), /twice/);
  assertUnreadable(make({ number: null, entries: [{ serial: '01', onMs: nowMs, reason: 1 }] }), /version 1/);
});

test('an extension that nobody knows and that is not critical is no objection', () => {
  const nobodys = makeExtension('1.3.6.1.4.1.99999.1', false, Buffer.of(0x05, 0x00));
  assert.equal(readRevocationList(make({ extensions: [nobodys] })).number, 7n);
});

test('a file is DER, or PEM with several lists and text between them', () => {
  const [one, other] = [make({ number: 1 }), make({ number: 2 })];
  assert.deepEqual(splitLists(one), [one]);
  const text = `# both\n${toPem(one, 'X509 CRL')}\nand\n${toPem(other, 'X509 CRL').replaceAll('\n', '\r\n')}`;
  assert.deepEqual(
    splitLists(Buffer.from(text)).map((each) => Buffer.from(each)),
    [one, other],
  );
});

test('a file that is neither is refused', () => {
  for (const file of ['', 'no list', toPem(make()), toPem(make(), 'X509 CRL').replace('M', '*')])
    assert.throws(() => splitLists(Buffer.from(file)), UnreadableRevocationList);
  assert.throws(() => splitLists(new Uint8Array(listBytesMax + 1)), UnreadableRevocationList);
});

test('a list that is cut short anywhere, or has a byte behind it, is refused and nothing worse', () => {
  const der = make({ entries: [{ serial: '01', onMs: nowMs, reason: 1 }] });
  for (let length = 0; length < der.length; length += 1) assertUnreadable(der.subarray(0, length), /./);
  assertUnreadable(Buffer.concat([der, Buffer.of(0)]), /bytes after/);
});

test('a list with changed bytes is read or refused and nothing worse', () => {
  const entries = Array.from({ length: 5 }, (_, index) => ({ serial: `4${index}`, onMs: nowMs, reason: index }));
  const der = make({ entries });
  const change = fc.record({ at: fc.nat(der.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(der);
      for (const { at, byte } of changes) bytes[at] = byte;
      try {
        const list = readRevocationList(bytes);
        for (const { serial } of entries) findEntry(list.entries, serial);
      } catch (fault) {
        assert.ok(fault instanceof UnreadableRevocationList, String(fault));
      }
    }),
    { numRuns: 3_000 },
  );
});
