import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readSessionCookie, sessionCookieName, withoutSessionCookie, writeSessionCookie } from './session-cookie.ts';
import { createSessionKeys, withFreshKey } from './session-keys.ts';

const holder = { host: 'ui.example.org', fingerprint: 'ab'.repeat(32) };
const mark = { beganMs: Date.UTC(2024, 1, 21, 12), endsMs: Date.UTC(2024, 1, 21, 12, 31), loggedOut: false };
const keys = createSessionKeys();
/** What a browser sends back of a Set-Cookie. */
const sentBack = (setCookie: string) => setCookie.split(';', 1)[0] ?? '';
const cookie = sentBack(writeSessionCookie(mark, holder, keys));

describe('a cookie', () => {
  test('comes back as what it was written for, among others too', () => {
    assert.deepEqual(readSessionCookie([cookie], holder, keys), mark);
    assert.deepEqual(readSessionCookie([`a=1; ${cookie}; b=2`], holder, keys), mark);
    assert.deepEqual(readSessionCookie(['a=1', cookie], holder, keys), mark);
    const left = { ...mark, loggedOut: true };
    assert.deepEqual(readSessionCookie([sentBack(writeSessionCookie(left, holder, keys))], holder, keys), left);
  });

  test('goes to this host alone, over TLS alone, and to no script', () => {
    assert.equal(
      writeSessionCookie(mark, holder, keys).slice(cookie.length),
      '; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
    assert.match(cookie, /^__Host-/);
    assert.ok(cookie.length <= 128, String(cookie.length));
  });

  test('is nobody’s at another host, with another certificate, or under another key', () => {
    assert.equal(readSessionCookie([cookie], { ...holder, host: 'other.example.org' }, keys), 'foreign');
    assert.equal(readSessionCookie([cookie], { ...holder, fingerprint: 'cd'.repeat(32) }, keys), 'foreign');
    assert.equal(readSessionCookie([cookie], holder, createSessionKeys()), 'foreign');
  });

  test('is nobody’s once any character of it was changed', () => {
    const start = sessionCookieName.length + 1;
    fc.assert(
      fc.property(
        fc.integer({ min: start, max: cookie.length - 1 }),
        fc.constantFrom(...'0123456789abcdefoxyzABC._-~ "'.split('')),
        (at, character) => {
          // The last of 22 characters holds two bits more than the signature has.
          fc.pre(cookie[at] !== character && at < cookie.length - 1);
          const forged = `${cookie.slice(0, at)}${character}${cookie.slice(at + 1)}`;
          assert.equal(readSessionCookie([forged], holder, keys), 'foreign');
        },
      ),
    );
  });

  test('of any other form is nobody’s, and none is none', () => {
    for (const text of ['', '1', 'x'.repeat(10_000), `${cookie}.`, '1.zzzzzzzz.1.1.o.0000000000000000000000'])
      assert.equal(readSessionCookie([`${sessionCookieName}=${text}`], holder, keys), 'foreign');
    assert.equal(readSessionCookie([], holder, keys), null);
    assert.equal(readSessionCookie(['other=1; x__Host-headgate-session=1'], holder, keys), null);
  });

  test('of an earlier key is good until that key is forgotten', () => {
    let later = keys;
    for (let turn = 0; turn < 8; turn += 1) later = withFreshKey(later);
    assert.deepEqual(readSessionCookie([cookie], holder, later), mark);
    assert.equal(readSessionCookie([cookie], holder, withFreshKey(later)), 'foreign');
  });
});

test('the newest key signs', () => {
  const renewed = withFreshKey(keys);
  const fresh = sentBack(writeSessionCookie(mark, holder, renewed));
  assert.equal(readSessionCookie([fresh], holder, keys), 'foreign');
  assert.deepEqual(readSessionCookie([fresh], holder, renewed), mark);
});

test('a system receives every cookie but ours', () => {
  assert.equal(withoutSessionCookie('a=1; b=2'), 'a=1; b=2');
  assert.equal(withoutSessionCookie(`a=1; ${cookie}; b=2`), 'a=1; b=2');
  assert.equal(withoutSessionCookie(`${cookie}; b=2`), 'b=2');
  assert.equal(withoutSessionCookie(cookie), null);
});
