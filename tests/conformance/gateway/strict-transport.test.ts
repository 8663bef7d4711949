// Strict-Transport-Security (RFC 6797): said once, by the hosts that are told to, on answers and refusals over TLS.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => isStrictAt(operator));

function isStrictAt(operator: Operator): void {
  const { retrieve, page, anonymous } = operator;
  let gateway: TestGateway;
  before(async () => {
    gateway = await callsTo(operator).start({
      policy: noLimits,
      strictTransportMs: { [page.call.host]: 31_536_000_999 },
      answer: (_request, response) => {
        response.writeHead(200, { 'Strict-Transport-Security': 'max-age=5' });
        response.end('ok');
      },
    });
  });
  after(() => gateway.close());
  const said = async (call: Parameters<TestGateway['call']>[0]) =>
    (await gateway.call(call)).fields['strict-transport-security'];

  test('a host that is told to says it, in the place of its system', async () => {
    assert.equal(await said(page.call), 'max-age=31536000');
  });

  test('a host that is told to says it with a refusal', async () => {
    const answer = await gateway.call({ ...page.call, user: null });
    assert.equal(answer.status, 403);
    assert.equal(answer.fields['strict-transport-security'], 'max-age=31536000');
  });

  test('any other host leaves it to its system', async () => {
    assert.equal(await said(retrieve.call), 'max-age=5');
    assert.equal(await said(anonymous.call), 'max-age=5');
  });
}
