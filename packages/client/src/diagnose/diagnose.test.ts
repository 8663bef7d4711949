import assert from 'node:assert/strict';
import test from 'node:test';
import { writeFault } from '@headgate/soap';
import fc from 'fast-check';
import type { Answer } from '../call/call.ts';
import { operationOf } from '../test-server.fixture.ts';
import { diagnose, secondsIn } from './diagnose.ts';

const aupPage =
  '<html><body><p>CAISO Acceptable Use Policy Violation. Please retry your request after 5 seconds.</p></body></html>';
const logoutPage =
  '<html><head><title>BIG-IP logout page</title></head><body>Thank you for using BIG-IP.</body></html>';
const sentence = '429: CAISO Acceptable Use Policy Violation. Please retry your request after 4 seconds.';

function answerOf(body: string | Buffer, headers: Record<string, string>, status = 200): Answer {
  return { ok: true, status, headers, body: Buffer.from(body), elapsedMs: 1 };
}

function problemOf(answer: Answer) {
  const { problem } = diagnose(answer, operationOf());
  assert.ok(problem);
  return problem;
}

const html = { 'content-type': 'text/html' };
const xml = { 'content-type': 'text/xml; charset=utf-8' };
const json = { 'content-type': 'application/problem+json' };

function faultOf(version: '1.1' | '1.2', code: string, text: string, more: [string, string | number][] = []): string {
  // As the gateway writes it: only where it sent nothing on does it say `no`.
  const forwarded = code === 'forward.response_timeout' ? 'yes' : 'no';
  const fields: [string, string | number][] = [['code', code], ['fix', 'Do this.'], ['forwarded', forwarded], ...more];
  return writeFault({ version, side: 'server', text, createdMs: 0, fields });
}

const table: [title: string, answer: Answer, code: string, refusedBy: string][] = [
  ['the 114-byte page with status 429', answerOf(aupPage, html, 429), 'diagnose.acceptable_use', 'gateway'],
  ['the same page with status 200', answerOf(aupPage, html), 'diagnose.acceptable_use', 'gateway'],
  ['the log-out page with status 200', answerOf(logoutPage, html), 'diagnose.logged_out', 'gateway'],
  ['the log-out page labelled as XML', answerOf(logoutPage, xml), 'diagnose.logged_out', 'gateway'],
  [
    'a page that says not authorised',
    answerOf('<html>You are not authorized to access this page.</html>', html),
    'diagnose.not_authorised',
    'gateway',
  ],
  [
    'any page with status 403',
    answerOf('<!DOCTYPE html><html></html>', html, 403),
    'diagnose.not_authorised',
    'gateway',
  ],
  [
    'another page with status 200',
    answerOf('<html><title>Hello</title></html>', html),
    'diagnose.html_answer',
    'gateway',
  ],
  ['a 404 page', answerOf('<html><title>404 Not Found</title></html>', html, 404), 'diagnose.html_answer', 'gateway'],
  [
    'a SOAP 1.1 fault of the gateway',
    answerOf(faultOf('1.1', 'admission.acceptable_use', sentence), xml, 500),
    'admission.acceptable_use',
    'gateway',
  ],
  [
    'a SOAP 1.2 fault of the gateway',
    answerOf(
      faultOf('1.2', 'identity.certificate_expired', 'Expired.'),
      { 'content-type': 'application/soap+xml' },
      500,
    ),
    'identity.certificate_expired',
    'gateway',
  ],
  [
    'a gateway fault about the system',
    answerOf(faultOf('1.1', 'forward.response_timeout', 'Late.'), xml, 500),
    'forward.response_timeout',
    'system',
  ],
  [
    'a gateway code that this client does not know',
    answerOf(faultOf('1.1', 'admission.later', 'No.'), xml, 500),
    'call.refused_by_gateway',
    'gateway',
  ],
  [
    'problem+json',
    answerOf(JSON.stringify({ code: 'route.not_found', detail: 'No.', fix: 'Look.' }), json, 404),
    'route.not_found',
    'gateway',
  ],
  [
    'problem+json with a type only',
    answerOf(JSON.stringify({ type: 'urn:headgate:problem:route.unknown_host', detail: 'No.' }), json, 404),
    'route.unknown_host',
    'gateway',
  ],
  ['JSON that is none', answerOf('{', json, 502), 'diagnose.http_error', 'gateway'],
  [
    'an acceptable-use fault without our fields',
    answerOf(plainFault(sentence), xml, 500),
    'diagnose.acceptable_use',
    'gateway',
  ],
  [
    'a fault of the system',
    answerOf(plainFault('Signature validation status: false'), xml, 500),
    'diagnose.system_fault',
    'system',
  ],
  ['a fault with status 200', answerOf(plainFault('Broken'), xml), 'diagnose.system_fault', 'system'],
  ['an empty answer', answerOf('', {}), 'diagnose.unreadable_answer', 'client'],
  ['an empty error', answerOf('', {}, 503), 'diagnose.http_error', 'gateway'],
  [
    'bytes with an error status',
    answerOf(Buffer.from([0, 1, 2, 255]), { 'content-type': 'application/octet-stream' }, 500),
    'diagnose.http_error',
    'gateway',
  ],
  [
    'a system that the gateway could not reach',
    answerOf(JSON.stringify({ code: 'forward.upstream_unavailable', detail: 'No.', forwarded: 'no' }), json, 503),
    'forward.upstream_unavailable',
    'gateway',
  ],
  [
    'a system that broke off its answer',
    answerOf(JSON.stringify({ code: 'forward.response_incomplete', detail: 'No.', forwarded: 'yes' }), json, 502),
    'forward.response_incomplete',
    'system',
  ],
  ['a redirect', answerOf('', { location: '/my.policy' }, 302), 'call.redirected', 'gateway'],
];

function plainFault(text: string): string {
  return `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>${text}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`;
}

for (const [title, answer, code, refusedBy] of table) {
  test(`${title} is ${code}`, () => {
    const problem = problemOf(answer);
    assert.deepEqual([problem.code, problem.refusedBy, problem.status], [code, refusedBy, answer.status]);
  });
}

test('the seconds to wait are read from the sentence, wherever it stands', () => {
  assert.equal(problemOf(answerOf(aupPage, html, 429)).retryAfterSeconds, 5);
  assert.equal(problemOf(answerOf(plainFault(sentence), xml, 500)).retryAfterSeconds, 4);
});

test('the gateway’s own fields win over the sentence: wait, fix, exchange and whether it was forwarded', () => {
  const fault = faultOf('1.1', 'admission.acceptable_use', sentence, [['retryAfterSeconds', 3]]);
  const problem = problemOf(answerOf(fault, { ...xml, 'headgate-exchange': '0A', 'retry-after': '9' }, 500));
  const { retryAfterSeconds, fix, exchange, forwarded, faultText } = problem;
  assert.deepEqual([retryAfterSeconds, fix, exchange, forwarded, faultText], [3, 'Do this.', '0A', 'no', sentence]);
});

test('the exchange of a problem document is read from its instance where no field has it', () => {
  const body = JSON.stringify({ code: 'route.not_found', detail: 'No.', instance: 'urn:headgate:exchange:0B' });
  assert.equal(problemOf(answerOf(body, json, 404)).exchange, '0B');
});

test('the field Retry-After counts where the text says nothing', () => {
  const problem = problemOf(
    answerOf(faultOf('1.1', 'gateway.draining', 'Later.'), { ...xml, 'retry-after': '7' }, 503),
  );
  assert.equal(problem.retryAfterSeconds, 7);
});

test('a SOAP answer without a fault is no problem', () => {
  const envelope = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><a/></e:Body></e:Envelope>';
  assert.equal(diagnose(answerOf(envelope, xml), operationOf()).problem, null);
});

test('an envelope with the namespace of ADS, which is no absolute URI, is read', () => {
  const envelope =
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><a xmlns="urn-com-caiso-ads-webservices-api"/></e:Body></e:Envelope>';
  assert.equal(diagnose(answerOf(envelope, xml), operationOf({ shape: 'rpc' })).problem, null);
});

test('no wait is read from a number that is out of bounds', () => {
  for (const text of ['retry your request after 0 seconds', 'retry your request after 99999 seconds', 'retry later']) {
    assert.equal(secondsIn(text), undefined);
  }
});

test('any bytes with any content type are diagnosed without a defect', () => {
  const types = fc.constantFrom('text/xml', 'text/html', 'application/json', 'multipart/related; boundary=x', '', 'x');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), types, fc.integer({ min: 200, max: 599 }), (bytes, type, status) => {
      diagnose(answerOf(Buffer.from(bytes), { 'content-type': type }, status), operationOf());
    }),
    { numRuns: 300 },
  );
});
