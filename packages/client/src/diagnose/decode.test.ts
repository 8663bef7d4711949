import assert from 'node:assert/strict';
import test from 'node:test';
import {
  attachmentHash,
  encodeAttachment,
  type OutgoingMessage,
  signEnvelope,
  writeRetrieveAnswerDocAttach,
  writeRetrieveAnswerPlain,
  writeSubmitAnswer,
} from '@headgate/soap';
import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import type { Answer } from '../call/call.ts';
import { operationOf, testIdentities } from '../test-server.fixture.ts';
import { decode } from './decode.ts';
import { parseCsv } from './rows.ts';

const { user } = await testIdentities();
let ids = 0;
const sign = (envelope: string) =>
  signEnvelope(envelope, {
    keyPem: user.keyPem,
    certificateDer: user.certificateDer,
    ids: () => {
      ids += 1;
      return `id-${ids}`;
    },
  });
const awards =
  '<MarketAwards xmlns="urn:x"><MessageHeader><TimeDate>now</TimeDate></MessageHeader><MessagePayload>' +
  '<MarketAward><resource>A</resource><MW>1</MW></MarketAward><MarketAward><resource>B</resource><MW>2.5</MW></MarketAward>' +
  '</MessagePayload></MarketAwards>';
const rows = [
  { resource: 'A', MW: '1' },
  { resource: 'B', MW: '2.5' },
];

function answerOf(message: Pick<OutgoingMessage, 'contentType' | 'body'>): Answer {
  return {
    ok: true,
    status: 200,
    headers: { 'content-type': message.contentType, 'headgate-exchange': '0A' },
    body: message.body,
    elapsedMs: 1,
  };
}

function retrieved(xml: string): Answer {
  return answerOf(writeRetrieveAnswerPlain({ attachment: encodeAttachment(xml), boundary: 'b-1', sign }));
}

function edited(answer: Answer, edit: (text: string) => string): Answer {
  return { ...answer, body: Buffer.from(edit(answer.body.toString('latin1')), 'latin1') };
}

test('a plain retrieve becomes rows, its signature verified', () => {
  const decoded = decode(retrieved(awards), operationOf());
  assert.deepEqual([decoded.table.rows, decoded.signature, decoded.exchange], [rows, 'verified', '0A']);
});

test('a DocAttach retrieve becomes rows', () => {
  const answer = answerOf(writeRetrieveAnswerDocAttach({ attachment: encodeAttachment(awards), sign }));
  assert.deepEqual(decode(answer, operationOf({ shape: 'retrieve-doc-attach' })).table.rows, rows);
});

test('an unsigned answer is used and said to be unsigned', () => {
  const answer = answerOf(writeRetrieveAnswerPlain({ attachment: encodeAttachment(awards), boundary: 'b-1' }));
  assert.equal(decode(answer, operationOf()).signature, 'unsigned');
});

test('a signed answer that was changed is not used', () => {
  const changed = edited(retrieved(awards), (text) => text.replace(/<att:hashValue>./, '<att:hashValue>_'));
  assert.throws(() => decode(changed, operationOf()), { code: 'diagnose.signature_invalid', exchange: '0A' });
});

test('an attachment that differs from its hash is not used', () => {
  const other = encodeAttachment(awards.replace('2.5', '9.5')).base64;
  const changed = edited(retrieved(awards), (text) => text.replace(encodeAttachment(awards).base64, other));
  assert.throws(() => decode(changed, operationOf()), { code: 'diagnose.hash_mismatch' });
});

test('an error that stands for data inside the attachment is the system’s refusal', () => {
  const event =
    '<Event><result>E1</result><description>Invalid role and/or Entity list identifier.</description><severity>ERROR</severity></Event>';
  const xml = `<outputDataType xmlns="http://www.caiso.com/soa/2006-06-13/StandardOutput.xsd"><EventLog>${event}</EventLog></outputDataType>`;
  assert.throws(
    () => decode(retrieved(xml), operationOf()),
    (error: { code: string; refusedBy: string; faultText: string }) => {
      assert.deepEqual([error.code, error.refusedBy], ['diagnose.system_error', 'system']);
      return error.faultText === 'Invalid role and/or Entity list identifier.';
    },
  );
});

test('a submit that some of was taken is no error, and its events are the rows', () => {
  const event = { result: 'SCSS0001', id: '1', name: 'n', description: 'd', severity: 'INFO', eventType: 'SUBMIT' };
  const events = [event, { ...event, result: 'E2', severity: 'ERROR' }];
  const message = writeSubmitAnswer({
    layout: 'standardOutputV1',
    service: 'submitX',
    events,
    createdMs: 0,
    batchMrid: 'B7',
    sign,
  });
  const { table } = decode(answerOf(message), operationOf({ kind: 'submit', shape: 'submit-plain' }));
  assert.deepEqual(
    table.rows.map(({ result, 'Batch.mRID': batch }) => [result, batch]),
    [
      ['SCSS0001', 'B7'],
      ['E2', 'B7'],
    ],
  );
});

test('garbage, a missing attachment and a damaged attachment are unreadable answers', () => {
  const envelope = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>';
  const answers = [
    answerOf({ contentType: 'text/xml', body: Buffer.from('garbage') }),
    answerOf({ contentType: 'text/xml', body: Buffer.from(envelope) }),
    answerOf(
      writeRetrieveAnswerPlain({ attachment: { base64: 'AAAA', hash: attachmentHash('AAAA') }, boundary: 'b', sign }),
    ),
  ];
  for (const answer of answers)
    assert.throws(() => decode(answer, operationOf()), { code: 'diagnose.unreadable_answer' });
});

const oasis = operationOf({ shape: 'query', system: 'OASIS' });
const zipOf = (files: Record<string, string>) =>
  answerOf({
    contentType: 'application/x-zip-compressed',
    body: Buffer.from(zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])))),
  });

test('an OASIS archive of CSV becomes rows', () => {
  const { table } = decode(zipOf({ 'a.csv': 'NODE,MW\nX,"1,5"\nY,2\n' }), oasis);
  assert.deepEqual(table.rows, [
    { NODE: 'X', MW: '1,5' },
    { NODE: 'Y', MW: '2' },
  ]);
});

test('several CSV files of a group become one table', () => {
  assert.equal(decode(zipOf({ 'a.csv': 'A\n1\n', 'b.csv': 'A\n2\n' }), oasis).table.rows.length, 2);
});

test('an OASIS error inside the archive is the system’s refusal with its code', () => {
  const error = '<m:ERROR><m:ERR_CODE>1004</m:ERR_CODE><m:ERR_DESC>Too long</m:ERR_DESC></m:ERROR>';
  const report = `<?xml version="1.0"?><m:OASISReport xmlns:m="http://www.caiso.com/soa/OASISReport_v1.xsd"><m:MessagePayload><m:RTO>${error}</m:RTO></m:MessagePayload></m:OASISReport>`;
  assert.throws(() => decode(zipOf({ 'INVALID_REQUEST.xml': report }), oasis), {
    code: 'diagnose.system_error',
    message: /\(1004\): Too long/,
  });
});

test('what is no archive, or a damaged one, is an unreadable answer', () => {
  for (const body of ['text', 'PK\u0003\u0004damaged']) {
    const answer = answerOf({ contentType: 'application/zip', body: Buffer.from(body) });
    assert.throws(() => decode(answer, oasis), { code: 'diagnose.unreadable_answer' });
  }
});

function adsAnswer(result: string): Answer {
  const response = `<n:xResponse xmlns:n="urn-com-caiso-ads-webservices-api"><result>${result}</result></n:xResponse>`;
  const envelope = `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>${response}</S:Body></S:Envelope>`;
  return answerOf({ contentType: 'text/xml', body: Buffer.from(envelope) });
}

const ads = operationOf({ shape: 'rpc', system: 'ADS' });

test('the three forms of an ADS result are read: escaped XML, packed XML and one word', () => {
  const list = '<r><DispatchBatch batchUID="D1"><marketID>M</marketID></DispatchBatch></r>';
  const escaped = list.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  assert.deepEqual(decode(adsAnswer(escaped), ads).table.rows, [{ batchUID: 'D1', marketID: 'M' }]);
  assert.deepEqual(decode(adsAnswer(encodeAttachment(list).base64), ads).table.rows, [
    { batchUID: 'D1', marketID: 'M' },
  ]);
  assert.deepEqual(decode(adsAnswer('true'), ads).table.rows, [{ result: 'true' }]);
});

test('a record keeps what surrounds it: the series of a reading, the batch of an instruction', () => {
  const values = '<v><t>1</t><q>5</q></v><v><t>2</t><q>6</q></v>';
  const xml = `<Meter><MessagePayload><Series><Resource><mRID>R</mRID></Resource><unit>MWh</unit>${values}</Series></MessagePayload></Meter>`;
  assert.deepEqual(decode(retrieved(xml), operationOf()).table.rows[1], {
    'Resource.mRID': 'R',
    unit: 'MWh',
    t: '2',
    q: '6',
  });
});

test('a comma-separated table is read back as it was written', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' '), maxLength: 6 });
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), (lines) => {
      const text = ['x,y', ...lines.map((line) => line.map(quote).join(','))].join('\r\n');
      assert.deepEqual(
        parseCsv(text).rows,
        lines.map(([x, y]) => ({ x, y })),
      );
    }),
    { numRuns: 200 },
  );
});
