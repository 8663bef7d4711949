import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../exchange.ts';
import type { Serving } from '../serving.ts';
import { createHeadMemory, type HeadsOfKind, type RememberedHead } from './remembered-heads.ts';

const serving = {} as Serving;

const connectionOf = (serverName: string, tls: Partial<Connection> = {}) =>
  ({ source: '192.0.2.7', serverName, tlsVersion: 'TLSv1.3', tlsResumed: false, ...tls }) as Connection;
const bytesOf = (name: string) => Buffer.from(`GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`);

function keep(heads: HeadsOfKind, name: string): void {
  const bytes = bytesOf(name);
  heads.keep(bytes, 0, { bytes: bytes.byteLength, serving } as RememberedHead);
}

const knows = (heads: HeadsOfKind, name: string) => heads.find(bytesOf(name), 0, serving) !== null;

test('a head is known to every connection of its kind, and to no other kind', () => {
  const memory = createHeadMemory();
  keep(memory.of(connectionOf('a')), 'x');
  assert.ok(knows(memory.of(connectionOf('a')), 'x'));
  assert.ok(!knows(memory.of(connectionOf('b')), 'x'));
  // Evidence keeps what connections of a kind have in common with their heads.
  assert.ok(!knows(memory.of(connectionOf('a', { tlsVersion: 'TLSv1.2' })), 'x'));
  assert.ok(!knows(memory.of(connectionOf('a', { tlsResumed: true })), 'x'));
  assert.equal(memory.of(connectionOf('a')).find(bytesOf('x'), 0, { ...serving }), null, 'another snapshot');
});

test('a kind keeps its 64 last heads', () => {
  const heads = createHeadMemory().of(connectionOf('a'));
  for (let at = 0; at < 65; at += 1) keep(heads, `${at}`);
  assert.deepEqual([knows(heads, '0'), knows(heads, '1'), knows(heads, '64')], [false, true, true]);
});

test('all kinds together keep 2,048 heads: a caller of many names forgets the oldest, and memory stays bounded', () => {
  const memory = createHeadMemory();
  const kinds = Array.from({ length: 200 }, (_, at) => memory.of(connectionOf(`name-${at}`)));
  for (const heads of kinds) for (let at = 0; at < 64; at += 1) keep(heads, `${at}`);
  const kept = kinds.reduce(
    (sum, heads) => sum + Array.from({ length: 64 }, (_, at) => knows(heads, `${at}`)).filter(Boolean).length,
    0,
  );
  assert.ok(kept <= 2_048 && kept > 2_048 - 64, `${kept} heads are kept`);
  assert.ok(knows(kinds[199] as HeadsOfKind, '63'));
  assert.ok(!knows(kinds[0] as HeadsOfKind, '0'));
});
