import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ChunkedDecoder } from './chunked.ts';
import { Malformed } from './malformed.ts';

interface Decoded {
  readonly body: string;
  /** What followed the end; null while there is none. */
  readonly rest: string | null;
  readonly fault: string | null;
}

function decode(...pieces: readonly string[]): Decoded {
  const decoder = new ChunkedDecoder();
  let body = '';
  let rest: string | null = null;
  try {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'latin1');
      const used = decoder.ended
        ? 0
        : decoder.feed(bytes, 0, (data) => {
            body += Buffer.from(data).toString('latin1');
          });
      if (decoder.ended) rest = (rest ?? '') + piece.slice(used);
    }
    return { body, rest, fault: null };
  } catch (thrown) {
    if (!(thrown instanceof Malformed)) throw thrown;
    return { body, rest: null, fault: thrown.kind };
  }
}

function cutAt(text: string, offsets: readonly number[]): string[] {
  const cuts = [...new Set(offsets.map((offset) => offset % text.length))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => text.slice(from, cuts[index] ?? text.length));
}

const ambiguous = 'ambiguous-length';

describe('chunked content', () => {
  test('is its data, and ends where it says', () => {
    assert.deepEqual(decode('5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-T: 1\r\n\r\nGET'), {
      body: 'hello world',
      rest: 'GET',
      fault: null,
    });
  });

  test('in 200,000 chunks of one byte comes to its end', () => {
    assert.equal(decode(`${'1\r\na\r\n'.repeat(200_000)}0\r\n\r\n`).body.length, 200_000);
  });

  test('may write its sizes in any case, with zeros before them', () => {
    assert.equal(
      decode(`A\r\n0123456789\r\na\r\n0123456789\r\n${'0'.repeat(15)}1\r\nx\r\n000\r\n\r\n`).body.length,
      21,
    );
  });

  for (const size of ['', ' 5', '5 ', '+5', '-5', '0x5', '5g', '5,5', '\x005', '0'.repeat(17), '8000000000000000']) {
    test(`is refused with a size of ${JSON.stringify(size)}`, () => {
      assert.equal(decode(`${size}\r\nhello\r\n0\r\n\r\n`).fault, ambiguous);
    });
  }

  for (const text of ['5\nhello\r\n', '5\rhello\r\n', '5\r\nhello\n', '5\r\nhello\r0', '5\r\nhello!\r\n', '0\n\r\n']) {
    test(`is refused where a line ends otherwise: ${JSON.stringify(text)}`, () => {
      assert.equal(decode(text).fault, ambiguous);
    });
  }

  for (const text of [
    '0\r\n\n',
    '0\r\n\rX',
    '0\r\nX-T: 1\n\r\n',
    '0\r\nX-T\r\n\r\n',
    '0\r\n X: 1\r\n\r\n',
    '0\r\n: 1\r\n\r\n',
  ]) {
    test(`is refused with a trailer section ${JSON.stringify(text)}`, () => {
      assert.equal(decode(text).fault, 'syntax');
    });
  }
});

describe('a chunk extension', () => {
  for (const extension of [';a', ';a=b', ';a;b=c', ';a=""', ';a="b;c"', ';a="\\""', ';a="\\\\";b', ';a="\t\xe9"']) {
    test(`is read and dropped: ${JSON.stringify(extension)}`, () => {
      assert.equal(decode(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`).body, 'hello');
    });
  }

  // RFC 9112 §7.1.1. White space around "=" and ";" is allowed to be refused, and readers disagree about it.
  for (const extension of [
    ';',
    ';;a',
    ';a;',
    ';=b',
    ';a=',
    ';a==',
    ';a b',
    '; a',
    ' ;a',
    ';a= b',
    ';a="b',
    ';a="b"c',
    ';a=b"c"',
    ';a="\x7f"',
    ';a="\\\x01"',
    ';\xe9',
    ';a=\x00',
  ]) {
    test(`is refused: ${JSON.stringify(extension)}`, () => {
      assert.equal(decode(`5${extension}\r\nhello\r\n0\r\n\r\n`).fault, ambiguous);
    });
  }

  test('ends: 16 KiB of them in one body are too many, in one chunk or over many', () => {
    assert.equal(decode(`5;a=${'b'.repeat(16_384)}\r\nhello\r\n0\r\n\r\n`).fault, ambiguous);
    assert.equal(decode(`${`1;a=${'b'.repeat(1_020)}\r\nx\r\n`.repeat(17)}0\r\n\r\n`).fault, ambiguous);
    assert.equal(decode(`5;a=${'b'.repeat(16_000)}\r\nhello\r\n0\r\n\r\n`).fault, null);
  });
});

describe('a trailer section', () => {
  for (const line of [
    'Content-Length: 0',
    'content-length:5',
    'Transfer-Encoding: chunked',
    'TRANSFER-ENCODING: identity',
  ])
    test(`is refused with a length in it: ${line}`, () => {
      assert.equal(decode(`5\r\nhello\r\n0\r\nX-T: 1\r\n${line}\r\n\r\n`).fault, ambiguous);
    });

  test('may hold any other field, which is dropped', () => {
    assert.equal(decode('5\r\nhello\r\n0\r\nHost: a\r\nContent-Lengthy: 1\r\nX:\r\n\r\n').body, 'hello');
  });

  const section = (bytes: number) => `X-T: ${'t'.repeat(bytes - 9)}\r\n\r\n`;

  test('of 16 KiB is read, and of one byte more is not, however it comes', () => {
    for (const [bytes, fault] of [
      [16_384, null],
      [16_385, 'head-too-large'],
    ] as const) {
      const text = `0\r\n${section(bytes)}`;
      assert.equal(decode(text).fault, fault, 'in one piece');
      assert.equal(decode(...cutAt(text, [1, 5, 100, 8_000, 16_380])).fault, fault, 'in six pieces');
    }
  });

  test('of many lines is bounded by its bytes, however it comes', () => {
    const text = `0\r\n${'X-T: 1\r\n'.repeat(3_000)}\r\n`;
    assert.equal(decode(text).fault, 'head-too-large');
    assert.equal(decode(...cutAt(text, [1_000, 9_000, 16_000, 20_000])).fault, 'head-too-large');
  });

  test('has a bound of its own, whatever the extensions took', () => {
    const extensions = `1;a=${'b'.repeat(16_000)}\r\nx\r\n`;
    assert.equal(decode(`${extensions}0\r\n${section(16_384)}`).fault, null);
    assert.equal(decode(`${extensions}0\r\n${section(16_385)}`).fault, 'head-too-large');
  });
});

const parts = [
  '0',
  '1',
  '5',
  'a',
  'f',
  '\r\n',
  '\r',
  '\n',
  ';',
  ';a=b',
  '"',
  '=',
  ' ',
  '\t',
  'hello',
  'X-T: 1',
  ':',
  '\x00',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
];

test('chunked content is read the same however it is cut', () => {
  const texts = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 12 }).map((each) => each.join(''));
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 6 }), (text, offsets) => {
      assert.deepEqual(decode(...cutAt(text, offsets)), decode(text));
      assert.deepEqual(decode(...text.split('')), decode(text));
    }),
  );
});

test('data that was put into chunks comes out again', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), (chunks) => {
      const texts = chunks.map((chunk) => Buffer.from(chunk).toString('latin1'));
      const sent = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('');
      assert.deepEqual(decode(`${sent}0\r\n\r\n`), { body: texts.join(''), rest: '', fault: null });
    }),
  );
});
