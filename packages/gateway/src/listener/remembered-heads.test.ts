import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Serving } from '../serving.ts';
import { createRememberedHeads, type RememberedHead } from './remembered-heads.ts';

const serving = {} as Serving;
const other = { ...serving };
const bytesOf = (name: string) => Buffer.from(`GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`);
const headOf = (bytes: Buffer, under = serving) => ({ bytes: bytes.byteLength, serving: under }) as RememberedHead;

test('a head is found by its own bytes alone, wherever in the input they stand', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{0,40}$/), { minLength: 1, maxLength: 40 }),
      fc.nat(9),
      (names, at) => {
        const heads = createRememberedHeads(7);
        const known = new Map(names.map((name) => [name, headOf(bytesOf(name))]));
        for (const [name, head] of known) heads.keep(bytesOf(name), 0, head);
        for (const [name, head] of known) {
          const input = Buffer.concat([Buffer.alloc(at, 'x'), bytesOf(name), Buffer.from('a body')]);
          const found = heads.find(input, at, serving);
          assert.ok(found === head || found === null);
          assert.equal(heads.find(bytesOf(`${name}-`), 0, serving), null);
        }
      },
    ),
  );
});

test('what was concluded under another snapshot is not found, and is replaced by what is concluded anew', () => {
  const heads = createRememberedHeads(7);
  const bytes = bytesOf('x');
  heads.keep(bytes, 0, headOf(bytes));
  assert.equal(heads.find(bytes, 0, other), null);
  const anew = headOf(bytes, other);
  heads.keep(bytes, 0, anew);
  assert.equal(heads.find(bytes, 0, other), anew);
  assert.equal(heads.find(bytes, 0, serving), null);
});

test('half a head is not found', () => {
  const heads = createRememberedHeads(7);
  const bytes = bytesOf('x');
  heads.keep(bytes, 0, headOf(bytes));
  for (let end = 0; end < bytes.byteLength; end += 1)
    assert.equal(heads.find(bytes.subarray(0, end), 0, serving), null);
});

test('bytes that are used again for something else do not change what is kept', () => {
  const heads = createRememberedHeads(7);
  const bytes = bytesOf('x');
  const head = headOf(bytes);
  heads.keep(bytes, 0, head);
  bytes.fill(0);
  assert.equal(heads.find(bytesOf('x'), 0, serving), head);
});

test('2,048 heads are kept at the most: the newest is always among them', () => {
  const heads = createRememberedHeads(7);
  const names = Array.from({ length: 20_000 }, (_, at) => `service-${at}`);
  for (const name of names) {
    heads.keep(bytesOf(name), 0, headOf(bytesOf(name)));
    assert.ok(heads.find(bytesOf(name), 0, serving));
  }
  const kept = names.filter((name) => heads.find(bytesOf(name), 0, serving) !== null).length;
  assert.ok(kept <= 2_048 && kept > 2_000, `${kept} heads are kept`);
});

test('of 512 heads that callers repeat nearly all stay while others come and go', () => {
  const heads = createRememberedHeads(7);
  const repeated = Array.from({ length: 512 }, (_, at) => bytesOf(`repeated-${at}`));
  for (const bytes of repeated) heads.keep(bytes, 0, headOf(bytes));
  assert.ok(repeated.filter((bytes) => heads.find(bytes, 0, serving) !== null).length > 500);
});

test('a head of more than 4,096 bytes is not kept', () => {
  const heads = createRememberedHeads(7);
  const bytes = bytesOf('x'.repeat(4_096));
  heads.keep(bytes, 0, headOf(bytes));
  assert.equal(heads.find(bytes, 0, serving), null);
});
