// What evidence notes of how a request was sent: framing, encodings, size and cookies, so that an operator can list who still
// sends chunked, uncompressed, or with a session of another place. Never a name or a value of a cookie.
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { encodeAttachment, writeMultipart } from '@headgate/soap';
import { soapRequest, type TestCall, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

for (const operator of operators) describe(`at ${operator.name}, evidence`, () => notesAt(operator));

function notesAt(operator: Operator): void {
  const { start } = callsTo(operator);
  const { attached } = operator.limited;
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({ policy: noLimits });
  });
  after(() => gateway.close());

  const recordOf = async (call: TestCall) => gateway.recordOf(await gateway.call(call));
  const multipart = (body: string): TestCall => {
    const root = { fields: [['Content-ID', '<root>']] as const, body: soapRequest };
    const part = { fields: [['Content-Transfer-Encoding', '7bit']] as const, body };
    const written = writeMultipart([root, part], { boundary: 'part', type: 'text/xml', start: '<root>' });
    return { body: written.body, fields: { 'content-type': written.contentType } };
  };
  const packed = encodeAttachment('<Offers/>').base64;

  for (const chunked of [true, false])
    test(`notes a body ${chunked ? 'in chunks' : 'of a stated length'} as such, with its size`, async () => {
      const record = await recordOf({ chunked });
      assert.equal(record.listener.framing, chunked ? 'chunked' : 'content-length');
      assert.equal(record.response.requestBytes, soapRequest.length);
    });

  test('notes a content encoding as it was sent, and none where there was none', async () => {
    assert.equal((await recordOf({ fields: { 'content-encoding': 'gzip' } })).listener.contentEncoding, 'gzip');
    assert.equal((await recordOf({})).listener.contentEncoding, null);
  });

  test('notes how an attachment is packed, in a part of its own and in the envelope', async () => {
    const { call } = operator.submit;
    const noted = async (more: TestCall) => (await recordOf({ ...call, ...more })).inspection?.payloadEncoding;
    assert.equal(await noted(multipart(packed)), 'gzip+base64');
    assert.equal(await noted(multipart('<Offers/>')), 'none');
    assert.equal(await noted({}), null);
  });

  test('notes how the payload of a service with the attachment mark is packed', async () => {
    const { limited } = operator;
    if (limited.call.method === 'GET') return assert.match(attached, /packed$/); // It has no body to look into.
    const element = `<AttachmentValue>${packed}</AttachmentValue>`;
    const body = soapRequest.replace('<RequestMarketAwards/>', `<ISOAttachment>${element}</ISOAttachment>`);
    const record = await recordOf({ ...limited.call, path: attached, body });
    assert.equal(record.route?.docAttach, true);
    assert.equal(record.inspection?.payloadEncoding, 'gzip+base64');
  });

  test('counts cookies and those that came before, on one connection and over several, and holds none', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sent = (cookie: string, more: TestCall = {}) => recordOf({ fields: { cookie }, ...more });
    const first = await sent('JSESSIONID=secret-1; pool=secret-2', { agent });
    assert.deepEqual(first.listener.cookies, { count: 2, reused: 0 });
    const again = await sent('JSESSIONID=secret-1; pool=secret-2', { agent });
    assert.deepEqual(again.listener.cookies, { count: 2, reused: 2 });
    const elsewhere = await sent('JSESSIONID=secret-1', { source: '127.0.6.6' });
    assert.deepEqual(elsewhere.listener.cookies, { count: 1, reused: 1 });
    agent.destroy();
    assert.equal((await recordOf({})).listener.cookies, null);
    assert.doesNotMatch(JSON.stringify(gateway.records), /secret|JSESSIONID/);
  });

  test('notes the cookies of a caller that was refused', async () => {
    const record = await recordOf({ user: null, fields: { cookie: 'a=1' } });
    assert.equal(record.response.refusal, 'identity.certificate_missing');
    assert.deepEqual(record.listener.cookies, { count: 1, reused: 0 });
  });
}
