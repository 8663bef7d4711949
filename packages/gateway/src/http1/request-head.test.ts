import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fieldsMax } from './field-lines.ts';
import { Malformed } from './malformed.ts';
import { type RawRequestHead, RequestHeadReader } from './request-head.ts';

const bounds = { headBytesMax: 1_024, targetBytesMax: 256 };

interface Read {
  readonly head: RawRequestHead | null;
  readonly end: number;
  readonly fault: string | null;
}

/** Reads bytes that come in pieces, as a connection does: each time everything that came so far. */
function read(text: string, cuts: readonly number[] = [], limits = bounds): Read {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new RequestHeadReader(limits);
  try {
    for (const cut of [...cuts, bytes.length]) {
      const head = reader.read(bytes.subarray(0, cut));
      if (head !== null) return { head, end: reader.end, fault: null };
    }
    return { head: null, end: -1, fault: null };
  } catch (thrown) {
    if (!(thrown instanceof Malformed)) throw thrown;
    return { head: null, end: -1, fault: thrown.kind };
  }
}

const everyByte = (text: string) => Array.from({ length: text.length - 1 }, (_, index) => index + 1);
const line = 'GET /x HTTP/1.1\r\n';

describe('the head of a request', () => {
  test('is its request line and its fields, in order, names in lower case and values trimmed', () => {
    assert.deepEqual(read(`${line}Host: a\r\nX-A: \t b  c\t \r\nx-a:\r\n\r\nbody`).head, {
      method: 'GET',
      target: '/x',
      httpVersion: '1.1',
      fields: ['host', 'a', 'x-a', 'b  c', 'x-a', ''],
    });
  });

  test('ends behind its empty line', () => {
    assert.equal(read(`${line}\r\nbody`).end, line.length + 2);
  });

  test('may come behind two empty lines and no more', () => {
    assert.equal(read(`\r\n${line}\r\n`).head?.method, 'GET');
    assert.equal(read(`\r\n\r\n${line}\r\n`).head?.method, 'GET');
    assert.equal(read(`\r\n\r\n\r\n${line}\r\n`).fault, 'syntax');
  });

  test('keeps bytes above 127 in values as they are', () => {
    assert.deepEqual(read(`${line}X: \xe9\xff\x80\r\n\r\n`).head?.fields, ['x', '\xe9\xff\x80']);
  });

  for (const [version, fault] of [
    ['HTTP/2.0', 'version'],
    ['HTTP/1.2', 'version'],
    ['http/1.1', 'syntax'],
    ['HTTP/1.1 ', 'syntax'],
    ['HTTP/1.10', 'syntax'],
    [' HTTP/1.1', 'syntax'],
    ['HTTP\r/1.1', 'syntax'],
    ['HTTP/1.\x00', 'syntax'],
    ['HTTP/1.\xb9', 'syntax'],
  ] as const) {
    test(`is refused with the version ${JSON.stringify(version)}`, () => {
      assert.equal(read(`GET /x ${version}\r\n\r\n`).fault, fault);
    });
  }

  for (const text of [
    '\n',
    ' GET /x HTTP/1.1\r\n\r\n',
    'G(T /x HTTP/1.1\r\n\r\n',
    'GET\t/x HTTP/1.1\r\n\r\n',
    'GET  HTTP/1.1\r\n\r\n',
    'GET /\xe9 HTTP/1.1\r\n\r\n',
    'GET /x HTTP/1.1\n\n',
    `${line}X : 1\r\n\r\n`,
    `${line} X: 1\r\n\r\n`,
    `${line}X: 1\r\n 2\r\n\r\n`,
    `${line}X: a\nb\r\n\r\n`,
    `${line}X: a\rb\r\n\r\n`,
    `${line}X: \x00\r\n\r\n`,
    `${line}: 1\r\n\r\n`,
    `${line}X\r\n\r\n`,
    `${line}\rX: 1\r\n\r\n`,
  ]) {
    test(`is refused: ${JSON.stringify(text)}`, () => {
      assert.equal(read(text).fault, 'syntax');
    });
  }
});

describe('the bounds of a head', () => {
  const padded = (headBytes: number) => `${line}X: ${'v'.repeat(headBytes - line.length - 7)}\r\n\r\n`;

  test('let a head of exactly headBytesMax bytes pass, and not one byte more', () => {
    assert.notEqual(read(padded(1_024)).head, null);
    assert.equal(read(padded(1_025)).fault, 'head-too-large');
    assert.equal(read(padded(1_025), everyByte(padded(1_025))).fault, 'head-too-large');
  });

  test('do not count what follows the head', () => {
    assert.notEqual(read(`${line}\r\n${'b'.repeat(5_000)}`).head, null);
  });

  test('end a line that never ends, in the name or in the value', () => {
    assert.equal(read(line + 'n'.repeat(1_100)).fault, 'head-too-large');
    assert.equal(read(`${line}X: ${'v'.repeat(1_100)}`).fault, 'head-too-large');
  });

  test('let a target of exactly targetBytesMax bytes pass, and not one byte more', () => {
    assert.notEqual(read(`GET /${'p'.repeat(255)} HTTP/1.1\r\n\r\n`).head, null);
    assert.equal(read(`GET /${'p'.repeat(256)} HTTP/1.1\r\n\r\n`).fault, 'target-too-long');
    assert.equal(read(`GET /${'p'.repeat(256)}`).fault, 'target-too-long');
  });

  test('end a method after 32 bytes', () => {
    assert.notEqual(read(`${'M'.repeat(32)} /x HTTP/1.1\r\n\r\n`).head, null);
    assert.equal(read('M'.repeat(33)).fault, 'syntax');
  });

  test(`let ${fieldsMax} fields pass, and not one more`, () => {
    const large = { headBytesMax: 65_536, targetBytesMax: 256 };
    assert.equal(read(`${line}${'X:\r\n'.repeat(fieldsMax)}\r\n`, [], large).head?.fields.length, 2 * fieldsMax);
    assert.equal(read(`${line}${'X:\r\n'.repeat(fieldsMax + 1)}\r\n`, [], large).fault, 'head-too-large');
  });
});

const parts = [
  'GET',
  ' ',
  '/x',
  'HTTP/1.1',
  'HTTP/1.0',
  '\r\n',
  '\r',
  '\n',
  'Host: a',
  'X',
  ':',
  ' v',
  '\t',
  '\x00',
  '\xe9',
  '(',
  `${line}Host: a\r\n\r\n`,
];

test('a head is read the same however it is cut', () => {
  const texts = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 14 }).map((each) => each.join(''));
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 5 }), (text, offsets) => {
      const cuts = offsets.map((offset) => offset % text.length).sort((a, b) => a - b);
      assert.deepEqual(read(text, cuts), read(text));
      assert.deepEqual(read(text, everyByte(text)), read(text));
    }),
  );
});
