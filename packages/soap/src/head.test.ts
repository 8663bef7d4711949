import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultHeadBounds, type EnvelopeHead, readHead } from './head.ts';
import { scanHead } from './head-scan.ts';
import { soap11Namespace, soap12Namespace } from './namespaces.ts';

const envelope = (body: string, { namespace = soap11Namespace, header = '' } = {}): string =>
  `<S:Envelope xmlns:S="${namespace}"><S:Header>${header}</S:Header><S:Body>${body}</S:Body></S:Envelope>`;
const read = (xml: string): EnvelopeHead => readHead(Buffer.from(xml));
const refusalOf = (head: EnvelopeHead): string | null => (head.kind === 'refused' ? head.reason : null);

test('the first element of the Body names the operation', () => {
  assert.deepEqual(read(envelope('<r:Request xmlns:r="urn:r"><x/></r:Request>')), {
    kind: 'soap',
    version: '1.1',
    bodyElement: { namespace: 'urn:r', localName: 'Request' },
    complete: true,
  });
});

test('a SOAP 1.2 envelope is told from a 1.1 one', () => {
  const head = read(envelope('<a/>', { namespace: soap12Namespace }));
  assert.equal(head.kind === 'soap' ? head.version : null, '1.2');
});

test('an empty Body is a complete answer without an element', () => {
  for (const xml of [envelope(''), `<Envelope xmlns="${soap11Namespace}"><Body/></Envelope>`]) {
    assert.deepEqual(read(xml), { kind: 'soap', version: '1.1', bodyElement: null, complete: true });
  }
});

test('an envelope that ends in its Header is not complete', () => {
  const xml = envelope('<a/>');
  assert.deepEqual(read(xml.slice(0, xml.indexOf('<S:Body'))), {
    kind: 'soap',
    version: '1.1',
    bodyElement: null,
    complete: false,
  });
});

test('a Body inside a header is not the Body', () => {
  const head = read(envelope('<real/>', { header: '<S:Body><fake/></S:Body>' }));
  assert.equal(head.kind === 'soap' ? head.bodyElement?.localName : null, 'real');
});

test('a document with another root is XML, not SOAP', () => {
  assert.deepEqual(read('<?xml version="1.0"?><a xmlns="urn:a">'), {
    kind: 'xml',
    root: { namespace: 'urn:a', localName: 'a' },
  });
  assert.equal(read('<Envelope xmlns="urn:other"><Body/></Envelope>').kind, 'xml');
});

test('reading stops at the Body, so that what follows may be anything', () => {
  const head = read(`${envelope('<op/>').replace('</S:Body>', '')}${'\u0000<<<&&&'.repeat(1000)}`);
  assert.equal(head.kind === 'soap' ? head.complete : null, true);
});

test('a byte order mark of UTF-8 is passed over', () => {
  assert.equal(read(`\ufeff${envelope('<op/>')}`).kind, 'soap');
});

const nested = '<a xmlns="urn:a">'.repeat(20_000);
const laughs = `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>`;
const hostile: ReadonlyArray<readonly [title: string, bytes: Uint8Array, reason: string]> = [
  ['20,000 nested elements', Buffer.from(envelope('', { header: nested })), 'too_deep'],
  [
    '60,000 attributes',
    Buffer.from(`<a ${Array.from({ length: 60_000 }, (_, n) => `a${n}=""`).join(' ')}/>`),
    'too_many_attributes',
  ],
  [
    '129 attributes',
    Buffer.from(`<a ${Array.from({ length: 129 }, (_, n) => `a${n}=""`).join(' ')}/>`),
    'too_many_attributes',
  ],
  ['an attribute without an end', Buffer.from(`<a b="${'x'.repeat(1_000_000)}`), 'token_too_long'],
  ['an element name without an end', Buffer.from(`<${'x'.repeat(1_000_000)}`), 'token_too_long'],
  ['a comment without an end', Buffer.from(`<!--${'<'.repeat(1_000_000)}`), 'token_too_long'],
  ['an attribute of 9,000 characters', Buffer.from(`<a b="${'x'.repeat(9_000)}"/>`), 'token_too_long'],
  ['billion laughs', Buffer.from(laughs), 'doctype'],
  ['a DOCTYPE without an end', Buffer.from('<!DOCTYPE html [ <!-- '), 'doctype'],
  ['a DOCTYPE after a comment', Buffer.from('<!-- - --> <!DOCTYPE html><html/>'), 'doctype'],
  ['a processing instruction', Buffer.from(`<?php x ?>${envelope('')}`), 'processing_instruction'],
  ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${envelope('')}`, 'utf16le'), 'encoding_unsupported'],
  ['UTF-16 without a byte order mark', Buffer.from(envelope(''), 'utf16le'), 'encoding_unsupported'],
  ['a declaration of UTF-7', Buffer.from('<?xml version="1.0" encoding="UTF-7"?><a/>'), 'encoding_unsupported'],
  ['invalid UTF-8', Buffer.from([0x3c, 0x61, 0x20, 0xff, 0x3e]), 'not_well_formed'],
  ['an unknown entity', Buffer.from(envelope('', { header: '<h>&nothing;</h>' })), 'not_well_formed'],
  ['an unbound prefix', Buffer.from(envelope('<x:op/>')), 'not_well_formed'],
  ['crossed tags', Buffer.from(envelope('', { header: '<a></b>' })), 'not_well_formed'],
  ['JSON', Buffer.from(' {"a":1}'), 'not_xml'],
  ['text', Buffer.from('hello'), 'not_xml'],
];
for (const [title, bytes, reason] of hostile) {
  test(`${title}: refused as ${reason}`, () => {
    assert.equal(refusalOf(readHead(bytes)), reason);
    assert.equal(scanHead(bytes, defaultHeadBounds), 'undecided');
  });
}

test('a comment that mentions a DOCTYPE is no DOCTYPE', () => {
  assert.equal(read(`<!-- <!DOCTYPE html> -->${envelope('<op/>')}`).kind, 'soap');
});

test('text longer than a token is no token', () => {
  const head = read(envelope('<op/>', { header: `<t>${'A'.repeat(20_000)}</t>` }));
  assert.equal(head.kind === 'soap' ? head.complete : null, true);
});

test('the answer about invalid UTF-8 does not hang on where the chunks fall', () => {
  for (const padding of [0, 1000, 1023, 1024, 1025, 5000]) {
    const start = Buffer.from(`<a>${' '.repeat(padding)}`);
    // The root is known before the bad byte is reached.
    assert.equal(readHead(Buffer.concat([start, Buffer.from([0xff])])).kind, 'xml');
    const inEnvelope = Buffer.from(`<E:Envelope xmlns:E="${soap11Namespace}">${'é'.repeat(padding)}`);
    assert.deepEqual(readHead(Buffer.concat([inEnvelope, Buffer.from([0xc3, 0x28])])), {
      kind: 'refused',
      reason: 'not_well_formed',
      at: inEnvelope.length + 1,
    });
  }
});

test('no bytes at all are unfinished', () => {
  assert.deepEqual(readHead(new Uint8Array()), { kind: 'unfinished' });
});

test('the answer to a prefix never contradicts the answer to the whole', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'é', '€', '𝄞', '&amp;', '<c/>', '<!-- < -->') });
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom('', '<op/>', '<p:op xmlns:p="urn:p">x</p:op>'),
      fc.nat(),
      (prolog, header, body, cut) => {
        const comment = `<?xml version="1.0" encoding="utf-8"?><!--${prolog.replaceAll('-', '')}-->`;
        const bytes = Buffer.from(comment + envelope(body, { header: `<h>${header.repeat(40)}</h>` }));
        const whole = readHead(bytes);
        const prefix = readHead(bytes.subarray(0, cut % (bytes.length + 1)));
        if (prefix.kind === 'unfinished') return;
        if (prefix.kind === 'soap' && !prefix.complete) {
          assert.equal(prefix.bodyElement, null);
          assert.equal(whole.kind === 'soap' ? whole.version : null, prefix.version);
        } else {
          assert.deepEqual(prefix, whole);
        }
      },
    ),
  );
});

test('no bytes make it throw', () => {
  const markup = fc.string({
    unit: fc.constantFrom('<', '>', '/', '!', '-', '[', ']', '?', '&', ';', '"', '=', 'a', ':', ' ', '\u0000'),
  });
  fc.assert(fc.property(markup, (xml) => void readHead(Buffer.from(xml))));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => void readHead(bytes)));
});
