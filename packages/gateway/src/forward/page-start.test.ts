import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pageStartBytesMax, pageStart as startOfBytes } from './page-start.ts';

const pageStart = (text: string) => startOfBytes(Buffer.from(text, 'latin1'));

const pages = [
  '<html>',
  '<HTML lang="en">',
  '<!DOCTYPE html>',
  '<!doctype  HTML PUBLIC "x">',
  '<head><title>',
  '<body/>',
  '<script>',
  '\xef\xbb\xbf\r\n<html>',
  '<!-- a --><!-- b --> <html>',
  '<?xml version="1.0"?>\n<!DOCTYPE html>',
];
const others = [
  '<SOAP-ENV:Envelope>',
  '<htmlish>',
  '<headers>',
  '<!DOCTYPE report>',
  '{"html":1}',
  'PK\x03\x04',
  '<?xml version="1.0"?><report>',
  '<report><html>',
];

describe('the start of an answer', () => {
  for (const page of pages) test(`is a page: ${JSON.stringify(page)}`, () => assert.equal(pageStart(page), 'page'));
  for (const other of others) test(`is none: ${JSON.stringify(other)}`, () => assert.equal(pageStart(other), 'other'));

  test('is judged the same however it is cut', () => {
    fc.assert(
      fc.property(fc.constantFrom(...pages, ...others), fc.nat(), (text, at) => {
        const cut = text.slice(0, at % text.length);
        assert.ok([pageStart(text), 'undecided'].includes(pageStart(cut)), cut);
      }),
    );
  });

  test('is decided by its first letters where no page begins so: an answer that comes slowly is not held back', () => {
    for (const start of ['<o', '<ok', '<SOAP-ENV:', '<!DOCTYPE r', '{', 'P']) assert.equal(pageStart(start), 'other');
    for (const start of ['', ' ', '<', '<H', '<html', '<!', '<!-', '<!--', '<!DOCTYPE  ', '<?xml'])
      assert.equal(pageStart(start), 'undecided');
  });

  test('is decided within a bound', () => {
    assert.equal(pageStart('<!--'.padEnd(pageStartBytesMax)), 'other');
    assert.equal(pageStart(''.padEnd(pageStartBytesMax)), 'other');
  });

  test('is judged in linear time', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<!--', '-->', '<?', '?>', ' ', '<'), { maxLength: 1_000 }), (parts) => {
        pageStart(parts.join('').slice(0, pageStartBytesMax));
      }),
    );
  });
});
