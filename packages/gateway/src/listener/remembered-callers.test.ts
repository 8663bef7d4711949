import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../exchange.ts';
import type { Serving } from '../serving.ts';
import { createRememberedCallers } from './remembered-callers.ts';

const serving = {} as Serving;
const connectionOf = (changes: Partial<Connection> = {}) =>
  ({
    source: '192.0.2.7',
    serverName: 'a',
    tlsVersion: 'TLSv1.3',
    tlsResumed: false,
    peerCertificate: null,
    ...changes,
  }) as Connection;

test('connections of one kind share what was concluded of their caller, and no other does', () => {
  const callers = createRememberedCallers();
  const memo = callers.of(connectionOf()).memo(serving);
  assert.equal(callers.of(connectionOf({ sourcePort: 2 })).memo(serving), memo);
  // Evidence tells connections of different kinds apart.
  const others: Partial<Connection>[] = [
    { source: '192.0.2.8' },
    { serverName: 'b' },
    { serverName: null },
    { tlsVersion: 'TLSv1.2' },
    { tlsResumed: true },
    { peerCertificate: { der: new Uint8Array(1), fingerprint: 'f' } },
  ];
  for (const other of others) assert.notEqual(callers.of(connectionOf(other)).memo(serving), memo);
});

test('what was concluded under one snapshot is gone with it, on connections that are open too', () => {
  const kind = createRememberedCallers().of(connectionOf());
  const memo = kind.memo(serving);
  memo.identity = 'me';
  const next = kind.memo({ ...serving });
  assert.deepEqual(next, {});
  assert.equal(kind.memo(serving).identity, undefined);
});

test('1,024 kinds are kept: a connection that is open goes on with its own', () => {
  const callers = createRememberedCallers();
  const first = callers.of(connectionOf());
  const memo = first.memo(serving);
  for (let at = 0; at < 1_024; at += 1) callers.of(connectionOf({ source: `192.0.2.${at}x` }));
  assert.notEqual(callers.of(connectionOf()).memo(serving), memo);
  assert.equal(first.memo(serving), memo);
});
