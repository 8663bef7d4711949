import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultXmlBounds, measureXml } from './xml-bounds.ts';
import { readXml } from './xml-document.ts';

const bounds = {
  charsMax: 200,
  depthMax: 3,
  elementsMax: 4,
  attributesMax: 3,
  namespacesMax: 2,
  tagCharsMax: 60,
};
const outcome = (xml: string): string => measureXml(xml, bounds)?.reason ?? 'within';

const cases: ReadonlyArray<readonly [xml: string, outcome: string]> = [
  ['<a/>', 'within'],
  ['<?xml version="1.0" encoding="utf-8"?><a/>', 'within'],
  ['\ufeff<?xml version="1.0"?><a/>', 'within'],
  ['<?xml version="1.0" encoding="ISO-8859-1"?><a/>', 'encoding_unsupported'],
  ['<a><b><c/></b></a>', 'within'],
  ['<a><b><c><d/></c></b></a>', 'too_deep'],
  ['<a><b/><b/><b/></a>', 'within'],
  ['<a><b/><b/><b/><b/></a>', 'too_many_elements'],
  ['<a b="" c=\'\' d=""/>', 'within'],
  ['<a b="" c="" d="" e=""/>', 'too_many_attributes'],
  ['<a xmlns="x"><b xmlns:y="y"/><b xmlns:y="y"/></a>', 'within'],
  ['<a xmlns="x"><b xmlns:y="y"><c xmlns:z="z"/></b></a>', 'too_many_namespaces'],
  [`<a b="${'x'.repeat(60)}"/>`, 'token_too_long'],
  [`<a>${'x'.repeat(150)}</a>`, 'within'],
  [`<a>${'x'.repeat(200)}</a>`, 'too_large'],
  ['<a b="><><"/>', 'within'],
  ['<a><!-- <b><b><b><b> --></a>', 'within'],
  ['<a><![CDATA[<b><b><b><b>]]></a>', 'within'],
  ['<!DOCTYPE a><a/>', 'doctype'],
  ['<a/><?x y?>', 'processing_instruction'],
  ['<?xml-stylesheet href="x"?><a/>', 'processing_instruction'],
  ['<a b="', 'not_well_formed'],
  ['<a><!-- ', 'not_well_formed'],
  ['</a>', 'not_well_formed'],
];
for (const [xml, expected] of cases) {
  test(`${JSON.stringify(xml.slice(0, 70))} is ${expected}`, () => {
    assert.equal(outcome(xml), expected);
  });
}

test('the count of elements is the parser’s own for every document that it accepts', () => {
  const piece = fc.constantFrom('<b>', '</b>', '<b/>', '<b c="d>"/>', '<!-- <b> -->', '<![CDATA[<b>]]>', 'x', '&lt;');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const xml = `<a>${pieces.join('')}</a>`;
      const read = readXml(xml, (_, document) => Number(document.eval('count(//*)')));
      if (!read.ok) return;
      assert.equal(measureXml(xml, { ...defaultXmlBounds, elementsMax: read.value }), null);
      assert.notEqual(measureXml(xml, { ...defaultXmlBounds, elementsMax: read.value - 1 }), null);
    }),
  );
});
