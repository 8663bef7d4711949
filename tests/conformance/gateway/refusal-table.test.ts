// Every operator × every refusal × every caller: the code, the honest status, the words, and the one format that it reads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { problems } from '@headgate/contract';
import type { TestUser } from '@headgate/pki';
import { fakeClock, soapRequest, startTestGateway, type TestCall, type TestGateway } from '@headgate/testkit';
import { gatewayOf, type Operator, operators, type Place } from './operators.ts';
import { type CallerFormat, callersOf, type RefusalRow, refusalTable } from './refusal-table.ts';
import { wordsOf } from './told.ts';

const bodyBytesMax = 65_536;

/** The gateways and the odd certificates of one operator. */
interface UnderTest {
  readonly operator: Operator;
  readonly gateway: TestGateway;
  readonly downGateway: TestGateway;
  readonly users: ReadonlyMap<string, TestUser>;
}

for (const operator of operators) {
  describe(`at ${operator.name}`, () => {
    let underTest: UnderTest;
    before(async () => {
      underTest = await startUnderTest(operator);
    });
    after(async () => {
      await underTest.gateway.close();
      await underTest.downGateway.close();
    });
    for (const row of refusalTable) {
      const { callers, others } = callersOf(operator, row);
      describe(`when ${row.condition}${others}`, () => {
        for (const caller of callers)
          test(`${caller.caller} reads ${row.code} as ${caller.speaks}`, () => refusedAsTold(row, caller, underTest));
      });
    }
  });
}

async function startUnderTest(operator: Operator): Promise<UnderTest> {
  const options = {
    ...gatewayOf(operator),
    path: { bodyBytesMax, responseTimeoutMs: 100 },
    policy: 'limits: []\n',
  };
  const gateway = await startTestGateway({ ...options, clock: fakeClock(operator.startMs) });
  const down = [{ system: '*', environment: '*', infrastructure: '*', endpoints: ['http://127.0.0.1:9'] }];
  const downGateway = await startTestGateway({ ...options, clock: fakeClock(operator.startMs), upstreams: down });
  const person = { name: 'GAMMAx0003', organisation: 'Gamma' };
  const users = new Map([
    ['expired', await gateway.authority.expiredUser('current', person)],
    ['not-yet-valid', await gateway.authority.notYetValidUser('current', person)],
    ['stranger', await gateway.authority.strangerUser(person)],
  ]);
  return { operator, gateway, downGateway, users };
}

async function refusedAsTold(row: RefusalRow, caller: CallerFormat, underTest: UnderTest): Promise<void> {
  const { provoke } = row;
  const target = provoke.kind === 'upstream' && provoke.state === 'down' ? underTest.downGateway : underTest.gateway;
  target.upstream.answerWith((_request, response) => {
    if (!(provoke.kind === 'upstream' && provoke.state === 'slow')) response.end('never asked for');
  });
  const [receivedBefore, recordsBefore] = [target.upstream.received.length, target.records.length];
  const place = placeOf(row, caller, underTest.operator);
  const call = callOf(row, caller, place, underTest);
  const answer = await target.call(call);
  const record = await target.recordOf(answer);

  const exchange = String(answer.fields['headgate-exchange']);
  const told = wordsOf(answer, caller.speaks);
  assert.equal(told.code, row.code);
  assert.equal(answer.status, caller.speaks.startsWith('soap') ? 500 : row.status);
  const called = { operator: underTest.operator, place, method: call.method ?? 'POST', path: call.path ?? '' };
  for (const name of row.names(called)) {
    if (typeof name === 'string') assert.ok(told.text.includes(name), `${name} in: ${told.text}`);
    else assert.match(told.text, name);
  }
  const { fix } = problems[row.code];
  // How a program spaces its tries is no person's business.
  const spoken = fix.replace('Repeat the call later with growing pauses', 'Try again later');
  assert.equal(told.fix, caller.speaks === 'html' ? spoken : fix);
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

function placeOf({ provoke }: RefusalRow, { at }: CallerFormat, operator: Operator): Place {
  if (at === 'page') return operator.page;
  if (at === 'json' && !('reason' in operator.json)) return operator.json;
  // A SOAP address refuses JSON by its type before it reads the body or asks a back end, so that callers use another.
  const elsewhere = provoke.kind === 'upstream' || (provoke.kind === 'body' && provoke.body === 'over-limit-chunked');
  return at === 'json-to-soap' && elsewhere ? operator.jsonBody : operator.retrieve;
}

function callOf({ provoke }: RefusalRow, caller: CallerFormat, place: Place, underTest: UnderTest): TestCall {
  const sent = bodyOf(caller);
  const fields: Record<string, string | null> = {
    'content-type': caller.contentType,
    ...(caller.accept === null ? {} : { accept: caller.accept }),
  };
  const base: TestCall = { ...place.call, fields, ...(caller.at === 'page' ? {} : { body: sent }) };
  switch (provoke.kind) {
    case 'host':
      return { ...base, host: provoke.host, serverName: provoke.host };
    case 'server-name':
      return { ...base, serverName: underTest.operator.secondHost };
    case 'service': {
      const { json, retrieve } = underTest.operator;
      const named = caller.at === 'json' && !('reason' in json) ? json : retrieve;
      return { ...base, path: named[provoke.service] };
    }
    case 'method':
      return { ...base, method: caller.at === 'json' ? 'OPTIONS' : 'DELETE' };
    case 'certificate':
      return { ...base, user: underTest.users.get(provoke.user) ?? null };
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
