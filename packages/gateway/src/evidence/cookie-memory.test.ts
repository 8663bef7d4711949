import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../exchange.ts';
import { createCookieMemory } from './cookie-memory.ts';

const from = (source: string, fingerprint?: string) =>
  ({ source, peerCertificate: fingerprint === undefined ? null : { fingerprint } }) as Connection;
const memory = () => createCookieMemory(new Uint8Array(32));

test('a request without the field has no cookies, and an empty field has none to count', () => {
  assert.equal(memory().note(from('192.0.2.1'), []), null);
  assert.deepEqual(memory().note(from('192.0.2.1'), ['', ' ; ']), { count: 0, reused: 0 });
});

test('cookies are counted over every line of the field, and those that came before are told', () => {
  const cookies = memory();
  const caller = from('192.0.2.1');
  assert.deepEqual(cookies.note(caller, ['JSESSIONID=1; pool=2']), { count: 2, reused: 0 });
  assert.deepEqual(cookies.note(caller, ['pool=2', 'JSESSIONID=2']), { count: 2, reused: 1 });
  assert.deepEqual(cookies.note(caller, ['a=1; a=1']), { count: 2, reused: 0 });
});

test('a caller is its certificate wherever it comes from, and its source without one', () => {
  const cookies = memory();
  cookies.note(from('192.0.2.1', 'aa'), ['s=1']);
  assert.equal(cookies.note(from('192.0.2.2', 'aa'), ['s=1'])?.reused, 1);
  assert.equal(cookies.note(from('192.0.2.1', 'bb'), ['s=1'])?.reused, 0);
  assert.equal(cookies.note(from('192.0.2.1'), ['s=1'])?.reused, 0);
  assert.equal(cookies.note(from('192.0.2.1'), ['s=1'])?.reused, 1);
});

test('a caller that brings cookies without end is counted, and forgotten but for the last of them', () => {
  const cookies = memory();
  const caller = from('192.0.2.1');
  const many = Array.from({ length: 500 }, (_, at) => `c${at}=1`);
  assert.deepEqual(cookies.note(caller, [many.join(';')]), { count: 500, reused: 0 });
  assert.deepEqual(cookies.note(caller, [many.join(';')]), { count: 500, reused: 32 });
  cookies.note(caller, [many.slice(100, 132).join(';')]);
  assert.equal(cookies.note(caller, ['c0=1'])?.reused, 0);
});

test('callers without end push out those that were unheard of for longest', () => {
  const cookies = memory();
  for (let number = 0; number <= 4_096; number += 1) cookies.note(from(`source-${number}`), ['s=1']);
  assert.equal(cookies.note(from('source-4096'), ['s=1'])?.reused, 1);
  assert.equal(cookies.note(from('source-0'), ['s=1'])?.reused, 0);
});
