// Odd and hostile server names in the handshake: each is answered or refused, and none does harm to anybody else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestGateway, type TestGateway } from '@headgate/testkit';
import { noLimits } from '../gateway/calls.ts';
import { clientHello, exchangeHello, type Hello, inRecords, sniContent } from './client-hello.ts';

const host = 'ws.prod.caiso.com';

/** Length fields that say something else than what follows. */
const lying = (content: Buffer, at: number, more: number): Buffer => {
  const copy = Buffer.from(content);
  copy.writeUInt16BE(copy.readUInt16BE(at) + more, at);
  return copy;
};

/** `answered`: the handshake goes on. `refused`: an alert. RFC 6066 §3 has no word for most of them, so OpenSSL's is written down. */
const names: readonly (readonly [what: string, hello: Hello, outcome: 'answered' | 'refused'])[] = [
  ['no name', {}, 'answered'],
  ['a name of ours', { serverNames: [host] }, 'answered'],
  ['a name in capitals', { serverNames: [host.toUpperCase()] }, 'answered'],
  ['a dot at the end', { serverNames: [`${host}.`] }, 'answered'],
  ['two dots at the end', { serverNames: [`${host}..`] }, 'answered'],
  ['a dot in front', { serverNames: [`.${host}`] }, 'answered'],
  ['a port behind it', { serverNames: [`${host}:443`] }, 'answered'],
  ['a wildcard', { serverNames: ['*.prod.caiso.com'] }, 'answered'],
  ['an IPv4 address', { serverNames: ['127.0.0.1'] }, 'answered'],
  ['an IPv6 address', { serverNames: ['::1'] }, 'answered'],
  ['an IPv6 address in brackets', { serverNames: ['[::1]'] }, 'answered'],
  ['a name in UTF-8', { serverNames: [Buffer.from('märkte.example', 'utf8')] }, 'answered'],
  ['bytes that are no UTF-8', { serverNames: [Buffer.from([0xff, 0xfe, 0xc3, 0x28])] }, 'answered'],
  ['a name in punycode', { serverNames: ['xn--mrkte-gra.example'] }, 'answered'],
  ['a name that objects inherit', { serverNames: ['__proto__'] }, 'answered'],
  ['another such name', { serverNames: ['constructor'] }, 'answered'],
  ['line breaks', { serverNames: [`${host}\r\nClient-Cert: forged`] }, 'answered'],
  ['markup', { serverNames: ['<script>alert(1)</script>'] }, 'answered'],
  ['a space', { serverNames: [' '] }, 'answered'],
  ['the longest name', { serverNames: ['a'.repeat(255)] }, 'answered'],
  ['a name that is too long', { serverNames: ['a'.repeat(256)] }, 'refused'],
  ['2,000 characters', { serverNames: ['a'.repeat(2_000)] }, 'refused'],
  ['16,000 characters', { serverNames: ['a'.repeat(16_000)] }, 'refused'],
  ['a NUL within', { serverNames: ['ws.prod\0.caiso.com'] }, 'refused'],
  ['a NUL at the end', { serverNames: [`${host}\0`] }, 'refused'],
  ['a NUL alone', { serverNames: ['\0'] }, 'refused'],
  ['an empty name', { serverNames: [''] }, 'answered'],
  ['an empty list', { serverNames: [] }, 'refused'],
  ['an empty extension', { sniContents: [Buffer.alloc(0)] }, 'refused'],
  ['two names in one list', { serverNames: [host, 'ws.caiso.com'] }, 'refused'],
  ['the same name twice', { serverNames: [host, host] }, 'refused'],
  ['the extension twice', { sniContents: [sniContent([host]), sniContent(['ws.caiso.com'])] }, 'refused'],
  ['a name of a kind that is none', { sniContents: [sniContent([host], 1)] }, 'refused'],
  ['a list longer than the extension', { sniContents: [lying(sniContent([host]), 0, 1)] }, 'refused'],
  ['a list shorter than its name', { sniContents: [lying(sniContent([host]), 0, -1)] }, 'refused'],
  ['a name longer than its list', { sniContents: [lying(sniContent([host]), 3, 1)] }, 'refused'],
  ['a name shorter than its list', { sniContents: [lying(sniContent([host]), 3, -1)] }, 'refused'],
  ['bytes behind the list', { sniContents: [Buffer.concat([sniContent([host]), Buffer.from([0])])] }, 'refused'],
];

describe('a handshake with', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ policy: noLimits });
  });
  after(() => gateway.close());

  for (const isTls13 of [false, true])
    for (const [what, hello, outcome] of names)
      test(`${what} is ${outcome} in TLS 1.${isTls13 ? 3 : 2}, and the next caller is served`, async () => {
        const { alert, messages } = await exchangeHello(gateway.port, [inRecords(clientHello({ ...hello, isTls13 }))]);
        if (outcome === 'answered') assert.deepEqual([alert, messages[0]], [null, 2]);
        else assert.deepEqual([typeof alert, messages], ['number', []]);
        assert.equal((await gateway.call()).status, 200);
        assert.ok(!gateway.notices.some(({ kind }) => kind === 'connection-defect'));
      });
});
