import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Malformed } from './malformed.ts';
import { type RawResponseHead, ResponseHeadReader } from './response-head.ts';

function read(text: string, headBytesMax = 1_024): RawResponseHead | null | string {
  const bytes = Buffer.from(text, 'latin1');
  const outcomes = [[bytes.length], Array.from({ length: bytes.length }, (_, index) => index + 1)].map((cuts) => {
    const reader = new ResponseHeadReader(headBytesMax);
    try {
      for (const cut of cuts) {
        const head = reader.read(bytes.subarray(0, cut));
        if (head !== null) return head;
      }
      return null;
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown;
      return thrown.kind;
    }
  });
  assert.deepEqual(outcomes[1], outcomes[0], 'byte by byte it is read otherwise');
  return outcomes[0] ?? null;
}

describe('the head of a response', () => {
  for (const statusLine of [
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 ',
    'HTTP/1.1 200',
    'HTTP/1.1 200 D\xe9j\xe0 vu',
    'HTTP/1.1 200 a\tb',
  ]) {
    test(`is read with the status line ${JSON.stringify(statusLine)}`, () => {
      assert.deepEqual(read(`${statusLine}\r\nX-A: 1\r\n\r\nrest`), {
        httpVersion: '1.1',
        status: 200,
        fields: ['x-a', '1'],
      });
    });
  }

  for (const statusLine of [
    'HTTP/1.1 099 X',
    'HTTP/1.1 600 X',
    'HTTP/1.1 2000 X',
    'HTTP/1.1  200 X',
    'HTTP/1.1\t200 X',
    'HTTP/2.0 200 X',
    'http/1.1 200 X',
    'HTTP/1.1 200X',
    'HTTP/1.1 200 \x00',
    '\r\nHTTP/1.1 200 X',
  ]) {
    test(`is refused with the status line ${JSON.stringify(statusLine)}`, () => {
      assert.equal(read(`${statusLine}\r\n\r\n`), 'syntax');
    });
  }

  test('is no longer than it may be', () => {
    const head = (bytes: number) => `HTTP/1.1 200 OK\r\nX: ${'v'.repeat(bytes - 24)}\r\n\r\n`;
    assert.notEqual(read(head(1_024)), 'head-too-large');
    assert.equal(read(head(1_025)), 'head-too-large');
    assert.equal(read(`HTTP/1.1 200 ${'r'.repeat(1_100)}`), 'head-too-large');
  });
});
