import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CallerSigns, callerFormat } from './caller-format.ts';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const java = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';
const fieldsOf = (fields: Record<string, string>) => ({ get: (name: string) => fields[name] ?? null });
type Case = readonly [title: string, fields: Record<string, string>, expected: string, rest?: Partial<CallerSigns>];
const cases: readonly Case[] = [
  ['text/xml is SOAP 1.1', { 'content-type': 'text/xml' }, 'soap-1.1'],
  ['Text/XML with a charset is SOAP 1.1', { 'content-type': 'Text/XML; charset=UTF-8' }, 'soap-1.1'],
  ['multipart/related is SOAP 1.1', { 'content-type': 'multipart/related; type="text/xml"' }, 'soap-1.1'],
  [
    'multipart/related of a 1.2 envelope is SOAP 1.2',
    { 'content-type': 'multipart/related; type="application/soap+xml"' },
    'soap-1.2',
  ],
  ['SOAPAction alone is SOAP 1.1', { soapaction: '""' }, 'soap-1.1'],
  ['application/soap+xml is SOAP 1.2', { 'content-type': 'application/soap+xml; action="x"' }, 'soap-1.2'],
  ['SOAP written wins over JSON accepted', { 'content-type': 'text/xml', accept: 'application/json' }, 'soap-1.1'],
  ['JSON written is JSON', { 'content-type': 'application/json' }, 'problem+json'],
  [
    'JSON accepted is JSON, also at a SOAP address',
    { accept: 'application/problem+json' },
    'problem+json',
    { channel: 'api', speaksSoap: true },
  ],
  ['a SOAP address speaks SOAP to who says nothing', {}, 'soap-1.1', { channel: 'api', speaksSoap: true }],
  ['a browser at a page host reads a page', { accept: browser }, 'html', { channel: 'ui' }],
  ['a browser at a host for programs reads JSON', { accept: browser }, 'problem+json', { channel: 'api' }],
  ['a browser at an unknown place reads a page', { accept: browser }, 'html', { channel: null }],
  ['Java at an unknown place reads JSON', { accept: java }, 'problem+json', { channel: null }],
  ['a script at a page host reads JSON', { accept: '*/*' }, 'problem+json', { channel: 'ui' }],
  [
    'a script of a page reads JSON, whatever it says that it accepts',
    { accept: browser, 'sec-fetch-mode': 'cors' },
    'problem+json',
    { channel: 'ui' },
  ],
  [
    'a browser that navigates reads a page',
    { accept: browser, 'sec-fetch-mode': 'navigate' },
    'html',
    { channel: 'ui' },
  ],
  [
    'a form of a page host reads a page',
    { accept: browser, 'content-type': 'application/x-www-form-urlencoded' },
    'html',
    { channel: 'ui', method: 'POST' },
  ],
];
for (const [title, fields, expected, rest] of cases)
  test(title, () => {
    const signs = {
      method: 'GET',
      channel: null,
      speaksSoap: false,
      ...rest,
      fields: fieldsOf(fields),
    };
    assert.equal(callerFormat(signs), expected);
  });

test('no caller at an address for programs is ever answered with a page', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'HEAD'),
      fc.string(),
      fc.constantFrom(browser, java, 'text/html', '*/*'),
      fc.boolean(),
      (method, type, accept, speaksSoap) => {
        const fields = fieldsOf({ 'content-type': type, accept });
        assert.notEqual(callerFormat({ method, fields, channel: 'api', speaksSoap }), 'html');
      },
    ),
  );
});
