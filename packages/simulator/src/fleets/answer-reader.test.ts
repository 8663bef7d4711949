import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createAnswerReader, type WireAnswer } from './answer-reader.ts';

const answers: Readonly<Record<string, { readonly text: string; readonly body: string }>> = {
  length: { text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', body: 'hello' },
  empty: { text: 'HTTP/1.1 204 No Content\r\n\r\n', body: '' },
  interim: { text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 X\r\ncontent-length: 2\r\n\r\nno', body: 'no' },
  chunked: {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n',
    body: 'abcde',
  },
};

test('answers are read the same wherever their bytes are cut', () => {
  const names = Object.keys(answers);
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(60)),
      (chosen, cuts) => {
        for (const name of chosen) {
          const { text = '', body = '' } = answers[name] ?? {};
          const reader = createAnswerReader();
          let got: WireAnswer | null = null;
          let at = 0;
          for (const cut of [...cuts, text.length]) {
            const end = Math.min(text.length, at + cut);
            if (end > at) got = reader.take(Buffer.from(text.slice(at, end), 'latin1')) ?? got;
            at = end;
          }
          assert.equal(got?.body.toString('latin1'), body);
          assert.equal(got?.persists, true);
        }
      },
    ),
  );
});

test('an answer without a length goes until the connection ends, and no other call follows it', () => {
  const reader = createAnswerReader();
  assert.equal(reader.take(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhalf')), null);
  assert.equal(reader.take(Buffer.from(' and half')), null);
  const answer = reader.end();
  assert.equal(answer?.body.toString(), 'half and half');
  assert.equal(answer?.persists, false);
});

test('what is cut off is no answer', () => {
  const reader = createAnswerReader();
  assert.equal(reader.take(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel')), null);
  assert.equal(reader.end(), null);
});

test('bytes that are no HTTP, and heads and bodies without an end, are refused', () => {
  assert.throws(() => createAnswerReader().take(Buffer.from('\u0001\u0002 this is not HTTP\r\n\r\n')), SyntaxError);
  assert.throws(
    () => createAnswerReader().take(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n')),
    SyntaxError,
  );
  assert.throws(
    () => createAnswerReader().take(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')),
    SyntaxError,
  );
  assert.throws(
    () => createAnswerReader().take(Buffer.from(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`)),
    RangeError,
  );
  const endless = createAnswerReader();
  endless.take(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
  assert.throws(() => {
    for (let piece = 0; piece < 40; piece += 1) endless.take(Buffer.alloc(1_048_576));
  }, RangeError);
});
