// Answers for the corpora themselves: their sizes, bounds and names. It deliberately sends nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpRules } from './h1spec-rules.ts';
import { invalidMessages, smuggledPath } from './invalid-corpus.ts';
import { forgedText, upstreamResponses } from './upstream-responses.ts';
import { contestedMessages, hostsUsed, meaningsOf, type ValidMessage, validMessages } from './valid-corpus.ts';
import { isEndToEnd } from './wire.ts';

const headBytesMax = 16_384;
const fieldLinesMax = 100;
const targetCharactersMax = 8_000;
const bodyBytesMax = 1_048_576;

function repeatedNames(rows: readonly { readonly family: string; readonly name: string }[]): string[] {
  const seen = new Set<string>();
  return rows.map(({ family, name }) => `${family}: ${name}`).filter((key) => seen.has(key) || !seen.add(key));
}

function headOf(message: ValidMessage): Buffer {
  const from = message.bytes.subarray(0, 2).equals(Buffer.from('\r\n')) ? 2 : 0;
  return message.bytes.subarray(0, message.bytes.indexOf('\r\n\r\n', from, 'latin1') + 4);
}

function offsetsAreInOrder(offsets: readonly number[], length: number): boolean {
  return offsets.every((offset, index) => offset > (offsets[index - 1] ?? 0) && offset < length);
}

test('the corpora have the sizes that were agreed', () => {
  assert.ok(validMessages.length >= 600, `${validMessages.length} valid messages`);
  assert.ok(invalidMessages.length >= 250, `${invalidMessages.length} invalid messages`);
  assert.ok(upstreamResponses.length >= 120, `${upstreamResponses.length} upstream responses`);
  assert.equal(httpRules.length, 33);
});

test('no two entries of one corpus share a family and a name', () => {
  assert.deepEqual(repeatedNames([...validMessages, ...contestedMessages]), []);
  assert.deepEqual(repeatedNames(invalidMessages), []);
  assert.deepEqual(repeatedNames(upstreamResponses), []);
  assert.deepEqual(repeatedNames(httpRules.map(({ id }) => ({ family: 'rule', name: id }))), []);
});

test('no message is both valid and invalid', () => {
  const invalid = new Set(invalidMessages.map(({ bytes }) => bytes.toString('latin1')));
  for (const message of [...validMessages, ...contestedMessages]) {
    assert.ok(!invalid.has(message.bytes.toString('latin1')), message.name);
  }
});

test('every valid message keeps the bounds of any sane gateway', () => {
  for (const message of validMessages) {
    const head = headOf(message);
    assert.ok(head.length > 4 && head.length <= headBytesMax, `${message.name}: head of ${head.length} bytes`);
    const lines = head.toString('latin1').trim().split('\r\n').length - 1;
    assert.ok(lines <= fieldLinesMax, `${message.name}: ${lines} field lines`);
    for (const meaning of meaningsOf(message)) {
      assert.ok(meaning.target.length <= targetCharactersMax, message.name);
      assert.ok(meaning.body.length <= bodyBytesMax, message.name);
    }
  }
});

test('every valid message goes to a known host and a path under /echo/', () => {
  for (const message of [...validMessages, ...contestedMessages]) {
    for (const { host, originForm, target } of meaningsOf(message)) {
      assert.ok(host === '' || hostsUsed.includes(host), `${message.name}: ${host}`);
      assert.ok(originForm.startsWith('/echo/') && target.endsWith(originForm), `${message.name}: ${target}`);
    }
  }
});

test('every field of a meaning is end-to-end, lower-case and trimmed', () => {
  const responses = upstreamResponses.flatMap(({ expect }) => ('forwarded' in expect ? expect.forwarded.fields : []));
  const requests = [...validMessages, ...contestedMessages].flatMap(meaningsOf).flatMap(({ fields }) => fields);
  for (const [name, value] of [...requests, ...responses]) {
    assert.ok(isEndToEnd(name), name);
    assert.equal(name, name.toLowerCase());
    assert.equal(value.replace(/^[ \t]+|[ \t]+$/g, ''), value);
  }
});

test('every cut of a delivery lies inside its bytes, in order', () => {
  for (const entry of [...validMessages, ...contestedMessages, ...upstreamResponses, ...httpRules]) {
    assert.ok(offsetsAreInOrder(entry.delivery ?? [], entry.bytes.length), 'name' in entry ? entry.name : entry.id);
  }
});

test('nothing that may be forwarded names the smuggled path or the forged response as its own', () => {
  for (const { target } of [...validMessages, ...contestedMessages].flatMap(meaningsOf)) {
    assert.ok(!target.includes(smuggledPath), target);
  }
  for (const { expect, name } of upstreamResponses) {
    if ('forwarded' in expect) assert.ok(!expect.forwarded.body.includes(forgedText), name);
  }
});

test('every reason cites a clause of an RFC', () => {
  for (const { clause } of [...invalidMessages, ...upstreamResponses, ...httpRules]) {
    assert.match(clause, /^RFC \d+ §\d+(\.\d+)*( item \d)?$/);
  }
});
