import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeAttachment } from './attachment.ts';
import { type CaisoHeaderFields, nonceAt, readCaisoHeader, writeCaisoHeader } from './caiso-header.ts';
import type { OutgoingMessage } from './envelope.ts';
import { readMessageHead } from './message-head.ts';
import { readMultipart } from './multipart.ts';
import {
  attachmentHashNamespace,
  attachmentInforNamespace,
  caisoHeaderNamespace,
  isoAttachmentNamespace,
  soap11Namespace,
  soap12Namespace,
  standardOutputNamespace,
  standardOutputV1Namespace,
  wsuNamespace,
  xopNamespace,
} from './namespaces.ts';
import { readMessage, type SoapMessage } from './read-message.ts';
import { writeRetrieveAnswerDocAttach, writeRetrieveAnswerPlain, writeSubmitAnswer } from './write-answer.ts';
import { writeRetrieve, writeSubmitDocAttach, writeSubmitPlain } from './write-request.ts';

const createdMs = Date.UTC(2026, 0, 1);
const boundary = '=_Part_1';
const attachment = encodeAttachment('<DRRegistrationData/>');
const caisoHeader: CaisoHeaderFields = {
  username: 'CN=EXAMPLEx0000,OU=people,O=CAISO,C=US',
  createdMs,
  nonce: nonceAt(createdMs),
  messageId: nonceAt(createdMs),
  expiresMs: createdMs + 900_000,
};

const reading = ({ contentType, body }: OutgoingMessage): SoapMessage => {
  const read = readMessage(contentType, body);
  assert.ok(read.ok);
  return read.message;
};
const envelope = (header: string, body: string, soap = soap11Namespace): string =>
  `<S:Envelope xmlns:S="${soap}"><S:Header>${header}</S:Header><S:Body>${body}</S:Body></S:Envelope>`;
const refusalOf = (contentType: string, xml: string): string | null => {
  const read = readMessage(contentType, Buffer.from(xml));
  return read.ok ? null : read.reason;
};

test('the nonce of an instant is the base64 of its seventeen digits', () => {
  assert.equal(Buffer.from(nonceAt(createdMs), 'base64').toString(), '20260101000000000');
});

test('a CAISOWSHeader has exactly this shape', () => {
  assert.equal(
    writeCaisoHeader({ ...caisoHeader, nonce: 'N', messageId: 'M' }),
    `<h:CAISOWSHeader xmlns:h="${caisoHeaderNamespace}"><h:CAISOUsernameToken>` +
      '<h:Username>CN=EXAMPLEx0000,OU=people,O=CAISO,C=US</h:Username><h:Nonce>N</h:Nonce>' +
      '<h:Created>2026-01-01T00:00:00.000Z</h:Created></h:CAISOUsernameToken><h:CAISOMessageInfo>' +
      '<h:MessageID>M</h:MessageID><h:Timestamp><h:Created>2026-01-01T00:00:00.000Z</h:Created>' +
      '<h:Expires>2026-01-01T00:15:00.000Z</h:Expires></h:Timestamp></h:CAISOMessageInfo></h:CAISOWSHeader>',
  );
});

test('a CAISOWSHeader reads back, whatever the name in it', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', '=', ',', '&', '<', '>', ']]>', '"', "'", 'é', '𝄞'),
    minLength: 1,
  });
  fc.assert(
    fc.property(word, word, (username, nonce) => {
      const read = readCaisoHeader(writeCaisoHeader({ username, nonce, createdMs }));
      assert.deepEqual(read, { username, nonce, created: '2026-01-01T00:00:00.000Z', messageId: null, expires: null });
    }),
  );
});

test('a plain submit is an envelope with an empty Body, then the base64 text', () => {
  const message = writeSubmitPlain({ caisoHeader, attachment, boundary, soapAction: 'urn:submit' });
  assert.equal(message.contentType, `multipart/related; type="text/xml"; start="<payload>"; boundary="${boundary}"`);
  assert.equal(message.soapActionHeader, '"urn:submit"');
  const parts = readMultipart(message.contentType, message.body);
  assert.ok(parts.ok);
  assert.deepEqual(
    parts.parts.map(({ fields }) => [fields.get('content-id'), fields.get('content-disposition')]),
    [
      ['<payload>', 'form-data; name="payload"'],
      ['<attachment.uue>', 'attachment; name="attachment.uue"'],
    ],
  );
  assert.equal(Buffer.from(parts.parts[1]?.body ?? []).toString(), attachment.base64);
  assert.equal(
    Buffer.from(parts.parts[0]?.body ?? []).toString(),
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap11Namespace}"><SOAP-ENV:Header>` +
      `<infor:standardAttachmentInfor xmlns:infor="${attachmentInforNamespace}"><infor:Attachment><infor:ID>1</infor:ID>` +
      '<infor:compressMethod>gzip</infor:compressMethod></infor:Attachment></infor:standardAttachmentInfor>' +
      `<att:attachmentHash xmlns:att="${attachmentHashNamespace}"><att:hashValue>${attachment.hash}</att:hashValue>` +
      `</att:attachmentHash>${writeCaisoHeader(caisoHeader)}</SOAP-ENV:Header><SOAP-ENV:Body/></SOAP-ENV:Envelope>`,
  );
});

test('a plain submit reads back', () => {
  const message = reading(writeSubmitPlain({ caisoHeader, attachment, boundary }));
  assert.equal(message.bodyElement, null);
  assert.equal(message.attachmentBase64, attachment.base64);
  assert.equal(message.attachmentHash, attachment.hash);
  assert.equal(message.isHashRight, true);
  assert.deepEqual(message.attachmentInfor, [{ id: '1', compressMethod: 'gzip', compressFlag: null }]);
  assert.equal(message.caisoHeader?.username, caisoHeader.username);
  assert.equal(message.caisoHeader?.expires, '2026-01-01T00:15:00.000Z');
});

test('names inside the values of the body element keep their namespaces', () => {
  const xml = `<S:Envelope xmlns:S="${soap11Namespace}" xmlns:xsd="urn:xsd" xmlns="urn:d"><S:Body xmlns:i="urn:i"><a i:type="xsd:b"/></S:Body></S:Envelope>`;
  const read = readMessage('text/xml', Buffer.from(xml));
  assert.ok(read.ok);
  assert.equal(read.message.bodyElementXml, '<a xmlns="urn:d" xmlns:i="urn:i" xmlns:xsd="urn:xsd" i:type="xsd:b"></a>');
});

test('a DocAttach submit has its payload in the Body, an empty standardAttachmentInfor, and no hash', () => {
  const written = writeSubmitDocAttach({ caisoHeader, attachment, soapAction: 'urn:submit' });
  assert.equal(written.soapActionHeader, 'urn:submit');
  assert.equal(
    written.body.toString(),
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap11Namespace}"><SOAP-ENV:Header>` +
      `<infor:standardAttachmentInfor xmlns:infor="${attachmentInforNamespace}"></infor:standardAttachmentInfor>` +
      `${writeCaisoHeader(caisoHeader)}</SOAP-ENV:Header><SOAP-ENV:Body><iso:ISOAttachment xmlns:iso="${isoAttachmentNamespace}">` +
      `<iso:AttachmentValue>${attachment.base64}</iso:AttachmentValue></iso:ISOAttachment></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
  );
  const message = reading(written);
  assert.equal(message.attachmentBase64, attachment.base64);
  assert.equal(message.attachmentHash, null);
  assert.deepEqual(message.bodyElement, { namespace: isoAttachmentNamespace, localName: 'ISOAttachment' });
});

test('a retrieve carries the request document, without its XML declaration, under CAISOWSHeader alone', () => {
  const requestXml =
    '<?xml version="1.0" encoding="UTF-8"?>\n<RequestMarketAwards xmlns="urn:r"><a>1</a></RequestMarketAwards>';
  const message = reading(writeRetrieve({ caisoHeader, requestXml }));
  assert.equal(message.bodyElementXml, '<RequestMarketAwards xmlns="urn:r"><a>1</a></RequestMarketAwards>');
  assert.equal(message.attachmentBase64, null);
  assert.deepEqual(message.attachmentInfor, []);
  assert.throws(() => writeRetrieve({ caisoHeader, requestXml: '<a>' }), TypeError);
});

const events = [
  {
    result: 'SCSS0001',
    id: '7',
    name: 'submit',
    description: 'Accepted: 1 & all',
    severity: 'INFO',
    eventType: 'SUBMIT',
  },
];

test('an acknowledgement in the v1 layout names its batch, then its events', () => {
  const written = writeSubmitAnswer({
    layout: 'standardOutputV1',
    service: 'submitX_v1',
    events,
    createdMs,
    batchMrid: 'B-1',
  });
  assert.equal(
    reading(written).bodyElementXml,
    `<StandardOutput xmlns="${standardOutputV1Namespace}"><MessageHeader><TimeDate>2026-01-01T00:00:00.000Z</TimeDate>` +
      '<Source>CAISO</Source><Version>v1</Version></MessageHeader><MessagePayload><EventLog><Batch><mRID>B-1</mRID></Batch>' +
      '<Event><result>SCSS0001</result><id>7</id><name>submit</name><description>Accepted: 1 &amp; all</description>' +
      '<creationTime>2026-01-01T00:00:00.000Z</creationTime><severity>INFO</severity><eventType>SUBMIT</eventType></Event>' +
      '<Service><name>submitX_v1</name></Service></EventLog></MessagePayload></StandardOutput>',
  );
});

test('an acknowledgement in the older layout is the response element of its service', () => {
  const written = writeSubmitAnswer({ layout: 'returnData', service: 'submitX', events, createdMs, messageId: 'M' });
  const message = reading(written);
  assert.deepEqual(message.bodyElement, {
    namespace: 'http://www.caiso.com/soa/submitX',
    localName: 'submitXResponse',
  });
  assert.match(
    message.bodyElementXml ?? '',
    new RegExp(`<returnData><EventLog xmlns="${standardOutputNamespace}"><id>`),
  );
  assert.match(message.bodyElementXml ?? '', /<comments>Message universal unique identifier: M<\/comments>/);
});

test('the SOAP part of a plain retrieve answer has no line break and no colon-space, and says the same', () => {
  const bodyXml = '<Response>\r\n  <note title="b: c">Accepted: yes</note>\n</Response>';
  const written = writeRetrieveAnswerPlain({ attachment, boundary, bodyXml });
  const parts = readMultipart(written.contentType, written.body);
  assert.ok(parts.ok);
  const [soapPart, base64Part] = parts.parts.map(({ body }) => Buffer.from(body).toString());
  assert.doesNotMatch(soapPart ?? '', /[\r\n]|: |<\?xml/);
  assert.equal(base64Part, attachment.base64);
  const message = reading(written);
  assert.equal(message.bodyElementXml, '<Response>   <note title="b: c">Accepted: yes</note> </Response>');
  assert.equal(message.isHashRight, true);
});

test('the answer of a DocAttach retrieve is one envelope without an XML declaration', () => {
  const written = writeRetrieveAnswerDocAttach({ attachment });
  assert.ok(written.body.toString().startsWith('<SOAP-ENV:Envelope'));
  assert.equal(reading(written).attachmentBase64, attachment.base64);
});

test('the header of a Java client is read: other prefixes, small id, compressFlag, no CAISOMessageInfo, SOAP 1.2', () => {
  const xml = envelope(
    `<ns2:standardAttachmentInfor xmlns:ns2="${attachmentInforNamespace}"><ns2:Attachment><ns2:id>1</ns2:id>` +
      '<ns2:compressFlag>yes</ns2:compressFlag><ns2:compressMethod>gzip</ns2:compressMethod></ns2:Attachment></ns2:standardAttachmentInfor>' +
      `<CAISOWSHeader xmlns="${caisoHeaderNamespace}"><CAISOUsernameToken><Username>CN=x</Username><Nonce>1700000000000000</Nonce>` +
      '<Created>2026-01-01T00:00:00Z</Created></CAISOUsernameToken></CAISOWSHeader>',
    '',
    soap12Namespace,
  );
  const read = readMessage('application/soap+xml; charset=UTF-8', Buffer.from(`<?xml version="1.0"?>${xml}`));
  assert.ok(read.ok);
  assert.equal(read.message.version, '1.2');
  assert.deepEqual(read.message.attachmentInfor, [{ id: '1', compressMethod: 'gzip', compressFlag: 'yes' }]);
  assert.deepEqual(read.message.caisoHeader, {
    username: 'CN=x',
    nonce: '1700000000000000',
    created: '2026-01-01T00:00:00Z',
    messageId: null,
    expires: null,
  });
});

const mime = (...parts: ReadonlyArray<readonly [fields: string, body: string]>): string =>
  `${parts.map(([fields, body]) => `--b\r\n${fields}\r\n\r\n${body}\r\n`).join('')}--b--\r\n`;

test('multipart is read without start, with MIME fields in any case', () => {
  const raw = mime(['CONTENT-TYPE: text/xml; charset=UTF-8', envelope('', '')], ['content-id: <a>', attachment.base64]);
  const read = readMessage('Multipart/Related; boundary=b', Buffer.from(raw));
  assert.ok(read.ok);
  assert.equal(read.message.attachmentBase64, attachment.base64);
});

test('the part that start names is the envelope, also when it stands second', () => {
  const raw = mime(
    ['Content-ID: <a>', attachment.base64],
    ['Content-ID: <root>\r\nContent-Type: text/xml', envelope('', '<op/>')],
  );
  const type = 'multipart/related; boundary=b; start="<root>"';
  const read = readMessage(type, Buffer.from(raw));
  assert.ok(read.ok);
  assert.equal(read.message.bodyElement?.localName, 'op');
  const head = readMessageHead(type, Buffer.from(raw));
  assert.equal(head.kind === 'soap' ? head.bodyElement?.localName : null, 'op');
  assert.equal(refusalOf('multipart/related; boundary=b; start="<other>"', raw), 'root_part_missing');
});

const xopBody = (href: string): string =>
  `<i:ISOAttachment xmlns:i="${isoAttachmentNamespace}"><i:AttachmentValue><x:Include xmlns:x="${xopNamespace}" href="${href}"/>` +
  '</i:AttachmentValue></i:ISOAttachment>';
const xopType = 'multipart/related; type="application/xop+xml"; start-info="text/xml"; start="<root>"; boundary=b';
const xopRoot = 'Content-ID: <root>\r\nContent-Type: application/xop+xml; type="text/xml"; charset=utf-8';

test('an MTOM attachment is the base64 of the part that xop:Include names', () => {
  const octets = Buffer.from(attachment.base64, 'base64').toString('latin1');
  const raw = mime(
    [xopRoot, envelope('', xopBody('cid:a%40b'))],
    ['Content-ID: <a@b>\r\nContent-Transfer-Encoding: binary', octets],
  );
  const read = readMessage(xopType, Buffer.from(raw, 'latin1'));
  assert.ok(read.ok);
  assert.equal(read.message.attachmentBase64, attachment.base64);
});

test('an xop:Include that names no part is refused', () => {
  const raw = mime([xopRoot, envelope('', xopBody('cid:other'))], ['Content-ID: <a@b>', 'x']);
  assert.equal(refusalOf(xopType, raw), 'attachment_part_missing');
  assert.equal(refusalOf('text/xml', envelope('', xopBody('http://example.org/x'))), 'attachment_part_missing');
});

const hash = `<a:attachmentHash xmlns:a="${attachmentHashNamespace}"><a:hashValue>x</a:hashValue></a:attachmentHash>`;
const identity = writeCaisoHeader(caisoHeader);
const isoBody = `<i:ISOAttachment xmlns:i="${isoAttachmentNamespace}"><i:AttachmentValue>x</i:AttachmentValue></i:ISOAttachment>`;
const multipart = 'multipart/related; boundary=b';
const ambiguous: ReadonlyArray<readonly [title: string, contentType: string, message: string, reason: string]> = [
  [
    'two envelopes in two parts',
    multipart,
    mime(['A: b', envelope('', '')], ['A: b', envelope('', '')]),
    'two_envelopes',
  ],
  ['an envelope in an envelope', 'text/xml', envelope('', envelope('', '')), 'two_envelopes'],
  ['two Bodies', 'text/xml', envelope('', '').replace('<S:Body></S:Body>', '<S:Body/><S:Body/>'), 'two_envelopes'],
  ['two attachmentHash headers', 'text/xml', envelope(hash + hash, ''), 'two_headers'],
  ['an attachmentHash inside another header', 'text/xml', envelope(`${hash}<x>${hash}</x>`, ''), 'two_headers'],
  ['two CAISOWSHeaders', 'text/xml', envelope(identity + identity, ''), 'two_headers'],
  ['two attachments', multipart, mime(['A: b', envelope('', '')], ['A: b', 'x'], ['A: b', 'y']), 'two_attachments'],
  [
    'an attachment in the Body and one beside it',
    multipart,
    mime(['A: b', envelope('', isoBody)], ['A: b', 'y']),
    'two_attachments',
  ],
  [
    'one wsu:Id on two elements',
    'text/xml',
    envelope(`<a xmlns:u="${wsuNamespace}" u:Id="x"/><b xmlns:w="${wsuNamespace}" w:Id="x"/>`, ''),
    'duplicate_id',
  ],
  ['a DOCTYPE', 'text/xml', `<!DOCTYPE a>${envelope('', '')}`, 'doctype'],
  ['an HTML page', 'text/html', '<html/>', 'content_type_unsupported'],
  ['an HTML page called XML', 'text/xml', '<html/>', 'not_soap'],
  ['an HTML part', multipart, mime(['Content-Type: text/html', '<html/>']), 'content_type_unsupported'],
  ['a charset that is not UTF-8', 'text/xml; charset=utf-16', envelope('', ''), 'content_type_unsupported'],
  [
    'an envelope in quoted-printable',
    multipart,
    mime(['Content-Transfer-Encoding: quoted-printable', envelope('', '')]),
    'transfer_encoding_unsupported',
  ],
  ['half an envelope', 'text/xml', envelope('', '').slice(0, -5), 'not_well_formed'],
];
for (const [title, contentType, message, reason] of ambiguous) {
  test(`a message with ${title} is refused as ${reason}`, () => {
    assert.equal(refusalOf(contentType, message), reason);
  });
}

test('the head of a multipart message in any prefix does not contradict the whole', () => {
  const { contentType, body } = writeSubmitPlain({ caisoHeader, attachment, boundary });
  const whole = readMessageHead(contentType, body);
  assert.deepEqual(whole, { kind: 'soap', version: '1.1', bodyElement: null, complete: true });
  for (let length = 0; length <= body.length; length += 1) {
    const head = readMessageHead(contentType, body.subarray(0, length));
    assert.ok(head.kind === 'unfinished' || head.kind === 'soap');
    if (head.kind === 'soap' && head.complete) assert.deepEqual(head, whole);
  }
});

test('a multipart message that cannot be split is refused by its head', () => {
  for (const [contentType, body] of [
    ['multipart/related', 'x'],
    ['multipart/related; boundary=b', 'x--b\r\n'],
    ['multipart/related; boundary=b; boundary=c', '--b\r\n'],
  ] as const) {
    assert.deepEqual(readMessageHead(contentType, Buffer.from(body)), {
      kind: 'refused',
      reason: 'bad_multipart',
      at: 0,
    });
  }
});
