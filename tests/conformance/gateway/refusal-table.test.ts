// Every refusal × every caller: the code, the honest status, the words, and the one format that this caller reads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { problems } from '@headgate/contract';
import type { TestUser } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import { soapRequest, startTestGateway, type TestAnswer, type TestCall, type TestGateway } from '@headgate/testkit';
import { type CallerFormat, callerFormats, type RefusalRow, refusalTable } from './refusal-table.ts';

const bodyBytesMax = 65_536;
const users = new Map<string, TestUser>();
let gateway: TestGateway;
let downGateway: TestGateway;

before(async () => {
  const path = { bodyBytesMax, responseTimeoutMs: 100 };
  gateway = await startTestGateway({ path, policy: 'limits: []\n' });
  const down = [{ system: '*', environment: '*', infrastructure: '*', endpoints: ['http://127.0.0.1:9'] }];
  downGateway = await startTestGateway({ path, policy: 'limits: []\n', upstreams: down });
  const person = { name: 'GAMMAx0003', organisation: 'CAISO' };
  users.set('expired', await gateway.authority.expiredUser('current', person));
  users.set('not-yet-valid', await gateway.authority.notYetValidUser('current', person));
  users.set('stranger', await gateway.authority.strangerUser(person));
});

after(async () => {
  await gateway.close();
  await downGateway.close();
});

for (const row of refusalTable) {
  describe(`when ${row.condition}`, () => {
    for (const caller of callerFormats) {
      if (caller.browser && !row.browser) continue;
      if (row.soapBodyOnly && caller.speaks === 'problem+json') continue;
      test(`${caller.caller} reads ${row.code} as ${caller.speaks}`, () => refusedAsTold(row, caller));
    }
  });
}

async function refusedAsTold(row: RefusalRow, caller: CallerFormat): Promise<void> {
  const { provoke } = row;
  const target = provoke.kind === 'upstream' && provoke.state === 'down' ? downGateway : gateway;
  target.upstream.answerWith((_request, response) => {
    if (!(provoke.kind === 'upstream' && provoke.state === 'slow')) response.end('never asked for');
  });
  const [receivedBefore, recordsBefore] = [target.upstream.received.length, target.records.length];
  const answer = await target.call(callOf(row, caller));
  const record = await target.recordOf(answer);

  const exchange = String(answer.fields['headgate-exchange']);
  const told = wordsOf(answer, caller.speaks);
  assert.equal(told.code, row.code);
  assert.equal(answer.status, caller.speaks.startsWith('soap') ? 500 : row.status);
  for (const name of row.names) assert.match(told.text, name);
  assert.equal(told.fix, problems[row.code].fix);
  assert.equal(told.exchange, exchange);
  if (caller.speaks !== 'html') {
    assert.equal(told.by, 'gateway');
    assert.equal(told.forwarded, row.forwarded);
    assert.doesNotMatch(String(answer.fields['content-type']), /html/i);
    assert.doesNotMatch(answer.body, /<html|<!doctype/i);
  }
  assert.doesNotMatch(answer.body, /\bat .*\.(ts|js|mjs):\d+|node:internal|\/src\/|node_modules/);

  assert.equal(target.records.length, recordsBefore + 1);
  assert.equal(record.response.refusal, row.code);
  assert.equal(record.response.format, caller.speaks);
  assert.equal(record.response.status, answer.status);
  assert.equal(record.response.complete, true);
  assert.equal(record.forward?.forwarded ?? 'no', row.forwarded);
  assert.equal(target.upstream.received.length - receivedBefore, row.forwarded === 'no' ? 0 : 1);
}

function callOf({ provoke }: RefusalRow, caller: CallerFormat): TestCall {
  const sent = bodyOf(caller);
  const fields: Record<string, string | null> = {
    'content-type': caller.contentType,
    ...(caller.accept === null ? {} : { accept: caller.accept }),
  };
  // A SOAP address refuses JSON by its type before it reads the body or asks a back end, so that callers use another.
  const elsewhere = provoke.kind === 'upstream' || (provoke.kind === 'body' && provoke.body === 'over-limit-chunked');
  const base: TestCall = caller.browser
    ? { host: 'cmri.caiso.com', path: '/', method: 'GET', fields }
    : caller.speaks === 'problem+json' && elsewhere
      ? { plain: true, host: 'oasis.caiso.com', path: '/oasisapi/SingleZip', fields, body: sent }
      : { fields, body: sent };
  switch (provoke.kind) {
    case 'call':
      return {
        ...base,
        ...(provoke.host === undefined ? {} : { host: provoke.host }),
        ...(provoke.serverName === undefined ? {} : { serverName: provoke.serverName }),
        ...(provoke.path === undefined ? {} : { path: provoke.path }),
      };
    case 'method':
      return { ...base, method: provoke.method };
    case 'certificate':
      return { ...base, user: users.get(provoke.user) ?? null };
    case 'body':
      return provoke.body === 'garbage'
        ? { ...base, body: '\u0000\u0001 not an envelope' }
        : { ...base, body: sent + ' '.repeat(bodyBytesMax), chunked: provoke.body === 'over-limit-chunked' };
    case 'upstream':
      return base;
  }
}

function bodyOf({ contentType }: CallerFormat): string {
  if (contentType?.startsWith('multipart/') === true)
    return `--part\r\nContent-Type: text/xml\r\nContent-ID: <root>\r\n\r\n${soapRequest}\r\n--part--\r\n`;
  if (contentType?.includes('soap+xml') === true)
    return soapRequest.replace('http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope');
  return contentType === 'application/json' ? '{"ask":"awards"}' : soapRequest;
}

interface Told {
  readonly code: string | undefined;
  readonly text: string;
  readonly fix: string | undefined;
  readonly exchange: string | undefined;
  readonly by?: string | undefined;
  readonly forwarded?: string | undefined;
}

function wordsOf(answer: TestAnswer, speaks: CallerFormat['speaks']): Told {
  const type = String(answer.fields['content-type']);
  switch (speaks) {
    case 'problem+json': {
      assert.match(type, /^application\/problem\+json/);
      const problem = JSON.parse(answer.body);
      assert.equal(problem.status, answer.status);
      assert.equal(problem.type, `urn:headgate:problem:${problem.code}`);
      const { code, detail, fix, by, forwarded } = problem;
      return { code, text: detail, fix, by, forwarded, exchange: problem.exchange };
    }
    case 'html': {
      assert.match(type, /^text\/html/);
      const text = answer.body.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
      const [code, exchange] = [...text.matchAll(/<code>([^<]*)<\/code>/g)].map((match) => match[1]);
      return { code, text, fix: /<h2>What to do<\/h2><p>([^<]*)/.exec(text)?.[1], exchange };
    }
    default: {
      assert.match(type, speaks === 'soap-1.1' ? /^text\/xml/ : /^application\/soap\+xml/);
      const fault = readFault(answer.body);
      assert.ok(fault, answer.body);
      assert.equal(fault.version, speaks.slice('soap-'.length));
      assert.equal(fault.description, fault.text);
      assert.match(answer.body, /:description>/);
      const { code, fix, exchange, by, forwarded } = fault.problem;
      return { code, text: fault.text, fix, exchange, by, forwarded };
    }
  }
}
