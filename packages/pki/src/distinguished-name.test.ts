import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toDistinguishedName } from './distinguished-name.ts';
import { UnreadableDer } from './unreadable-der.ts';

function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag, 0x82, bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function shortest(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  if (bytes.length > 0xff) return element(tag, bytes);
  return Buffer.concat([Buffer.from(bytes.length < 0x80 ? [tag, bytes.length] : [tag, 0x81, bytes.length]), bytes]);
}

function attribute(type: readonly number[], tag: number, value: Uint8Array): Buffer {
  return shortest(0x30, shortest(0x06, Uint8Array.from(type)), shortest(tag, value));
}

const commonName = [0x55, 0x04, 0x03];
const organisation = [0x55, 0x04, 0x0a];

function oneName(tag: number, value: Uint8Array): string {
  return toDistinguishedName(shortest(0x31, attribute(commonName, tag, value)));
}

test('the characters of RFC 4514 §2.4 are escaped', () => {
  assert.equal(oneName(0x0c, Buffer.from(' a"+,;<>\\ ')), 'CN=\\ a\\"\\+\\,\\;\\<\\>\\\\\\ ');
  assert.equal(oneName(0x0c, Buffer.from('#a')), 'CN=\\#a');
});

test('a wide string prints as its text', () => {
  assert.equal(oneName(0x1e, Buffer.from('00410042', 'hex')), 'CN=AB');
  assert.equal(oneName(0x1c, Buffer.from('000000410001f600', 'hex')), 'CN=A😀');
});

test('attributes of one relative name are joined by a plus sign', () => {
  const both = [
    attribute(organisation, 0x0c, Buffer.from('CAISO')),
    attribute(commonName, 0x0c, Buffer.from('ALPHAx0001')),
  ];
  assert.equal(toDistinguishedName(shortest(0x31, ...both)), 'O=CAISO+CN=ALPHAx0001');
});

test('an attribute of an unlisted type prints its number and its value in hexadecimal', () => {
  const unlisted = shortest(0x31, attribute([0x2a, 0x03, 0x04], 0x0c, Buffer.from('A')));
  assert.equal(toDistinguishedName(unlisted), '1.2.3.4=#0c0141');
});

test('a byte order mark does not vanish from a name', () => {
  assert.equal(oneName(0x0c, Buffer.from('\ufeffA')), 'CN=\\ef\\bb\\bfA');
});

test('a name that is not UTF-8, or is cut short, is unreadable', () => {
  assert.throws(() => oneName(0x0c, Buffer.of(0xc3)), UnreadableDer);
  assert.throws(() => oneName(0x1e, Buffer.of(0x00)), UnreadableDer);
});

test('a NUL character in a name is unreadable, because whoever reads names in C ends this one there', () => {
  assert.throws(() => oneName(0x0c, Buffer.from('ALPHAx0001\0.example')), /NUL/);
});

test('a length that is not in its shortest form is unreadable', () => {
  assert.throws(() => toDistinguishedName(element(0x31, Buffer.alloc(0))), UnreadableDer);
});

test('two different texts never print alike, and no text prints a line break', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((each) => !each.includes('\0'));
  fc.assert(
    fc.property(text, text, (one, other) => {
      const printed = oneName(0x0c, Buffer.from(one));
      assert.equal(printed === oneName(0x0c, Buffer.from(other)), one === other);
      assert.doesNotMatch(printed, /\p{Cc}/u);
    }),
  );
});
