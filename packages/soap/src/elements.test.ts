import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readElements } from './elements.ts';

test('a payload is read into names, attributes, texts and children', () => {
  const reading = readElements('<a xmlns="urn:x" n="1">one<b>two</b><![CDATA[ & three]]></a>');
  assert.ok(reading.ok);
  assert.equal(reading.root.namespace, 'urn:x');
  assert.equal(reading.root.attributes.n, '1');
  assert.equal(reading.root.text, 'one & three');
  assert.deepEqual(
    reading.root.children.map(({ localName, text }) => [localName, text]),
    [['b', 'two']],
  );
});

test('a document type declaration is refused before anything is expanded', () => {
  const reading = readElements('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>');
  assert.deepEqual(reading, { ok: false, reason: 'doctype', at: 0 });
});

test('an element deeper than 64 is refused', () => {
  const reading = readElements('<a>'.repeat(65) + '</a>'.repeat(65));
  assert.equal(reading.ok ? null : reading.reason, 'too_deep');
});

test('more elements than the bound are refused', () => {
  const reading = readElements(`<a>${'<b/>'.repeat(10)}</a>`, { elementsMax: 10 });
  assert.equal(reading.ok ? null : reading.reason, 'too_many_elements');
});

for (const xml of ['', 'text', '<a>', '<a><b></a></b>', '<a/><b/>', '<a>&nothing;</a>', '<p:a/>']) {
  test(`text that is not well formed is refused, and nothing is thrown: ${JSON.stringify(xml)}`, () => {
    assert.equal(readElements(xml).ok, false);
  });
}

test('an attribute called __proto__ changes no prototype', () => {
  const reading = readElements('<a __proto__="x"/>');
  assert.ok(reading.ok);
  assert.deepEqual(Object.entries(reading.root.attributes), [['__proto__', 'x']]);
});
