import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeAttachment, readElements, readMessage, verifyEnvelope } from '@headgate/soap';
import { loadCredential } from '../credential/load-credential.ts';
import { operationOf, testIdentities } from '../test-server.fixture.ts';
import { type CallInput, encode, payloadCharsMax } from './encode.ts';

const { user, authority } = await testIdentities();
const credential = loadCredential({ certificate: user.certificatePem, key: user.keyPem });
const nowMs = Date.UTC(2024, 1, 21, 20);
let ids = 0;
const options = {
  nowMs,
  nextId: () => {
    ids += 1;
    return `test-${ids}`;
  },
};
const encoded = (operation = operationOf(), input: CallInput = {}) => encode(operation, input, credential, options);
const submit = operationOf({ system: 'SIBR', service: 'SubmitRawBidSet', kind: 'submit', shape: 'submit-plain' });

function messageOf(request: ReturnType<typeof encoded>) {
  const contentType = request.headers.find(([name]) => name === 'Content-Type')?.[1] ?? '';
  const reading = readMessage(contentType, request.body ?? Buffer.alloc(0));
  assert.ok(reading.ok);
  return reading.message;
}

test('a retrieve is a signed envelope with the request document as its body', () => {
  const message = messageOf(encoded(operationOf(), { values: { tradeDate: '2024-02-21' } }));
  assert.equal(verifyEnvelope(message.envelopeXml).ok, true);
  assert.equal(message.bodyElement?.localName, 'RequestMarketAwards');
  assert.equal(message.caisoHeader?.username, user.subject);
  assert.equal(message.caisoHeader?.expires, new Date(nowMs + 900_000).toISOString());
  assert.match(
    message.bodyElementXml ?? '',
    /<dateTimeStart>2024-02-21T08:00:00Z<.*<dateTimeEnd>2024-02-22T08:00:00Z</,
  );
});

test('a trade date in summer begins an hour earlier, and the days of the clock change have 23 and 25 hours', () => {
  const spanOf = (tradeDate: string) => {
    const xml = messageOf(encoded(operationOf(), { values: { tradeDate } })).bodyElementXml ?? '';
    return [/<dateTimeStart>([^<]+)/.exec(xml)?.[1], /<dateTimeEnd>([^<]+)/.exec(xml)?.[1]];
  };
  assert.deepEqual(spanOf('2024-07-01'), ['2024-07-01T07:00:00Z', '2024-07-02T07:00:00Z']);
  assert.deepEqual(spanOf('2024-03-10'), ['2024-03-10T08:00:00Z', '2024-03-11T07:00:00Z']);
  assert.deepEqual(spanOf('2024-11-03'), ['2024-11-03T07:00:00Z', '2024-11-04T08:00:00Z']);
});

test('without a trade date a market retrieve asks for today, Pacific time', () => {
  assert.match(messageOf(encoded()).bodyElementXml ?? '', /<dateTimeStart>2024-02-21T08:00:00Z</);
});

test('a plain submit carries its payload beside the envelope, with its hash', () => {
  const message = messageOf(encoded(submit, { sample: true }));
  assert.equal(message.isHashRight, true);
  const attachment = decodeAttachment(message.attachmentBase64 ?? '');
  assert.ok(attachment.ok);
  const payload = readElements(attachment.xml);
  assert.ok(payload.ok);
  assert.equal(payload.root.localName, 'RawBidSet');
});

test('a DocAttach submit carries its payload inside the body', () => {
  const message = messageOf(encoded({ ...submit, shape: 'submit-doc-attach' }, { payload: '<RawBidSet/>' }));
  assert.equal(message.bodyElement?.localName, 'ISOAttachment');
  assert.deepEqual(decodeAttachment(message.attachmentBase64 ?? ''), { ok: true, xml: '<RawBidSet/>', bytes: 12 });
});

test('bids from a file of values become a RawBidSet', () => {
  const bid = {
    scid: 'EXA1',
    resource: 'R',
    start: '2024-02-22T08:00:00Z',
    stop: '2024-02-22T09:00:00Z',
    curve: [[0, 5.5]],
  };
  const message = messageOf(encoded(submit, { content: { bids: [bid] } }));
  const attachment = decodeAttachment(message.attachmentBase64 ?? '');
  assert.match(attachment.ok ? attachment.xml : '', /<xAxisData>0<\/xAxisData><y1AxisData>5.5<\/y1AxisData>/);
});

test('a bid that is wrong is refused by the name of its field', () => {
  const cases: [unknown, RegExp][] = [
    [{}, /bids: found no list/],
    [{ bids: [{ scid: 'A' }] }, /bids\[0\]\.resource/],
    [{ bids: [{ scid: 'A', resource: 'R', start: 'soon' }] }, /bids\[0\]\.start/],
    [
      { bids: [{ scid: 'A', resource: 'R', start: '2024-02-22T08:00Z', stop: '2024-02-22T09:00Z', curve: [[1]] }] },
      /curve\[0\]/,
    ],
    [{ bids: [{ scid: 'A', price: 1 }] }, /bids\[0\]\.price: found an unknown key/],
  ];
  for (const [content, message] of cases) {
    assert.throws(() => encoded(submit, { content }), { code: 'encode.invalid_input', message });
  }
});

test('a submit without a payload is refused, and says what may be given', () => {
  assert.throws(() => encoded(submit), { code: 'encode.invalid_input', message: /built-in sample/ });
});

test('a payload that is not well-formed, or has a DOCTYPE, is refused before anything is sent', () => {
  for (const payload of ['<a><b></a>', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', 'text']) {
    assert.throws(() => encoded(submit, { payload }), { code: 'encode.invalid_input' });
    assert.throws(() => encoded(operationOf(), { payload }), { code: 'encode.invalid_input' });
  }
});

test('a payload over the bound is refused before it is read', () => {
  assert.throws(() => encoded(submit, { payload: ' '.repeat(payloadCharsMax + 1) }), { code: 'encode.too_large' });
});

test('a value is escaped, and a name that could break out of its element is refused', () => {
  const message = messageOf(encoded(operationOf(), { values: { resource: '<x>&' } }));
  assert.match(message.bodyElementXml ?? '', /<resource>&lt;x&gt;&amp;<\/resource>/);
  assert.throws(() => encoded(operationOf(), { values: { 'a><b': '1' } }), { code: 'encode.invalid_input' });
});

test('an ADS call is a bare envelope with an empty SOAPAction and the cursor at its start', () => {
  const ads = operationOf({
    shape: 'rpc',
    service: 'getDispatchBatchesSinceUID',
    requestRoot: 'getDispatchBatchesSinceUID',
  });
  const request = encoded(ads);
  assert.deepEqual(
    request.headers.find(([name]) => name === 'SOAPAction'),
    ['SOAPAction', '""'],
  );
  assert.match(String(request.body), /<a:getDispatchBatchesSinceUID [^>]*><batchUID>-1<\/batchUID>/);
  assert.doesNotMatch(String(request.body), /Security/);
});

test('an OASIS call is a query without a body', () => {
  const oasis = operationOf({
    shape: 'query',
    service: 'SingleZip',
    url: new URL('https://oasis.caiso.com/oasisapi/SingleZip'),
  });
  const request = encode(oasis, { values: { queryname: 'SLD_FCST', tradeDate: '2024-02-21' } }, null, options);
  assert.equal(request.method, 'GET');
  assert.equal(request.body, null);
  assert.match(request.url.search, /startdatetime=20240221T08%3A00-0000&.*queryname=SLD_FCST/);
});

test('only retrieves may be sent twice', () => {
  assert.equal(encoded().repeatable, true);
  assert.equal(encoded(submit, { sample: true }).repeatable, false);
});

test('no field claims an identity, and the private key is nowhere in the request', () => {
  const request = encoded();
  assert.equal(
    request.headers.some(([name]) => name.toLowerCase() === 'ct-remote-user'),
    false,
  );
  assert.doesNotMatch(`${JSON.stringify(request.headers)}${request.body?.toString()}`, /PRIVATE KEY/);
});

test('a key that cannot sign RSA is refused before anything is sent', async () => {
  const elliptic = await authority.user('current', { name: 'CURVEx0003', organisation: 'CAISO', keyType: 'ec-p256' });
  const other = loadCredential({ certificate: elliptic.certificatePem, key: elliptic.keyPem });
  assert.throws(() => encode(operationOf(), {}, other, options), {
    code: 'credential.key_cannot_sign',
    detail: `The key of the certificate ${elliptic.subject} is elliptic, and messages to this service are signed with RSA.`,
    fix: /^Ask whoever issued the certificate for one with an RSA key/,
  });
});

const sendOutage = operationOf({
  system: 'Outages',
  service: 'SendOutage',
  kind: 'submit',
  shape: 'json-submit',
  url: new URL('https://api.grid.example.net/v2/outages/SendOutage'),
});

test('a submit to a JSON system is its document, from content, text or values, and never sent twice', () => {
  for (const input of [{ content: { mw: '5' } }, { payload: '{"mw":"5"}' }, { values: { mw: '5' } }]) {
    const request = encoded(sendOutage, input);
    assert.deepEqual([request.method, String(request.body), request.repeatable], ['POST', '{"mw":"5"}', false]);
    assert.deepEqual(request.headers[0], ['Content-Type', 'application/json']);
  }
});

test('a submit to a JSON system without a document, or with text that is no JSON, is refused', () => {
  for (const input of [{}, { sample: true }, { payload: '<a/>' }, { content: {} }]) {
    assert.throws(() => encoded(sendOutage, input), { code: 'encode.invalid_input' });
  }
});

test('a retrieve from a JSON system is a GET with its values as the query', () => {
  const request = encoded({ ...sendOutage, kind: 'retrieve', shape: 'json-retrieve' }, { values: { unit: 'A&B' } });
  assert.deepEqual([request.method, request.url.search, request.body], ['GET', '?unit=A%26B', null]);
  assert.equal(request.repeatable, true);
});
